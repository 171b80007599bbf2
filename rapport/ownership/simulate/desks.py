"""Who of the teams would have had how much: the conversations go to members in order, and are closed when they were.

Pure. Everybody begins with what they really had; then each policy has its own desks. Who sits where is asked for each,
as of then.
"""

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import takewhile
from math import fsum
from uuid import UUID
from zoneinfo import ZoneInfo

from rapport.ownership.policy import WAYS, WEIGHED
from rapport.ownership.simulate.past import Seat, Staffing
from rapport.ownership.simulate.replay import Job
from rapport.ownership.within.choosing import choose
from rapport.ownership.within.values import MemberLoad
from rapport.ownership.within.week import SEVEN_DAYS, working_minutes
from rapport.staff.hours import ALWAYS, Hours
from rapport.staff.rota import Rota

_HOUR = timedelta(hours=1)
_PARTS = 1000
"""Running sums are of whole parts, so that they stay exact."""
_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class Desk:
    """One member's: what they were given, the most they had at once, and in which hours of the day it came."""

    given: int = 0
    most: int = 0
    hours: Counter[int] = field(default_factory=Counter)


@dataclass
class Load:
    """What came of one policy: the desks by member, and how often nobody of the team could take it, by team."""

    desks: dict[UUID, Desk] = field(default_factory=dict)
    queued: Counter[str] = field(default_factory=Counter)


Staffed = Callable[[datetime], Staffing]
"""The staffing that was in force at a moment: the same object as long as nothing changes."""


def seat_all(jobs: Iterable[Job], staffed: Staffed, drafted: Staffed | None = None) -> tuple[Load, Load]:
    """Both policies' loads; the jobs are sorted by time here. `drafted`: the staffing of the second, if another."""
    ordered = sorted(jobs, key=lambda job: job.at)
    if not ordered:
        return Load(), Load()
    clocks = _Clocks(ordered[0].at, ordered[-1].at)
    first, second = (_seated(ordered, side, by, clocks) for side, by in ((0, staffed), (1, drafted or staffed)))
    return first, second


class _Clocks:
    """A clock for all business hours, made once each."""

    def __init__(self, since: datetime, until: datetime) -> None:
        self._span, self._made = (since, until), dict[int, "_Clock"]()

    def of(self, staffing: Staffing) -> dict[str, "_Clock"]:
        """By name; "" are the company's own."""
        return {name: self._clock(hours) for name, hours in {"": ALWAYS, **staffing.hours}.items()}

    def _clock(self, hours: Hours) -> "_Clock":
        # Hours that did not change are the same object; the clock keeps it, so that no other takes its id.
        if id(hours) not in self._made:
            self._made[id(hours)] = _Clock(hours, *self._span)
        return self._made[id(hours)]


class _Clock:
    """When business hours are open, worked out for a span once."""

    def __init__(self, hours: Hours, since: datetime, until: datetime) -> None:
        self.hours = hours
        first, days = since.date() - timedelta(days=2), (until.date() - since.date()).days + 5
        open_ = sorted(one for ahead in range(days) for one in hours.on(first + timedelta(days=ahead)))
        self._starts = [start for start, _ in open_]
        self._ends = [end for _, end in open_]

    def is_open(self, at: datetime) -> bool:
        place = bisect_right(self._starts, at) - 1
        return place >= 0 and at < self._ends[place]


def _seated(jobs: Sequence[Job], side: int, staffed: Staffed, clocks: _Clocks) -> Load:
    load, floor = Load(), _Floor(staffed(jobs[0].then or jobs[0].at), clocks)
    for job in jobs:
        floor.staff(staffed(job.then or job.at))
        team, how = job.owners[side], job.answers[side]
        if not how:
            continue
        best = floor.chosen(team, how, job, side)
        if best is None:
            load.queued[team] += 1
            continue
        held = floor.give(best, job, job.asks[side].weight)
        desk = load.desks.setdefault(best, Desk())
        desk.given += 1
        desk.most = max(desk.most, held)
        desk.hours[job.at.astimezone(floor.zone).hour] += 1
    return load


