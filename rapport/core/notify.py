"""Tell other processes that something changed; never what it says."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import orjson
from django.db import connection

LIVE_CHANNEL = "rapport_live"
RAW_CHANNEL = "rapport_raw"
OUTBOX_CHANNEL = "rapport_outbox"
#: Somebody may have got room, or something waits for a member.
HANDING_CHANNEL = "rapport_handing"
#: The kind of a change that concerns no member: somebody outside listens for it, under a name nobody can guess.
REACHED = "reached"
#: Each says by which transaction it was made: who saw the database before it knows that they have not seen it.
_TELL = "SELECT pg_notify(%s, pg_current_xact_id() || ' ' || payload) FROM unnest(%s::text[]) AS payload"
#: What a process that listens tells itself, so that it knows of a transaction from which on it heard everything.
BEGINS = f"""SELECT pg_notify('{LIVE_CHANNEL}', pg_current_xact_id() || ' {{"k":"begins","id":"","a":[]}}')"""

_NAMED = re.compile(r"(?:([0-9]{1,20}) )?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Change:
    """What a notification on LIVE_CHANNEL says. `transaction`: which made it; None where whoever told did not say."""

    kind: str
    id: str
    audience: frozenset[str]
    transaction: int | None


def read(payload: str) -> Change | None:
    """What was told, by this program, an older one or by hand; None where it cannot be read."""
    named = _NAMED.fullmatch(payload)
    try:
        said = orjson.loads(named[2]) if named else None
    except orjson.JSONDecodeError:
        return None
    match said:
        case {"k": str(kind), "id": str(id), "a": [*audience]} if all(isinstance(one, str) for one in audience):
            return Change(kind, id, frozenset(audience), int(named[1]) if named and named[1] else None)
    return None


def changed(kind: str, id: UUID, audience: Iterable[UUID]) -> None:
    """Tell open pages of the teams in `audience` that one thing changed, once the transaction commits."""
    changed_many([(kind, id, list(audience))])


def changed_many(changes: Iterable[tuple[str, UUID, list[UUID]]]) -> None:
    """Tell open pages of several changes with one statement. PostgreSQL folds equal ones of a transaction."""
    payloads = [orjson.dumps({"k": kind, "id": id, "a": audience}).decode() for kind, id, audience in changes]
    _tell(payloads)


def reached(ear: str) -> None:
    """Tell the visitor's page that listens for `ear` that there is something new, once the transaction commits."""
    _tell([orjson.dumps({"k": REACHED, "id": ear, "a": []}).decode()])


def wake(channel: str) -> None:
    """Wake the workers that listen on `channel`, once the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [channel])


def _tell(payloads: list[str]) -> None:
    if payloads:
        with connection.cursor() as cursor:
            cursor.execute(_TELL, [LIVE_CHANNEL, payloads])
