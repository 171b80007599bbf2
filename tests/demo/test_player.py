"""The history is played through the real intake, agrees with its scripts, and played again changes nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import models

from rapport.channels.base import Incoming
from rapport.channels.models import Channel
from rapport.cli.demo_company import player as players
from rapport.cli.demo_company.company import load
from rapport.cli.demo_company.founding import found
from rapport.cli.demo_company.listening import listening
from rapport.cli.demo_company.plan import Step, first_letter_id, plan
from rapport.cli.demo_company.player import Played, Player
from rapport.cli.demo_company.scripts import all_scripts
from rapport.conversations.models import Attachment, Conversation, Direction, Message, Status
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.models import Event
from rapport.inbound import intake
from rapport.inbound.models import RawItem, RawState
from rapport.outbound.models import Delivery, DeliveryState
from rapport.ownership.models import Decision, Source
from rapport.people.models import Person
from rapport.staff.models import Member, Team
from tests.support import free_port

ANCHOR = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
COUNTED: tuple[type[models.Model], ...] = (
    RawItem, Conversation, Message, Attachment, Delivery, Decision, Event, Person,
)  # fmt: skip


@dataclass
class Sink:
    """Takes in what the company sends."""

    taken: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken += 1
        return "250 OK"


@dataclass
class Desk:
    """Keeps mails until the test's own thread commits them: its transaction is not seen by other connections."""

    channels: dict[str, UUID]
    kept: list[tuple[UUID, Incoming]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def mailbox_of(self, recipient: str) -> UUID | None:
        return self.channels.get(recipient)

    def keep(self, channel_id: UUID, item: Incoming) -> None:
        with self.lock:
            self.kept.append((channel_id, item))

    def commit(self) -> None:
        with self.lock:
            waiting, self.kept = self.kept, []
        for channel_id, item in waiting:
            intake.accept(Channel(id=channel_id), [item])


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    taking = Sink()
    controller = Controller(taking, "127.0.0.1", free_port())
    controller.start()
    yield taking, controller.port
    controller.stop()


@contextmanager
def the_listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    desk = Desk(dict(Channel.objects.values_list("address", "id")))
    really = players.work_off

    def work_off() -> None:
        desk.commit()
        really()

    with monkeypatch.context() as patched, listening(desk, "127.0.0.1", 0) as address:
        patched.setattr(players, "work_off", work_off)
        yield address


def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    with the_listener(monkeypatch) as address:
        return Player(load(), ANCHOR, address).play()


def counts() -> dict[str, int]:
    with scope.system():
        return {model.__name__: model.objects.count() for model in COUNTED}  # type: ignore[attr-defined]


def steps_by_play() -> dict[str, list[Step]]:
    found_steps: dict[str, list[Step]] = {}
    for step in plan(load(), all_scripts(), ANCHOR):
        found_steps.setdefault(step.play.key, []).append(step)
    return found_steps


@pytest.mark.django_db
def test_the_whole_history_is_played_once_and_agrees_with_its_scripts(
    sink: tuple[Sink, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(load(), sink[1])
    assert not found(load(), sink[1])
    first = played(monkeypatch)
    assert first.left_out == 0
    before = counts()
    with scope.system():
        every_play_is_one_conversation_with_its_owner()
        deliveries_left_at_their_time(sink[0])
        decisions_of_members_show()
        some_promises_are_broken_and_most_is_resolved()
        who_wrote_in_confidence_alone_is_known_there_alone()

    again = played(monkeypatch)
    assert (again.actions, again.left_out) == (0, 0)
    assert counts() == before


def every_play_is_one_conversation_with_its_owner() -> None:
    teams = dict(Team.objects.values_list("id", "slug"))
    opened = {}
    for key, steps in steps_by_play().items():
        message = Message.objects.get(message_id=first_letter_id(steps[0].play, ANCHOR))
        opened[key] = message.conversation_id
        conversation = Conversation.objects.get(id=message.conversation_id)
        decision = Decision.objects.filter(conversation=conversation, source=Source.POLICY).get()
        decided = teams[decision.owner_team_id] if decision.rule and decision.owner_team_id else ""
        assert decided == steps[0].play.script.owner, (key, decision.sentence)
        assert conversation.created_at == steps[0].at, key
        said = [step for step in steps if step.turn.verb in ("say", "note")]
        assert conversation.message_count == len(said), key
        assert conversation.confidential == (steps[0].play.script.owner == "hr"), key
    assert len(set(opened.values())) == len(opened) == Conversation.objects.count()
    assert not RawItem.objects.exclude(state=RawState.STORED).exists()


def deliveries_left_at_their_time(sink: Sink) -> None:
    states = set(Delivery.objects.values_list("state", flat=True))
    assert states <= {DeliveryState.SENT, DeliveryState.BOUNCED}
    assert DeliveryState.BOUNCED in states
    assert sink.taken == Delivery.objects.count() > 100
    for message in Message.objects.filter(direction=Direction.OUT):
        assert message.sent_at is not None
        assert timedelta(0) <= message.sent_at - message.at < timedelta(minutes=1)


def decisions_of_members_show() -> None:
    by_members = Decision.objects.filter(source=Source.MEMBER)
    assert by_members.count() > 10
    assert Conversation.objects.filter(owner_member__isnull=False).count() > 10
    assert Member.objects.filter(owned__isnull=False).distinct().count() >= 5


def some_promises_are_broken_and_most_is_resolved() -> None:
    still = Conversation.objects.filter(status=Status.OPEN)
    assert still.filter(first_answered_at=None, first_answer_due_at__lt=ANCHOR).count() >= 3
    assert Conversation.objects.filter(status=Status.RESOLVED).count() > still.count()


def who_wrote_in_confidence_alone_is_known_there_alone() -> None:
    strangers = Person.objects.filter(relationships=None, conversations__confidential=True)
    only = strangers.exclude(conversations__confidential=False).distinct()
    assert only
    for person in only:
        assert EVERYONE not in person.audience, person.name