class _Floor:
    """All desks of one policy as time goes by: what each has, what they were given when, whom they answered.

    Whom somebody was given before stands for whom they answered; what was open before weighs 1 each.
    """

    def __init__(self, staffing: Staffing, clocks: _Clocks) -> None:
        self._every, self._staffing, self._clocks = clocks, staffing, clocks.of(staffing)
        self._open: dict[UUID, list[tuple[datetime, float]]] = {}
        self._had: Counter[UUID] = Counter()
        for member, ends in staffing.open_before.items():
            self._open[member] = [(end or _FOREVER, 1.0) for end in ends]
            heapify(self._open[member])
            self._had[member] = _PARTS * len(ends)
        self._given: dict[UUID, deque[tuple[datetime, float]]] = {}
        self._sums: Counter[UUID] = Counter()
        self._last: dict[UUID, datetime] = {}
        self._answered: dict[UUID, dict[UUID, datetime]] = {}
        self._worked: dict[tuple[UUID, str, date], float] = {}

    def staff(self, staffing: Staffing) -> None:
        """Let those sit there who do by now, in the hours they have by now; what each has stays with them."""
        if staffing is not self._staffing:
            self._staffing, self._clocks = staffing, self._every.of(staffing)
            self._worked.clear()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the company."""
        return ZoneInfo(self._clocks[""].hours.time_zone)

    def chosen(self, team: str, how: str, job: Job, side: int) -> UUID | None:
        """Who of the team answers; None: nobody can."""
        seats = self._staffing.seats.get(team, ())
        if how not in WAYS:
            return next((seat.member_id for seat in seats if seat.email == how), None)
        weighing = how in WEIGHED
        rota = self._staffing.rotas.get(team) if weighing else None
        on_call = rota.on_call(job.at, _cannot(rota, seats, job.at)) if rota else None
        answered = self._answered.get(job.person, {}) if job.person and weighing else {}
        ask = replace(job.asks[side], how=how, holder=job.holder, holder_name=job.holder, answered=answered)
        # Who is not there could only be left out: of a hundred thousand that would be most of the time.
        there = self._present(seats, job.at)
        loads = [self._load(one, job.at, (one.member_id in there, one.member_id == on_call), weighing)
                 for one in seats if one.member_id in there or one.member_id == on_call]  # fmt: skip
        best = choose(loads, ask).member
        return best.id if best else None

    def _present(self, seats: Sequence[Seat], at: datetime) -> set[UUID]:
        """Who is inside their hours and not away; hours that many share are looked up once."""
        open_now: dict[str, bool] = {}
        found = set()
        for seat in seats:
            if seat.hours not in open_now:
                open_now[seat.hours] = self._clocks.get(seat.hours, self._clocks[""]).is_open(at)
            if open_now[seat.hours] and not (seat.away and _is_away(seat, at)):
                found.add(seat.member_id)
        return found

    def give(self, member: UUID, job: Job, weight: float) -> int:
        """Put it on their desk; how many lie there now."""
        held = self._open.setdefault(member, [])
        heappush(held, (job.until or _FOREVER, weight))
        self._given.setdefault(member, deque()).append((job.at, weight))
        self._had[member] += _parts(weight)
        self._sums[member] += _parts(weight)
        self._last[member] = job.at
        if job.person:
            self._answered.setdefault(job.person, {})[member] = job.at
        return len(held)

    def _load(self, seat: Seat, at: datetime, there: tuple[bool, bool], weighing: bool) -> MemberLoad:
        """A member as they are at a moment; `there`: whether they are present, and whether they are on call."""
        present, on_call = there
        id = seat.member_id
        held = self._open.get(id, [])
        while held and held[0][0] <= at:
            self._had[id] -= _parts(heappop(held)[1])
        had = self._had.get(id, 0) / _PARTS
        if not weighing:
            return MemberLoad(id, seat.email, seat.name, had, seat.capacity, present, self._last.get(id), seat.skills)
        given, lately = self._week(id, at)
        return MemberLoad(
            id, seat.email, seat.name, had, seat.capacity, present, self._last.get(id), seat.skills, seat.languages,
            False, given, lately, self._minutes(seat, at), on_call,
        )  # fmt: skip

    def _week(self, id: UUID, at: datetime) -> tuple[float, float]:
        """The weights of what they were given in seven days, and within the hour."""
        given = self._given.get(id)
        if not given:
            return 0, 0
        while given and given[0][0] <= at - SEVEN_DAYS:
            self._sums[id] -= _parts(given.popleft()[1])
        lately = fsum(weight for _, weight in takewhile(lambda one: one[0] > at - _HOUR, reversed(given)))
        return self._sums[id] / _PARTS, lately

    def _minutes(self, seat: Seat, at: datetime) -> float:
        """Their working time in the seven days before; worked out once a day."""
        key = seat.member_id, seat.hours, at.date()
        if key not in self._worked:
            clock = self._clocks.get(seat.hours, self._clocks[""])
            self._worked[key] = working_minutes(clock.hours, at - SEVEN_DAYS, at, seat.away)
        return self._worked[key]


def _parts(weight: float) -> int:
    return round(weight * _PARTS)


def _cannot(rota: Rota, seats: Iterable[Seat], at: datetime) -> set[UUID]:
    """Who of a rota is away or not of the team."""
    there = {seat.member_id for seat in seats if not _is_away(seat, at)}
    return {*rota.order, *(one.member_id for one in rota.duties)} - there


def _is_away(seat: Seat, at: datetime) -> bool:
    return any(begins <= at < ends for begins, ends in seat.away)
