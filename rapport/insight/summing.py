"""Closed days of ownership summed, so that the page of ownership adds up some thousand cells instead of every row.

A block of days that has ended is summed once, by kind, key and audience, in one statement. What changes in it later is
written beside it by the database (`summed_sql`), in the transaction of the change: whoever reads a block and what it is
owed sees what counting the rows would give. A block that is owed much is summed anew. Where little comes in nothing is
summed, as counting costs less.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import connection

from rapport.core import scope
from rapport.insight.cells import COLUMNS, KEYS, cells
from rapport.insight.covering import DAYS, Block, closed

FEWEST = 2_000
"""A block with fewer rows is not worth sums."""
_REACH, _KEPT = timedelta(days=95), timedelta(days=120)
"""How far back is summed: the longest span that the page has, and a little. And how long sums are kept: of what is 130
days old nothing is noted beside them any more.
"""
_LAG = timedelta(hours=2)
"""So long after its end a block is summed; what is an hour old when it comes is noted beside (`summed_sql`)."""
_OWED_MAX = 300
"""More changes than so many a day of a block, and it is summed anew."""
_RUN_S = 2.0
_LOCK = 7_106_501

_BLOCK_ROWS = f"""SELECT {COLUMNS}, 1 AS sign FROM insight_routed r
    WHERE r.counted AND r.at >= %(starts)s AND r.at < %(ends)s"""
_PUT = f"""WITH gone AS (DELETE FROM insight_summed WHERE days = %(days)s AND starts = %(starts)s),
settled AS (UPDATE insight_amended SET owed = owed & ~%(bit)s
    WHERE at >= %(starts)s AND at < %(ends)s AND owed & %(bit)s <> 0),
here AS (INSERT INTO insight_block (days, starts) VALUES (%(days)s, %(starts)s) ON CONFLICT DO NOTHING)
INSERT INTO insight_summed (days, starts, audience, {KEYS}, count)
SELECT %(days)s, %(starts)s, * FROM ({cells(_BLOCK_ROWS, audience=True)}) AS counted"""
#: Nobody may write any more what came before the block's end without noting it beside: see _LAG. Who has only read so
#: far may write yet.
_BUSY = """SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND xact_start < %s)"""
_BITS = " ".join(f"WHEN {days} THEN {1 << place}" for place, days in enumerate(DAYS))
_OWES = f"""a.at >= b.starts AND a.at < b.starts + make_interval(days => b.days)
    AND a.owed & (CASE b.days {_BITS} END) <> 0"""
_OWED = f"""SELECT b.days, b.starts FROM insight_block b JOIN insight_amended a ON {_OWES}
GROUP BY b.days, b.starts HAVING count(*) > %s * b.days"""
_SETTLED = f"DELETE FROM insight_amended a WHERE NOT EXISTS (SELECT 1 FROM insight_block b WHERE {_OWES})"
_OLD = """WITH old AS (DELETE FROM insight_block WHERE starts < %(since)s)
DELETE FROM insight_summed WHERE starts < %(since)s"""
_WRONG = f"""SELECT count(*) FROM (SELECT 1 FROM (
    {cells(f"{_BLOCK_ROWS} UNION ALL SELECT {COLUMNS}, -r.sign FROM insight_amended r WHERE r.at >= %(starts)s "
           "AND r.at < %(ends)s AND r.owed & %(bit)s <> 0", audience=True)}
    UNION ALL SELECT audience, {KEYS}, -count FROM insight_summed WHERE days = %(days)s AND starts = %(starts)s
) AS sides GROUP BY audience, {KEYS} HAVING sum(n) <> 0) AS wrong"""


def keep(fewest: int = FEWEST) -> int:
    """Sum what has closed, and anew what has changed much; how many blocks. Safe in several processes at once."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s), now()", [_LOCK])
        locked, at = cursor.fetchone()
        if not locked:
            return 0
        cursor.execute(_OLD, {"since": at - _KEPT})
        cursor.execute(_OWED, [_OWED_MAX])
        wanted = [Block(*row) for row in cursor.fetchall()] + _closed(at, fewest)
        done = _sum(wanted)
        cursor.execute(_SETTLED)
        return done


def recount(fewest: int = FEWEST) -> None:
    """Throw all sums away and make them anew."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute("DELETE FROM insight_summed; DELETE FROM insight_block; DELETE FROM insight_amended")
        while keep(fewest):  # in one transaction: whoever reads meanwhile finds those that were there
            pass


def discrepancies() -> int:
    """How many figures of the sums differ from what is there; 0 where all is well."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute("SELECT days, starts FROM insight_block ORDER BY starts")
        wrong = 0
        for row in cursor.fetchall():
            cursor.execute(_WRONG, _values(Block(*row)))
            wrong += int(cursor.fetchone()[0])
        return wrong


def _closed(at: datetime, fewest: int) -> list[Block]:
    """Blocks that have ended, hold enough and are not summed yet."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT days, starts FROM insight_block")
        there = {Block(*row) for row in cursor.fetchall()}
        for block in (one for days in DAYS for one in closed(days, at - _REACH, at - _LAG) if one not in there):
            cursor.execute(
                """SELECT count(*) FROM (SELECT 1 FROM insight_routed WHERE at >= %(starts)s AND at < %(ends)s
                LIMIT %(fewest)s) AS enough""",
                {**_values(block), "fewest": fewest},
            )
            if cursor.fetchone()[0] >= fewest:
                found.append(block)
    return found


def _sum(wanted: Iterable[Block]) -> int:
    """Sum them, for a moment: the next run goes on."""
    began, done = monotonic(), 0
    with connection.cursor() as cursor:
        for block in wanted:
            cursor.execute(_BUSY, [block.ends + _LAG / 2])
            if cursor.fetchone()[0]:
                continue
            cursor.execute(_PUT, _values(block))
            done += 1
            if monotonic() - began > _RUN_S:
                break
    return done


def _values(block: Block) -> dict[str, Any]:
    return {"days": block.days, "starts": block.starts, "ends": block.ends, "bit": block.bit}
