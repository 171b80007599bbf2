"""What became of promises, by clock: how many were kept and broken, by how much, and the list behind each figure.

A promise belongs to the moment at which it was known whether it was kept: when it was done, or when it ran out. What
runs or stands belongs to no period; it is told as it is now. By how much one is late is open time of the hours it was
promised in, counted as the clocks of the conversation count (`staff.clocks.read`): what it stood for is not in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.insight import sources
from rapport.insight.periods import DAYS_MAX, Bucket, Period, before
from rapport.insight.sources import NOBODY, Narrowing, Source
from rapport.insight.worktime import worktime
from rapport.people.trees import ABOVE_SQL, NAME_SQL
from rapport.staff.clocks import CLOCKS
from rapport.staff.opening import business_hours

KEPT, MISSED, RUNNING, PAUSED = "kept", "missed", "running", "paused"
STATES = (KEPT, MISSED, RUNNING, PAUSED)
DECIDED = "decided"
"""Kept or missed."""
WORST = 10
PAGE_SIZE = 50
EXPORT_MAX = 100_000
PAGES_MAX = 1_000

_ENDED = "coalesce(k.stopped_at, CASE WHEN k.halted_at > k.due_at THEN k.halted_at END, %(now)s)"
_IS_KEPT = "coalesce(k.stopped_at <= k.due_at, false)"
_LATE = f"""CASE WHEN NOT {_IS_KEPT} THEN greatest(0, rapport_open_until({_ENDED}, h.starts, h.ends, h.before)
    - rapport_open_until(k.due_at, h.starts, h.ends, h.before)) END"""
_TERMS = "k.name || '|' || k.span_minutes || '|' || k.hours"
"""What was promised: the clock, how much open time, and in which hours."""
MORE = {
    "clock": "k.name = %(clock)s",
    "promise": f"{_TERMS} = %(promise)s",
    "steps": "(k.steps > 0) = (%(steps)s = 'yes')",
    "moves": "(k.moves > 0) = (%(moves)s = 'yes')",
}
SOURCE = Source(
    "insight_promised k JOIN conversations_conversation c ON c.id = k.conversation_id", "k.at",
    "c.status <> ALL (ARRAY['spam', 'merged'])", "k.conversation_id", more=MORE,
)  # fmt: skip
_IN_TIME = "k.at >= %(start)s AND k.at < %(end)s AND k.at <= %(now)s"
_CONDITIONS = {
    KEPT: f"{_IN_TIME} AND {_IS_KEPT}",
    MISSED: f"{_IN_TIME} AND NOT {_IS_KEPT}",
    DECIDED: _IN_TIME,
    RUNNING: "k.at > %(now)s AND k.stopped_at IS NULL AND c.status = 'open'",
    PAUSED: "k.at IS NULL AND c.status = 'open'",
}
LISTS = tuple(_CONDITIONS)
DIMENSIONS = ("team", "promise", "channel", "topic", "member")


@dataclass(frozen=True)
class Outcome:
    """So many were kept and missed; of those missed how late, in seconds of open time: half at most `median`, nine of
    ten at most `p90`. `stepped`: of how many a step was done; `moved`: how many a step gave to somebody else.
    """

    kept: int = 0
    missed: int = 0
    median: float | None = None
    p90: float | None = None
    stepped: int = 0
    moved: int = 0

    @property
    def decided(self) -> int:
        """How many were either."""
        return self.kept + self.missed

    @property
    def share(self) -> float | None:
        """The share that was kept; None of none."""
        return self.kept / self.decided if self.decided else None


@dataclass
class OfClock:
    """One clock: the period, the one before, the buckets of both, the dimension; what runs, and stands, now."""

    total: Outcome = field(default_factory=Outcome)
    before: Outcome = field(default_factory=Outcome)
    series: dict[int, Outcome] = field(default_factory=dict)
    series_before: dict[int, Outcome] = field(default_factory=dict)
    groups: dict[str, Outcome] = field(default_factory=dict)
    running: int = 0
    paused: int = 0


@dataclass(frozen=True)
class Asked:
    """A period in buckets, the period before it in as many, what it is narrowed to, and by what it is broken down."""

    period: Period
    buckets: list[Bucket]
    buckets_before: list[Bucket]
    narrowing: Narrowing
    dimension: str


@dataclass(frozen=True)
class Wanted:
    """Which list: one of LISTS in a span of time (what runs or stands heeds none), and what narrows it."""

    state: str
    start: datetime
    end: datetime
    narrowing: Narrowing


@dataclass(frozen=True)
class Row:
    """One promise of one conversation. `late`: seconds of open time after it was due; None of what is not late."""

    conversation_id: UUID
    clock: str
    span_minutes: int
    hours: str
    due_at: datetime
    stopped_at: datetime | None
    halted_at: datetime | None
    late: float | None
    steps: int
    moves: int
    subject: str
    person: str
    team: str


def report(asked: Asked) -> dict[str, OfClock]:
    """Every clock's figures, in the scope of whoever looks."""
    found = {name: OfClock() for name in CLOCKS}
    for row in _counted(asked):
        _put(found, row)
    for name, paused, count in _now(asked.narrowing):
        one = found[name]
        one.paused, one.running = (count, one.running) if paused else (one.paused, count)
    return found


