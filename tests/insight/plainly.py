"""The figures of a report by one plain statement each over all that is there: what `insight.figures` must say, too."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from rapport.core.clock import now
from rapport.insight import sources
from rapport.insight.figures import Asked, Figure, Report, Times
from rapport.insight.periods import DAYS_MAX, before
from rapport.insight.sources import SOURCES
from rapport.insight.worktime import Worktime, worktime
from rapport.ownership.directory import business_hours
from rapport.staff.models import Team

COUNTED = ("received", "sent", "opened", "answered", "resolved", "reopened")
_TEXT_OF_NOBODY = sources.NOBODY


def counted_plainly(asked: Asked) -> Report:
    """Count everything from what is there, in the scope of the member who looks."""
    found = Report(series=[{} for _ in asked.buckets])
    clocks = _clocks(asked)
    for name in COUNTED:
        for place, figure in _counted(name, asked, clocks):
            _put(found, name, place, figure)
    for place, figure in _backlog(asked):
        _put(found, "backlog", place, figure)
    return found


_Place = tuple[str, Any]


def _put(found: Report, name: str, place: _Place, figure: Figure) -> None:
    kind, which = place
    if kind == "total":
        found.total[name] = figure
    elif kind == "before":
        found.before[name] = figure
    elif kind == "bucket":
        found.series[which][name] = figure
    else:
        found.groups.setdefault(which, {})[name] = figure


def _counted(name: str, asked: Asked, clocks: "_Clocks") -> Iterable[tuple[_Place, Figure]]:
    source = SOURCES[name]
    dimension = sources.column_of(source, asked.dimension) if asked.dimension else "NULL"
    narrowed, values = asked.narrowing.sql(source)
    timed, joined = ("", "") if not source.took else (_TIMES, clocks.join)
    took = _TOOK.format(at=source.at) if source.took else ""
    promised = ", c.first_answer_due_at AS due" if source.promised else ""
    kept = ", count(due), count(*) FILTER (WHERE at <= due)" if source.promised else ""
    statement = f"""
        SELECT GROUPING(bucket) = 0, GROUPING(dimension) = 0, current, bucket, dimension, count(*){timed}{kept}
        FROM (
            SELECT {source.at} >= %(start)s AS current, CASE WHEN {source.at} >= %(start)s
                    THEN width_bucket({source.at}, %(marks)s::timestamptz[]) END AS bucket,
                {dimension}::text AS dimension, {source.at} AS at{took}{promised}
            FROM {source.table} {joined}
            WHERE {source.where} AND {narrowed} AND {source.at} >= %(before)s AND {source.at} < %(end)s
        ) AS counted
        GROUP BY GROUPING SETS ((current), (current, bucket){", (current, dimension)" if asked.dimension else ""})"""
    values |= {
        "start": asked.period.start, "end": asked.period.end, "before": before(asked.period).start,
        "marks": [bucket.start for bucket in asked.buckets], **(clocks.values if source.took else {}),
    }  # fmt: skip
    for by_bucket, by_dimension, current, bucket, group, count, *rest in _rows(statement, values):
        figure = _figure(count, rest, source)
        if not by_bucket and not by_dimension:
            yield ("total" if current else "before", None), figure
        elif current and by_bucket:
            yield ("bucket", bucket - 1), figure
        elif current:
            yield ("group", group or _TEXT_OF_NOBODY), figure


def _figure(count: int, rest: list[Any], source: sources.Source) -> Figure:
    work = Times(*rest[0]) if source.took and rest[0] else None
    clock = Times(*rest[1]) if source.took and rest[1] else None
    promised, kept = (rest[2], rest[3]) if source.promised else (0, 0)
    return Figure(count, work, clock, promised, kept)


_TIMES = """,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY work),
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY clock)"""
_TOOK = """,
    extract(epoch FROM {at} - c.created_at)::float8 AS clock,
    rapport_open_until({at}, h.starts, h.ends, h.before) - rapport_open_until(c.created_at, h.starts, h.ends, h.before)
        AS work"""


@dataclass(frozen=True)
class _Clocks:
    """The business hours of every team, to join with."""

    join: str
    values: Mapping[str, Any]


def _clocks(asked: Asked) -> _Clocks:
    """The hours of each team as the promises use them: its own, or the company's."""
    first, last = _since(asked), asked.period.last + timedelta(days=1)
    hours = business_hours()
    names = list(hours)
    parts: list[str] = []
    values: dict[str, Any] = {}
    for number, name in enumerate(names):
        times: Worktime = worktime(hours[name], first, last)
        parts.append(f"({number}, %(s{number})s::float8[], %(e{number})s::float8[], %(b{number})s::float8[])")
        values |= {f"s{number}": list(times.starts), f"e{number}": list(times.ends), f"b{number}": list(times.before)}
    teams = list(Team.objects.values_list("id", "hours__name"))
    values["team_ids"] = [id for id, _name in teams]
    values["team_hours"] = [names.index(name) if name in hours else 0 for _id, name in teams]
    join = f"""LEFT JOIN unnest(%(team_ids)s::uuid[], %(team_hours)s::int[]) AS w(team_id, number)
            ON w.team_id = c.owner_team_id
        JOIN (VALUES {", ".join(parts)}) AS h(number, starts, ends, before) ON h.number = coalesce(w.number, 0)"""
    return _Clocks(join, values)


