"""Promises that really ran, through pauses and steps, say the same when the policy in force is tried on the past."""

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from rapport.channels.models import Channel
from rapport.conversations import actions as verbs
from rapport.conversations import snoozing
from rapport.conversations.models import Clock
from rapport.core import clock, scope
from rapport.core.models import Event
from rapport.outbound import actions, queue
from rapport.ownership import escalating
from rapport.ownership.actions import assign
from rapport.ownership.forms import policy_to_dict
from rapport.ownership.simulate.past import Asked
from rapport.ownership.simulate.run import what_if
from rapport.ownership.versions import current_policy
from rapport.staff.clocks import FIRST_ANSWER, NEXT_ANSWER, RESOLUTION, Run, phase_of
from rapport.staff.models import Member, Team
from tests.inbound.post import conversations, deliver, letter, make_member, make_team
from tests.inbound.test_promises import MONDAY, agent, at, box, lead, promise, team

__all__ = ["agent", "box", "lead"]
STEPS = [
    {"at": "50%", "do": "tell", "to": "leads"}, {"at": "30m after", "do": "priority", "to": "high"},
    {"at": "1h after", "do": "involve", "to": "team:product"},
    {"at": "2h after", "do": "reassign", "to": "team:backup", "clock": "first_answer"},
    {"at": "3h after", "do": "reassign", "to": "team:gone"},
    {"at": "60%", "do": "tell", "to": "owner"}, {"at": "60%", "do": "tell", "to": "leads"},
    {"at": "2h after", "do": "tell", "to": "owner"},
    {"at": "4h after", "do": "reassign", "to": "backup-one@rapport.example", "clock": "first_answer"},
    {"at": "5h after", "do": "tell", "to": "owner"},
]  # fmt: skip
END = "2026-11-13T12:00"


class Days:
    """Time goes by: whatever comes due is done at its moment, before what happens next."""

    def __init__(self, channel: Channel, member: Member) -> None:
        self._channel, self.member = channel, member

    def pass_until(self, moment: datetime) -> None:
        while (due := escalating.next_at()) and due < moment:
            with clock.travel(due):
                escalating.run_due()
        while (due := snoozing.next_due()) and due <= moment:
            with clock.travel(due):
                snoozing.wake_due()
            self.pass_until(moment)

    def writes(self, when: str, id: str, **given: Any) -> None:
        self.pass_until(at(when))
        with clock.travel(at(when)):
            deliver(self._channel, letter(id=f"{id}@berg.example", **given))

    def answers(self, when: str, place: int, **given: Any) -> UUID:
        self.pass_until(at(when))
        with clock.travel(at(when)), scope.member(self.member.id):
            one = conversations()[place]
            return actions.reply(one.id, self.member, actions.Answer(text="Here.", **given)).id

    def does(self, when: str, place: int, verb: Any, *more: Any) -> None:
        self.pass_until(at(when))
        with clock.travel(at(when)), scope.member(self.member.id):
            verb(conversations()[place].id, self.member, *more)


@pytest.fixture
def days(box: Channel, agent: Member) -> Days:
    for slug in ("product", "backup"):
        make_member(f"{slug}-one", team(slug))
    make_team("gone")
    promise(STEPS)
    Team.objects.filter(slug="gone").update(is_active=False)
    return Days(box, agent)


def _week(days: Days) -> None:
    """Three conversations: late and passed on; paused, taken back and opened again; asked more than once."""
    for id in ("one", "two", "three"):
        days.writes("2026-10-26T10:00", id, subject=id)
    days.does("2026-10-26T10:20", 1, assign, team("support"), days.member)
    delivery = days.answers("2026-10-26T11:00", 1)
    days.pass_until(at("2026-10-26T11:00") + timedelta(seconds=5))
    with clock.travel(at("2026-10-26T11:00") + timedelta(seconds=5)), scope.member(days.member.id):
        assert actions.undo(conversations()[1].id, days.member, delivery)
    days.answers("2026-10-26T11:30", 1)
    days.answers("2026-10-26T14:00", 2, send_at=at("2026-10-26T14:45"))
    days.does("2026-10-26T14:20", 2, verbs.set_priority, 3)
    days.pass_until(at("2026-10-26T14:45"))
    _goes("2026-10-26T14:46")
    days.writes("2026-10-27T09:00", "three-a", refs=["three@berg.example"])
    days.does("2026-10-27T09:30", 1, snoozing.snooze, at("2026-10-30T09:00"))
    days.writes("2026-10-27T10:00", "three-b", refs=["three@berg.example"])
    days.does("2026-10-27T10:30", 2, assign, team("support"), days.member)
    days.answers("2026-10-27T15:00", 2)
    days.does("2026-10-27T16:00", 2, assign, team("support"))
    days.writes("2026-10-28T16:30", "three-c", refs=["three@berg.example"])
    days.answers("2026-10-29T09:30", 2)
    days.does("2026-10-29T10:00", 2, verbs.resolve)
    days.answers("2026-10-30T10:00", 0)
    days.writes("2026-10-30T11:00", "two-a", refs=["two@berg.example"])
    days.does("2026-10-30T12:00", 1, snoozing.snooze, at("2026-11-03T09:00"))
    days.answers("2026-11-03T10:00", 1)
    days.does("2026-11-03T11:00", 1, verbs.resolve)
    days.writes("2026-11-04T09:00", "two-b", refs=["two@berg.example"])
    days.answers("2026-11-04T09:30", 1)
    days.does("2026-11-04T10:00", 1, verbs.resolve)
    days.does("2026-11-05T10:00", 1, verbs.reopen)
    days.pass_until(at(END))


