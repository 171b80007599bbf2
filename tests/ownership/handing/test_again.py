"""Who had a conversation lately comes last; whom a promise gives it to is asked as for anything else."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from rapport.conversations.models import Clock, Conversation
from rapport.core import clock, scope
from rapport.core.errors import Invalid
from rapport.ownership import escalating, passing_on
from rapport.ownership.actions import assign
from rapport.ownership.best_now import best_now
from rapport.ownership.handing import alone, out, over, queue
from rapport.ownership.models import How, Turn
from rapport.ownership.passing_on import Place
from rapport.staff.models import BusinessHours, Member, Membership, Team
from tests.ownership.handing.conftest import WEDNESDAY, Shop, make_shop

HOUR = timedelta(hours=1)
CLOSING = WEDNESDAY.replace(hour=16)
"""17:00 in Berlin."""


def joined(shop: Shop, name: str, hours: BusinessHours | None = None, **given: Any) -> Member:
    usual = {"capacity": 3, "hours": hours}
    made = Member.objects.create_user(f"{name.lower()}@example.org", name=name, **(usual | given))
    Membership.objects.create(member=made, team=shop.team)
    return made


def night(begins: str = "18:00") -> BusinessHours:
    blocks = [[day, begins, "23:00"] for day in range(5)]
    return BusinessHours.objects.create(name=f"From {begins}", time_zone="Europe/Berlin", blocks=blocks)


def owner(one: Conversation) -> str | None:
    one.refresh_from_db()
    return one.owner_member.name if one.owner_member else None


def test_of_two_who_leave_together_each_ones_work_goes_to_the_next_shift_that_begins(shop: Shop) -> None:
    joined(shop, "Cem", night())
    shop.update(hand_over="late")
    hers, his = (shop.add(owner_member=one, resolution_due_at=CLOSING + 3 * HOUR) for one in (shop.ann, shop.bob))
    (planned,) = over.plan(shop.ann)
    assert planned.move.to
    assert (planned.move.to.load.name, planned.move.to.there_at) == ("Cem", CLOSING + HOUR)
    with clock.travel(CLOSING):
        over.run_due()
        over.run_due()
    assert (owner(hers), owner(his)) == ("Cem", "Cem")
    assert Turn.objects.filter(how=How.SHIFT).count() == 2


def test_what_the_next_shift_has_no_room_for_goes_to_the_queue_and_the_plan_says_so(shop: Shop) -> None:
    joined(shop, "Cem", night(), capacity=1)
    shop.update(hand_over="late")
    first, second = (shop.add(owner_member=shop.ann, resolution_due_at=CLOSING + n * HOUR) for n in (2, 3))
    planned = {one.conversation.id: one for one in over.plan(shop.ann)}
    assert (planned[second.id].move.queued, planned[second.id].goes_to) == (True, shop.team.id)
    assert planned[second.id].move.reason == "everyone present has as much as they can take"
    with clock.travel(CLOSING):
        over.run_due()
        assert (owner(first), owner(second)) == ("Cem", None)
        assert [one.id for one in queue.waiting(shop.team)] == [second.id]
    with clock.travel(CLOSING + 16 * HOUR):
        assert out.hand_out() == 1
    assert owner(second) == "Bob", "she had it within the day"


def test_where_those_who_leave_are_of_the_next_shift_themselves_it_stays(shop: Shop) -> None:
    shop.update(hand_over="late")
    hers = shop.add(owner_member=shop.ann, resolution_due_at=CLOSING + 3 * HOUR)
    (planned,) = over.plan(shop.ann)
    assert (planned.goes_to, planned.picked) == (None, False)
    with clock.travel(CLOSING):
        over.run_due()
    assert owner(hers) == "Ann"


def test_by_hand_it_goes_to_the_queue_as_planned_and_stays_in_other_teams(shop: Shop) -> None:
    joined(shop, "Cem", night(), capacity=0)
    hers = shop.add(owner_member=shop.ann, resolution_due_at=CLOSING + 3 * HOUR)
    (done,) = over.hand_over(shop.ann, {hers.id: shop.team.id})
    assert (done.conversation.id, owner(hers)) == (hers.id, None)
    shop.update(taken_by="self")
    other = shop.add(owner_member=shop.ann, resolution_due_at=CLOSING + 3 * HOUR)
    assert over.hand_over(shop.ann, {other.id: shop.team.id}) == []
    assert owner(other) == "Ann"


def test_who_gave_it_back_within_the_day_does_not_get_it_as_a_shift_ends_while_another_can(shop: Shop) -> None:
    evening = night("16:00")
    cem, dora = joined(shop, "Cem", evening), joined(shop, "Dora", evening)
    hers = shop.add(owner_member=cem, resolution_due_at=CLOSING + 3 * HOUR)
    assign(hers.id, cem, shop.team, shop.ann)
    for _ in range(2):
        shop.add(owner_member=dora)
    (planned,) = over.plan(shop.ann)
    assert planned.move.to
    assert planned.move.to.load.name == "Dora", "though Cem has more room"
    Member.objects.filter(id=dora.id).update(capacity=2)
    (planned,) = over.plan(shop.ann)
    assert planned.move.to
    assert planned.move.to.load.name == "Cem", "nobody else can"


def test_who_gave_it_back_does_not_suit_it_best_while_another_can_take_it(shop: Shop) -> None:
    one = shop.add(owner_member=shop.ann)
    for _ in range(2):
        shop.add(owner_member=shop.bob)
    assign(one.id, shop.ann, shop.team, None)
    one.refresh_from_db()
    found = best_now(one).member
    assert found
    assert found.name == "Bob"
    Member.objects.filter(id=shop.bob.id).update(capacity=1)
    alone_left = best_now(one).member
    assert alone_left
    assert alone_left.name == "Ann"


def test_who_was_given_it_again_by_hand_has_not_given_it_back(shop: Shop) -> None:
    one = shop.add(owner_member=shop.ann)
    assign(one.id, shop.ann, shop.team, None)
    assert queue.had_before([one.id])[one.id] == queue.Before({shop.ann.id}, {shop.ann.id})
    with clock.travel(WEDNESDAY + 25 * HOUR):
        assert queue.had_before([one.id])[one.id] == queue.Before({shop.ann.id}, set())
    assign(one.id, shop.bob, shop.team, shop.ann)
    assert queue.had_before([one.id])[one.id] == queue.Before(), "somebody gave it to her again"


def passed_on(shop: Shop, count: int, **given: Any) -> list[Conversation]:
    other = Team.objects.create(name="Other", slug="other")
    made = [shop.add(owner_team=other, audience=[other.id], **given) for _ in range(count)]
    for one in made:
        found = passing_on.place_of(one, "team:service", clock.now())
        assert isinstance(found, Place)
        passing_on.give(one, found, ("first_answer", True), {})
    return made


def test_a_promise_gives_nobody_more_than_they_get_at_once(shop: Shop) -> None:
    shop.update(at_once=2)
    Member.objects.update(capacity=20)
    made = passed_on(shop, 5)
    assert sorted(owner(one) or "" for one in made) == ["", "Ann", "Ann", "Bob", "Bob"]
    (waiting,) = queue.waiting(shop.team)
    assert waiting.why == "everyone with room was given as many as they get at once a moment ago"
    with clock.travel(WEDNESDAY + timedelta(minutes=11)):
        assert out.hand_out() == 1


def test_what_a_promise_passes_on_stands_behind_those_that_wait(shop: Shop) -> None:
    shop.add(subject="waits")
    (one,) = passed_on(shop, 1)
    assert owner(one) is None
    assert {waiting.why for waiting in queue.waiting(shop.team)} == {"", "others wait in the team’s queue before it"}


@pytest.mark.django_db(transaction=True)
def test_a_step_does_not_wait_for_whoever_hands_out_and_is_done_afterwards() -> None:
    at = timezone.now()
    with scope.system():
        shop = make_shop()
        Team.objects.update(hours=None)
        other = Team.objects.create(name="Other", slug="other")
        one = shop.add(owner_team=other, audience=[other.id], promised=True, first_answer_due_at=at)
        Clock.objects.create(
            conversation=one, name="first_answer", span_minutes=60, began_at=at - HOUR, due_at=at,
            steps=[[0, "reassign", "team:service"]], next_at=at,
        )  # fmt: skip

    def step() -> None:
        try:
            done.append(escalating.run_due())
        finally:
            connection.close()

    done: list[int] = []
    with scope.system():
        alone.one_at_a_time()
        thread = Thread(target=step)
        thread.start()
        thread.join()
    assert done == [0]
    with scope.system():
        assert owner(one) is None
    assert escalating.run_due() == 1
    assert escalating.run_due() == 0
    with scope.system():
        one.refresh_from_db()
        assert one.owner_team_id == shop.team.id
        assert Turn.objects.count() == 1


def test_nothing_is_given_to_who_only_reads(shop: Shop) -> None:
    Member.objects.filter(id=shop.bob.id).update(role="reader")
    one = shop.add()
    with pytest.raises(Invalid, match="only reads"):
        assign(one.id, shop.ann, shop.team, Member.objects.get(id=shop.bob.id))
    assert Conversation.objects.get(id=one.id).owner_member_id is None
