"""Which parts of a worker run somewhere: each process leaves a sign of them twice a minute, in one row a part.

A worker can leave parts out (`rapport worker --only`, `--without`), so a part may run on no machine at all.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

from django.db import connection

from rapport.core.options import options
from rapport.inbound import faults
from rapport.inbound.faults import Failing

PARTS = (
    "pipeline", "outbox", "notices", "collect", "listener", "upkeep", "transcripts", "privacy", "exchange", "matching",
    "whatif", "learning", "second_opinions", "promises", "handing",
)  # fmt: skip
PATIENCE = timedelta(minutes=3)
"""A part not seen for so long is missed: a start, or a busy machine, takes less."""
_EVERY_S = 30.0
# In one order, so that two who leave signs do not block one another; of several processes one writes.
_SIGN = """INSERT INTO inbound_part AS p (name, seen_at, host)
SELECT name, now(), %s FROM unnest(%s::text[]) AS name ORDER BY name
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, host = excluded.host
WHERE p.seen_at < excluded.seen_at - interval '10 seconds'"""


@dataclass(frozen=True, slots=True)
class Missed:
    """A part that runs nowhere: when it was last seen and how long ago (None: never), and on which machine."""

    part: str
    seen_at: datetime | None = None
    ago: timedelta | None = None
    host: str = ""


def run(alive: Callable[[], Sequence[str]], stopping: Event) -> None:
    """Leave a sign of the parts that are alive, and tell of those that failed, until stopped."""
    while not stopping.is_set():
        sign(alive())
        faults.tell()
        stopping.wait(_EVERY_S)


def sign(parts: Sequence[str]) -> None:
    """These parts run here, now (by the database's clock, which all machines share)."""
    with connection.cursor() as cursor:
        cursor.execute(_SIGN, [socket.gethostname()[:100], list(parts)])


def missed() -> list[Missed]:
    """The parts that run nowhere, in the order of `PARTS`."""
    return look()[0]


def look() -> tuple[list[Missed], list[Failing]]:
    """The parts that run nowhere, and those that run but fail again and again, in the order of `PARTS`; one statement.

    What fails and is not seen any more is missed alone.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name, seen_at, now() - seen_at, host, {faults.FAILING} FROM inbound_part")
        rows = {row[0]: row for row in cursor.fetchall()}
    seen = {part: Missed(*row[:4]) for part, row in rows.items()}
    found = [seen.get(part, Missed(part)) for part in needed()]
    missing = [one for one in found if one.ago is None or one.ago > PATIENCE]
    fails = [Failing(part, *rows[part][5:]) for part in needed() if part in rows and rows[part][4]]
    return missing, [one for one in fails if one.part not in {gone.part for gone in missing}]


def needed() -> tuple[str, ...]:
    """The parts that must run somewhere: the listener only where it has a port."""
    return tuple(part for part in PARTS if part != "listener" or options().listener_port)


def command(missing: Sequence[Missed]) -> str:
    """What to start for them."""
    if len(missing) == len(needed()):
        return "rapport worker"
    return f"rapport worker --only {','.join(one.part for one in missing)}"
