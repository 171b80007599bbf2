"""The chain over the log: each event sealed in the order of commits, so that nothing can be changed or taken unseen.

Writers leave the id of an event in `core_unsealed` (a trigger does) and wait for nobody. One worker at a time takes
those that are committed, and appends their seals. decisions/0013 says why.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import orjson
from django.db import connection

from rapport.core import bulk, keys, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid

GENESIS = bytes(32)
BATCH = 5000
_BATCHES = 10
_LOCK = 7_105_003


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal with its event; `body` is None where the event is gone."""

    seq: int
    event_id: UUID
    key_id: UUID
    hash: bytes
    body: bytes | None


@dataclass(frozen=True)
class Report:
    """What a look at the chain found. `broken_at` is the first number that does not hold, `problem` says how."""

    seals: int
    head: bytes
    waiting: int = 0
    oldest: timedelta = timedelta()
    stray: int = 0
    broken_at: int = 0
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing was changed, taken away or slipped in."""
        return not self.broken_at and not self.stray

    @property
    def receipt(self) -> str:
        """The end of the chain, to be kept elsewhere: a later chain must contain it."""
        return f"{self.seals}:{self.head.hex()}"


def seal_waiting() -> int:
    """Seal what waits, but not for ever: others have work, too."""
    total = 0
    for _ in range(_BATCHES):
        sealed_now = seal_batch()
        total += sealed_now
        if sealed_now < BATCH:
            break
    return total


def seal_batch(limit: int = BATCH) -> int:
    """Seal what is committed and waits, as far as `limit`; how many. 0 too where another worker is at it."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_WAITING, [limit])
        waiting = cursor.fetchall()
        if not waiting:
            return 0
        cursor.execute("SELECT seq, hash FROM core_seal ORDER BY seq DESC LIMIT 1")
        seq, head = cursor.fetchone() or (0, GENESIS)
        key_id, key = keys.active(keys.AUDIT)
        hashes = list(chain(key, bytes(head), (canonical(row) for row in waiting)))
        bulk.insert(
            "core_seal",
            {
                "seq": ("bigint", list(range(seq + 1, seq + 1 + len(waiting)))),
                "event_id": ("uuid", [row[0] for row in waiting]),
                "key_id": ("uuid", [key_id] * len(waiting)),
                "hash": ("bytea", hashes),
            },
        )
        cursor.execute("DELETE FROM core_unsealed WHERE event_id = ANY(%s)", [[row[0] for row in waiting]])
    return len(waiting)


def chain(key: bytes, head: bytes, bodies: Iterator[bytes]) -> Iterator[bytes]:
    """The hash of each body, with all before it. Pure."""
    for body in bodies:
        head = link(key, head, body)
        yield head


def link(key: bytes, head: bytes, body: bytes) -> bytes:
    """HMAC-SHA256 over the hash before and the event."""
    return hmac.digest(key, head + body, sha256)


def canonical(row: "tuple[UUID, datetime, str, UUID | None, UUID | None, str, str]") -> bytes:
    """An event as bytes, the same on every server: its columns in their order, the time in UTC microseconds."""
    id, at, kind, actor, conversation, subject, data = row
    return orjson.dumps([id, at.astimezone(UTC).isoformat(), kind, actor, conversation, subject, data])


def verify(receipt: str = "") -> Report:
    """Go along the whole chain. Raises nothing for a broken one: the report says where."""
    expected_seq, expected = _receipt(receipt)
    seq, head = 0, GENESIS
    for seal in sealed():
        problem = _problem(seal, seq, head)
        if not problem and seal.seq == expected_seq and seal.hash != expected:
            problem = "the receipt shows another hash here"
        if problem:
            return Report(seq, head, broken_at=seq + 1, problem=problem)
        seq, head = seal.seq, seal.hash
    if seq < expected_seq:
        gone = f"the receipt is of a chain of {expected_seq:,}: its end is gone"
        return Report(seq, head, broken_at=seq + 1, problem=gone)
    waiting, oldest, stray = _rest()
    problem = f"{stray:,} events are neither sealed nor waiting for it" if stray else ""
    return Report(seq, head, waiting, oldest, stray, problem=problem)


def lag() -> tuple[int, timedelta]:
    """How many events wait for their seal, and for how long the oldest has."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT count(*) FROM core_unsealed),
                (SELECT event_id FROM core_unsealed ORDER BY event_id LIMIT 1)"""
        )
        count, first = cursor.fetchone()
    return count, now() - made_at(first) if first else timedelta()


def made_at(id: UUID) -> datetime:
    """When an id was made, which it says itself."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)


def sealed(after: int = 0) -> Iterator[Sealed]:
    """Every seal from `after` on with its event, a batch at a time."""
    while True:
        with scope.system(), connection.cursor() as cursor:
            cursor.execute(_SEALED, [after, BATCH])
            rows = cursor.fetchall()
        for seq, event_id, key_id, digest, *event in rows:
            body = canonical(tuple(event)) if event[0] is not None else None
            yield Sealed(seq, event_id, key_id, bytes(digest), body)
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def _problem(seal: Sealed, before: int, head: bytes) -> str:
    if seal.seq != before + 1:
        return f"the seals {before + 1:,} to {seal.seq - 1:,} are gone"
    if seal.body is None:
        return f"the event {seal.event_id} is gone"
    try:
        key = keys.key_of(seal.key_id)
    except keys.WrongKey:
        return f"the key {seal.key_id} is not here, or under another secret key"
    if not hmac.compare_digest(link(key, head, seal.body), seal.hash):
        return f"the event {seal.event_id} or its seal was changed"
    return ""


def _rest() -> tuple[int, timedelta, int]:
    waiting, oldest = lag()
    with scope.system(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            """SELECT count(*) FROM core_event e WHERE NOT EXISTS (SELECT 1 FROM core_seal s WHERE s.event_id = e.id)
            AND NOT EXISTS (SELECT 1 FROM core_unsealed u WHERE u.event_id = e.id)"""
        )
        return waiting, oldest, int(cursor.fetchone()[0])


def _receipt(text: str) -> tuple[int, bytes]:
    if not text:
        return 0, b""
    number, _, digest = text.partition(":")
    try:
        return int(number), bytes.fromhex(digest)
    except ValueError as error:
        raise Invalid("That is no receipt.", "Give one as `rapport audit verify` printed it: 123:0f3a…") from error


_COLUMNS = "e.id, e.at, e.kind, e.actor_id, e.conversation_id, e.subject, e.data::text"
_WAITING = f"""SELECT {_COLUMNS} FROM (SELECT event_id FROM core_unsealed ORDER BY event_id LIMIT %s) u
JOIN core_event e ON e.id = u.event_id ORDER BY e.id"""
_SEALED = f"""SELECT s.seq, s.event_id, s.key_id, s.hash, {_COLUMNS} FROM core_seal s
LEFT JOIN core_event e ON e.id = s.event_id WHERE s.seq > %s ORDER BY s.seq LIMIT %s"""
