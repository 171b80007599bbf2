"""What became of a month, in figures with their doubt. Pure.

The doubt is a bootstrap over days (over weeks and teams for fairness): what came on one day is not independent of the
rest of it. Seeds are fixed, and the same days are drawn for every way, so that differences are paired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any
from uuid import UUID

import numpy as np

from rapport.ownership.simulate.within.month import WAITS, WEEK, Month, Outcome

_DRAWS = 400
_SEED = 20260301
_LOW, _HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Figure:
    """One figure and between what it lies at 95 percent; None where there is nothing to tell it from."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def plain(self, digits: int = 4) -> list[float | None]:
        """As [value, low, high]."""
        return [None if one is None else round(one, digits) for one in (self.value, self.low, self.high)]


@dataclass(frozen=True)
class Judged:
    """One way: first answers in time, hours waited (in the team's open time), evenness, and continuity.

    `gini` is of the weight given for each available hour, over the members of a team in a week (0: even), on average.
    `longest` is the longest that a conversation waited, `without` the longest working time in which a member was given
    nothing, both in hours. `kept_more` is by how much more is kept than by the first way.
    """

    kept: Figure
    kept_more: Figure
    p50: Figure
    p90: Figure
    gini: Figure
    continuity: Figure
    longest: float
    without: float
    waits: list[int]
    by_day: list[tuple[int, int]]
    members: dict[UUID, tuple[float, float]]
    unanswered: int

    def plain(self) -> dict[str, Any]:
        """As plain data, without members."""
        figures = {name: getattr(self, name).plain() for name in _FIGURES}
        return figures | {
            "longest": round(self.longest, 2), "without": round(self.without, 2), "waits": self.waits,
            "by_day": [list(one) for one in self.by_day], "unanswered": self.unanswered,
        }  # fmt: skip


_FIGURES = ("kept", "kept_more", "p50", "p90", "gini", "continuity")


def judge(month: Month, runs: Mapping[str, Sequence[Outcome]]) -> dict[str, Judged]:
    """Every way by its name; `runs` are over the same arrivals, the one that others are compared with first."""
    first: Any = None
    found = {}
    for name, outcomes in runs.items():
        table = _Table(month, outcomes)
        first = first or table
        found[name] = table.judged(first)
    return found


