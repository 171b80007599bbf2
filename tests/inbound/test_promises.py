"""Promises from the mail that begins them to the step that is done when nobody keeps them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from rapport.channels.models import Channel
from rapport.conversations import actions as verbs
from rapport.conversations import due_sql, merging, snoozing, undoing
from rapport.conversations.models import Clock, Conversation
from rapport.core import audit, clock, scope
from rapport.core.models import Event
from rapport.notices import gather
from rapport.notices.models import Notice
from rapport.notices.words import line_of
from rapport.outbound import actions
from rapport.ownership import escalating, service
from rapport.ownership.actions import assign
from rapport.ownership.models import Decision, Source
from rapport.ownership.stepping import MOVES_MAX
from rapport.staff.models import BusinessHours, Member, Membership, Team
from tests.inbound.post import conversations, deliver, letter, make_member, make_team, the_conversation

HALF_DAYS = [[day, *half] for day in range(5) for half in (("09:00", "12:00"), ("13:00", "17:00"))]
PROMISE = {"first_answer": "4h", "next_answer": "2h", "resolution": "2d", "pause": ["waiting", "snoozed"]}


def at(text: str) -> datetime:
    """A moment in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


MONDAY = at("2026-10-26T10:00")  # the day after the clocks went back


@pytest.fixture
def box(db: None) -> Channel:
    BusinessHours.objects.create(name="Office", time_zone="Europe/Berlin", blocks=HALF_DAYS, holidays="DE")
    for slug in ("support", "product", "backup"):
        make_team(slug)
    make_team("hr", is_open=False, confidential=True)
    return Channel.objects.create(name="Mailbox", kind="email", address="support@rapport.example")


@pytest.fixture
def lead(box: Channel) -> Member:
    found = make_member("lead", team("support"))
    Membership.objects.filter(member=found).update(is_lead=True)
    return found


def team(slug: str) -> Team:
    return Team.objects.get(slug=slug)


def promise(steps: list[dict[str, str]] | None = None, **changed: Any) -> None:
    given = {**PROMISE, **({"steps": steps} if steps else {}), **changed}
    then = {"owner": "support", "promise": "fast"}
    rules = [
        {"name": "Grievances", "when": {"words": "grievance"}, "then": {"owner": "hr", "promise": "fast"}},
        {"name": "All", "when": {"kind": "message"}, "then": then},
    ]
    service.save_policy_dict({"triage": "support", "promises": {"fast": given}, "rules": rules}, service.SavedBy())


def step(when: str, do: str, to: str) -> dict[str, str]:
    return {"at": when, "do": do, "to": to, "clock": "first_answer"}


def dues(one: Conversation) -> list[datetime | None]:
    return [one.first_answer_due_at, one.next_answer_due_at, one.resolution_due_at, one.due_at]


def done_at(moment: datetime) -> int:
    """The steps that are due at a moment, done by two workers after one another; conversations that had any."""
    with clock.travel(moment):
        count = escalating.run_due()
        assert escalating.run_due() == 0
    return count


def told() -> list[tuple[str, str]]:
    """Who was told what so far, in the order of time."""
    audit.seal_batch()
    while gather.run():
        pass
    with scope.system():
        rows = Notice.objects.filter(reason__in=("near", "broken", "stuck")).select_related("member")
        return [(one.member.name, one.reason) for one in rows.order_by("at", "id")]


def happened(*kinds: str) -> list[dict[str, Any]]:
    with scope.system():
        return list(Event.objects.filter(kind__in=kinds).order_by("id").values_list("data", flat=True))


@pytest.fixture
def agent(lead: Member) -> Member:
    audit.seal_batch()
    gather.run()
    return make_member("agent", team("support"))


