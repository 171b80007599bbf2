"""The figures of a report, with one statement for each thing counted, whatever the number of days, teams or topics.

Days that are over are read packed (`insight.days`); what is counted here of packed columns is what `insight.sources`
says, which lists ask the store by.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from rapport.core import plans
from rapport.core.clock import now
from rapport.insight import counting, days, sources
from rapport.insight.counting import Names, Some, Table
from rapport.insight.periods import DAYS_MAX, Bucket, Period, before
from rapport.insight.sources import SOURCES, Narrowing
from rapport.insight.worktime import Worktime, worktime
from rapport.ownership.directory import business_hours
from rapport.staff.models import Team

if TYPE_CHECKING:
    from rapport.insight.counting import Real, Whole

_SHARES = (0.5, 0.9)
#: What is dated in the future belongs to no period that is over, and to the backlog.
_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Times:
    """How long it took, in seconds: the half that was quickest took at most `median`, nine of ten at most `p90`."""

    median: float
    p90: float


@dataclass(frozen=True)
class Figure:
    """How many, and where it is about time: how long, and how many of those promised were in time."""

    count: int = 0
    work: Times | None = None
    clock: Times | None = None
    promised: int = 0
    kept: int = 0

    @property
    def share(self) -> float | None:
        """The share within the promise; None when none was promised."""
        return self.kept / self.promised if self.promised else None


Figures = dict[str, Figure]
"""By source."""


@dataclass
class Report:
    """All figures of one period: in total, of the period before, by bucket, and by the dimension asked for."""

    total: Figures = field(default_factory=dict)
    before: Figures = field(default_factory=dict)
    series: list[Figures] = field(default_factory=list)
    groups: dict[str, Figures] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What a report is to tell: a period in buckets, of what, and by which dimension ("" for none)."""

    period: Period
    buckets: list[Bucket]
    narrowing: Narrowing = field(default_factory=Narrowing)
    dimension: str = ""


def report(asked: Asked) -> Report:
    """Count everything, in the scope of the member who looks."""
    found = Report(series=[{} for _ in asked.buckets])
    with transaction.atomic(savepoint=False), plans.fresh():
        columns = _Columns(asked)
        for name in ("received", "sent"):
            counted = _Counted(columns)
            for some in columns.read(name, asked.period.end):
                counted.add(some)
            counted.put(found, name)
        _answers(columns, found)
        _flow(columns, found)
    return found


class _Columns:
    """What a report is made of, as it is read: only the dimensions that matter, of one numbering of names for all."""

    def __init__(self, asked: Asked) -> None:
        self.asked, self.keep = asked, asked.narrowing.texts(SOURCES["opened"])
        self.days = days.days(before(asked.period).start, _FOR_EVER)
        self.names = {one: Names() for one in days.DIMENSIONS}

    def read(self, name: str, end: datetime, *, timed: bool = False) -> Iterator[Some]:
        """All of a kind from the period before on, up to a moment; `timed`: with their beginning, and their team."""
        by = dict.fromkeys([one for one in (self.asked.dimension, *self.keep) if one])
        if timed:
            by["team"] = None
        pieces = days.read(name, self.days.until(end), [*by], timed, self.keep)
        yield from counting.unpacked(pieces, [*by], self.names, self.keep)

    def groups(self, some: Some) -> tuple["Whole | None", int]:
        """The codes of the dimension asked for, and how many there are."""
        one = self.asked.dimension
        return (some.code[one], max(1, len(self.names[one].places))) if one else (None, 1)

    @property
    def group_names(self) -> list[str]:
        """By code; none where no dimension is asked for."""
        return list(self.names[self.asked.dimension].places) if self.asked.dimension else []

    @cached_property
    def bounds(self) -> list[int]:
        """The period before, the buckets, and where the period ends."""
        asked = self.asked
        moments = [before(asked.period).start, *(bucket.start for bucket in asked.buckets), asked.period.end]
        return [days.microseconds(moment) for moment in moments]

    @cached_property
    def hours(self) -> "_Hours":
        return _hours(self.asked)


