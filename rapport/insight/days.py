"""Days that are over, kept as columns: how they are packed, closed, and read, and how the rest is read like them.

What is packed is what `insight.sources` counts, by the same words, so that a figure is the same whether its day was
closed or not. A closed day that something touched since is read from what is there until it is closed anew. The rows
are behind a wall of their own: those of each audience are seen by whom its conversations are seen by.
"""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.db import connection

from rapport.core import bulk, scope
from rapport.core.clock import now
from rapport.insight import counting
from rapport.insight.counting import Piece
from rapport.insight.periods import DAYS_MAX
from rapport.insight.sources import COUNTED, ENDED, IS_KEPT, PROMISED, SOURCES, TERMS, TURN, Source, column_of

DIMENSIONS = ("team", "channel", "topic", "member", "promise")
RESOLVED, REOPENED, GREW, SHRANK = 1, 2, 4, 8
"""Bits of the mark of a turn."""
ANSWER_DUE, KEPT = 1, 2
"""Bits of the mark of a first answer; KEPT also of a promise."""
STEPPED, MOVED = 4, 8
"""More bits of the mark of a promise."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_LOCK = "hashtext('rapport.insight.days')"
_BUDGET_S = 0.25
_RANGES_MAX = 12
_LATEST = 7
_EMPTY = ("''::bytea", "''")
_ALL: Mapping[str, str] = {}
_NARROW = 32_767
"""Of so many at most which of the names each is takes two bytes: there are no more names than what has them."""


@dataclass(frozen=True)
class Kind:
    """What is packed of a source: `began` is a moment or NULL, `mark` a number from 0 to 15; by which dimensions."""

    source: Source
    began: str = "NULL::timestamptz"
    mark: str = "0"
    by: Sequence[str] = DIMENSIONS[:4]


#: A clock's turns: what was resolved, opened again, and by how much the number of open ones grew.
_TURNS = Source(
    TURN, "t.at", f"{COUNTED} AND (t.to_status = ANY (ARRAY['open', 'resolved']) OR t.from_status = 'open')", "c.id"
)
KINDS = {
    "received": Kind(SOURCES["received"]),
    "sent": Kind(SOURCES["sent"]),
    "opened": Kind(SOURCES["opened"]),
    "answered": Kind(
        SOURCES["answered"], "c.created_at",
        f"""CASE WHEN c.first_answer_due_at IS NULL THEN 0
            WHEN c.first_answered_at <= c.first_answer_due_at THEN {ANSWER_DUE | KEPT} ELSE {ANSWER_DUE} END""",
    ),
    "turned": Kind(
        _TURNS, "c.created_at",
        f"""CASE t.to_status WHEN 'resolved' THEN {RESOLVED} ELSE 0 END
            + CASE WHEN t.from_status = 'resolved' AND t.to_status = 'open' THEN {REOPENED} ELSE 0 END
            + CASE WHEN t.to_status = 'open' THEN {GREW} WHEN t.from_status = 'open' THEN {SHRANK} ELSE 0 END""",
    ),
    # What is missed belongs to when it was due; `began` is where it ended, and "infinity" while it is not done.
    "promised": Kind(
        PROMISED, f"coalesce({ENDED}, 'infinity')",
        f"""CASE WHEN {IS_KEPT} THEN {KEPT} ELSE 0 END + CASE WHEN k.steps > 0 THEN {STEPPED} ELSE 0 END
            + CASE WHEN k.moves > 0 THEN {MOVED} ELSE 0 END""",
        DIMENSIONS,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Days:
    """Which days between two moments are closed, and the stretches of time that are not, in order."""

    closed: Sequence[date]
    open: Sequence[tuple[datetime, datetime]]

    def until(self, end: datetime) -> "Days":
        """The same up to a moment."""
        open_ = [(a, min(b, end)) for a, b in self.open if a < end]
        return Days([day for day in self.closed if _midnight(day) < end], open_)


def microseconds(at: datetime) -> int:
    """A moment as `Piece` has it."""
    return (at - _EPOCH) // _MICROSECOND


def moment(microseconds_: int) -> datetime:
    """The same back."""
    return _EPOCH + microseconds_ * _MICROSECOND


def days(start: datetime, end: datetime) -> Days:
    """What is closed between two moments. Days are those of UTC: at its ends more may be told than is between."""
    closed = _closed(start.astimezone(UTC).date(), (end - _MICROSECOND).astimezone(UTC).date())
    gaps = _gaps(closed, start, end)
    while len(gaps) > _RANGES_MAX:
        # Each gap is a condition of its own: the nearest are joined, and the days between counted with them.
        nearest = min(range(len(gaps) - 1), key=lambda place: gaps[place + 1][0] - gaps[place][1])
        gaps[nearest : nearest + 2] = [(gaps[nearest][0], gaps[nearest + 1][1])]
    return Days([day for day in closed if not any(a <= _midnight(day) < b for a, b in gaps)], gaps)


def _closed(first: date, last: date) -> list[date]:
    """Which days between two, both counted, are closed and untouched since."""
    found = _fetched(
        """SELECT day FROM insight_closedday c WHERE day BETWEEN %s AND %s
        AND NOT EXISTS (SELECT 1 FROM insight_touchedday t WHERE t.day = c.day)""", [first, last])  # fmt: skip
    return sorted(day for (day,) in found)


def _gaps(closed: Sequence[date], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    gaps, at = [], start
    for day in closed:
        if _midnight(day) > at:
            gaps.append((at, _midnight(day)))
        at = max(at, _midnight(day + _DAY))
    return [*gaps, (at, end)] if at < end else gaps


def read(
    name: str, among: Days, by: Sequence[str], timed: bool = True, keep: Mapping[str, str] = _ALL
) -> Iterator[Piece]:
    """All of a kind on these days, in the scope of who looks, with the dimensions asked for, as a `Piece` or several.

    `timed`: with `began`, which is left empty otherwise, and of kinds that have none. `keep`: what is not of these
    names, each of a dimension asked for, may be left out.
    """
    kind = KINDS[name]
    columns = ["count", "at", "began" if timed else _EMPTY[0], "mark"]
    columns += [column for one in by for column in (f"{one}s", one)]
    parts: list[str] = []
    values: dict[str, Any] = {"name": name, "days": list(among.closed)}
    if among.closed:
        parts.append(f"SELECT {', '.join(columns)} FROM insight_day WHERE kind = %(name)s AND day = ANY(%(days)s)")
    if among.open:
        places = range(len(among.open))
        when = " OR ".join(f"{kind.source.at} >= %(a{n})s AND {kind.source.at} < %(b{n})s" for n in places)
        values |= {f"{side}{n}": among.open[n][place] for n in places for place, side in enumerate("ab")}
        values |= {f"keep_{one}": wanted for one, wanted in keep.items()}
        parts.append(f"SELECT {', '.join(columns)} FROM ({_grouped(kind, f'({when})', by, keep)}) AS open")
    if not parts:
        return
    for count, at, began, mark, *rest in bulk.select(" UNION ALL ".join(parts), values):
        yield Piece(count, at, began, mark, tuple(rest[::2]), tuple(rest[1::2]))


def _grouped(kind: Kind, when: str, by: Sequence[str], keep: Iterable[str]) -> str:
    """One row for each group, which has one name of each dimension: numbering names would take as long as all else."""
    kept = [f"coalesce({one}::text, 'none') = %(keep_{one})s" for one in keep]
    named = [f"coalesce({one}::text, 'none') AS {one}s, {_EMPTY[0]} AS {one}" for one in by]
    return f"""SELECT {", ".join(["count(*)::int AS count", *_moments(kind), *named])}
    FROM ({_items(kind, when, by)}) AS items WHERE {" AND ".join(["true", *kept])}
    GROUP BY ({", ".join(by)}) HAVING count(*) > 0"""


def _packed(kind: Kind, when: str, by: Sequence[str]) -> str:
    """One row for each audience. An id's text is in the order of the id, and "none" behind all, as NULL is."""
    ranks = [f"dense_rank() OVER (PARTITION BY audience ORDER BY {one}) - 1 AS {one}_rank" for one in by]
    codes = [
        f"CASE WHEN many > {_NARROW} THEN int4send({one}_rank::int4) ELSE int2send({one}_rank::int2) END" for one in by
    ]
    packed = [
        f"""string_agg(DISTINCT coalesce({one}::text, 'none') COLLATE "C", chr(31)
            ORDER BY coalesce({one}::text, 'none') COLLATE "C") AS {one}s, string_agg({code}, '') AS {one}"""
        for one, code in zip(by, codes, strict=True)
    ]
    return f"""SELECT {", ".join(["audience", "count(*)::int AS count", *_moments(kind), *packed])}
    FROM (SELECT *, count(*) OVER (PARTITION BY audience) AS many, {", ".join(ranks)}
        FROM ({_items(kind, when, by)}) AS items) AS ranked
    GROUP BY audience"""