def test_every_clock_goes_with_what_is_said(box: Channel, agent: Member) -> None:
    promise()
    with clock.travel(MONDAY):
        deliver(box, letter(id="first@berg.example"))
    one = the_conversation()
    first, resolution = at("2026-10-26T15:00"), at("2026-10-28T10:00")
    assert dues(one) == [first, None, resolution, first]
    with clock.travel(at("2026-10-26T11:00")), scope.member(agent.id):
        delivery = actions.reply(one.id, agent, actions.Answer(text="On our way."))
    assert dues(the_conversation()) == [first, None, None, None]  # it waits for them
    with clock.travel(at("2026-10-26T11:00:05")), scope.member(agent.id):
        actions.undo(one.id, agent, delivery.id)
    assert dues(the_conversation())[:2] == [first, None]
    with clock.travel(at("2026-10-26T11:30")), scope.member(agent.id):
        actions.reply(one.id, agent, actions.Answer(text="On our way."))
    with clock.travel(at("2026-10-27T16:00")):
        deliver(box, letter("And now?", refs=["first@berg.example"]))
    # 2 h are Wednesday 10:00; of two days, an hour and a half less five seconds had passed.
    asked = the_conversation()
    assert asked.next_answer_due_at == asked.due_at == at("2026-10-28T10:00")
    assert asked.resolution_due_at == at("2026-10-29T14:30:05")
    with clock.travel(at("2026-10-28T09:00")), scope.member(agent.id):
        verbs.resolve(one.id, agent)
    assert the_conversation().due_at is None
    with scope.system():
        kept = {row.name: row.stopped_at <= row.due_at for row in Clock.objects.all()}
        assert kept == {"first_answer": True, "next_answer": True, "resolution": True}
        assert not Clock.objects.filter(next_at__isnull=False).exists()


def test_who_answers_is_told_before_and_after_in_words_and_what_they_chose_is_kept(box: Channel, lead: Member) -> None:
    told()
    promise()
    with clock.travel(MONDAY):
        deliver(box, letter())
    assert done_at(at("2026-10-26T14:29")) == 0
    assert done_at(at("2026-10-26T14:30")) == 1
    assert done_at(at("2026-10-26T15:00")) == 1
    assert done_at(at("2026-10-26T16:00")) == 0
    assert told() == [("Lead", "near"), ("Lead", "broken")]
    with scope.system():
        lines = [line_of(notice, the_conversation()).what for notice in Notice.objects.order_by("at", "id")[:9]]
    assert lines[-2:] == ["First answer due in 30 minutes", "The first answer is late"]
    with clock.travel(MONDAY):
        assert escalating.next_at() == at("2026-10-28T09:30")  # the resolution's


def test_steps_are_done_in_their_order_and_say_why(box: Channel, lead: Member) -> None:
    told()
    expert = make_member("expert", team("backup"))
    promise([
        step("50%", "priority", "high"), step("1h before", "involve", "team:product"),
        step("30m after", "reassign", "team:backup"), step("2h after", "tell", "leads"),
    ])  # fmt: skip
    make_member("developer", team("product"))
    with clock.travel(MONDAY):
        deliver(box, letter())
    done_at(at("2026-10-26T13:00"))
    assert (the_conversation().priority, the_conversation().involved) == (2, [])
    done_at(at("2026-10-26T14:00"))
    assert the_conversation().involved == [team("product").id]
    done_at(at("2026-10-26T15:30"))
    one = the_conversation()
    assert (one.owner_team, one.owner_member) == (team("backup"), expert)
    assert dues(one)[0] == at("2026-10-26T15:00"), "passing on does not move the promise"
    with scope.system():
        decision = Decision.objects.get(source=Source.PROMISE)
    assert decision.sentence == (
        "Backup owns this: the first answer is late, and its promise passes it on; "
        "Expert suits it best: has room for it (0 of 20)"
    )
    assert service.explain(decision).sentence == decision.sentence
    assert happened("team.involved")[0]["clock"] == "first_answer"
    assert told() == [("Lead", "broken")]


@pytest.mark.parametrize("heard", [False, True])
def test_what_slept_as_a_step_gave_it_away_sleeps_again_once_undone(box: Channel, agent: Member, heard: bool) -> None:
    promise([step("30m after", "reassign", "team:backup")])
    make_member("expert", team("backup"))
    with clock.travel(MONDAY):
        deliver(box, letter(id="first@berg.example"))
        with scope.member(agent.id):
            snoozing.snooze(the_conversation().id, agent, None)
    done_at(at("2026-10-26T15:30"))
    assert (the_conversation().owner_team, the_conversation().snoozed) == (team("backup"), False)
    with clock.travel(at("2026-10-26T15:45")):
        if heard:
            deliver(box, letter("And?", refs=["first@berg.example"]))
        with scope.system():
            event = Event.objects.filter(kind="conversation.assigned").latest("id")
        with scope.member(agent.id):
            undoing.undo(event.id, agent)
    assert (the_conversation().owner_team, the_conversation().snoozed) == (team("support"), not heard)


