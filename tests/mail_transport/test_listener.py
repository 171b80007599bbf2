import asyncio
import smtplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest

from rapport.channels.base import Incoming
from rapport.channels.kinds.email.listener import Limits, Listener, NotNow

SUPPORT, SALES = uuid4(), uuid4()
LETTER = b"From: a@cust.test\r\nSubject: hi\r\n\r\n..dot\r\n\xff raw\r\n" + b"y" * 5_000 + b"\r\n"


class Desk:
    def __init__(self) -> None:
        self.kept: list[tuple[UUID, Incoming]] = []
        self.away = False
        self.commits = threading.Barrier(1)

    def mailbox_of(self, recipient: str) -> UUID | None:
        return {"support": SUPPORT, "süpport": SUPPORT, "sales": SALES}.get(recipient.split("@")[0])

    def keep(self, channel_id: UUID, item: Incoming) -> None:
        self.commits.wait(60)
        if self.away or channel_id == SALES:
            raise NotNow("The database is away")
        self.kept.append((channel_id, item))


@contextmanager
def listening(desk: Desk, limits: Limits | None = None) -> Iterator[int]:
    ready, stopping, ports = threading.Event(), threading.Event(), []

    async def serve() -> None:
        listener = Listener(desk, "127.0.0.1", 0, limits)
        await listener.start()
        ports.append(listener.port)
        ready.set()
        while not stopping.is_set():
            await asyncio.sleep(0.01)
        await listener.stop()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    try:
        yield ports[0]
    finally:
        stopping.set()
        thread.join(60)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_mail_is_kept_byte_for_byte_with_its_envelope(desk: Desk) -> None:
    with listening(desk) as port, smtplib.SMTP("127.0.0.1", port, local_hostname="client.test") as client:
        client.sendmail("a@cust.test", ["support@brand.test"], LETTER, ["BODY=8BITMIME"])
    channel_id, item = desk.kept[0]
    assert (channel_id, item.body) == (SUPPORT, LETTER)
    assert item.envelope == {
        "source": "smtp", "mail_from": "a@cust.test", "rcpt_tos": ["support@brand.test"],
        "peer": "127.0.0.1", "helo": "client.test",
    }  # fmt: skip


def test_an_unknown_recipient_is_refused_and_the_others_served(desk: Desk) -> None:
    with listening(desk) as port, smtplib.SMTP("127.0.0.1", port) as client:
        refused = client.sendmail("a@cust.test", ["nobody@brand.test", "support@brand.test"], LETTER)
    assert refused["nobody@brand.test"][0] == 550
    assert len(desk.kept) == 1


def test_what_cannot_be_committed_is_put_off(desk: Desk) -> None:
    desk.away = True
    with listening(desk) as port, smtplib.SMTP("127.0.0.1", port) as client:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.sendmail("a@cust.test", ["support@brand.test"], LETTER)
        assert caught.value.smtp_code == 451
        desk.away = False
        client.sendmail("a@cust.test", ["support@brand.test"], LETTER)
    assert len(desk.kept) == 1


def test_too_large_is_refused_for_good_announced_or_not(desk: Desk) -> None:
    with listening(desk, Limits(mail_bytes=1_000)) as port, smtplib.SMTP("127.0.0.1", port) as client:
        with pytest.raises(smtplib.SMTPResponseException) as announced:
            client.sendmail("a@cust.test", ["support@brand.test"], LETTER)
        client.docmd("RSET")
        client.docmd("MAIL", "FROM:<a@cust.test>")
        client.docmd("RCPT", "TO:<support@brand.test>")
        assert client.data(LETTER)[0] == 552
    assert announced.value.smtp_code == 552
    assert desk.kept == []


def test_an_international_address_is_taken(desk: Desk) -> None:
    with listening(desk) as port, smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        client.mail("ä@cust.test", ["SMTPUTF8", "BODY=8BITMIME"])
        assert client.rcpt("süpport@brand.test")[0] == 250
        assert client.data(LETTER)[0] == 250


def test_lmtp_answers_each_recipient_for_itself(desk: Desk) -> None:
    with listening(desk) as port, smtplib.LMTP("127.0.0.1", port) as client:
        client.ehlo("mx.test")
        client.mail("")
        client.rcpt("sales@brand.test")
        client.rcpt("support@brand.test")
        client.docmd("DATA")
        client.send(b"Subject: x\r\n\r\ny\r\n.\r\n")
        assert [client.getreply()[0], client.getreply()[0]] == [451, 250]
    assert desk.kept[0][1].envelope["source"] == "lmtp"
    assert desk.kept[0][1].envelope["mail_from"] == ""


def test_a_slow_commit_holds_up_no_other_connection(desk: Desk) -> None:
    desk.commits = threading.Barrier(4)  # None ends before all four have begun.
    with listening(desk) as port:
        threads = [threading.Thread(target=send, args=(port,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(desk.kept) == 4


def test_connections_and_mails_a_minute_are_bounded(desk: Desk) -> None:
    limits = Limits(connections_per_peer=1, per_minute=1)
    with listening(desk, limits) as port, smtplib.SMTP("127.0.0.1", port) as client:
        with pytest.raises((smtplib.SMTPConnectError, smtplib.SMTPServerDisconnected)):
            smtplib.SMTP("127.0.0.1", port, timeout=60)
        client.sendmail("a@cust.test", ["support@brand.test"], LETTER)
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.sendmail("a@cust.test", ["support@brand.test"], LETTER)
        assert caught.value.smtp_code == 451
    assert len(desk.kept) == 1


def send(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("a@cust.test", ["support@brand.test"], LETTER)