def _items(kind: Kind, when: str, by: Sequence[str]) -> str:
    """What is counted, one row each."""
    source = kind.source
    places = [f"{_place(source, one)} AS {one}" for one in by]
    return f"""SELECT {", ".join([
        "c.audience", f"{source.at} AS at", f"{kind.began} AS began", f"{kind.mark} AS mark", *places])}
    FROM {source.table} WHERE {source.where} AND {when}"""


def _moments(kind: Kind) -> list[str]:
    """The columns that are no dimensions."""
    began = _EMPTY[0] if kind.began.startswith("NULL") else "string_agg(timestamptz_send(began), '')"
    mark = _EMPTY[0] if kind.mark == "0" else "string_agg(set_byte('\\x00'::bytea, 0, mark), '')"
    return ["string_agg(timestamptz_send(at), '') AS at", f"{began} AS began", f"{mark} AS mark"]


def _place(source: Source, dimension: str) -> str:
    return f'({TERMS}) COLLATE "C"' if dimension == "promise" else column_of(source, dimension)


def close_some(budget_s: float = _BUDGET_S) -> int:
    """Close days that are over and not closed, or touched since, for about `budget_s`, each in a transaction of its
    own. How many.
    """
    began, done = time.monotonic(), 0
    for day in _to_close():
        # Of either sort one, however long it takes: where many write, there is always one that was touched.
        if (done > 1 and time.monotonic() - began > budget_s) or not _close(day):
            break
        done += 1
    return done


