"""`rapport replay`: another chance, and no harm."""

import json
from typing import Any
from uuid import UUID

import pytest

from rapport.channels.base import mail
from rapport.channels.models import Channel
from rapport.conversations.models import Message
from rapport.core import scope
from rapport.inbound import intake, pipeline
from rapport.inbound.models import RawItem, RawState
from tests.cli.conftest import Run
from tests.cli.mails import letter


@pytest.fixture
def box(db: None) -> Channel:
    """A mailbox with three stored mails, two in quarantine for a fault since mended, and one that stays there."""
    channel = Channel.objects.create(name="Mailbox", kind="email", address="support@rapport.example")
    intake.accept(channel, [mail(letter(n)) for n in (1, 2, 3)])
    pipeline.run_batch()
    intake.accept(channel, [mail(letter(4)), mail(letter(5, parent=4)), mail(b" \n")])
    with scope.system():
        RawItem.objects.filter(state=RawState.RECEIVED).update(
            state=RawState.QUARANTINED, reason="It could not be read.", attempts=5
        )
    return channel


def outcome(run: Run, *args: object) -> dict[str, Any]:
    done = run("replay", "--json", *args)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def quarantined() -> list[UUID]:
    with scope.system():
        return list(
            RawItem.objects.filter(state=RawState.QUARANTINED).order_by("id").values_list("id", flat=True)
        )


def messages() -> int:
    with scope.system():
        return Message.objects.count()


def test_quarantined_items_get_through_once_the_fault_is_mended(run: Run, box: Channel) -> None:
    assert outcome(run) == {
        "replayed": 3,
        "stored": 2,
        "duplicate": 0,
        "quarantined": 1,
        "refused": 0,
        "conversations": 1,
    }
    assert (messages(), len(quarantined())) == (5, 1)


def test_stored_items_are_there_already(run: Run, box: Channel) -> None:
    found = outcome(run, "--all")
    assert (found["replayed"], found["stored"], found["duplicate"], found["quarantined"]) == (6, 2, 3, 1)
    assert messages() == 5


def test_only_the_items_asked_for_are_replayed(run: Run, box: Channel) -> None:
    first, second, _ = quarantined()
    assert outcome(run, second)["replayed"] == 1
    assert first in quarantined()


def test_only_the_channel_asked_for_is_replayed(run: Run, box: Channel) -> None:
    Channel.objects.create(name="Other", kind="email")
    assert outcome(run, "--channel", "Other")["replayed"] == 0
    assert outcome(run, "--channel", "Mailbox")["replayed"] == 3


def test_an_id_that_no_item_has_changes_nothing(run: Run, box: Channel) -> None:
    before = quarantined()
    done = run("replay", before[0], UUID(int=7))
    assert (done.exit_code, quarantined()) == (1, before)
    assert "There is no item 00000000-0000-0000-0000-000000000007" in done.stderr


def test_what_is_no_id_is_said_so(run: Run, box: Channel) -> None:
    done = run("replay", "seven")
    assert done.exit_code == 2
    assert "seven" in done.stderr
