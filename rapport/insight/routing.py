"""How what came in found its owner, counted by the database in one statement, in the scope of whoever looks.

What lies in closed days that have been summed (`insight.summing`) is read from the sums, with what changed since; the
rest is counted as it is. Sums know the half hour of all, not of one team: when its own came, and how likely it was said
to be, is counted from its rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from rapport.insight.cells import (
    CHANNEL,
    COLUMNS,
    FIRST,
    KEYS,
    MOVED,
    SLOT_S,
    SURE,
    TIME,
    TOPIC,
    WAY,
    cells,
    when_and_how_sure,
)  # fmt: skip
from rapport.insight.covering import Block, Cover, cover
from rapport.insight.periods import Period

WAYS = ("rule", "learned", "suggested", "sorted", "untouched", "@earlier", "@holder")
"""By the number that the database counts by; rules give to who owned it before or holds the relationship, too."""
_HOUR = 3600


@dataclass(frozen=True)
class Asked:
    """What came in during a period; for one team, or for all."""

    period: Period
    team_id: UUID | None = None


class Moved(NamedTuple):
    """So many went from one team to another after a rule, or what was learned, had decided.

    `of` is all that it gave to the first. `rule` is its name in all versions, "" without one; `way` one of WAYS.
    """

    rule: str
    way: str
    first_id: str | None
    owner_id: str | None
    many: int
    of: int


@dataclass
class Counted:
    """Everything that was counted; of one team what is its own, or was first. Ids are text, as they are only compared
    and written into addresses.

    `ways` by owner and one of WAYS; `first` of what a rule, or what was learned, decided, by the team it was given to
    and whether it was overruled; `moved` the most frequent of what was; `fired` the names of the rules that decided.
    By team and channel or topic; by the beginning of a stretch of time and whether it went to triage; by the tenth of
    the likelihood of a suggestion and whether people settled on it.
    """

    ways: dict[tuple[str | None, str], int] = field(default_factory=dict)
    first: dict[tuple[str | None, bool], int] = field(default_factory=dict)
    moved: list[Moved] = field(default_factory=list)
    fired: set[str] = field(default_factory=set)
    channels: dict[tuple[str | None, str | None], int] = field(default_factory=dict)
    topics: dict[tuple[str | None, str | None], int] = field(default_factory=dict)
    times: list[tuple[datetime, bool, int]] = field(default_factory=list)
    likely: dict[tuple[int, bool], int] = field(default_factory=dict)


def counted(asked: Asked, *, sums: bool = True) -> Counted:
    """Count it all; without `sums` every row of the span, which comes to the same."""
    step, found = _step(asked.period), Counted()
    parts = cover(asked.period.start, asked.period.end, _blocks(asked.period) if sums else ())
    slot_s = min(step, SLOT_S)
    statement = _ONE_TEAM if asked.team_id else _ALL if slot_s == SLOT_S else _ALL_BY_QUARTERS
    with connection.cursor() as cursor:
        cursor.execute(statement, _values(asked, parts) | {"slots": step // slot_s, "slot_s": slot_s})
        for row in cursor.fetchall():
            _put(found, row, step)
    return found


def _blocks(period: Period) -> list[Block]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT days, starts FROM insight_block
            WHERE starts >= %s AND starts < %s AND starts > now() - interval '120 days'""",
            [period.start, period.end],
        )
        return [Block(*row) for row in cursor.fetchall()]


def _values(asked: Asked, parts: Cover) -> dict[str, Any]:
    return {
        "team": asked.team_id, "top": TOP, "start": asked.period.start, "end": asked.period.end,
        "gap_starts": [start for start, _end in parts.gaps], "gap_ends": [end for _start, end in parts.gaps],
        "days": [one.days for one in parts.blocks], "bits": [one.bit for one in parts.blocks],
        "starts": [one.starts for one in parts.blocks], "ends": [one.ends for one in parts.blocks],
    }  # fmt: skip


TOP = 12
"""So many of what was overruled, the most frequent."""
_ROWS = f"""SELECT {COLUMNS}, 1 AS sign
    FROM unnest(%(gap_starts)s::timestamptz[], %(gap_ends)s::timestamptz[]) AS gap(a, b)
    JOIN insight_routed r ON r.at >= gap.a AND r.at < gap.b WHERE r.counted"""
_CHANGES = f"""SELECT {COLUMNS}, r.sign
    FROM unnest(%(bits)s::int[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS block(bit, a, b)
    JOIN insight_amended r ON r.at >= block.a AND r.at < block.b AND r.owed & block.bit <> 0"""
_SUMS = """SELECT s.kind, s.owner_id, s.other_id, s.number, s.rule, s.flag, s.count AS n
    FROM unnest(%(days)s::int[], %(starts)s::timestamptz[]) AS block(days, starts)
    JOIN insight_summed s ON s.days = block.days AND s.starts = block.starts"""
