"""What waits is handed out: in order, once, to whoever is there and has room, and never in heaps."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Event, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from rapport.conversations import actions as verbs
from rapport.conversations import undoing
from rapport.conversations.models import Conversation
from rapport.core import clock, scope
from rapport.core.models import Event as Logged
from rapport.inbound import worker
from rapport.ownership.actions import assign
from rapport.ownership.handing import out, queue, turns, working
from rapport.ownership.models import Decision, How, Turn
from rapport.staff.models import Absence, BusinessHours, Member, Membership, OnCallRotation, Team
from tests.ownership.handing.conftest import WEDNESDAY, Shop, make_shop

HOUR = timedelta(hours=1)
out_of_the_queue = out.hand_out
Later = Callable[[timedelta], Any]


def owners() -> list[str | None]:
    return list(Conversation.objects.order_by("id").values_list("owner_member__name", flat=True))


def test_a_team_that_hands_out_gives_what_comes_to_whoever_is_there(shop: Shop) -> None:
    shop.policy()
    (one,) = shop.come()
    assert one.owner_member_id in (shop.ann.id, shop.bob.id)
    turn = Turn.objects.get()
    assert (turn.member_id, turn.how, turn.since) == (one.owner_member_id, How.POLICY, turn.at)
    assert "has the most room of those present" in Decision.objects.get().sentence


def test_a_team_whose_members_take_what_they_want_hands_out_nothing(shop: Shop) -> None:
    shop.update(taken_by="self")
    shop.policy()
    shop.come(2)
    assert out.hand_out() == 0
    assert owners() == [None, None]
    assert queue.waiting(shop.team) == []
    assert not Turn.objects.exists()
    assert not queue.teams_waiting()


def test_when_nobody_is_there_it_waits_and_says_why(shop: Shop, later: Later) -> None:
    shop.policy()
    with later(12 * HOUR):
        shop.come()
        assert out.hand_out() == 0
        (waiting,) = queue.waiting(shop.team)
    assert waiting.why == "nobody of the team is present"
    assert waiting.since == WEDNESDAY + 12 * HOUR


def test_at_night_what_is_urgent_is_handed_to_whoever_is_on_call_and_the_rest_waits(shop: Shop, later: Later) -> None:
    begins = WEDNESDAY - timedelta(days=7)
    OnCallRotation.objects.create(team=shop.team, order=[shop.bob.id], first=begins.date())
    with later(12 * HOUR):
        waits, urgent = shop.add(subject="waits"), shop.add(subject="urgent", priority=3)
        assert out.hand_out() == 1
    urgent.refresh_from_db()
    waits.refresh_from_db()
    assert (urgent.owner_member_id, waits.owner_member_id) == (shop.bob.id, None)


def test_when_the_shift_begins_the_queue_is_handed_out_with_its_reason(shop: Shop, later: Later) -> None:
    shop.policy()
    with later(20 * HOUR):
        shop.come()
    with later(22 * HOUR):
        assert out.hand_out() == 1
        assert out.hand_out() == 0
    decision = Decision.objects.latest("at")
    given = Member.objects.get(id=decision.owner_member_id)
    assert decision.sentence == (
        f"Service owns this: it waited 2 hours in the queue; {given.name} suits it best: has room for it (0 of 3)"
    )
    assert (decision.source, decision.actor_id, decision.from_member_id) == ("handed", None, None)
    event = Logged.objects.get(kind="conversation.assigned")
    assert (event.data["member"], event.data["how"], event.actor_id) == (str(given.id), "queue", None)
    assert Turn.objects.get().how == How.QUEUE


def test_the_order_is_priority_then_promise_then_age(shop: Shop) -> None:
    soon, late = WEDNESDAY + HOUR, WEDNESDAY + 3 * HOUR
    old = shop.add(subject="old", created_at=WEDNESDAY - 9 * HOUR)
    new = shop.add(subject="new")
    urgent = shop.add(subject="urgent", priority=3)
    promised_late = shop.add(subject="late", first_answer_due_at=late)
    promised = shop.add(subject="soon", first_answer_due_at=soon)
    waiting = [one.id for one in queue.waiting(shop.team)]
    assert queue.count(shop.team) == 5
    assert waiting == [urgent.id, promised.id, promised_late.id, old.id, new.id]
    Membership.objects.filter(member=shop.bob).delete()
    assert out.hand_out() == 2, "what is urgent weighs two of the three that she can take"
    assert set(Conversation.objects.filter(owner_member=shop.ann)) == {urgent, promised}


def test_what_sleeps_is_resolved_or_is_spam_does_not_wait(shop: Shop) -> None:
    shop.add(status="resolved")
    shop.add(status="spam")
    shop.add(snoozed=True)
    shop.add(owner_team=None, audience=[])
    assert queue.waiting(shop.team) == []
    assert queue.count(shop.team) == 0
    assert out.hand_out() == 0
    assert set(owners()) == {None}


def test_who_resolves_gets_the_next(shop: Shop) -> None:
    full = [shop.add(owner_member=one, created_at=WEDNESDAY - HOUR) for one in (shop.ann, shop.bob) for _ in range(3)]
    waiting = shop.add()
    assert out.hand_out() == 0
    assert out.why_waiting(entry(shop)) == "everyone present has as much as they can take"
    verbs.resolve(full[0].id, shop.ann)
    assert out.hand_out() == 1
    waiting.refresh_from_db()
    assert waiting.owner_member == shop.ann


def test_who_comes_back_is_given_some_and_not_all_at_once(shop: Shop, later: Later) -> None:
    Member.objects.update(capacity=50)
    shop.update(at_once=2)
    Membership.objects.filter(member=shop.bob).delete()
    away = Absence.objects.create(
        member=shop.ann, starts_at=WEDNESDAY - 24 * HOUR, ends_at=WEDNESDAY + timedelta(minutes=30)
    )
    for _ in range(6):
        shop.add()
    assert out.hand_out() == 0
    with clock.travel(away.ends_at):
        assert out.hand_out() == 2
        assert out.hand_out() == 0
        assert out.why_waiting(entry(shop)).startswith("everyone with room was given as many as they get at once")
    with clock.travel(away.ends_at + timedelta(minutes=11)):
        assert out.hand_out() == 2
    assert owners().count("Ann") == 4


def test_a_thousand_at_once_are_spread_and_the_rest_waits_in_order(shop: Shop) -> None:
    Member.objects.update(capacity=5000)
    shop.policy()
    shop.come(200)
    assert (owners().count("Ann"), owners().count("Bob"), owners().count(None)) == (5, 5, 190)
    shop.come()
    assert owners()[-1] is None, "what comes now stands behind those that wait"
    assert queue.waiting(shop.team)[-1].why == "others wait in the team’s queue before it"


def test_in_other_teams_only_what_a_rule_meant_for_a_member_waits(shop: Shop, later: Later) -> None:
    shop.update(taken_by="self")
    shop.policy(assign="load")
    shop.add(subject="nobody's rule")
    with later(12 * HOUR):
        (meant,) = shop.come()
    assert [one.id for one in queue.waiting(shop.team)] == [meant.id]
    assert queue.count(shop.team) == 1
    with later(22 * HOUR):
        assert out.hand_out() == 1
    meant.refresh_from_db()
    assert meant.owner_member is not None
    assert owners().count(None) == 1


def test_what_is_given_back_goes_to_somebody_else(shop: Shop) -> None:
    shop.add()
    assert out.hand_out() == 1
    one = Conversation.objects.get()
    first = one.owner_member
    assert first is not None
    assign(one.id, first, shop.team, None)
    assert Turn.objects.filter(member_id__isnull=True).count() == 1
    assert out.hand_out() == 1
    one.refresh_from_db()
    other = shop.bob if first == shop.ann else shop.ann
    assert one.owner_member == other
    assign(one.id, other, shop.team, None)
    assert out.hand_out() == 0, "both gave it back: people decide"
    assert out.choice_for(entry(shop).members, queue.Before({shop.ann.id, shop.bob.id})).reason == out.ALL_GAVE_IT_BACK


def test_what_stands_behind_much_that_was_given_back_does_not_wait_for_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "_LOOKED_AT", 2)
    Absence.objects.create(member=shop.bob, starts_at=WEDNESDAY - HOUR, ends_at=WEDNESDAY + HOUR)
    for one in [shop.add(owner_member=shop.ann) for _ in range(4)]:
        assign(one.id, shop.ann, shop.team)
    behind = shop.add()
    assert out.hand_out() == 1
    behind.refresh_from_db()
    assert behind.owner_member == shop.ann
    assert owners() == [None] * 4 + ["Ann"]


def test_what_is_the_matter_with_one_team_keeps_no_other_waiting(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Team.objects.create(id=UUID(int=1), name="Broken", slug="broken", taken_by="handed", is_open=True)
    shop.add(owner_team=broken)
    one = shop.add()
    monkeypatch.setattr(out, "_hand_out", lambda id, done=out._hand_out: {}["none"] if id == broken.id else done(id))
    assert out.hand_out() == 1
    one.refresh_from_db()
    assert one.owner_member is not None


def test_a_handing_is_undone_as_anything_and_not_done_again(shop: Shop) -> None:
    shop.add()
    Membership.objects.filter(member=shop.bob).delete()
    assert out.hand_out() == 1
    event = Logged.objects.get(kind="conversation.assigned")
    undoing.undo(event.id, shop.ann)
    assert owners() == [None]
    assert out.hand_out() == 0
    assert owners() == [None]


def test_readers_and_those_who_left_are_given_nothing(shop: Shop) -> None:
    Member.objects.filter(id=shop.ann.id).update(role="reader")
    Member.objects.filter(id=shop.bob.id).update(is_active=False)
    shop.add()
    assert out.hand_out() == 0
    assert owners() == [None]


def test_a_team_that_is_gone_hands_out_nothing(shop: Shop) -> None:
    shop.add()
    shop.update(is_active=False)
    assert out.hand_out() == 0
    assert owners() == [None]


def test_who_takes_from_the_queue_leaves_a_trace_for_its_expected_time(shop: Shop, later: Later) -> None:
    shop.policy()
    with later(12 * HOUR):
        (one,) = shop.come()
    with later(23 * HOUR):
        assign(one.id, shop.bob, shop.team, shop.bob)
    turn = Turn.objects.get()
    assert (turn.how, turn.since, turn.at) == (How.TAKEN, WEDNESDAY + 12 * HOUR, WEDNESDAY + 23 * HOUR)


def test_what_moves_to_another_team_waits_here_no_more(shop: Shop, later: Later) -> None:
    other = Team.objects.create(name="Other", slug="other")
    shop.policy()
    with later(12 * HOUR):
        (one,) = shop.come()
        assign(one.id, shop.bob, other, None)
        assert queue.waiting(shop.team) == queue.waiting(other) == []
    assert not Turn.objects.exists()


def test_the_books_are_swept_of_what_was_closed_long_ago(shop: Shop) -> None:
    gone, lately, kept = shop.add(status="spam"), shop.add(status="spam"), shop.add()
    for one in (gone, lately, kept):
        turns.waits(one)
    old = WEDNESDAY - timedelta(days=200)
    Turn.objects.filter(conversation=gone).update(stood_at=old)
    Turn.objects.filter(conversation=kept).update(since=old)
    assert turns.sweep() == 1
    assert set(Turn.objects.values_list("conversation_id", flat=True)) == {lately.id, kept.id}


def test_the_worker_wakes_as_somebody_comes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_looked", working._Looked())
    opening = WEDNESDAY.replace(hour=8) + timedelta(days=1)
    shop.add()
    with clock.travel(opening - timedelta(seconds=9)):
        assert working.work_once() == 9.0
        assert owners() == [None]
    with clock.travel(opening):
        working.work_once()
    assert owners() != [None]


def in_system(look: Callable[[], Any]) -> Any:
    with scope.system():
        return look()


def entry(shop: Shop) -> Any:
    from rapport.ownership.directory import company

    return company(clock.now(), with_members=True).directory.teams[shop.team.slug]


@pytest.mark.django_db(transaction=True)
def test_the_worker_hands_out_the_next_as_somebody_resolves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_looked", working._Looked())
    # Only being woken is quick enough: the worker looks by itself every quarter of an hour here.
    monkeypatch.setattr(working, "_AT_MOST", 900.0)
    with scope.system():
        shop = make_shop()
        Team.objects.update(hours=None)
        BusinessHours.objects.all().delete()
        Member.objects.update(capacity=1)
        held = [shop.add(owner_member=one) for one in (shop.ann, shop.bob)]
        waiting = shop.add()
    stopping, woken = Event(), Event()
    monkeypatch.setattr(working.out, "hand_out", lambda: (out_of_the_queue(), woken.set())[0])
    thread = Thread(target=worker.run, args=(stopping, ["handing"]))
    thread.start()
    try:
        assert woken.wait(60)
        woken.clear()
        verbs.resolve(held[0].id, shop.ann)
        # A look that began before need not have seen it.
        while in_system(owners)[-1] is None:
            assert woken.wait(60)
            woken.clear()
    finally:
        stopping.set()
        thread.join()
    with scope.system():
        waiting.refresh_from_db()
        assert waiting.owner_member == shop.ann


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_give_everything_once() -> None:
    with clock.travel(WEDNESDAY), scope.system():
        shop = make_shop()
        Member.objects.update(capacity=8)
        Team.objects.update(at_once=50)
        for _ in range(20):
            shop.add()
    barrier, failed = Barrier(2), []

    def work() -> None:
        try:
            with clock.travel(WEDNESDAY):
                barrier.wait()
                out.hand_out()
        except Exception as error:  # noqa: BLE001 - shown below
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with scope.system():
        assert sorted(filter(None, owners())) == ["Ann"] * 8 + ["Bob"] * 8
        given: list[UUID] = list(
            Logged.objects.filter(kind="conversation.assigned").values_list("conversation_id", flat=True)
        )  # type: ignore[arg-type]
        assert len(given) == len(set(given)) == Decision.objects.count() == Turn.objects.count() == 16
