"""What members had open at a moment of the past does not depend on who has it today."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation, Direction, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import clock, scope
from rapport.ownership import actions
from rapport.ownership.simulate import history
from rapport.staff.models import Member, Membership, Team

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _company() -> Iterator[None]:
    team = Team.objects.create(name="Support", slug="support")
    for name in ("Ann", "Bo"):
        member = Member.objects.create_user(f"{name.lower()}@example.com", name=name, role="lead")
        Membership.objects.create(member=member, team=team)
    Channel.objects.create(name="Mailbox", kind="email", address="help@example.com", state="ok")
    with scope.system():
        yield


def who(name: str) -> Member:
    return Member.objects.get(name=name)


def has(name: str, at: datetime = NOON - 2 * DAY, **given: Any) -> Conversation:
    """A conversation that came at a moment and is the member's."""
    found = Conversation.objects.create(
        owner_team=Team.objects.get(), owner_member=who(name), channel=Channel.objects.get(), audience=[EVERYONE],
        created_at=at, last_activity_at=at, **given,
    )  # fmt: skip
    said(found, at)
    return found


def said(one: Conversation, at: datetime, **given: Any) -> None:
    Message.objects.create(
        conversation=one, channel=one.channel, direction=Direction.IN, at=at, message_id=f"<{at.timestamp()}>", **given
    )


def do(verb: Any, one: Conversation, at: datetime, *given: Any) -> None:
    with clock.travel(at), scope.member(who("Ann").id):
        verb(one.id, who("Ann"), *given)


def then(at: datetime = NOON) -> dict[str, Any]:
    """By name until when each had what they had open at the moment; None: it still is."""
    names: dict[UUID, str] = {one.id: one.name for one in Member.objects.all()}
    had = history.shifts(at).at(at).open_before
    return {names[id]: sorted(ends, key=str) for id, ends in had.items()}


def test_what_was_given_to_somebody_else_later_was_theirs_then() -> None:
    one = has("Ann")
    do(actions.assign, one, NOON + DAY, Team.objects.get(), who("Bo"))
    do(actions.assign, one, NOON + 2 * DAY, Team.objects.get(), None)
    assert then() == {"Ann": [None]}
    assert then(NOON + 1.5 * DAY) == {"Bo": [None]}
    assert then(NOON + 3 * DAY) == {}


def test_what_somebody_took_later_was_nobodys_then() -> None:
    one = has("Ann")
    Conversation.objects.update(owner_member=None)
    do(actions.assign, one, NOON + DAY, Team.objects.get(), who("Bo"))
    assert (then(), then(NOON + 2 * DAY)) == ({}, {"Bo": [None]})


def test_what_was_settled_then_and_opened_again_later_was_not_open() -> None:
    one, other = has("Ann"), has("Bo")
    for each in (one, other):
        do(actions.resolve, each, NOON - DAY)
    do(actions.reopen, one, NOON + DAY)
    # They wrote again, which opens it without an event of its own.
    said(other, NOON + DAY)
    Conversation.objects.filter(id=other.id).update(status="open", resolved_at=None, last_activity_at=NOON + DAY)
    assert then() == {}
    assert then(NOON + 2 * DAY) == {"Ann": [None], "Bo": [None]}


def test_what_was_opened_again_before_was_open() -> None:
    one, other = has("Ann"), has("Bo")
    for each in (one, other):
        do(actions.resolve, each, NOON - DAY)
    do(actions.reopen, one, NOON - HOUR)
    said(other, NOON - HOUR)
    Conversation.objects.filter(id=other.id).update(status="open", resolved_at=None)
    Conversation.objects.update(last_activity_at=NOON + DAY)
    assert then() == {"Ann": [None], "Bo": [None]}


def test_what_a_machine_wrote_opened_nothing_again() -> None:
    one = has("Ann")
    do(actions.resolve, one, NOON - DAY)
    said(one, NOON - HOUR, kind="auto_reply")
    do(actions.reopen, one, NOON + DAY)
    assert then() == {}


def test_what_turned_out_to_be_none_of_ours_was_on_the_desk_until_then() -> None:
    one = has("Ann")
    do(actions.mark_spam, one, NOON + DAY)
    assert then() == {"Ann": [NOON + DAY]}
    assert then(NOON + 2 * DAY) == {}


def test_what_was_settled_later_was_on_the_desk_until_then_and_what_came_later_was_not() -> None:
    one = has("Ann")
    has("Bo", NOON + HOUR)
    do(actions.resolve, one, NOON + DAY)
    assert then() == {"Ann": [NOON + DAY]}


def test_one_look_reads_all_of_it_however_much_there_was(django_assert_num_queries: Any) -> None:
    for number in range(12):
        one = has("Ann", NOON - 2 * DAY - number * HOUR)
        if number % 2:
            do(actions.assign, one, NOON + DAY, Team.objects.get(), who("Bo"))
    assert Counter({name: len(ends) for name, ends in then().items()}) == {"Ann": 12}
    with django_assert_num_queries(2):
        history.shifts(NOON)
