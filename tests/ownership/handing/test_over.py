"""At the end of a shift: what would be late is suggested, or goes to whoever is there sooner; nothing goes twice."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from rapport.conversations.models import Conversation
from rapport.core import clock, scope
from rapport.core.errors import NotAllowed
from rapport.core.models import Event
from rapport.ownership.actions import assign
from rapport.ownership.handing import over, queue
from rapport.ownership.models import Decision, How, ShiftEnd, Turn
from rapport.staff.models import Absence, BusinessHours, Member, Membership, Team
from tests.ownership.handing.conftest import WEDNESDAY, Shop

HOUR = timedelta(hours=1)
#: 17:00 in Berlin.
CLOSING = WEDNESDAY.replace(hour=16)


@pytest.fixture
def late(shop: Shop) -> Shop:
    """Bob has hours of his own, from noon to 22:00; Ann leaves at 17:00."""
    evening = BusinessHours.objects.create(
        name="Evening", time_zone="Europe/Berlin", blocks=[[day, "12:00", "22:00"] for day in range(5)]
    )
    Member.objects.filter(id=shop.bob.id).update(hours=evening)
    return shop


def held(shop: Shop, due: Any = None, **given: Any) -> Conversation:
    return shop.add(owner_member=shop.ann, resolution_due_at=due, **given)


def owner(one: Conversation) -> str | None:
    one.refresh_from_db()
    return one.owner_member.name if one.owner_member else None


def test_what_would_be_late_goes_to_who_is_there_and_both_are_told(late: Shop) -> None:
    late.update(hand_over="late")
    tonight, tomorrow = held(late, CLOSING + 2 * HOUR), held(late, CLOSING + 22 * HOUR)
    none = held(late, awaiting_answer=True)
    with clock.travel(CLOSING - HOUR):
        over.run_due()
        assert owner(tonight) == "Ann"
    with clock.travel(CLOSING):
        over.run_due()
        over.run_due()
    assert (owner(tonight), owner(tomorrow), owner(none)) == ("Bob", "Ann", "Ann")
    decision = Decision.objects.get()
    assert decision.sentence.startswith(
        "Service owns this: Ann has left, and its promise runs out before they are back; Bob has the most room"
    )
    assert (decision.from_member_id, decision.source) == (late.ann.id, "handed")
    event = Event.objects.get(kind="conversation.assigned")
    assert (event.data["how"], event.data["from_member"]) == ("shift", str(late.ann.id))


def test_what_is_the_matter_with_one_who_leaves_holds_up_no_other(late: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    late.update(hand_over="late")
    first = Member.objects.create(id=UUID(int=1), email="abe@example.org", name="Abe")
    Membership.objects.create(member=first, team=late.team)
    tonight, move = held(late, CLOSING + 2 * HOUR), over._move

    def moved(post: Any, *more: Any) -> None:
        if post.member_id == first.id:
            raise KeyError
        move(post, *more)

    with clock.travel(CLOSING), monkeypatch.context() as broken:
        broken.setattr(over, "_move", moved)
        over.run_due()
        assert owner(tonight) == "Bob"
        assert not ShiftEnd.objects.filter(member_id=first.id).exists(), "it is tried again"


def test_what_waits_for_us_goes_too_where_the_team_wants_it(late: Shop) -> None:
    late.update(hand_over="waiting")
    waits, idle = held(late, awaiting_answer=True), held(late)
    with clock.travel(CLOSING):
        over.run_due()
    assert (owner(waits), owner(idle)) == ("Bob", "Ann")
    assert "it waits for our answer" in Decision.objects.get().sentence


@pytest.mark.parametrize("mode", ["off", "suggest"])
def test_nothing_is_moved_unless_the_team_wants_it(late: Shop, mode: str) -> None:
    late.update(hand_over=mode)
    tonight = held(late, CLOSING + 2 * HOUR, awaiting_answer=True)
    for at in (CLOSING - timedelta(minutes=20), CLOSING, CLOSING + HOUR):
        with clock.travel(at):
            over.run_due()
            over.run_due()
    assert owner(tonight) == "Ann"
    assert Event.objects.filter(kind=over.SUGGESTED).count() == (mode == "suggest")
    assert not Event.objects.exclude(kind=over.SUGGESTED).filter(conversation_id=tonight.id).exists()


def test_where_everybody_leaves_at_once_it_stays(shop: Shop) -> None:
    shop.update(hand_over="late")
    tonight = held(shop, CLOSING + 2 * HOUR)
    with clock.travel(CLOSING):
        over.run_due()
    assert owner(tonight) == "Ann"
    assert not Decision.objects.exists()


def test_an_absence_is_the_end_of_a_shift_and_the_next_to_come_takes_over(shop: Shop) -> None:
    shop.update(hand_over="late")
    Absence.objects.create(member=shop.ann, starts_at=CLOSING, ends_at=CLOSING + 9 * 24 * HOUR)
    within, after = held(shop, CLOSING + 30 * HOUR), held(shop, CLOSING + 30 * 24 * HOUR)
    with clock.travel(CLOSING + HOUR):
        over.run_due()
    assert (owner(within), owner(after)) == ("Bob", "Ann")


def test_what_nobody_has_room_for_waits_in_the_queue_of_a_team_that_hands_out(late: Shop) -> None:
    late.update(hand_over="late")
    for _ in range(3):
        late.add(owner_member=late.bob)
    tonight = held(late, CLOSING + 2 * HOUR)
    with clock.travel(CLOSING):
        over.run_due()
    assert owner(tonight) is None
    assert Turn.objects.get().why == "everyone present has as much as they can take"
    late.update(taken_by="self")
    other = held(late, CLOSING + 2 * HOUR)
    Conversation.objects.filter(id=other.id).update(owner_member=late.ann)
    with clock.travel(CLOSING + 24 * HOUR):
        over.run_due()
    assert owner(other) == "Ann"


def test_a_worker_that_was_off_still_does_it_but_not_once_they_are_back(late: Shop) -> None:
    late.update(hand_over="late")
    tonight = held(late, CLOSING + 2 * HOUR)
    with clock.travel(CLOSING + 16 * HOUR + timedelta(minutes=1)):
        over.run_due()
    assert owner(tonight) == "Ann"
    with clock.travel(CLOSING + 3 * HOUR):
        over.run_due()
    assert owner(tonight) == "Bob"


def test_the_plan_shows_all_and_picks_what_would_be_late(late: Shop) -> None:
    tonight, waits = held(late, CLOSING + 2 * HOUR), held(late, awaiting_answer=True)
    with scope.member(late.ann.id):
        planned = {one.conversation.id: one for one in over.plan(late.ann)}
    assert (planned[tonight.id].why, planned[tonight.id].picked) == ("late", True)
    assert (planned[waits.id].why, planned[waits.id].picked) == ("waiting", False)
    assert [one.move.to.load.name for one in planned.values() if one.move.to] == ["Bob", "Bob"]
    assert planned[tonight.id].leaves_at == CLOSING
    assert not Decision.objects.exists()


def test_by_hand_it_goes_where_the_plan_says_and_can_be_seen_afterwards(late: Shop) -> None:
    tonight, other = held(late, CLOSING + 2 * HOUR), held(late)
    theirs = late.add(owner_member=late.bob)
    with scope.member(late.ann.id):
        assert over.hand_over(late.ann, {tonight.id: late.ann.id}) == [], "not to whom it was planned"
        done = over.hand_over(late.ann, {tonight.id: late.bob.id, theirs.id: late.bob.id})
    assert [one.conversation.id for one in done] == [tonight.id]
    assert (owner(tonight), owner(other), owner(theirs)) == ("Bob", "Ann", "Bob")
    assert Turn.objects.get(conversation=tonight).how == How.HAND
    assert Decision.objects.get().actor_id == late.ann.id
    assert [one.conversation_id for one in over.handed_over_by(late.ann)] == [tonight.id]
    assert over.handed_over_by(late.bob) == []


def test_what_came_from_a_colleague_and_is_given_back_is_no_queue_s(late: Shop) -> None:
    late.update(taken_by="self")
    tonight = held(late, CLOSING + 2 * HOUR)
    with scope.member(late.ann.id):
        over.hand_over(late.ann, {tonight.id: late.bob.id})
    assign(tonight.id, late.bob, late.team, None)
    assert queue.waiting(late.team) == []


def test_a_reader_hands_over_nothing(late: Shop) -> None:
    tonight = held(late, CLOSING + 2 * HOUR)
    late.ann.role = "reader"
    with pytest.raises(NotAllowed):
        over.hand_over(late.ann, {tonight.id: late.bob.id})
    assert owner(tonight) == "Ann"


def test_nothing_goes_to_somebody_outside_the_team(late: Shop) -> None:
    late.update(hand_over="late")
    other = Team.objects.create(name="Other", slug="other")
    Membership.objects.filter(member=late.bob).update(team=other)
    tonight = held(late, CLOSING + 2 * HOUR)
    with clock.travel(CLOSING):
        over.run_due()
    assert owner(tonight) == "Ann"
