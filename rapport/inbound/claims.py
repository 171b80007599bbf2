"""Taking raw items from the queue and writing down what became of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from rapport.core import bulk
from rapport.inbound.arrival import Item
from rapport.inbound.models import RawState

_REASON_MAX = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item, and of which conversation it is part."""

    item: Item
    state: RawState
    reason: str = ""
    conversation_id: UUID | None = None


def claim(limit: int) -> list[Item]:
    """Up to `limit` waiting items, oldest first, locked until the transaction ends; other workers pass them by."""
    rows = bulk.select(
        """SELECT channel_id, id, external_id, received_at, envelope, body FROM inbound_rawitem
        WHERE state = 'received' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED""",
        [limit],
    )
    return [Item(c, i, name, at, _loaded(envelope), bytes(body)) for c, i, name, at, envelope, body in rows]


def reclaim(channel_id: UUID, item_id: UUID) -> Item | None:
    """One item again, whatever became of it, locked until the transaction ends."""
    rows = bulk.select(
        """SELECT channel_id, id, external_id, received_at, envelope, body FROM inbound_rawitem
        WHERE channel_id = %s AND id = %s FOR UPDATE""",
        [channel_id, item_id],
    )
    found = [Item(c, i, name, at, _loaded(envelope), bytes(body)) for c, i, name, at, envelope, body in rows]
    return found[0] if found else None


def settle(outcomes: Sequence[Outcome]) -> None:
    """Write what became of the items, in the caller's transaction."""
    bulk.update(
        "inbound_rawitem",
        ["channel_id", "id"],
        {
            "channel_id": ("uuid", [o.item.channel_id for o in outcomes]),
            "id": ("uuid", [o.item.id for o in outcomes]),
            "state": ("text", [o.state.value for o in outcomes]),
            "reason": ("text", [_writable(o.reason) for o in outcomes]),
            "conversation_id": ("uuid", [o.conversation_id for o in outcomes]),
        },
        "state = row.state, reason = row.reason, conversation_id = row.conversation_id",
    )


def count_attempt(items: Iterable[Item]) -> dict[UUID, int]:
    """Note that the items are about to be tried, and how often they have been."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inbound_rawitem SET attempts = attempts + 1 WHERE id = ANY(%s) RETURNING id, attempts",
            [[item.id for item in items]],
        )
        return dict(cursor.fetchall())


def _writable(reason: str) -> str:
    """Errors quote what caused them, and may hold what PostgreSQL cannot store."""
    return reason.replace("\0", "").encode("utf-8", "replace").decode()[:_REASON_MAX]


def _loaded(envelope: Any) -> dict[str, object]:
    """Django's cursor hands jsonb over as text."""
    loaded: dict[str, object] = orjson.loads(envelope) if isinstance(envelope, str) else envelope
    return loaded