def test_what_was_answered_resolved_or_waits_has_no_steps(box: Channel, agent: Member) -> None:
    promise([step("1h after", "reassign", "team:backup")])
    make_member("expert", team("backup"))
    with clock.travel(MONDAY):
        deliver(box, letter(), letter(subject="Another"), letter(subject="A third"))
        answered, resolved, behind = conversations()
        with scope.member(agent.id):
            actions.reply(answered.id, agent, actions.Answer(text="Here."))
            verbs.resolve(resolved.id, agent)
        with scope.system():  # somebody who forgot to say so
            Conversation.objects.filter(id=behind.id).update(status="spam")
    done_at(at("2026-10-30T12:00"))
    assert {one.owner_team for one in conversations()} == {team("support")}
    assert told() == []
    assert happened("promise.near", "promise.broken", "team.involved") == []


def test_after_a_long_stop_each_thing_is_said_and_done_once_with_its_time(box: Channel, lead: Member) -> None:
    told()
    make_member("expert", team("backup"))
    make_member("developer", team("product"))
    promise([step("1h after", "reassign", "team:product"), step("3h after", "reassign", "team:backup")])
    with clock.travel(MONDAY):
        deliver(box, letter())
    done_at(at("2026-11-02T10:00"))
    assert told() == [("Lead", "broken"), ("Expert", "broken")]  # the first answer; the resolution, of the new owner
    assert the_conversation().owner_team == team("backup")
    (moved,) = happened("conversation.assigned")
    assert datetime.fromisoformat(moved["meant"]) == at("2026-10-27T10:00")
    with scope.system():
        said = {line_of(notice, the_conversation()).what for notice in Notice.objects.filter(reason="broken")}
    assert said == {"First answer late for 6 days", "Resolution late for 5 days"}


def test_whom_two_steps_mean_is_told_once(box: Channel, lead: Member) -> None:
    told()
    promise([step("50%", "tell", "leads"), step("80%", "tell", "leads")])
    with clock.travel(MONDAY):
        deliver(box, letter())
    done_at(at("2026-10-26T16:00"))
    assert told() == [("Lead", "broken")]


def test_mail_of_last_year_is_not_told_of(box: Channel, lead: Member) -> None:
    told()
    promise()
    with clock.travel(MONDAY):
        deliver(box, letter())
    with scope.system():
        (row,) = Clock.objects.filter(name="first_answer")
        given = row.steps
        Clock.objects.all().delete()
    assert given == [[-30, "tell", "owner"], [0, "tell", "owner"]]
    with clock.travel(MONDAY):
        deliver(box, letter(subject="Once more"))
    with clock.travel(MONDAY + timedelta(days=400)):
        deliver(box)
    assert told() == []


@pytest.mark.parametrize(
    ("to", "words", "why"),
    [
        ("team:product", "", "empty"), ("team:backup", "", "gone"), ("team:support", "grievance", "confidence"),
        ("reader@rapport.example", "", "left"),
    ],
)  # fmt: skip
def test_what_cannot_be_passed_on_is_told_to_who_sorts_and_stays(
    box: Channel, lead: Member, to: str, words: str, why: str
) -> None:
    told()
    before = "hr" if words else "support"
    steps = [step("1h after", "reassign", to)]
    if words:
        then = {"owner": "hr", "promise": {**PROMISE, "steps": steps}}
        rules = [{"name": "r", "when": {"words": words}, "then": then}]
        service.save_policy_dict({"triage": "support", "rules": rules}, service.SavedBy())
        chief = make_member("chief", team("hr"))
        Membership.objects.filter(member=chief).update(is_lead=True)
    else:
        reader = make_member("reader", team("support"))
        promise(steps)
        Member.objects.filter(id=reader.id).update(role="reader")
    with clock.travel(MONDAY):
        deliver(box, letter(words or "Hello."))
    Team.objects.filter(slug="backup").update(is_active=False)
    done_at(at("2026-10-26T16:00"))
    (stuck,) = happened("promise.stuck")
    assert (stuck["why"], stuck["do"]) == (why, "reassign")
    assert the_conversation().owner_team == team(before)
    # What is in confidence is told to who leads its team; who sorts may not know of it.
    assert [name for name, reason in told() if reason == "stuck"] == (["Chief"] if words else ["Lead"])


def test_a_clock_that_passed_it_on_too_often_leaves_it_to_people(box: Channel, lead: Member) -> None:
    told()
    make_member("expert", team("backup"))
    promise([step("1h after", "reassign", "team:backup")])
    with clock.travel(MONDAY):
        deliver(box, letter())
    with scope.system():
        Clock.objects.update(moves=MOVES_MAX)
    done_at(at("2026-10-26T16:00"))
    assert the_conversation().owner_team == team("support")
    assert [one["why"] for one in happened("promise.stuck")] == ["often"]
    assert ("Lead", "stuck") in told()