def _put(found: Mapping[str, OfClock], row: Sequence[Any]) -> None:
    by_bucket, by_group, name, current, bucket, group, kept, missed, late, stepped, moved = row
    median, p90 = late or (None, None)
    one, outcome = found[name], Outcome(kept, missed, median, p90, stepped, moved)
    if by_bucket:
        (one.series if current else one.series_before)[bucket - 1] = outcome
    elif by_group:
        if current:
            one.groups[group or NOBODY] = outcome
    elif current:
        one.total = outcome
    else:
        one.before = outcome


def _counted(asked: Asked) -> list[tuple[Any, ...]]:
    dimension = dimension_sql(asked.dimension)
    narrowed, values = asked.narrowing.sql(SOURCE)
    earlier = before(asked.period)
    values |= {
        "start": asked.period.start, "end": asked.period.end, "before": earlier.start, "now": now(),
        "marks": [one.start for one in asked.buckets], "marks_before": [one.start for one in asked.buckets_before],
    }  # fmt: skip
    hours = _hours(earlier.first)
    statement = f"""
        SELECT GROUPING(bucket) = 0, GROUPING(dimension) = 0, name, current, bucket, dimension,
            count(*) FILTER (WHERE kept), count(*) FILTER (WHERE NOT kept),
            percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY late) FILTER (WHERE NOT kept),
            count(*) FILTER (WHERE steps > 0), count(*) FILTER (WHERE moves > 0)
        FROM (
            SELECT k.name, k.at >= %(start)s AS current, width_bucket(k.at, CASE WHEN k.at >= %(start)s
                    THEN %(marks)s::timestamptz[] ELSE %(marks_before)s::timestamptz[] END) AS bucket,
                {dimension} AS dimension, {_IS_KEPT} AS kept, {_LATE} AS late, k.steps, k.moves
            FROM {SOURCE.table} {hours.join}
            WHERE {SOURCE.where} AND {narrowed} AND k.at >= %(before)s AND k.at < %(end)s AND k.at <= %(now)s
        ) AS counted
        GROUP BY GROUPING SETS ((name, current), (name, current, bucket), (name, current, dimension))"""
    return _fetched(statement, {**values, **hours.values})


def _now(narrowing: Narrowing) -> list[tuple[str, bool, int]]:
    """What runs and what stands at this moment, by clock."""
    narrowed, values = narrowing.sql(SOURCE)
    parts = [
        f"""SELECT k.name, {state == PAUSED} AS paused, count(*) FROM {SOURCE.table}
        WHERE {SOURCE.where} AND {narrowed} AND {_CONDITIONS[state]} GROUP BY k.name"""
        for state in (RUNNING, PAUSED)
    ]
    found = _fetched(" UNION ALL ".join(parts), values | {"now": now()})
    return [(name, paused, count) for name, paused, count in found]