def reopen() -> None:
    """Have every day closed anew: until then everything is counted from what is there."""
    with scope.system(), connection.cursor() as cursor:
        # The marks that are first are the first to be closed: the latest days.
        cursor.execute("INSERT INTO insight_touchedday (day) SELECT day FROM insight_closedday ORDER BY day DESC")


@dataclass(frozen=True)
class Compared:
    """How many days are closed and untouched, how many of them were looked at, and which of these are not right."""

    closed: int
    looked: int
    wrong: Sequence[date]


def compare(budget_s: float = 2.0) -> Compared:
    """Hold closed days against what is there, for about `budget_s`: the latest of them, then others at random."""
    began, looked, wrong = time.monotonic(), 0, []
    with scope.system():
        closed = _closed(date.min, date.max)[::-1]
        others = random.SystemRandom().sample(closed[_LATEST:], len(closed[_LATEST:]))
        for day in (*closed[:_LATEST], *others):
            looked += 1
            if not all(_is_right(name, kind, day) for name, kind in KINDS.items()):
                wrong.append(day)
            if time.monotonic() - began > budget_s:
                break
    return Compared(len(closed), looked, sorted(wrong))


def _is_right(name: str, kind: Kind, day: date) -> bool:
    when = f"{kind.source.at} >= %(start)s AND {kind.source.at} < %(end)s"
    columns = ["audience::text", "count", "at", "began", "mark", *(c for one in kind.by for c in (f"{one}s", one))]
    stands = "NOT EXISTS (SELECT 1 FROM insight_touchedday WHERE day = %(day)s)"
    # One statement, for what is packed and what is there change at any moment.
    found = bulk.select(
        f"""SELECT true, {", ".join(columns)} FROM insight_day WHERE kind = %(name)s AND day = %(day)s AND {stands}
        UNION ALL SELECT false, {", ".join(columns)} FROM ({_packed(kind, when, kind.by)}) AS packed WHERE {stands}""",
        {"name": name, "day": day, "start": _midnight(day), "end": _midnight(day + _DAY)},
    )
    sides: dict[bool, list[Piece]] = {True: [], False: []}
    for is_kept, audience, count, at, began, mark, *rest in found:
        names, codes = (audience, *rest[::2]), (b"", *rest[1::2])
        sides[is_kept].append(Piece(count, at, began, mark, names, codes))
    return counting.alike(sides[True], sides[False], ["audience", *kind.by])


