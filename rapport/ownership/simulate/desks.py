"""Who of the teams would have had how much: the conversations go to members in order, and are closed when they were.

Pure. Everybody begins with what they really had; then each policy has its own desks.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from uuid import UUID
from zoneinfo import ZoneInfo

from rapport.ownership.assign import MemberLoad, choose, choose_holder
from rapport.ownership.policy import BY_HOLDER, BY_LOAD
from rapport.ownership.simulate.past import Seat, Staffing
from rapport.ownership.simulate.replay import Job
from rapport.staff.hours import Hours

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


def seat_all(jobs: Iterable[Job], staffing: Staffing, hours: Mapping[str, Hours]) -> tuple[Load, Load]:
    """Both policies' loads; the jobs are sorted by time here."""
    ordered = sorted(jobs, key=lambda job: job.at)
    if not ordered:
        return Load(), Load()
    clocks = {name: _Clock(one, ordered[0].at, ordered[-1].at) for name, one in hours.items()}
    zone = ZoneInfo(hours[""].time_zone)
    first, second = (_seated(ordered, side, staffing, clocks, zone) for side in (0, 1))
    return first, second


class _Clock:
    """When business hours are open, worked out for a span once."""

    def __init__(self, hours: Hours, since: datetime, until: datetime) -> None:
        first, days = since.date() - timedelta(days=2), (until.date() - since.date()).days + 5
        open_ = sorted(one for ahead in range(days) for one in hours.on(first + timedelta(days=ahead)))
        self._starts = [start for start, _ in open_]
        self._ends = [end for _, end in open_]

    def is_open(self, at: datetime) -> bool:
        place = bisect_right(self._starts, at) - 1
        return place >= 0 and at < self._ends[place]


def _seated(jobs: Sequence[Job], side: int, staffing: Staffing, clocks: Mapping[str, _Clock], zone: ZoneInfo) -> Load:
    load = Load()
    open_until: dict[UUID, list[datetime]] = {}
    for member, ends in staffing.open_before.items():
        open_until[member] = [end or _FOREVER for end in ends]
        heapify(open_until[member])
    last: dict[UUID, datetime] = {}
    for job in jobs:
        team, how = job.owners[side], job.answers[side]
        if not how:
            continue
        seats = staffing.seats.get(team, ())
        best = _chosen((how, job.holder), seats, job.at, open_until, last, clocks)
        if best is None:
            load.queued[team] += 1
            continue
        held = open_until.setdefault(best, [])
        heappush(held, job.until or _FOREVER)
        last[best] = job.at
        desk = load.desks.setdefault(best, Desk())
        desk.given += 1
        desk.most = max(desk.most, len(held))
        desk.hours[job.at.astimezone(zone).hour] += 1
    return load


def _chosen(
    asked: tuple[str, str],
    seats: Sequence[Seat],
    at: datetime,
    open_until: Mapping[UUID, list[datetime]],
    last: Mapping[UUID, datetime],
    clocks: Mapping[str, _Clock],
) -> UUID | None:
    """Who answers, asked as (how, who holds the relationship); None: nobody of the team can."""
    how, holder = asked
    if how not in (BY_LOAD, BY_HOLDER):
        return next((seat.member_id for seat in seats if seat.email == how), None)
    loads = []
    for seat in seats:
        held = open_until.get(seat.member_id, [])
        while held and held[0] <= at:
            heappop(held)
        present = clocks.get(seat.hours, clocks[""]).is_open(at) and not any(a <= at < b for a, b in seat.away)
        loads.append(
            MemberLoad(
                seat.member_id, seat.email, seat.name, len(held), seat.capacity, present, last.get(seat.member_id)
            )
        )
    best = (choose(loads) if how == BY_LOAD else choose_holder(loads, holder, holder)).member
    return best.id if best else None
