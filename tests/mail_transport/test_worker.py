"""The worker process's parts together, on a real database, against real Dovecot and Postfix."""

import os
import shutil
import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import connection
from imapclient import IMAPClient

from rapport.channels import keeping, secrets
from rapport.channels.kinds.email import said as mail_words
from rapport.channels.kinds.email.parse import parse_mail
from rapport.channels.models import Channel, Cursor
from rapport.conversations.models import Conversation, Direction, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.options import options
from rapport.inbound import worker
from rapport.inbound.models import RawItem
from rapport.outbound import bounces, queue
from rapport.outbound.models import Delivery
from tests.mail_transport.peers import PASSWORD, Dovecot, Postfix, answers, wait_for
from tests.support import free_port, refuse

pytestmark = pytest.mark.django_db(transaction=True)
LETTER = (
    b"From: alice@cust.test\r\nTo: support@brand.test\r\nMessage-ID: <%d@cust.test>\r\nSubject: hi\r\n\r\nHello\r\n"
)


class Away:
    """The world beyond Postfix: knows nobody called nosuch."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address.startswith("nosuch"):
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        return "250 OK"


@pytest.fixture(scope="module")
def postfix(open_folder: Path, dovecot: Dovecot) -> Iterator[Postfix]:
    if not shutil.which("postfix") or os.geteuid():
        refuse("Postfix is not installed, or we are not root (apt: postfix)")
    away = Controller(Away(), hostname="127.0.0.1", port=free_port())
    away.start()
    root = open_folder / "postfix"
    root.mkdir()
    server = Postfix(root, dovecot.lmtp, away.port)
    server.start()
    yield server
    server.stop()
    away.stop()


@contextmanager
def working(monkeypatch: pytest.MonkeyPatch, *parts: str, listener_port: int = 0) -> Iterator[None]:
    changed = replace(options(), listener_port=listener_port, outbox_threads=1)
    monkeypatch.setattr(worker, "options", lambda: changed)
    stopping = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stopping, parts))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(60)
        assert not thread.is_alive()


def in_system(ask: Callable[[], Any]) -> Any:
    with scope.system():
        return ask()


def bodies() -> list[bytes]:
    return [bytes(b) for b in in_system(lambda: list(RawItem.objects.values_list("body", flat=True)))]


def mailbox(name: str, server: Dovecot, password: str = PASSWORD, **config: Any) -> Channel:
    imap = {"host": "127.0.0.1", "port": server.imap, "security": "none", "user": name}
    sealed = secrets.seal({"imap_password": password})
    return Channel.objects.create(
        name=name, kind="email", address=f"{name}@brand.test", config={"imap": imap, **config}, secrets=sealed
    )


def post(port: int, number: int, to: str = "support@brand.test") -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("alice@cust.test", [to], LETTER % number)


def test_a_wrong_password_is_shown_and_the_other_mailbox_goes_on(
    dovecot: Dovecot, postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox("info", dovecot, "wrong")
    mailbox("sales", dovecot)
    with working(monkeypatch, "collect"):
        post(postfix.port, 1, "sales@brand.test")
        wait_for(lambda: len(bodies()) == 1)
        wait_for(lambda: Channel.objects.get(name="info").state == "stopped")
    assert "refused the user name or password" in Channel.objects.get(name="info").error
    assert Channel.objects.get(name="sales").state == "ok"


def test_a_mailbox_changed_while_it_is_collected_loses_nothing_and_takes_nothing_twice(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_WATCH_SECONDS", 0.2)
    channel = mailbox("changing", dovecot)
    with IMAPClient("127.0.0.1", dovecot.imap, ssl=False) as box, working(monkeypatch, "collect"):
        box.login("changing", PASSWORD)
        box.append("INBOX", LETTER % 1)
        wait_for(lambda: len(bodies()) == 1)
        one = Channel.objects.get(id=channel.id)
        one.config["imap"]["after"] = "seen"
        in_system(lambda: keeping.keep(one))
        # While the change is on its way, too.
        box.append("INBOX", LETTER % 2)
        wait_for(lambda: _asked(channel) == "seen")
        box.append("INBOX", LETTER % 3)
        wait_for(lambda: len(bodies()) == 3)
        box.select_folder("INBOX", readonly=True)
        wait_for(lambda: 3 in box.search("SEEN"))
        assert 1 in box.search("UNSEEN")
        wait_for(lambda: Channel.objects.get(id=channel.id).state == "ok")
    assert sorted(bodies()) == [LETTER % n for n in (1, 2, 3)]


def _asked(channel: Channel) -> object:
    found = Cursor.objects.filter(channel=channel).first()
    return found.value.get("asked") if found else None


def test_an_undeliverable_answer_comes_back_and_is_matched(
    dovecot: Dovecot, postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp = {"host": "127.0.0.1", "port": postfix.port, "security": "none"}
    channel = mailbox("support", dovecot, smtp=smtp, signed_reply=True)
    with scope.system():
        matter = Conversation.objects.create(subject="Parcel", audience=[EVERYONE], channel=channel)
        said = Message.objects.create(conversation=matter, channel=channel, direction=Direction.OUT, text="Sorry")
        delivery = queue.enqueue(said, channel, [("", "nosuch@cust.test")], send_after=now() - timedelta(seconds=1))
    with working(monkeypatch, "collect", "outbox"):
        wait_for(lambda: any(b"no such user here" in body for body in bodies()))
    mail = parse_mail(next(body for body in bodies() if b"no such user here" in body))
    assert mail.kind == "bounce"
    assert in_system(lambda: bounces.apply(mail_words.of(mail, {})))
    found = in_system(lambda: Delivery.objects.get(id=delivery.id))
    assert (found.state, "no such user here" in found.error) == ("bounced", True)


def test_the_listener_survives_a_cut_database_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    Channel.objects.create(name="Support", kind="email", address="support@brand.test")
    port = free_port()
    with working(monkeypatch, "listener", "pipeline", listener_port=port):
        wait_for(lambda: answers(port))
        post(port, 1)
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE pid <> pg_backend_pid() AND datname = current_database()"""
            )
        for number in (2, 3):
            wait_for(lambda number=number: _posted(port, number))
        stored = lambda: RawItem.objects.filter(state="stored").count()  # noqa: E731
        wait_for(lambda: in_system(stored) == 3)
    assert len(bodies()) == 3


def _posted(port: int, number: int) -> bool:
    """Whether it was taken; while it is not, the answer must be "later"."""
    try:
        post(port, number)
    except smtplib.SMTPResponseException as error:
        codes = [error.smtp_code]
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
    else:
        return True
    if set(codes) != {451}:
        pytest.fail(f"answered {codes} instead of 451")
    return False
