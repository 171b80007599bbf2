"""What keeps its place in the queue, what does not count as waiting, and what the worker does while nothing happens."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rapport.channels.models import Channel
from rapport.conversations import actions, snoozing, splitting, undoing
from rapport.conversations.models import Conversation, Message
from rapport.core import audit, clock, events, scope
from rapport.core.models import Event as Logged
from rapport.inbound import worker
from rapport.ownership import service
from rapport.ownership.actions import assign, mark_spam, reopen
from rapport.ownership.handing import out, queue, turns, working
from rapport.ownership.models import Decision, Turn
from rapport.staff.models import Absence, BusinessHours, Member, Membership, OnCallRotation, Team
from tests.inbound.post import deliver, letter
from tests.ownership.handing.conftest import WEDNESDAY, Shop, make_shop

HOUR = timedelta(hours=1)


def waiting_turn(one: Conversation) -> Turn:
    return Turn.objects.get(conversation=one, member_id__isnull=True)


@pytest.mark.parametrize("way", ["resolved", "snoozed", "spam"])
def test_time_in_which_it_stood_does_not_count_as_waiting(shop: Shop, way: str) -> None:
    shop.update(taken_by="self")
    shop.policy(assign="load")
    with clock.travel(WEDNESDAY + 12 * HOUR):
        (one,) = shop.come()
        since = waiting_turn(one).since
        assert since
        if way == "snoozed":
            snoozing.snooze(one.id, shop.ann, clock.now() + 5 * HOUR)
        else:
            (actions.resolve if way == "resolved" else mark_spam)(one.id, shop.ann)
        assert queue.waiting(shop.team) == []
    with clock.travel(WEDNESDAY + 15 * HOUR):
        (snoozing.wake if way == "snoozed" else reopen)(one.id, shop.ann)
        (waiting,) = queue.waiting(shop.team)
    assert waiting.since == since + 3 * HOUR
    assert waiting_turn(one).stood_at is None


def test_in_a_team_that_hands_out_it_does_not_count_either(shop: Shop) -> None:
    one = shop.add(created_at=WEDNESDAY - HOUR)
    actions.resolve(one.id, shop.ann)
    with clock.travel(WEDNESDAY + 2 * HOUR):
        reopen(one.id, shop.ann)
        (waiting,) = queue.waiting(shop.team)
    assert waiting.since == WEDNESDAY + HOUR
    assert Turn.objects.count() == 1


def test_what_somebody_takes_while_it_stands_waited_only_until_then(shop: Shop) -> None:
    one = shop.add(created_at=WEDNESDAY - HOUR)
    actions.resolve(one.id, shop.ann)
    with clock.travel(WEDNESDAY + 5 * HOUR):
        assign(one.id, shop.bob, shop.team, shop.bob)
    turn = Turn.objects.get()
    assert (turn.since, turn.at, turn.stood_at) == (WEDNESDAY + 4 * HOUR, WEDNESDAY + 5 * HOUR, None)


def test_what_was_given_away_asleep_and_comes_back_has_not_waited_while_it_slept(shop: Shop) -> None:
    other = Team.objects.create(name="Other", slug="other")
    one = shop.add(created_at=WEDNESDAY - HOUR)
    snoozing.snooze(one.id, shop.ann, None)
    with clock.travel(WEDNESDAY + 5 * HOUR):
        assign(one.id, shop.ann, other)
        undoing.undo(Logged.objects.filter(kind="conversation.assigned").latest("id").id, shop.ann)
        snoozing.wake(one.id, shop.ann)
        (waiting,) = queue.waiting(shop.team)
    assert waiting.since == WEDNESDAY + 4 * HOUR, "an hour had gone by before it slept"


def test_what_somebody_has_or_nobody_waits_for_leaves_no_trace_as_it_sleeps(shop: Shop) -> None:
    hers = shop.add(owner_member=shop.ann)
    shop.update(taken_by="self")
    for one in (hers, shop.add()):
        snoozing.snooze(one.id, shop.ann, None)
        snoozing.wake(one.id, shop.ann)
    assert not Turn.objects.exists()


def test_both_parts_of_what_is_split_wait_each_since_its_first_message(shop: Shop) -> None:
    shop.update(taken_by="self")
    shop.policy(assign="load")
    with clock.travel(WEDNESDAY + 12 * HOUR):
        (one,) = shop.come()
        first, second = (
            Message.objects.create(conversation=one, direction="in", text="Hello", at=at)
            for at in (WEDNESDAY, clock.now() + HOUR)
        )
    with clock.travel(WEDNESDAY + 14 * HOUR):
        made = splitting.split(one.id, [second.id], shop.ann)
        assert [waiting.id for waiting in queue.waiting(shop.team)] == [one.id, made.id]
        assert [waiting.since for waiting in queue.waiting(shop.team)] == [
            WEDNESDAY + 12 * HOUR, WEDNESDAY + 13 * HOUR
        ]  # fmt: skip
        assert {waiting.why for waiting in queue.waiting(shop.team)} == {"nobody of the team is present"}
    with clock.travel(WEDNESDAY + 22 * HOUR):
        assert out.hand_out() == 2
        assert out.hand_out() == 0
    assert Turn.objects.filter(member_id__isnull=True).count() == 0
    assert first.conversation_id == one.id


def test_what_is_opened_again_after_the_sweep_has_its_place(shop: Shop) -> None:
    shop.update(taken_by="self")
    shop.policy(assign="load")
    with clock.travel(WEDNESDAY + 12 * HOUR):
        (one,) = shop.come()
        mark_spam(one.id, shop.ann)
        assert turns.sweep() == 0
        reopen(one.id, shop.ann)
        assert [waiting.id for waiting in queue.waiting(shop.team)] == [one.id]


def test_what_is_kept_to_a_team_does_not_stand_before_what_others_see(shop: Shop) -> None:
    Member.objects.update(capacity=1)
    for one in (shop.ann, shop.bob):
        shop.add(owner_member=one)
    secret = shop.add(confidential=True)
    shop.policy()
    (new,) = shop.come()
    kept = Decision.objects.get(conversation=new)
    assert "others wait" not in kept.sentence
    assert waiting_turn(new).why == "everyone present has as much as they can take"
    assert [one.id for one in queue.waiting(shop.team)] == [secret.id, new.id], "the order stays"
    Team.objects.filter(id=shop.team.id).update(confidential=True)
    (third,) = shop.come()
    assert waiting_turn(third).why == "others wait in the team’s queue before it"


@pytest.fixture
def idle(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Night: something waits, nobody is there, and the worker has looked."""
    monkeypatch.setattr(working, "_looked", working._Looked())
    with clock.travel(WEDNESDAY + 12 * HOUR):
        for _ in range(3):
            shop.add()
        audit.seal_waiting()
        working.work_once()
        yield shop