@dataclass
class _Counted:
    """One thing counted, with what it took where that is asked for."""

    columns: _Columns
    taken: list[tuple["Whole", "Whole", "Real", "Real"]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = Table(self.columns.bounds)

    def add(self, some: Some) -> None:
        """Count."""
        self.table.add(some, *self.columns.groups(some))

    def time(self, some: Some) -> None:
        """Keep how long each took, by the clock and in the business hours of its team."""
        place = counting.between(some.at, self.columns.bounds)
        inside = (place >= 0) & (place < len(self.columns.bounds) - 1)
        some, place = some.where(inside), place[inside]
        groups = self.columns.groups(some)[0]
        hours = self.columns.hours
        work = counting.worked(some, hours.of(some.code["team"], self.columns.names["team"]), hours.blocks)
        self.taken.append((place, place * 0 if groups is None else groups, counting.clocked(some), work))

    def put(self, found: Report, name: str, *shares: "_Counted") -> None:
        """Write the figures; `shares` are how many were promised something, and got it."""
        tables = [one.cells() for one in (self, *shares)]
        clock, work = self._times()
        for key, place in self._places(found):
            count, *rest = (cells.get(key, 0) for cells in tables)
            if count:
                place(name, Figure(count, work.get(key), clock.get(key), *rest))

    def cells(self) -> dict[tuple[str, int], int]:
        """By kind of place ("before", "total", "bucket", "group") and number."""
        rows = self.table.rows()
        found = {("before", 0): sum(rows[0]), ("total", 0): sum(map(sum, rows[1:]))}
        found |= {("bucket", number): sum(row) for number, row in enumerate(rows[1:])}
        if self.columns.asked.dimension:
            found |= {("group", code): sum(column) for code, column in enumerate(zip(*rows[1:], strict=True))}
        return found

    def _places(self, found: Report) -> Iterator[tuple[tuple[str, int], Any]]:
        yield ("before", 0), found.before.__setitem__
        yield ("total", 0), found.total.__setitem__
        for number, figures in enumerate(found.series):
            yield ("bucket", number), figures.__setitem__
        for code, group in enumerate(self.columns.group_names):
            yield (
                ("group", code),
                lambda name, figure, group=group: found.groups.setdefault(group, {}).__setitem__(name, figure),
            )

    def _times(self) -> tuple[dict[tuple[str, int], Times], dict[tuple[str, int], Times]]:
        if not self.taken:
            return {}, {}
        import numpy as np

        place, group, clock, work = (np.concatenate(column) for column in zip(*self.taken, strict=True))
        current = place > 0
        ways = [place, np.where(current, 0, -1)]
        if self.columns.asked.dimension:
            ways.append(np.where(current, group, -1))
        return self._named(clock, ways), self._named(work, ways)

    def _named(self, values: "Real", ways: Sequence["Whole"]) -> dict[tuple[str, int], Times]:
        places, total, *groups = counting.quantiles(values, ways, _SHARES)
        found = {("bucket", key - 1) if key else ("before", 0): Times(*two) for key, two in places.items()}
        found |= {("total", key): Times(*two) for key, two in total.items()}
        return found | {("group", key): Times(*two) for one in groups for key, two in one.items()}


def _answers(columns: _Columns, found: Report) -> None:
    answered, promised, kept = (_Counted(columns) for _ in range(3))
    for some in columns.read("answered", columns.asked.period.end, timed=True):
        answered.add(some)
        answered.time(some)
        promised.add(some.marked(days.ANSWER_DUE))
        kept.add(some.marked(days.KEPT))
    answered.put(found, "answered", promised, kept)


def _flow(columns: _Columns, found: Report) -> None:
    """What was opened, resolved and opened again; and the backlog, for which all that came since is read."""
    opened, resolved, reopened = (_Counted(columns) for _ in range(3))
    moments = [columns.asked.period.start, *(min(bucket.end, _horizon()) for bucket in columns.asked.buckets)]
    grown = Table([*map(days.microseconds, moments), days.microseconds(_FOR_EVER)])
    for some in columns.read("opened", _FOR_EVER):
        opened.add(some)
        grown.add(some, *columns.groups(some))
    for some in columns.read("turned", _FOR_EVER, timed=True):
        done = some.marked(days.RESOLVED)
        resolved.add(done)
        resolved.time(done)
        reopened.add(some.marked(days.REOPENED))
        for bit, by in ((days.GREW, 1), (days.SHRANK, -1)):
            turned = some.marked(bit)
            grown.add(turned, *columns.groups(turned), by)
    for name, counted in (("opened", opened), ("resolved", resolved), ("reopened", reopened)):
        counted.put(found, name)
    _backlog(columns, found, grown.rows())


@dataclass(frozen=True)
class _Hours:
    """The open blocks of every kind of business hours, and which is a team's: its own, or the company's."""

    blocks: Sequence[Worktime]
    numbers: Mapping[str, int]

    def of(self, codes: "Whole", names: Names) -> "Whole":
        """For each code of a team the number of its hours."""
        import numpy as np

        return np.array([self.numbers.get(name, 0) for name in names.places] or [0], np.int64)[codes]


def _hours(asked: Asked) -> _Hours:
    """The hours of each team as the promises use them."""
    first, last = _since(asked), asked.period.last + timedelta(days=1)
    hours = business_hours()
    names = list(hours)
    teams = Team.objects.values_list("id", "hours__name")
    return _Hours(
        [worktime(hours[name], first, last) for name in names],
        {str(id): names.index(name) if name in hours else 0 for id, name in teams},
    )


def _since(asked: Asked) -> date:
    """The day of the oldest conversation: what took longest may have begun then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(created_at) FROM conversations_conversation")
        (oldest,) = cursor.fetchone()
    earliest = asked.period.first - timedelta(days=DAYS_MAX)
    return max(oldest.astimezone(UTC).date() - timedelta(days=1), earliest) if oldest else asked.period.first


def _backlog(columns: _Columns, found: Report, grown: list[list[int]]) -> None:
    """What is open now, and back from there by what began, closed and opened again since each moment."""
    now_open = _open_now(columns.asked)
    by_group = dict(zip(columns.group_names, zip(*grown, strict=True), strict=False))
    before_, *at = _back(sum(now_open.values()), [sum(row) for row in grown])
    found.before["backlog"], found.total["backlog"] = Figure(before_), Figure(at[-1])
    for figures, count in zip(found.series, at, strict=True):
        figures["backlog"] = Figure(count)
    if columns.asked.dimension:
        for group in {**now_open, **by_group}:
            last = _back(now_open.get(group, 0), by_group.get(group, ()))[-1:] or [now_open.get(group, 0)]
            if last[0]:
                found.groups.setdefault(group, {})["backlog"] = Figure(last[0])


def _back(now_open: int, grown: Sequence[int]) -> list[int]:
    """How many were open at each moment, of how much their number grew from each to the next."""
    found = []
    for growth in reversed(grown):
        now_open -= growth
        found.append(now_open)
    return found[::-1]


def _horizon() -> datetime:
    # What happens in this very moment still belongs to it.
    return now() + timedelta(seconds=1)


def _open_now(asked: Asked) -> dict[str, int]:
    source = SOURCES["opened"]
    narrowed, values = asked.narrowing.sql(source)
    dimension = f"coalesce({sources.column_of(source, asked.dimension)}::text, 'none')" if asked.dimension else "'all'"
    counted = "count(*) FROM conversations_conversation c WHERE c.status = 'open' AND"
    if {*asked.narrowing.by, asked.dimension} <= {"", "team", "member"}:
        # The counters beside the views know these already.
        counted = "sum(c.count)::bigint FROM conversations_tally c WHERE"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {dimension}, {counted} {narrowed} GROUP BY 1", values)
        return dict(cursor.fetchall())


def today(zone: ZoneInfo) -> date:
    """The day it is there."""
    return now().astimezone(zone).date()
