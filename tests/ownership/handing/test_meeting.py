"""Where what is learned, promised and weighed meets the queue: its books and its members stay those of the team."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from rapport.conversations import undoing
from rapport.core import clock
from rapport.core.models import Event
from rapport.ownership import learned, passing_on, service
from rapport.ownership.actions import assign
from rapport.ownership.directory import company
from rapport.ownership.engine import decide
from rapport.ownership.facts import Facts
from rapport.ownership.handing import out, over, queue
from rapport.ownership.learned import Suggestion
from rapport.ownership.members import Moment, members_of
from rapport.ownership.models import Decision, Turn
from rapport.ownership.passing_on import Place
from rapport.staff.models import BusinessHours, Member, Membership, Team
from rapport.staff.opening import business_hours
from tests.ownership.handing.conftest import WEDNESDAY, Shop


@pytest.fixture
def sorting(shop: Shop) -> Team:
    """The team that sorts, with a member of its own who is there."""
    team = Team.objects.create(name="Sorting", slug="sorting", hours=shop.team.hours, is_open=True)
    cem = Member.objects.create_user("cem@example.org", name="Cem", capacity=3)
    Membership.objects.create(member=cem, team=team)
    return team


def always() -> BusinessHours:
    return BusinessHours.objects.create(name="Always", blocks=[[day, "00:00", "24:00"] for day in range(7)])


def learns(monkeypatch: pytest.MonkeyPatch, **labels: str) -> None:
    said = {kind: Suggestion(label, 0.97, 0.95, uuid4(), certain=True, acts=True) for kind, label in labels.items()}
    monkeypatch.setattr(learned, "ask", lambda asked: [said for _ in asked])


def policy(triage: str, **more: Any) -> None:
    service.save_policy_dict({"triage": triage, "rules": [], **more}, service.SavedBy())


def test_what_is_learned_to_be_a_team_s_is_handed_to_a_member_of_that_team(
    shop: Shop, sorting: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy("sorting")
    learns(monkeypatch, team="service")
    (one, two) = shop.come(2)
    assert {one.owner_team_id, two.owner_team_id} == {shop.team.id}
    assert {one.owner_member_id, two.owner_member_id} == {shop.ann.id, shop.bob.id}
    kept = Decision.objects.order_by("at").first()
    assert kept is not None
    assert kept.weight == 1
    assert "has the most room of those present" in kept.sentence
    assert set(Turn.objects.values_list("team_id", flat=True)) == {shop.team.id}


def test_who_of_the_sorters_would_have_had_it_has_not_what_is_learned_to_be_another_team_s(
    shop: Shop, sorting: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    Team.objects.filter(id=sorting.id).update(taken_by="handed")
    shop.update(taken_by="self")
    policy("sorting")
    learns(monkeypatch, team="service")
    (one,) = shop.come()
    assert (one.owner_team_id, one.owner_member_id) == (shop.team.id, None)
    assert Decision.objects.get().weighed is None
    assert not Turn.objects.exists()
    assert not queue.teams_waiting()


def test_what_is_learned_to_be_a_team_s_waits_there_with_its_reason(
    shop: Shop, sorting: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy("sorting")
    learns(monkeypatch, team="service")
    with clock.travel(WEDNESDAY + timedelta(hours=12)):
        shop.come()
        (waiting,) = queue.waiting(shop.team)
    assert waiting.why == "nobody of the team is present"
    assert Turn.objects.get().team_id == shop.team.id


def test_a_learned_priority_weighs_as_if_a_rule_had_said_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy("service", weights={"priority": {"urgent": 2}})
    learns(monkeypatch, priority="urgent")
    shop.come()
    kept = Decision.objects.get()
    assert kept.owner_member_id
    assert kept.weight == 2


def passed_on(conversation: Any, to: str) -> None:
    conversation.refresh_from_db()
    found = passing_on.place_of(conversation, to, clock.now())
    assert isinstance(found, Place)
    passing_on.give(conversation, found, ("first_answer", True), {})


def test_what_a_promise_gives_to_a_member_leaves_the_queue(shop: Shop) -> None:
    shop.policy()
    with clock.travel(WEDNESDAY + timedelta(hours=20)):
        (one,) = shop.come()
    with clock.travel(WEDNESDAY + timedelta(hours=22)):
        passed_on(one, "ann@example.org")
        turn = Turn.objects.get()
        assert (turn.member_id, turn.at) == (shop.ann.id, clock.now())


def test_what_a_promise_gives_to_another_team_waits_in_the_first_no_more(shop: Shop, sorting: Team) -> None:
    shop.policy()
    with clock.travel(WEDNESDAY + timedelta(hours=12)):
        (one,) = shop.come()
        assert Turn.objects.get().team_id == shop.team.id
        passed_on(one, "team:sorting")
    assert Turn.objects.get(member_id__isnull=True).team_id == sorting.id
    assert queue.waiting(shop.team) == []
    assert [one.why for one in queue.waiting(sorting)] == ["nobody of the team is present"]


def test_the_skills_that_a_rule_asks_for_are_not_forgotten_where_others_wait_before_it(shop: Shop) -> None:
    Member.objects.filter(id=shop.bob.id).update(skills=["french"], capacity=1)
    shop.policy(assign="best", skills=["french"])
    with clock.travel(WEDNESDAY + timedelta(hours=12)):
        first, second = shop.come()[0], shop.come()[0]
        assert queue.waiting(shop.team)[1].why == "others wait in the team’s queue before it"
    Member.objects.filter(id=shop.bob.id).update(capacity=20)
    with clock.travel(WEDNESDAY + timedelta(hours=22)):
        assert out.hand_out() == 2
    for one in (first, second):
        one.refresh_from_db()
        assert one.owner_member_id == shop.bob.id


def test_a_hand_over_counts_room_by_weight(shop: Shop) -> None:
    shop.policy()
    policy("service", weights={"priority": {"urgent": 3}})
    shop.update(hand_over="late")
    shop.add(owner_member=shop.bob, priority=3)
    Member.objects.filter(id=shop.bob.id).update(hours=always())
    for _ in range(2):
        shop.add(owner_member=shop.ann)
    assert {one.move.to for one in over.plan(shop.ann)} == {None}


def test_what_is_handed_over_counts_by_its_weight(shop: Shop) -> None:
    policy("service", weights={"priority": {"urgent": 3}})
    Member.objects.filter(id=shop.bob.id).update(hours=always())
    for _ in range(2):
        shop.add(owner_member=shop.ann, priority=3)
    (first, second) = over.plan(shop.ann)
    assert first.move.to is not None
    assert second.move.to is None


def test_taking_back_what_a_promise_moved_puts_it_back_into_the_queue(shop: Shop, sorting: Team) -> None:
    shop.policy()
    shop.update(taken_by="self")
    shop.policy(assign="best")
    with clock.travel(WEDNESDAY + timedelta(hours=12)):
        (one,) = shop.come()
        assert len(queue.waiting(shop.team)) == 1
        dora = Member.objects.create_user("dora@example.org", name="Dora", role="admin")
        assign(one.id, dora, sorting)
        assert queue.waiting(shop.team) == []
        undoing.undo(Event.objects.get(kind="conversation.assigned").id, dora)
        assert len(queue.waiting(shop.team)) == 1


def test_what_is_taken_back_from_a_member_counts_in_their_week_no_more(shop: Shop) -> None:
    shop.policy()
    shop.add()
    assert out.hand_out() == 1
    dora = Member.objects.create_user("dora@example.org", name="Dora", role="admin")
    event = Event.objects.get(kind="conversation.assigned")
    given_to = Decision.objects.get().owner_member_id
    undoing.undo(event.id, dora)
    loads = members_of(Moment(clock.now(), business_hours()), weighing=True)[shop.team.id]
    assert {one.given for one in loads} == {0}
    assert Turn.objects.get(member_id__isnull=True).conversation_id == event.conversation_id
    assert queue.had_before([event.conversation_id])[event.conversation_id].back == {given_to}


def test_where_nobody_is_counted_a_team_that_hands_out_is_not_said_to_have_no_members(shop: Shop) -> None:
    shop.policy()
    here = company(clock.now(), with_members=False)
    verdict = decide(service.current_policy()[1], Facts(at=clock.now()), here.directory)
    assert (verdict.sentence, verdict.waits) == ("Service owns this: the rule is for every message; rule 1", "")