def _to_close() -> list[date]:
    """Days that were touched, those left alone the longest first; and between them those that are over and were never
    closed, the latest first, from the first of which there can be anything on.
    """
    with scope.system(), connection.cursor() as cursor:
        if not _is_alone():
            return []
        # Whoever is closing a day holds the lock, so that no mark is taken away that it has not seen.
        cursor.execute(
            """DELETE FROM insight_touchedday t
            WHERE NOT EXISTS (SELECT 1 FROM insight_closedday c WHERE c.day = t.day)"""
        )
        cursor.execute("SELECT day FROM insight_touchedday GROUP BY day ORDER BY max(id)")
        touched = [day for (day,) in cursor.fetchall()]
        cursor.execute(
            """SELECT d.at::date FROM (SELECT (least(
                    (SELECT min(created_at) FROM conversations_conversation),
                    (SELECT min(at) FROM insight_said WHERE direction = 'in'),
                    (SELECT min(at) FROM insight_said WHERE direction = 'out'),
                    (SELECT min(at) FROM insight_promised)) AT TIME ZONE 'UTC')::date AS day) AS first
                CROSS JOIN generate_series(greatest(%(today)s::date - %(most)s, first.day),
                    CASE WHEN first.day IS NOT NULL THEN %(today)s::date - 1 END, interval '1 day') AS d(at)
            WHERE NOT EXISTS (SELECT 1 FROM insight_closedday c WHERE c.day = d.at::date) ORDER BY d.at DESC""",
            {"today": now().astimezone(UTC).date(), "most": 2 * DAYS_MAX},
        )
        new = [day for (day,) in cursor.fetchall()]
    return [day for two in zip_longest(touched, new) for day in two if day]


def _close(day: date) -> bool:
    """Write a day as it is; false where somebody else is closing one.

    What is committed meanwhile leaves a mark that is not seen here, and so stays.
    """
    with scope.system(), connection.cursor() as cursor:
        if not _is_alone():
            return False
        cursor.execute("INSERT INTO insight_closedday (day) VALUES (%s) ON CONFLICT DO NOTHING", [day])
        is_new = cursor.rowcount
        cursor.execute("DELETE FROM insight_touchedday WHERE day = %s", [day])
        if not is_new and not cursor.rowcount:
            return True  # somebody else was here since this was found
        cursor.execute("DELETE FROM insight_day WHERE day = %s AND kind = ANY(%s)", [day, list(KINDS)])
        columns = ["audience", "count", "at", "began", "mark", *(c for one in DIMENSIONS for c in (f"{one}s", one))]
        for name, kind in KINDS.items():
            there = {*columns[:5], *kind.by, *(f"{one}s" for one in kind.by)}
            given = [one if one in there else _EMPTY[one.endswith("s")] for one in columns]
            when = f"{kind.source.at} >= %(start)s AND {kind.source.at} < %(end)s"
            cursor.execute(
                f"""INSERT INTO insight_day (kind, day, {", ".join(columns)})
                SELECT %(name)s, %(day)s, {", ".join(given)} FROM ({_packed(kind, when, kind.by)}) AS packed""",
                {"name": name, "day": day, "start": _midnight(day), "end": _midnight(day + _DAY)},
            )
    return True


def _is_alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
        return bool(cursor.fetchone()[0])


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _fetched(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
