"""What became of promises, by clock: how many were kept and broken, by how much, and the list behind each figure.

A promise belongs to the moment at which it was known whether it was kept: when it was done, or when it ran out. What
runs or stands belongs to no period; it is told as it is now. By how much one is late is open time of the hours it was
promised in, counted as the clocks of the conversation count (`staff.clocks.read`): what it stood for is not in it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction

from rapport.core import plans
from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.insight import counting, days, sources
from rapport.insight.counting import Names, Some, Table
from rapport.insight.periods import DAYS_MAX, Bucket, Period, before
from rapport.insight.sources import ENDED, IS_KEPT, TERMS, Narrowing
from rapport.insight.worktime import Worktime, worktime
from rapport.people.trees import ABOVE_SQL, NAME_SQL
from rapport.staff.clocks import CLOCKS
from rapport.staff.hours import Hours
from rapport.staff.opening import business_hours

if TYPE_CHECKING:
    from rapport.insight.counting import Real, Whole

KEPT, MISSED, RUNNING, PAUSED = "kept", "missed", "running", "paused"
STATES = (KEPT, MISSED, RUNNING, PAUSED)
DECIDED = "decided"
"""Kept or missed."""
WORST = 10
PAGE_SIZE = 50
EXPORT_MAX = 100_000
PAGES_MAX = 1_000

_LATE = f"""CASE WHEN NOT {IS_KEPT} THEN greatest(0,
    rapport_open_until(coalesce({ENDED}, %(now)s), h.starts, h.ends, h.before)
    - rapport_open_until(k.due_at, h.starts, h.ends, h.before)) END"""
SOURCE = sources.PROMISED
_IN_TIME = "k.at >= %(start)s AND k.at < %(end)s AND k.at <= %(now)s"
_CONDITIONS = {
    KEPT: f"{_IN_TIME} AND {IS_KEPT}",
    MISSED: f"{_IN_TIME} AND NOT {IS_KEPT}",
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
    """One clock: the period, the one before, the buckets of both, the dimension; what runs, and stands, now.

    `latest`: the moments of the period at which those were missed that are the latest; of those equally late the last.
    """

    total: Outcome = field(default_factory=Outcome)
    before: Outcome = field(default_factory=Outcome)
    series: dict[int, Outcome] = field(default_factory=dict)
    series_before: dict[int, Outcome] = field(default_factory=dict)
    groups: dict[str, Outcome] = field(default_factory=dict)
    running: int = 0
    paused: int = 0
    latest: Sequence[datetime] = ()


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
    with transaction.atomic(savepoint=False), plans.fresh():
        columns = _Columns(asked)
        counted = {name: _Counted(columns) for name in CLOCKS}
        for some in columns.read():
            clocks = columns.clocks(some)
            for number, name in enumerate(CLOCKS):
                counted[name].add(some.where(clocks == number))
    for name, one in counted.items():
        one.put(found[name])
    for name, paused, count in _now(asked.narrowing):
        clock = found[name]
        clock.paused, clock.running = (count, clock.running) if paused else (clock.paused, count)
    return found


class _Columns:
    """Kept and missed promises as they are read: which clock each is of, and how late what was missed became."""

    def __init__(self, asked: Asked) -> None:
        self.asked, self.keep = asked, asked.narrowing.texts(SOURCE)
        self.now = now()
        self.until = min(asked.period.end, self.now + timedelta(microseconds=1))
        self.names = {one: Names() for one in days.DIMENSIONS}
        hours = business_hours()
        self.hours = list(hours)
        self.blocks = _blocks(hours, before(asked.period).first)
        moments = [bucket.start for bucket in (*asked.buckets_before, *asked.buckets)]
        self.bounds = [days.microseconds(moment) for moment in (*moments, asked.period.end)]

    def read(self) -> Iterator[Some]:
        """All of the period before and of this one, until now."""
        start = before(self.asked.period).start
        by = [*dict.fromkeys([self.asked.dimension, *self.keep, "promise"])]
        if start >= self.until:
            return
        first, last = days.microseconds(start), days.microseconds(self.until)
        pieces = days.read("promised", days.days(start, self.until), by, keep=self.keep)
        for some in counting.unpacked(pieces, by, self.names, self.keep):
            yield some.where((some.at >= first) & (some.at < last))

    def clocks(self, some: Some) -> "Whole":
        """Which of CLOCKS each is of."""
        return self._of_terms(some, lambda term: CLOCKS.index(term[0]))

    def late(self, some: Some) -> "Real":
        """By how many seconds of open time each was late, or is by now."""
        import numpy as np

        ended = Some(some.at, np.minimum(some.began, days.microseconds(self.now)), some.mark, some.code)
        kinds = self._of_terms(some, lambda term: self.hours.index(term[2]) if term[2] in self.hours else 0)
        return np.maximum(0.0, -counting.worked(ended, kinds, self.blocks))

    def _of_terms(self, some: Some, found: Callable[[list[str]], int]) -> "Whole":
        import numpy as np

        terms = [found(term.split("|", 2)) for term in self.names["promise"].places]
        return np.array(terms or [0], np.int64)[some.code["promise"]]


class _Counted:
    """The promises of one clock."""

    def __init__(self, columns: _Columns) -> None:
        self.columns = columns
        self.tables = [Table(columns.bounds) for _ in range(4)]
        self.missed: list[tuple[Whole, Whole, Whole, Real]] = []

    def add(self, some: Some) -> None:
        """Count: all, those kept, with steps, and moved; and keep how late those missed were."""
        dimension = self.columns.asked.dimension
        many = max(1, len(self.columns.names[dimension].places))
        marked = [some, *(some.marked(bit) for bit in (days.KEPT, days.STEPPED, days.MOVED))]
        for table, each in zip(self.tables, marked, strict=True):
            table.add(each, each.code[dimension], many)
        missed = some.where((some.mark & days.KEPT) == 0)
        place = counting.between(missed.at, self.columns.bounds)
        self.missed.append((missed.at, place, missed.code[dimension], self.columns.late(missed)))

    def put(self, found: OfClock) -> None:
        """Write what was counted."""
        asked = self.columns.asked
        earlier = len(asked.buckets_before)
        rows = [table.rows() for table in self.tables]
        places, sides, groups = self._late(earlier, found)
        for number, cells in enumerate(zip(*rows, strict=True)):
            series, spot = (found.series, number - earlier) if number >= earlier else (found.series_before, number)
            if sum(cells[0]):
                series[spot] = _outcome([sum(each) for each in cells], places.get(number))
        current = [[sum(column) for column in zip(*each[earlier:], strict=True)] for each in rows]
        found.before = _outcome([sum(map(sum, each[:earlier])) for each in rows], sides.get(0))
        found.total = _outcome([sum(each) for each in current], sides.get(1))
        for code, name in enumerate(self.columns.names[asked.dimension].places):
            counts = [each[code] if code < len(each) else 0 for each in current]
            if counts[0]:
                found.groups[name] = _outcome(counts, groups.get(code))

    def _late(self, earlier: int, found: OfClock) -> list[dict[int, counting.Times]]:
        import numpy as np

        if not self.missed:
            return [{}, {}, {}]
        at, place, group, late = (np.concatenate(column) for column in zip(*self.missed, strict=True))
        current = place >= earlier
        order = np.lexsort((at[current], late[current].round(3)))[-WORST:]
        found.latest = [days.moment(int(one)) for one in at[current][order]]
        return counting.quantiles(late, [place, current.astype(np.int64), np.where(current, group, -1)], (0.5, 0.9))


def _outcome(counts: Sequence[int], late: counting.Times | None) -> Outcome:
    every, kept, stepped, moved = counts
    median, p90 = late or (None, None)
    return Outcome(kept, every - kept, median, p90, stepped, moved)


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


def worst(asked: Asked, found: Mapping[str, OfClock]) -> list[Row]:
    """Those of the period that are, or became, the latest: the worst first; `found` is what `report` says of it."""
    moments = [at for one in found.values() for at in one.latest]
    if not moments:
        return []
    narrowing = Narrowing({**asked.narrowing.by, "moments": f"{{{','.join(at.isoformat() for at in moments)}}}"})
    wanted = Wanted(MISSED, asked.period.start, asked.period.end, narrowing)
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
    return TERMS if dimension == "promise" else f"{sources.column_of(SOURCE, dimension)}::text"


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
    parts: list[str] = []
    values: dict[str, Any] = {}
    for number, times in enumerate(_blocks(hours, first)):
        parts.append(f"({number}, %(s{number})s::float8[], %(e{number})s::float8[], %(b{number})s::float8[])")
        values |= {f"s{number}": list(times.starts), f"e{number}": list(times.ends), f"b{number}": list(times.before)}
    values |= {"hour_names": names, "hour_numbers": list(range(len(names)))}
    join = f"""LEFT JOIN unnest(%(hour_names)s::text[], %(hour_numbers)s::int[]) AS w(name, number) ON w.name = k.hours
        JOIN (VALUES {", ".join(parts)}) AS h(number, starts, ends, before) ON h.number = coalesce(w.number, 0)"""
    return _Hours(join, values)


def _blocks(hours: Mapping[str, Hours], first: date) -> list[Worktime]:
    until = now().date() + timedelta(days=1)
    since = max(first, until - timedelta(days=DAYS_MAX)) - timedelta(days=1)
    return [worktime(one, since, until) for one in hours.values()]


def _fetched(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