def _goes(when: str) -> None:
    with clock.travel(at(when)):
        for claim in queue.claim(9):
            assert queue.begin(claim)
            queue.sent(claim, queue.Sent(words="ok"))


def _tried() -> dict[str, Any]:
    plain = policy_to_dict(current_policy()[1])
    with scope.system():
        before = Event.objects.count()
        told = what_if(Asked(plain, plain, MONDAY - timedelta(days=1), at(END)))
        assert Event.objects.count() == before
    return told


def _ran() -> dict[str, Counter[str]]:
    """How the clocks of all stand, by their rows."""
    found: dict[str, Counter[str]] = {name: Counter() for name in (FIRST_ANSWER, NEXT_ANSWER, RESOLUTION)}
    with scope.system():
        for row in Clock.objects.all():
            run = Run(row.began_at, row.due_at, row.halted_at, row.stopped_at)
            phase = phase_of(run, at(END)).value
            found[row.name][{"running": "open", "paused": "open"}.get(phase, phase)] += 1
    return found


def test_what_ran_is_what_the_past_tells_kept_and_broken_and_step_by_step(days: Days) -> None:
    _week(days)
    told, ran = _tried(), _ran()
    for clock_name, name in ((FIRST_ANSWER, "first"), (RESOLUTION, "resolution")):
        assert {state: n for state, n in told["promises"][name][0].items() if n} == ran[clock_name]
    # Rows keep the last round of the next answer alone; there were more.
    rounds = told["promises"]["next"][0]
    assert rounds == told["promises"]["next"][1]
    assert (rounds["kept"], rounds["broken"]) == (2, 2)
    assert ran[NEXT_ANSWER]["kept"] == 2
    assert told["turned"] == []
    assert _by_step(told["steps"][0]) == _happened()
    assert _who_had_it(told["steps"][0]) == _whom()
    assert min(_whom().values()) > 5
    assert told["steps"][0] == told["steps"][1]


def test_a_team_that_a_draft_gives_it_to_has_nobody_who_took_it(days: Days) -> None:
    _week(days)
    plain = policy_to_dict(current_policy()[1])
    with scope.system():
        told = what_if(Asked(plain, json.loads(json.dumps(plain).replace('"support"', '"product"')), MONDAY, at(END)))
    was, would = (_who_had_it(side) for side in told["steps"])
    assert was["member"] > would["member"]
    assert would["leads"] > was["leads"]


def _who_had_it(side: list[dict[str, Any]]) -> Counter[str]:
    """How often who had it was told, and how often the leads: by steps that name them, or as nobody had taken it."""
    found = Counter({whom: sum(one["told"][whom] for one in side) for whom in ("member", "leads")})
    found["leads"] += sum(one["done"] for one in side if (one["do"], one["to"]) == ("tell", "leads"))
    return found


def _whom() -> Counter[str]:
    """Whom steps really told."""
    with scope.system():
        rows = Event.objects.filter(kind__in=("promise.near", "promise.broken")).values_list("data", flat=True)
        return Counter(data["whom"] for data in rows)


def _by_step(side: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """How often each clock's steps did what they do, by the deed; what they could not, as "stuck"."""
    found: Counter[tuple[str, str]] = Counter()
    for one in side:
        found[one["clock"], one["do"]] += one["done"]
        found[one["clock"], "stuck"] += sum(count for why, count in one["not"].items() if why != "already")
    return +found


def _happened() -> Counter[tuple[str, str]]:
    kinds = {
        "promise.near": "tell", "promise.broken": "tell", "promise.stuck": "stuck", "team.involved": "involve",
        "conversation.priority": "priority", "conversation.assigned": "reassign",
    }  # fmt: skip
    names = {FIRST_ANSWER: "first", NEXT_ANSWER: "next", RESOLUTION: "resolution"}
    with scope.system():
        rows = Event.objects.filter(kind__in=kinds, data__has_key="clock").values_list("kind", "data")
        return Counter((names[data["clock"]], kinds[kind]) for kind, data in rows)