#: Of what was first a team's own; of all where none is asked about.
_DECIDED = f"""kind = {FIRST} AND number IN (0, 1, 5, 6)
    AND (%(team)s::uuid IS NULL OR other_id = %(team)s::uuid)"""
_TOLD = f"""
SELECT kind, owner_id::text, other_id::text, number, flag, n, NULL AS name, 0 AS of FROM counted
    WHERE kind IN ({WAY}, {CHANNEL}, {TOPIC}, {SURE})
UNION ALL SELECT {TIME}, NULL, NULL, number / %(slots)s, flag, sum(n), NULL, 0 FROM counted WHERE kind = {TIME}
    GROUP BY number / %(slots)s, flag
UNION ALL SELECT {FIRST}, NULL, other_id::text, NULL, flag, sum(n), NULL, 0 FROM counted WHERE {_DECIDED}
    GROUP BY other_id, flag
UNION ALL SELECT 0, NULL, NULL, NULL, NULL, 0, u.name, 0 FROM insight_rule u
    WHERE u.known IN (SELECT rule FROM counted WHERE {_DECIDED})
UNION ALL SELECT {MOVED}, owner_id::text, other_id::text, number, NULL, n, name, of FROM (
    SELECT m.*, coalesce(u.name, '') AS name, (SELECT sum(f.n) FROM counted f WHERE f.kind = {FIRST}
        AND f.rule IS NOT DISTINCT FROM m.rule AND f.number = m.number
        AND f.other_id IS NOT DISTINCT FROM m.other_id) AS of
    FROM (SELECT * FROM counted WHERE kind = {MOVED} ORDER BY n DESC, rule, number, other_id, owner_id LIMIT %(top)s
        ) AS m
        LEFT JOIN LATERAL (SELECT name FROM insight_rule WHERE known = m.rule LIMIT 1) AS u ON true
) AS moved"""
_PARTS = f"""SELECT {KEYS}, sum(n)::int AS n FROM ({cells(f"{_ROWS} UNION ALL {_CHANGES}")} UNION ALL {_SUMS}) AS parts
    WHERE {{0}} GROUP BY {KEYS} HAVING sum(n) <> 0"""
_ALL = f"WITH counted AS MATERIALIZED ({_PARTS.format('true')}) {_TOLD}"
_IN_TIME = "r.at >= %(start)s AND r.at < %(end)s"
_ALL_BY_QUARTERS = f"""WITH counted AS MATERIALIZED ({_PARTS.format(f"kind NOT IN ({TIME}, {SURE})")}
    UNION ALL {when_and_how_sure(_IN_TIME, "%(slot_s)s")}) {_TOLD}"""
#: What a rule gave to any is read with it: of how many it is that some were moved to this team.
_ITS_OWN = f"kind NOT IN ({TIME}, {SURE}) AND (owner_id = %(team)s OR other_id = %(team)s OR kind = {FIRST})"
_ONE_TEAM = f"""WITH counted AS MATERIALIZED ({_PARTS.format(_ITS_OWN)}
    UNION ALL {when_and_how_sure(f"r.owner_team_id = %(team)s AND {_IN_TIME}", "%(slot_s)s")}) {_TOLD}"""


def _put(found: Counted, row: tuple[Any, ...], step: int) -> None:
    kind, owner, other, number, flag, count, name, of = row
    if kind == WAY:
        found.ways[owner, WAYS[number]] = count
    elif kind == FIRST:
        found.first[other, flag] = count
    elif kind == MOVED:
        found.moved.append(Moved(name, WAYS[number], other, owner, count, of))
    elif kind == CHANNEL:
        found.channels[owner, other] = count
    elif kind == TOPIC:
        found.topics[owner, other] = count
    elif kind == TIME:
        found.times.append((datetime.fromtimestamp(number * step, UTC), flag, count))
    elif kind == SURE:
        found.likely[number, flag] = count
    else:
        found.fired.add(name)


def _step(period: Period) -> int:
    """The longest stretch of time in seconds that lies within one hour of the reader's clock: a few zones differ by
    halves and quarters of an hour.
    """
    offsets = [at.astimezone(period.zone).utcoffset() for at in (period.start, period.end)]
    seconds = [int(one.total_seconds()) % _HOUR for one in offsets if one is not None]
    return _HOUR if not any(seconds) else _HOUR // 2 if all(one % (_HOUR // 2) == 0 for one in seconds) else _HOUR // 4


def by_hour(times: Iterable[tuple[datetime, bool, int]], zone: ZoneInfo) -> dict[tuple[int, int], int]:
    """How many came on which day of the week (1 is Monday) in which hour, by the clock of `zone`."""
    found: dict[tuple[int, int], int] = {}
    for at, _triaged, count in times:
        local = at.astimezone(zone)
        key = local.isoweekday(), local.hour
        found[key] = found.get(key, 0) + count
    return found
