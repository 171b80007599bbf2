"""One poisoned mail never holds up the next."""

from typing import Any

import pytest
from django.db import DataError, OperationalError

from rapport.channels.base import Incoming
from rapport.channels.kinds.email import connector
from rapport.channels.kinds.email.model import ParsedMail
from rapport.channels.kinds.email.parse import parse_mail
from rapport.channels.models import Channel
from rapport.conversations.models import Message
from rapport.core import scope
from rapport.inbound import intake, pipeline, storing
from rapport.inbound.models import RawItem, RawState
from tests.inbound.post import accept, deliver, letter

pytestmark = pytest.mark.django_db


def outcomes() -> dict[str, str]:
    """Text of each item's body's last line -> its state."""
    with scope.system():
        items = RawItem.objects.values_list("body", "state")
        return {bytes(body).strip().rpartition(b"\n")[2].decode("utf-8", "replace"): state for body, state in items}


def reason() -> str:
    with scope.system():
        return RawItem.objects.get(state=RawState.QUARANTINED).reason


def test_a_mail_that_breaks_the_parser_goes_to_quarantine_with_its_reason(
    box: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fragile(raw: bytes, **given: Any) -> ParsedMail:
        if b"poison" in raw:
            raise RecursionError("too deep\0")
        return parse_mail(raw, **given)

    monkeypatch.setattr(connector, "parse_mail", fragile)
    done = deliver(box, letter("before"), letter("poison"), letter("after"))
    assert done.states == {"stored": 2, "quarantined": 1}
    assert outcomes() == {"before": "stored", "poison": "quarantined", "after": "stored"}
    assert reason() == "It could not be read: RecursionError: too deep"


@pytest.mark.parametrize("error", [DataError("value too long\nDETAIL: secret"), ValueError("broken"), KeyError("x")])
def test_a_mail_that_cannot_be_stored_goes_to_quarantine_and_leaves_nothing_else(
    box: Channel, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    store = storing.store

    def fragile(batch: storing.Batch) -> None:
        store(batch)
        if any("poison" in arrival.said.text for arrival in batch.arrivals):
            raise error

    monkeypatch.setattr(storing, "store", fragile)
    done = deliver(box, letter("before"), letter("poison"), letter("after"))
    assert done.states == {"stored": 2, "quarantined": 1}
    with scope.system():
        assert sorted(Message.objects.values_list("text", flat=True)) == ["after", "before"]
    assert reason().startswith("It could not be stored: ")
    assert "DETAIL" not in reason()


def test_what_the_database_finds_at_the_commit_is_the_fault_of_one_item(
    box: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = storing._open

    def dangling(batch: storing.Batch, news: Any) -> Any:
        made = store(batch, news)
        if any("poison" in a.said.text for a in batch.arrivals):
            from django.db import connection

            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE conversations_conversation SET person_id = '00000000-0000-0000-0000-0000000000ff'"
                )
        return made

    monkeypatch.setattr(storing, "_open", dangling)
    accept(box, letter("poison"), letter("after"))
    assert pipeline.run_carefully().states == {"stored": 1, "quarantined": 1}
    assert "violates foreign key" in reason()


def test_a_mail_that_took_its_workers_down_five_times_is_not_tried_again(box: Channel) -> None:
    accept(box, letter("killer"), letter("after"))
    with scope.system():
        first = RawItem.objects.order_by("id").first()
        assert first is not None
        RawItem.objects.filter(id=first.id).update(attempts=pipeline.ATTEMPTS_MAX)
    assert pipeline.run_carefully().states == {"stored": 1, "quarantined": 1}
    assert reason() == "It was tried 5 times, and each time the worker stopped."


def test_when_the_database_is_gone_nothing_is_blamed_on_the_mail(box: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(batch: storing.Batch) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    accept(box, letter("fine"))
    with monkeypatch.context() as patched:
        patched.setattr(storing, "store", gone)
        with pytest.raises(OperationalError):
            pipeline.run_batch()
    assert outcomes() == {"fine": "received"}
    assert pipeline.run_batch().states == {"stored": 1}


def test_an_empty_item_is_quarantined(box: Channel) -> None:
    assert deliver(box, b" \r\n").states == {"quarantined": 1}
    assert reason() == "It is empty: there is nothing to read."


def test_an_item_that_came_with_trouble_is_kept_unread(box: Channel) -> None:
    intake.accept(box, [Incoming("uid 7", b"", {}, None, "The server would not give it: too big")])
    assert pipeline.run_batch().handled == 0
    assert reason() == "The server would not give it: too big"


@pytest.mark.parametrize(
    "body",
    [
        letter("nul \0 here", subject="sub\0ject"),
        letter(sender="\0"),
        letter(sender=""),
        letter(sender=f"Long <{'x' * 400}@{'y' * 300}.example>"),
        letter(sender=f"{'N' * 500} <ann@berg.example>"),
        letter(id="x" * 3000),
        letter(subject="s" * 5000),
        letter(more=["Date: Mon, 01 Jan 0102 00:00:00 +0000"]),
        letter(more=["Date: Fri, 31 Dec 9999 23:59:59 -2359"]),
        letter("").rstrip(),
        b"no header at all",
        b"\xff\xfe\x00\x01" * 50,
        letter().replace(b"utf-8", b"default_charset"),
        letter().replace(b"A question", b"\xe9t\xe9 \xf0\x9f"),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_strange_mail_is_stored_with_its_neighbours(box: Channel, body: bytes) -> None:
    assert deliver(box, letter("before"), body, letter("after")).states == {"stored": 3}