class _Table:
    """One run as columns, with the sums of each day."""

    def __init__(self, month: Month, outcomes: Sequence[Outcome]) -> None:
        self._month, self._outcomes = month, outcomes
        ats = np.array([one.arrival.at for one in outcomes])
        first = ats.min() if len(ats) else 0.0
        self._day = ((ats - first) // 86400).astype(int) if len(ats) else np.zeros(0, int)
        self._days = int(self._day.max()) + 1 if len(ats) else 0
        self.waited = np.array([_waited(month, one) for one in outcomes])
        promised = np.array([one.arrival.due is not None for one in outcomes], bool)
        kept = np.array([one.arrival.due is not None and one.answered <= one.arrival.due for one in outcomes], bool)
        self.kept, self.promised = self._daily(kept), self._daily(promised)
        self.knew = self._daily(np.array([one.knew for one in outcomes], bool))
        self.could = self._daily(np.array([one.could_know for one in outcomes], bool))

    def _daily(self, flags: Any) -> Any:
        return np.bincount(self._day, weights=flags, minlength=self._days) if self._days else np.zeros(0)

    def judged(self, first: "_Table") -> Judged:
        rng = np.random.default_rng(_SEED)
        draws = rng.multinomial(self._days, [1 / self._days] * self._days, _DRAWS) if self._days else np.zeros((1, 0))
        kept, before = _share(self.kept, self.promised), _share(first.kept, first.promised)
        drawn = _ratios(draws, self.kept, self.promised)
        more = None if kept is None or before is None else kept - before
        given = _given(self._month, self._outcomes)
        return Judged(
            kept=_figure(kept, drawn),
            kept_more=_figure(more, drawn - _ratios(draws, first.kept, first.promised)),
            p50=self._quantile(draws, 0.5),
            p90=self._quantile(draws, 0.9),
            gini=_evenness(given),
            continuity=_figure(_share(self.knew, self.could), _ratios(draws, self.knew, self.could)),
            longest=float(self.waited.max()) if len(self.waited) else 0.0,
            without=_without(self._month, self._outcomes),
            waits=[int(n) for n in np.histogram(self.waited, [0, *WAITS, inf])[0]],
            by_day=[(int(k), int(p)) for k, p in zip(self.kept, self.promised, strict=True)],
            members=_totals(given),
            unanswered=sum(one.answered == inf for one in self._outcomes),
        )

    def _quantile(self, draws: Any, share: float) -> Figure:
        if not len(self.waited):
            return Figure(None)
        order = np.argsort(self.waited)
        waited, day = self.waited[order], self._day[order]
        drawn = []
        for one in draws:
            weight = one[day].cumsum()
            drawn.append(waited[min(int(np.searchsorted(weight, share * weight[-1])), len(waited) - 1)])
        return _figure(float(waited[min(int(share * len(waited)), len(waited) - 1)]), np.array(drawn))


def _evenness(given: Mapping[tuple[str, int], Mapping[UUID, tuple[float, float]]]) -> Figure:
    found = [
        gini([weight / hours for weight, hours in of.values()])
        for of in given.values()
        if len(of) > 1 and any(weight for weight, _ in of.values())
    ]
    if not found:
        return Figure(None)
    values = np.array(found)
    drawn = np.random.default_rng(_SEED).choice(values, (_DRAWS, len(values))).mean(axis=1)
    return _figure(float(values.mean()), drawn)


def _figure(value: float | None, drawn: Any) -> Figure:
    known = drawn[~np.isnan(drawn)]
    if value is None or not len(known):
        return Figure(value)
    low, high = np.percentile(known, [_LOW, _HIGH])
    return Figure(value, float(low), float(high))


def gini(values: Sequence[float]) -> float:
    """How uneven something is shared out: 0 where everybody has the same, near 1 where one has all."""
    ordered, total = sorted(values), sum(values)
    if not total:
        return 0.0
    count = len(ordered)
    return sum((2 * place - count - 1) * value for place, value in enumerate(ordered, 1)) / (count * total)


def _waited(month: Month, one: Outcome) -> float:
    """Hours of the team's open time from its coming to its answer; never answered counts up to the end."""
    end = one.answered if one.answered < inf else month.until
    return month.desks[one.arrival.team].clock.between(one.arrival.at, end) / 3600


def _given(month: Month, outcomes: Sequence[Outcome]) -> dict[tuple[str, int], dict[UUID, tuple[float, float]]]:
    """By team and week, for each member who worked in it: the weight given to them, and their available hours."""
    if not outcomes:
        return {}
    begins, ends = outcomes[0].arrival.at, outcomes[-1].arrival.at
    weight: dict[tuple[UUID, int], float] = {}
    for one in outcomes:
        if one.member is not None and one.taken <= ends:
            key = one.member, int((one.taken - begins) // WEEK)
            weight[key] = weight.get(key, 0.0) + one.arrival.weight
    found: dict[tuple[str, int], dict[UUID, tuple[float, float]]] = {}
    for team, desk in month.desks.items():
        for week in range(int((ends - begins) // WEEK) + 1):
            since = begins + week * WEEK
            for id in desk.members:
                hours = month.workers[id].clock.between(since, min(since + WEEK, ends)) / 3600
                if hours >= 1:
                    found.setdefault((team, week), {})[id] = (weight.get((id, week), 0.0), hours)
    return found


def _totals(given: Mapping[tuple[str, int], Mapping[UUID, tuple[float, float]]]) -> dict[UUID, tuple[float, float]]:
    """By member the weight and the available hours; who is in several teams counts once."""
    found: dict[UUID, dict[int, tuple[float, float]]] = {}
    for (_team, week), of in given.items():
        for id, one in of.items():
            found.setdefault(id, {})[week] = one
    return {id: (sum(w for w, _ in of.values()), sum(h for _, h in of.values())) for id, of in found.items()}


def _without(month: Month, outcomes: Sequence[Outcome]) -> float:
    """The longest working time, in hours, in which a member was given nothing."""
    if not outcomes:
        return 0.0
    begins, ends = outcomes[0].arrival.at, outcomes[-1].arrival.at
    times: dict[UUID, list[float]] = {id: [begins] for desk in month.desks.values() for id in desk.members}
    for one in sorted(outcomes, key=lambda one: one.taken):
        if one.member is not None and one.taken <= ends:
            times[one.member].append(one.taken)
    gaps = (
        month.workers[id].clock.between(a, b)
        for id, of in times.items()
        for a, b in zip(of, [*of[1:], ends], strict=True)
    )
    return max(gaps, default=0.0) / 3600


def _share(some: Any, of: Any) -> float | None:
    return float(some.sum() / of.sum()) if of.sum() else None


def _ratios(draws: Any, some: Any, of: Any) -> Any:
    below = draws @ of
    return np.divide(draws @ some, below, out=np.full(len(draws), np.nan), where=below > 0)
