"""Who worked when, and in which team, over a month in which the company was set up anew now and then. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import inf
from uuid import UUID

from rapport.ownership.simulate.past import Seat, Staffing
from rapport.ownership.simulate.within.clock import Clock, Span, clock_of
from rapport.ownership.simulate.within.month import Desk, Worker
from rapport.staff.hours import ALWAYS


@dataclass(frozen=True)
class Spell:
    """A staffing and from when to when it was in force, in seconds since 1970."""

    begins: float
    ends: float
    staffing: Staffing


def only(teams: set[str], staffed: Staffing) -> Staffing:
    """Those who are in one of these teams: of a team of which one sees nothing, nobody would seem to do anything."""
    return replace(staffed, seats={team: of for team, of in staffed.seats.items() if team in teams})


def workers_of(spells: Sequence[Spell], days: tuple[date, date]) -> dict[UUID, Worker]:
    """Everybody who sat in a team at any time; they work in the hours they had then, and not before nor after."""
    last: dict[UUID, Seat] = {}
    open_: dict[UUID, list[Span]] = {}
    clocks = _Clocks(days)
    for spell in spells:
        for seat in _once(spell.staffing):
            last[seat.member_id] = seat
            spans = open_.setdefault(seat.member_id, [])
            spans += _within(clocks.of(spell.staffing, seat), spell.begins, spell.ends)
    return {
        id: Worker(id, seat.name, Clock(open_[id]), seat.capacity, seat.email, seat.languages, seat.skills)
        for id, seat in last.items()
    }


def desks_of(spells: Sequence[Spell], teams: set[str], days: tuple[date, date]) -> dict[str, Desk]:
    """The teams that had anybody: their hours over time, and who was of them when."""
    open_: dict[str, list[Span]] = {}
    sat: dict[str, dict[UUID, list[Span]]] = {}
    clocks = _Clocks(days)
    for spell in spells:
        for team in teams & spell.staffing.seats.keys():
            clock = clocks.named(spell.staffing, spell.staffing.team_hours.get(team, ""))
            open_.setdefault(team, []).extend(_within(clock, spell.begins, spell.ends))
            for seat in spell.staffing.seats[team]:
                _go_on(sat.setdefault(team, {}).setdefault(seat.member_id, []), (spell.begins, spell.ends))
    always = [(-inf, inf)]
    return {
        team: Desk(
            Clock(open_[team]), tuple(sorted(members)),
            {id: tuple(spans) for id, spans in members.items() if spans != always},
        )
        for team, members in sat.items()
    }  # fmt: skip


class _Clocks:
    """Hours as clocks, less absences, made once for each that is the same."""

    def __init__(self, days: tuple[date, date]) -> None:
        self._days = days
        self._made: dict[tuple[int, tuple[Span, ...]], Clock] = {}

    def of(self, staffing: Staffing, seat: Seat) -> Clock:
        return self.named(staffing, seat.hours, tuple((gone.timestamp(), back.timestamp()) for gone, back in seat.away))

    def named(self, staffing: Staffing, name: str, away: tuple[Span, ...] = ()) -> Clock:
        hours = staffing.hours.get(name) or staffing.hours.get("", ALWAYS)
        key = id(hours), away
        if key not in self._made:
            self._made[key] = clock_of(hours, self._days, away)
        return self._made[key]


def _once(staffing: Staffing) -> list[Seat]:
    """Each member once, however many teams they are in: as they sit in the first."""
    found: dict[UUID, Seat] = {}
    for of in staffing.seats.values():
        for seat in of:
            found.setdefault(seat.member_id, seat)
    return list(found.values())


def _within(clock: Clock, begins: float, ends: float) -> list[Span]:
    if (begins, ends) == (-inf, inf):
        return clock.spans()
    cut = ((max(start, begins), min(end, ends)) for start, end in clock.spans())
    return [(start, end) for start, end in cut if start < end]


def _go_on(spans: list[Span], more: Span) -> None:
    if spans and spans[-1][1] == more[0]:
        spans[-1] = (spans[-1][0], more[1])
    else:
        spans.append(more)
