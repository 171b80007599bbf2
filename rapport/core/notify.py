"""Tell other processes that something changed; never what it says."""

from collections.abc import Iterable
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


def changed(kind: str, id: UUID, audience: Iterable[UUID]) -> None:
    """Tell open pages of the teams in `audience` that one thing changed, once the transaction commits."""
    changed_many([(kind, id, list(audience))])


def changed_many(changes: Iterable[tuple[str, UUID, list[UUID]]]) -> None:
    """Tell open pages of several changes with one statement. PostgreSQL folds equal ones of a transaction."""
    payloads = [orjson.dumps({"k": kind, "id": id, "a": audience}).decode() for kind, id, audience in changes]
    if payloads:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload", [LIVE_CHANNEL, payloads]
            )


def reached(ear: str) -> None:
    """Tell the visitor's page that listens for `ear` that there is something new, once the transaction commits."""
    payload = orjson.dumps({"k": REACHED, "id": ear, "a": []}).decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [LIVE_CHANNEL, payload])


def wake(channel: str) -> None:
    """Wake the workers that listen on `channel`, once the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [channel])
