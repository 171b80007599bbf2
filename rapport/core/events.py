"""Writing the append-only log."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from rapport.core import bulk
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.models import Event

_batch: ContextVar[UUID | None] = ContextVar("rapport_batch", default=None)


@contextmanager
def batch(batch_id: UUID) -> Iterator[None]:
    """What is recorded inside belongs together, and is undone together: `data["batch"]` says so."""
    token = _batch.set(batch_id)
    try:
        yield
    finally:
        _batch.reset(token)


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
        data=dict(data or {}) | ({"batch": str(batch_id)} if (batch_id := _batch.get()) else {}),
    )
    record_many([event])
    return event


def record_many(events: Iterable[Event]) -> None:
    """Append several events with one statement."""
    rows = list(events)
    if not rows:
        return
    bulk.insert(
        "core_event",
        {
            "id": ("uuid", [e.id for e in rows]),
            "at": ("timestamptz", [e.at for e in rows]),
            "kind": ("text", [e.kind for e in rows]),
            "actor_id": ("uuid", [e.actor_id for e in rows]),
            "conversation_id": ("uuid", [e.conversation_id for e in rows]),
            "subject": ("text", [e.subject for e in rows]),
            "data": ("jsonb", [orjson.dumps(e.data).decode() for e in rows]),
        },
    )
