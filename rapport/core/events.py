"""Writing the append-only log."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.models import Event


def record(
    kind: str,
    *,
    conversation_id: UUID | None = None,
    actor_id: UUID | None = None,
    subject: str = "",
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Event:
    """Append one event in the caller's transaction and return it."""
    event = Event(
        id=new_id(),
        at=at or now(),
        kind=kind,
        actor_id=actor_id,
        conversation_id=conversation_id,
        subject=subject[:200],
        data=dict(data or {}),
    )
    record_many([event])
    return event


def record_many(events: Iterable[Event]) -> None:
    """Append several events with one statement."""
    rows = list(events)
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_event (id, at, kind, actor_id, conversation_id, subject, data)
            SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::uuid[], %s::uuid[], %s::text[],
                                 %s::jsonb[])""",
            [
                [e.id for e in rows],
                [e.at for e in rows],
                [e.kind for e in rows],
                [e.actor_id for e in rows],
                [e.conversation_id for e in rows],
                [e.subject for e in rows],
                [orjson.dumps(e.data).decode() for e in rows],
            ],
        )