def worst(asked: Asked) -> list[Row]:
    """Those of the period that are, or became, the latest: the worst first."""
    wanted = Wanted(MISSED, asked.period.start, asked.period.end, asked.narrowing)
    return page(wanted, by_late=True, limit=WORST)[0]


def count(wanted: Wanted) -> tuple[int, int]:
    """How many there are, and in how many conversations."""
    where, values = _conditions(wanted)
    statement = f"SELECT count(*), count(DISTINCT c.id) FROM {SOURCE.table} WHERE {where}"
    ((rows, conversations),) = _fetched(statement, values)
    return rows, conversations


def page(
    wanted: Wanted, number: int = 0, *, by_late: bool = False, limit: int = PAGE_SIZE
) -> tuple[list[Row], bool]:
    """One page of a list, and whether there are more: the worst first, or what was known last, or runs out first."""
    where, values = _conditions(wanted)
    hours = _hours(wanted.start.astimezone(UTC).date())
    order = "late DESC NULLS LAST, k.at DESC" if by_late else _ORDER.get(wanted.state, "k.at DESC")
    found = _fetched(
        f"""SELECT c.id, k.name, k.span_minutes, k.hours, k.due_at, k.stopped_at, k.halted_at,
            CASE WHEN k.at <= %(now)s THEN {_LATE} END AS late, k.steps, k.moves,
            c.subject, {NAME_SQL}, coalesce(o.name, '')
        FROM {SOURCE.table} {hours.join} LEFT JOIN people_person p ON p.id = c.person_id {ABOVE_SQL}
            LEFT JOIN staff_team o ON o.id = c.owner_team_id
        WHERE {where} ORDER BY {order}, c.id, k.name LIMIT %(limit)s OFFSET %(offset)s""",
        {**values, **hours.values, "limit": limit + 1, "offset": limit * min(number, PAGES_MAX)},
    )  # fmt: skip
    return [Row(*row) for row in found[:limit]], len(found) > limit


_ORDER = {RUNNING: "k.due_at", PAUSED: "k.halted_at DESC"}


def dimension_sql(dimension: str) -> str:
    """Where a dimension stands, as text."""
    return _TERMS if dimension == "promise" else f"{sources.column_of(SOURCE, dimension)}::text"


def _conditions(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    if wanted.state not in _CONDITIONS:
        raise NotVisible("There is no such list.")
    narrowed, values = wanted.narrowing.sql(SOURCE)
    values |= {"start": wanted.start, "end": wanted.end, "now": now()}
    return f"{SOURCE.where} AND {narrowed} AND {_CONDITIONS[wanted.state]}", values


@dataclass(frozen=True)
class _Hours:
    join: str
    values: Mapping[str, Any]


def _hours(first: date) -> _Hours:
    """Business hours by name, to join with; those that are gone count as the company's, as the clocks take them.

    What is missed was due in the span, and is late up to now.
    """
    hours = business_hours()
    names = list(hours)
    until = now().date() + timedelta(days=1)
    since = max(first, until - timedelta(days=DAYS_MAX)) - timedelta(days=1)
    parts: list[str] = []
    values: dict[str, Any] = {}
    for number, name in enumerate(names):
        times = worktime(hours[name], since, until)
        parts.append(f"({number}, %(s{number})s::float8[], %(e{number})s::float8[], %(b{number})s::float8[])")
        values |= {f"s{number}": list(times.starts), f"e{number}": list(times.ends), f"b{number}": list(times.before)}
    values |= {"hour_names": names, "hour_numbers": list(range(len(names)))}
    join = f"""LEFT JOIN unnest(%(hour_names)s::text[], %(hour_numbers)s::int[]) AS w(name, number) ON w.name = k.hours
        JOIN (VALUES {", ".join(parts)}) AS h(number, starts, ends, before) ON h.number = coalesce(w.number, 0)"""
    return _Hours(join, values)


def _fetched(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
