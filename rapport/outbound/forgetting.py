"""The outbox's part of an erasure: to whom answers went, and what servers said of their addresses."""

from typing import Any
from uuid import UUID

import orjson

from rapport.core import bulk
from rapport.people.forgetting import Place, Step, Target, changed, counted, next_after

_THEIRS = """FROM outbound_delivery
    WHERE (recipients::text ILIKE ANY(%s) OR options::text ILIKE ANY(%s) OR error ILIKE ANY(%s))"""


def _deliveries(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    """What still waits for them alone is not sent any more; what only names them is."""
    if not target.likes:
        return 0, None
    rows: list[tuple[Any, ...]] = bulk.select(
        f"""SELECT conversation_id, id, recipients, options, error {_THEIRS} AND id > %s
        ORDER BY id LIMIT %s FOR UPDATE""",
        [*[target.likes] * 3, after, limit],
    )
    fresh = [
        (*row[:2], target.unaddressed(row[2]), target.redacted_all(row[3]), target.redacted(row[4])) for row in rows
    ]
    bulk.update(
        "outbound_delivery",
        ["conversation_id", "id"],
        {
            "conversation_id": ("uuid", [row[0] for row in fresh]),
            "id": ("uuid", [row[1] for row in fresh]),
            "recipients": ("text", [orjson.dumps(row[2]).decode() for row in fresh]),
            "options": ("text", [orjson.dumps(row[3]).decode() for row in fresh]),
            "error": ("text", [row[4] for row in fresh]),
        },
        "recipients = row.recipients::jsonb, options = row.options::jsonb, error = row.error",
    )
    _stop([
        now[1] for now, before in zip(fresh, rows, strict=True) if now[2] != before[2] and not _anybody(now[2])
    ])  # fmt: skip
    return len(rows), next_after(rows, limit, lambda row: row[1])


def _anybody(recipients: Any) -> bool:
    """Whether an address is left to which something could go."""
    return any(pair[1] for part in ("to", "cc", "bcc") for pair in recipients.get(part, []) if len(pair) == 2)


def _stop(deliveries: list[UUID]) -> None:
    changed(
        """UPDATE outbound_delivery SET state = 'cancelled', error = 'Erased before it was sent.'
        WHERE id = ANY(%s) AND state IN ('awaiting', 'queued', 'retry')""",
        [deliveries],
    )


STEPS = (Step("deliveries", _deliveries, lambda t: counted(f"SELECT count(*) {_THEIRS}", [t.likes] * 3)),)