def _since(asked: Asked) -> date:
    """The day of the oldest conversation: what took longest may have begun then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(created_at) FROM conversations_conversation")
        (oldest,) = cursor.fetchone()
    earliest = asked.period.first - timedelta(days=DAYS_MAX)
    return max(oldest.astimezone(UTC).date() - timedelta(days=1), earliest) if oldest else asked.period.first


def _backlog(asked: Asked) -> Iterable[tuple[_Place, Figure]]:
    """What is open now, and back from there by what began, closed and opened again since each moment."""
    ends = [min(bucket.end, _horizon()) for bucket in asked.buckets]
    moments = [asked.period.start, *ends]
    now_open, since = _open_now(asked), _changes(asked, moments)
    for group in {None, *now_open, *(group for group, _ in since)}:
        total = now_open.get(group, 0)
        at: list[int] = []
        for number in range(len(moments), 0, -1):
            total -= since.get((group, number), 0)
            at.append(total)
        at.reverse()
        if group is None:
            yield ("before", None), Figure(at[0])
            yield ("total", None), Figure(at[-1])
            for number, count in enumerate(at[1:]):
                yield ("bucket", number), Figure(count)
        elif at[-1]:
            yield ("group", group), Figure(at[-1])


def _horizon() -> datetime:
    # What happens in this very moment still belongs to it.
    return now() + timedelta(seconds=1)


def _open_now(asked: Asked) -> dict[str | None, int]:
    source = SOURCES["opened"]
    narrowed, values = asked.narrowing.sql(source)
    dimension = f"coalesce({sources.column_of(source, asked.dimension)}::text, 'none')" if asked.dimension else "'all'"
    counted = "count(*) FROM conversations_conversation c WHERE c.status = 'open' AND"
    if {*asked.narrowing.by, asked.dimension} <= {"", "team", "member"}:
        # The counters beside the views know these already.
        counted = "sum(c.count)::bigint FROM conversations_tally c WHERE"
    statement = f"SELECT {dimension}, {counted} {narrowed} GROUP BY 1"
    found: dict[str | None, int] = dict(_rows(statement, values))
    whole = sum(found.values())
    return {**(found if asked.dimension else {}), None: whole}


def _changes(asked: Asked, moments: list[datetime]) -> dict[tuple[str | None, int], int]:
    """By group and moment, by how much the number of open conversations grew from it to the next."""
    source = SOURCES["opened"]
    narrowed, values = asked.narrowing.sql(source)
    dimension = f"coalesce({sources.column_of(source, asked.dimension)}::text, 'none')" if asked.dimension else "'all'"
    where = f"{source.where} AND {narrowed}"
    statement = f"""SELECT dimension, width_bucket(at, %(moments)s::timestamptz[]), sum(grew) FROM (
            SELECT {dimension} AS dimension, c.created_at AS at, 1 AS grew
                FROM conversations_conversation c WHERE {where} AND c.created_at >= %(first)s
            UNION ALL
            SELECT {dimension}, t.at, CASE WHEN t.to_status = 'open' THEN 1 ELSE -1 END
                FROM {SOURCES["resolved"].table} WHERE {where} AND t.at >= %(first)s
                    AND (t.to_status = 'open' OR t.from_status = 'open')
        ) AS turned GROUP BY 1, 2"""
    found: dict[tuple[str | None, int], int] = {}
    for group, number, grew in _rows(statement, {**values, "moments": moments, "first": moments[0]}):
        found[None, number] = found.get((None, number), 0) + int(grew)
        if asked.dimension:
            found[group, number] = int(grew)
    return found


def _rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
