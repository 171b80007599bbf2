"""A month of a company as values, and how it goes when conversations are given to members in some way. Pure.

The model: whoever is given a conversation answers it after what they have already, one after the other, in their own
open time; each costs the work it really cost. What is answered keeps its place with them until it is settled. Where
nobody can take it, it waits in the team's queue, the soonest promise first, until somebody has room or begins to work.
Nobody hands over what they have, and nobody works quicker on what they know.

All moments are seconds since 1970, all spans seconds.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import inf
from uuid import UUID

from rapport.ownership.simulate.within.clock import Clock

WEEK, HOUR = 7 * 24 * 3600.0, 3600.0
#: Into which hours waiting is sorted: up to each of these, and longer.
WAITS = (0.25, 0.5, 1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Worker:
    """A member: when they work (absences taken off), and how much they may have open at once."""

    id: UUID
    name: str
    clock: Clock
    capacity: float = 20
    email: str = ""
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desk:
    """A team: who is in it, and its own hours, in which waiting is counted.

    `sat` has from when to when somebody was of it, of those who were not all the time.
    """

    clock: Clock
    members: tuple[UUID, ...]
    sat: Mapping[UUID, tuple[tuple[float, float], ...]] = field(default_factory=dict)

    def has(self, member: UUID, at: float) -> bool:
        """Whether somebody was of the team at a moment."""
        spans = self.sat.get(member)
        return member in self.members if spans is None else any(begins <= at < ends for begins, ends in spans)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A conversation that came: to which team, from whom, the work of its first answer, and how long it stayed then.

    `due` is when its first answer was promised (None: not at all), `weight` how much of a member's room it takes.
    """

    at: float
    team: str
    work: float
    stays: float = 0.0
    person: str = ""
    due: float | None = None
    weight: float = 1.0
    urgent: bool = False
    language: str = ""
    skills: tuple[str, ...] = ()
    holder: str = ""


@dataclass(frozen=True)
class Month:
    """Everything that is the same whichever way conversations are given.

    `known` has by person when each member had last answered them before it began, `busy` what each member had open
    then: the weight, and until when it stays. What is never answered is said to have waited up to `until`.
    """

    workers: Mapping[UUID, Worker]
    desks: Mapping[str, Desk]
    arrivals: Sequence[Arrival]
    until: float = inf
    known: Mapping[str, Mapping[UUID, float]] = field(default_factory=dict)
    busy: Mapping[UUID, Sequence[tuple[float, float]]] = field(default_factory=dict)


@dataclass(slots=True)
class Standing:
    """A member at the moment of a choice: what is open with them, and what they were given lately."""

    worker: Worker
    present: bool = False
    open: float = 0.0
    last: float = -inf
    free_at: float = -inf
    week: float = 0.0
    hour: float = 0.0
    moment: float = 0.0
    given: deque[tuple[float, float]] = field(default_factory=deque)
    lately: deque[tuple[float, float]] = field(default_factory=deque)

    @property
    def room(self) -> bool:
        """Whether they may be given one more."""
        return self.open < self.worker.capacity

    @property
    def worked(self) -> float:
        """Their working time in the last seven days."""
        return self.worker.clock.between(self.moment - WEEK, self.moment)

    def at(self, moment: float) -> "Standing":
        """Brought up to `moment`."""
        self.moment, self.present = moment, self.worker.clock.is_open(moment)
        self.week = _forget(self.given, moment - WEEK, self.week)
        self.hour = _forget(self.lately, moment - HOUR, self.hour)
        return self