def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done from here on."""
    seen: list[str] = []
    monkeypatch.setattr(out, "hand_out", lambda: seen.append("queues"))
    monkeypatch.setattr(working.over, "run_due", lambda: seen.append("roster"))
    return seen


def test_an_idle_minute_costs_a_dozen_statements_and_reads_nobody(idle: Shop) -> None:
    pauses, began = 0.0, clock.now()
    with CaptureQueriesContext(connection) as asked:
        while pauses < 60:
            with clock.travel(began + timedelta(seconds=pauses + 15)):
                pauses += working.work_once(woken=False)
    told = [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(told) == 4 * 3, "the end of the log, and whose eyes see it"
    assert not [one for one in told if "staff_" in one or "conversations_" in one]


def test_whatever_was_done_without_a_call_is_found(idle: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = looks(monkeypatch)
    with clock.travel(clock.now() + timedelta(seconds=15)):
        working.work_once(woken=False)
        assert seen == []
        events.record("member.changed")
        working.work_once(woken=False)
        assert seen == ["queues", "roster"]
        audit.seal_waiting()
        working.work_once(woken=False)
        working.work_once(woken=False)
    assert seen.count("queues") == 2


def test_what_time_alone_changes_is_looked_at_when_it_comes(idle: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    OnCallRotation.objects.create(
        team=idle.team, order=[idle.ann.id, idle.bob.id], first=WEDNESDAY.date() - timedelta(days=7), minutes=23 * 60
    )
    handed = WEDNESDAY.replace(hour=23)
    with clock.travel(handed - timedelta(minutes=5)):
        working.work_once()
    seen = looks(monkeypatch)
    with clock.travel(handed - timedelta(seconds=1)):
        assert working.work_once(woken=False) == 1.0
        assert seen == []
    with clock.travel(handed):
        working.work_once(woken=False)
    assert seen[0] == "queues"


def test_who_was_given_enough_at_once_is_given_more_as_soon_as_may_be(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "_looked", working._Looked())
    Member.objects.update(capacity=20)
    shop.update(at_once=1)
    for _ in range(4):
        shop.add()
    working.work_once()
    assert Conversation.objects.filter(owner_member__isnull=True).count() == 2
    audit.seal_waiting()
    working.work_once(woken=False)
    with clock.travel(WEDNESDAY + timedelta(minutes=9, seconds=55)):
        assert working.work_once(woken=False) == 5.0
    with clock.travel(WEDNESDAY + timedelta(minutes=10)):
        working.work_once(woken=False)
    assert Conversation.objects.filter(owner_member__isnull=True).count() == 0


@pytest.mark.django_db(transaction=True)
def test_what_a_mail_opens_again_is_handed_out_at_once_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_looked", working._Looked())
    # Only being woken is quick enough: the worker looks by itself every quarter of an hour here.
    monkeypatch.setattr(working, "_AT_MOST", 900.0)
    handed: Callable[[], Any] = out.hand_out
    with scope.system():
        shop = make_shop()
        shop.policy()
        Team.objects.update(hours=None)
        BusinessHours.objects.all().delete()
        Absence.objects.bulk_create(
            Absence(member=one, starts_at=clock.now() - HOUR, ends_at=clock.now() + HOUR)
            for one in (shop.ann, shop.bob)
        )
        channel = Channel.objects.create(kind="email", name="Support", config={"address": "support@rapport.example"})
    deliver(channel, letter(id="one@berg.example"))
    with scope.system():
        one = Conversation.objects.get()
        assert one.owner_member_id is None
        actions.resolve(one.id, shop.ann)
        Absence.objects.all().delete()
    looked, stopping = Event(), Event()
    monkeypatch.setattr(out, "hand_out", lambda: (handed(), looked.set()))
    threads = [Thread(target=worker.run, args=(stopping, ["handing"])) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert looked.wait(60)
        looked.clear()
        deliver(channel, letter("And?", id="two@berg.example", refs=["one@berg.example"]))
        for _ in range(80):
            assert looked.wait(60)
            looked.clear()
            with scope.system():
                if Conversation.objects.get().owner_member_id:
                    break
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    with scope.system():
        one = Conversation.objects.get()
        assert (one.status, bool(one.owner_member_id)) == ("open", True)
        assert Logged.objects.filter(kind="conversation.assigned").count() == 1
        assert service.Decision.objects.count() == 2
        assert Membership.objects.filter(member_id=one.owner_member_id, team=shop.team).exists()