def test_what_is_merged_keeps_the_earlier_promise_and_gives_it_back(box: Channel, agent: Member) -> None:
    promise()
    with clock.travel(MONDAY):
        deliver(box, letter(subject="The older"))
    with clock.travel(MONDAY + timedelta(hours=1)):
        deliver(box, letter(subject="The newer"))
        old, new = conversations()
        with scope.member(agent.id):
            merging.merge(new.id, [old.id], agent)
    one = the_conversation()
    assert (one.id, one.first_answer_due_at) == (new.id, old.first_answer_due_at)
    with scope.system():
        assert not Clock.objects.filter(conversation_id=old.id, next_at__isnull=False).exists()
        event = Event.objects.get(kind=merging.KIND)
    with clock.travel(MONDAY + timedelta(hours=1)), scope.member(agent.id):
        undoing.undo(event.id, agent)
    assert [dues(one) for one in conversations()] == [dues(old), dues(new)]


def test_snoozing_until_a_date_pauses_the_resolution_and_nothing_else(box: Channel, agent: Member) -> None:
    promise()
    with clock.travel(MONDAY):
        deliver(box, letter())
        one = the_conversation()
        with scope.member(agent.id):
            snoozing.snooze(one.id, agent, at("2026-10-27T10:00"))
    assert dues(the_conversation()) == [one.first_answer_due_at, None, None, one.first_answer_due_at]
    with clock.travel(at("2026-10-27T10:00")):
        assert snoozing.wake_due() == 1
    assert the_conversation().resolution_due_at == at("2026-10-29T10:00")


def test_without_a_promise_there_is_no_clock_and_the_team_may_change_without_one(box: Channel, agent: Member) -> None:
    promise(first_answer="4h")
    service.save_policy_dict({"triage": "support", "rules": []}, service.SavedBy())
    deliver(box, letter())
    one = the_conversation()
    with scope.member(agent.id):
        assign(one.id, agent, team("product"))
    with scope.system():
        assert not Clock.objects.exists()
        assert not the_conversation().promised


def test_open_conversations_of_before_get_clocks_that_run_to_their_end(box: Channel, lead: Member) -> None:
    told()
    deliver(box, letter())
    one = the_conversation()
    due = clock.now() + timedelta(hours=2)
    with scope.system():
        late = due - timedelta(hours=9)
        Conversation.objects.filter(id=one.id).update(first_answer_due_at=due, resolution_due_at=late)
        with connection.cursor() as cursor:
            cursor.execute(due_sql.CLOCKS)
    with scope.system():
        rows = {row.name: (row.due_at, row.step) for row in Clock.objects.all()}
    assert rows == {"first_answer": (due, 0), "resolution": (due - timedelta(hours=9), 2)}
    assert the_conversation().promised
    done_at(due)
    assert told() == [("Lead", "broken")], "what was broken before was told before"


@pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "by a message"])
def test_what_took_a_promise_over_has_none_of_it_once_that_is_taken_back_and_the_other_lost_no_time(
    box: Channel, agent: Member, by_hand: bool
) -> None:
    service.save_policy_dict({"triage": "support", "rules": []}, service.SavedBy())
    with clock.travel(MONDAY):
        deliver(box, letter(id="without@berg.example"))
    promise()
    with clock.travel(MONDAY + timedelta(hours=1)):
        deliver(box, letter(subject="With"))
        without, other = conversations()
        if by_hand:
            with scope.member(agent.id):
                merging.merge(without.id, [other.id], agent)
                actions.reply(without.id, agent, actions.Answer(text="On our way."))
            deliver(box, letter("And now?", refs=["without@berg.example"]))
        else:
            with scope.system():
                merging.absorb(other.id, without.id)
        assert the_conversation().due_at
    with clock.travel(MONDAY + timedelta(hours=3)), scope.member(agent.id):
        undoing.undo(Event.objects.get(kind=merging.KIND).id, agent)
    found = conversations()
    assert [(one.id, one.promised) for one in found] == [(without.id, False), (other.id, True)]
    assert [dues(one) for one in found] == [[None] * 4, dues(other)]
    with scope.system():
        assert Clock.objects.get(name="first_answer").next_at
