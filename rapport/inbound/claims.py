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
_COLUMNS = "channel_id, id, external_id, received_at, envelope, body"
# Found by leaping from channel to channel in the index; those whose oldest item has waited longest come first.
_FAIRLY = """WITH RECURSIVE waiting AS (
    (SELECT channel_id, id FROM inbound_rawitem WHERE state = 'received' ORDER BY channel_id, id LIMIT 1)
    UNION ALL
    SELECT next.channel_id, next.id FROM waiting, LATERAL (
        SELECT channel_id, id FROM inbound_rawitem
        WHERE state = 'received' AND channel_id > waiting.channel_id ORDER BY channel_id, id LIMIT 1
    ) next
), shared AS MATERIALIZED (
    SELECT share.* FROM (SELECT channel_id FROM waiting ORDER BY id LIMIT %s) turn, LATERAL (
        SELECT {columns} FROM inbound_rawitem
        WHERE state = 'received' AND channel_id = turn.channel_id
        ORDER BY id LIMIT (SELECT greatest(1, %s / greatest(1, count(*))) FROM waiting) FOR UPDATE SKIP LOCKED
    ) share
), rest AS MATERIALIZED (
    SELECT {columns} FROM inbound_rawitem
    WHERE state = 'received' AND id NOT IN (SELECT id FROM shared)
    ORDER BY id LIMIT (SELECT %s - count(*) FROM shared) FOR UPDATE SKIP LOCKED
) SELECT * FROM shared UNION ALL SELECT * FROM rest ORDER BY id"""

Key = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item, and of which conversation it is part."""

    item: Item
    state: RawState
    reason: str = ""
    conversation_id: UUID | None = None


def claim(limit: int) -> list[Item]:
    """Up to `limit` waiting items, oldest first, locked until the transaction ends; other workers pass them by.

    Every channel on which something waits has an equal share; what some leave of theirs goes to the oldest of all. So a
    flood on one channel keeps nothing on another waiting for longer than a batch.
    """
    return _items(_FAIRLY.format(columns=_COLUMNS), limit, limit, limit)


def upcoming(limit: int) -> list[Key]:
    """(channel, id) of what `claim` would take now, likewise locked until the transaction ends."""
    return [(channel, id) for channel, id in bulk.select(_FAIRLY.format(columns="channel_id, id"), [limit] * 3)]


def claim_one(key: Key) -> list[Item]:
    """This item, locked, if it is still waiting and no other worker has it; else nothing."""
    return _items(
        f"""SELECT {_COLUMNS} FROM inbound_rawitem
        WHERE channel_id = %s AND id = %s AND state = 'received' FOR UPDATE SKIP LOCKED""",
        *key,
    )


def reclaim(channel_id: UUID, item_id: UUID) -> Item | None:
    """One item again, whatever became of it, locked until the transaction ends."""
    found = _items(
        f"SELECT {_COLUMNS} FROM inbound_rawitem WHERE channel_id = %s AND id = %s FOR UPDATE", channel_id, item_id
    )
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


def _items(statement: str, *parameters: object) -> list[Item]:
    rows = bulk.select(statement, parameters)
    return [Item(c, i, name, at, _loaded(envelope), bytes(body)) for c, i, name, at, envelope, body in rows]


def _writable(reason: str) -> str:
    """Errors quote what caused them, and may hold what PostgreSQL cannot store."""
    return reason.replace("\0", "").encode("utf-8", "replace").decode()[:_REASON_MAX]


def _loaded(envelope: Any) -> dict[str, object]:
    """Django's cursor hands jsonb over as text."""
    loaded: dict[str, object] = orjson.loads(envelope) if isinstance(envelope, str) else envelope
    return loaded
