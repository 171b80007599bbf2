"""Conversations that were merged or split later are replayed as they came: each by its own message and decision."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from rapport.channels.models import Channel
from rapport.conversations import actions, merging, splitting, undoing
from rapport.conversations.models import Conversation, Direction, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.models import Event
from rapport.ownership.models import Decision, Source
from rapport.ownership.simulate import history
from rapport.ownership.simulate.earlier import Earlier
from rapport.ownership.simulate.former import Setups, timeline
from rapport.ownership.simulate.past import Past
from rapport.ownership.simulate.senders import Senders
from rapport.staff.models import Member, Membership, Team

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = NOON - 24 * HOUR, NOON + 24 * HOUR


@pytest.fixture(autouse=True)
def _company() -> Iterator[None]:
    for slug in ("support", "product"):
        Team.objects.create(name=slug.title(), slug=slug)
    member = Member.objects.create_user("ann@example.com", name="Ann", role="lead")
    Membership.objects.create(member=member, team=Team.objects.get(slug="support"))
    Channel.objects.create(name="Mailbox", kind="email", address="help@example.com", state="ok")
    with scope.system():
        yield


def came(text: str, at: datetime, slug: str, version: int = 1) -> Conversation:
    team = Team.objects.get(slug=slug)
    found = Conversation.objects.create(
        owner_team=team, channel=Channel.objects.get(), audience=[EVERYONE], created_at=at, last_activity_at=at
    )
    said(found, text, at)
    Decision.objects.create(conversation=found, source=Source.POLICY, policy_version=version, owner_team=team, at=at)
    return found


def said(one: Conversation, text: str, at: datetime) -> Message:
    return Message.objects.create(
        conversation=one, channel=one.channel, direction=Direction.IN, at=at, text=text, message_id=f"<{text}>"
    )


def ann() -> Member:
    return Member.objects.get()


def replayed() -> list[Past]:
    ids = history.conversations(*SPAN)
    return history.past(ids, Senders(), Setups(timeline(), SPAN[1]), Earlier())


def told() -> list[tuple[str, str, int | None, datetime | None]]:
    return [(one.facts.text, one.recorded, one.recorded_by, one.decided_at) for one in replayed()]


def test_of_merged_ones_the_first_message_stands_beside_what_was_decided_of_it() -> None:
    first, second = came("Refund", NOON, "support", 1), came("Feature", NOON + HOUR, "product", 2)
    with scope.member(ann().id):
        merging.merge(second.id, [first.id], ann())
    assert told() == [("Refund", "support", 1, NOON)]


def test_of_those_merged_into_the_first_nothing_changes_nor_of_chains() -> None:
    first, second, third = (
        came(text, NOON + n * HOUR, slug, n)
        for n, (text, slug) in enumerate([("Refund", "support"), ("Feature", "product"), ("Both", "product")], 1)
    )
    with scope.member(ann().id):
        merging.merge(second.id, [first.id], ann())
        merging.merge(third.id, [second.id], ann())
    assert told() == [("Refund", "support", 1, NOON + HOUR)]


def test_what_was_split_off_did_not_come_by_itself() -> None:
    one = came("Refund", NOON, "support")
    more = said(one, "And a feature", NOON + HOUR)
    with scope.member(ann().id):
        splitting.split(one.id, [more.id], ann())
    with scope.member(ann().id):
        assert history.conversations(*SPAN) == [one.id]
    assert told() == [("Refund", "support", 1, NOON)]


def test_what_stayed_behind_is_replayed_by_the_message_that_was_taken_out() -> None:
    one = came("Refund", NOON, "support")
    said(one, "And a feature", NOON + HOUR)
    with scope.member(ann().id):
        splitting.split(one.id, [Message.objects.get(text="Refund").id], ann())
    assert told() == [("Refund", "support", 1, NOON)]


def test_what_was_taken_out_and_is_kept_in_confidence_since_is_not_read() -> None:
    one = came("Refund", NOON, "support")
    said(one, "And a feature", NOON + HOUR)
    with scope.member(ann().id):
        made = splitting.split(one.id, [Message.objects.get(text="Refund").id], ann())
        actions.set_confidential(made.id, ann(), True)
    assert told() == [("And a feature", "support", 1, NOON)]


def test_what_was_merged_and_taken_apart_again_counts_as_before() -> None:
    first, second = came("Refund", NOON, "support", 1), came("Feature", NOON + HOUR, "product", 2)
    before = told()
    with scope.member(ann().id):
        merging.merge(second.id, [first.id], ann())
        undoing.undo(Event.objects.get(kind="conversation.merged").id, ann())
    assert told() == before