def _forget(run: deque[tuple[float, float]], before: float, total: float) -> float:
    while run and run[0][0] <= before:
        total -= run.popleft()[1]
    return total if run else 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a strategy is asked: for which conversation, when, and who has answered this person when before."""

    at: float
    arrival: Arrival
    answered: Mapping[UUID, float]


Strategy = Callable[[Sequence[Standing], Asked], UUID | None]
"""Which of the team's members (in the order of their ids) is given a conversation; None: the team's queue."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one: who had it since when, when it was answered (`inf`: never), whether they knew the person.

    `could_know`: somebody of the team had answered this person before.
    """

    arrival: Arrival
    member: UUID | None = None
    taken: float = inf
    answered: float = inf
    knew: bool = False
    could_know: bool = False


def simulate(month: Month, strategy: Strategy) -> list[Outcome]:
    """How the month goes, an outcome for each arrival that came to a team of it, in the order of their coming."""
    return _World(month, strategy).run()


_ARRIVES, _BEGINS, _FREES = 1, 2, 0


class _World:
    def __init__(self, month: Month, strategy: Strategy) -> None:
        self._month, self._choose = month, strategy
        self._standing = {id: Standing(worker) for id, worker in month.workers.items()}
        self._teams_of: dict[UUID, list[str]] = {}
        for team, desk in month.desks.items():
            for member in desk.members:
                self._teams_of.setdefault(member, []).append(team)
        self._teams = {t: [self._standing[id] for id in sorted(desk.members)] for t, desk in month.desks.items()}
        self._queues: dict[str, list[tuple[float, float, int]]] = {team: [] for team in month.desks}
        self._knows = {person: dict(by) for person, by in month.known.items()}
        self._outcomes: dict[int, Outcome] = {}
        self._order, self._events = count(), list[tuple[float, int, int, object]]()

    def run(self) -> list[Outcome]:
        """Everything that happens, in order of time."""
        arrivals = sorted((one for one in self._month.arrivals if one.team in self._teams), key=lambda one: one.at)
        if not arrivals:
            return []
        self._arrivals = arrivals
        for number, one in enumerate(arrivals):
            self._on(one.at, _ARRIVES, number)
        for id, worker in self._month.workers.items():
            for start in worker.clock.starts:
                if start >= arrivals[0].at:
                    self._on(start, _BEGINS, id)
        for id, held in self._month.busy.items():
            self._hold(id, held)
        while self._events:
            at, kind, _, what = heappop(self._events)
            if kind == _ARRIVES:
                self._arrived(at, what)  # type: ignore[arg-type]
            elif kind == _FREES:
                self._freed(at, *what)  # type: ignore[misc]
            else:
                self._serve(at, what)  # type: ignore[arg-type]
        return [self._outcomes.get(number, Outcome(one)) for number, one in enumerate(arrivals)]

    def _on(self, at: float, kind: int, what: object) -> None:
        heappush(self._events, (at, kind, next(self._order), what))

    def _hold(self, id: UUID, held: Sequence[tuple[float, float]]) -> None:
        if id in self._standing:
            for weight, until in held:
                self._standing[id].open += weight
                if until < inf:
                    self._on(until, _FREES, (id, weight))

    def _arrived(self, at: float, number: int) -> None:
        arrival = self._arrivals[number]
        queue = self._queues[arrival.team]
        if queue or not self._given(at, number):
            due = inf if arrival.due is None else arrival.due
            heappush(queue, (due, arrival.at, number))

    def _freed(self, at: float, id: UUID, weight: float) -> None:
        self._standing[id].open -= weight
        self._serve(at, id)

    def _serve(self, at: float, id: UUID) -> None:
        """Somebody has room again, or begins to work: what waits is given, the first first."""
        for team in self._teams_of.get(id, ()):
            queue = self._queues[team]
            while queue and self._given(at, queue[0][2]):
                heappop(queue)

    def _given(self, at: float, number: int) -> bool:
        arrival = self._arrivals[number]
        known = self._knows.get(arrival.person, {}) if arrival.person else {}
        answered = {id: when for id, when in known.items() if when <= at}
        sat = self._month.desks[arrival.team].sat
        members = self._teams[arrival.team]
        if sat:
            members = [one for one in members if self._month.desks[arrival.team].has(one.worker.id, at)]
        team = [one.at(at) for one in members]
        chosen = self._choose(team, Asked(at, arrival, answered))
        if chosen is None:
            return False
        one = self._standing[chosen]
        done = one.worker.clock.after(max(at, one.free_at), arrival.work)
        one.free_at, one.last, one.open = done, at, one.open + arrival.weight
        one.week, one.hour = one.week + arrival.weight, one.hour + arrival.weight
        one.given.append((at, arrival.weight))
        one.lately.append((at, arrival.weight))
        if done < inf:
            self._on(done + arrival.stays, _FREES, (chosen, arrival.weight))
            if arrival.person:
                self._knows.setdefault(arrival.person, {})[chosen] = done
        could = any(s.worker.id in answered for s in team)
        self._outcomes[number] = Outcome(arrival, chosen, at, done, chosen in answered, could)
        return True
