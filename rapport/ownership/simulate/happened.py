"""What really happened with conversations of the past, of what moves the clocks of promises. Reads, and only reads.

Messages count at the time at which they were said, also where they were brought in later. Of conversations that were
merged, the messages of both are one run.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from rapport.channels.said import ANSWERED as WANTED
from rapport.core import bulk
from rapport.ownership.simulate.course import (
    ANSWERED,
    ASKED,
    CHANGED,
    ECHOED,
    HEARD,
    HELD,
    SENT,
    UNREACHED,
    UNSAID,
    WOKEN,
    Turn,
)
from rapport.ownership.simulate.past import Held, Past

_SAID = """
SELECT conversation_id, id, at, direction, kind, raw_item_id IS NOT NULL FROM conversations_message
WHERE conversation_id = ANY(%b::uuid[]) AND direction <> 'note'
"""
#: Answers that count only when they go: written for later, or to be approved first.
_LATER = """
SELECT message_id FROM outbound_delivery
WHERE conversation_id = ANY(%b::uuid[]) AND options ?| ARRAY['later', 'approval']
"""
_EVENTS = """
SELECT conversation_id, at, kind, data->'after', data->'before', data->>'message', data ? 'clock' FROM core_event
WHERE conversation_id = ANY(%b::uuid[]) AND kind = ANY(%b::text[])
"""
_HELD = """
SELECT conversation_id, CASE WHEN source <> 'policy' THEN at END, owner_team_id, owner_member_id, source = 'promise'
FROM ownership_decision WHERE conversation_id = ANY(%b::uuid[]) ORDER BY at, id
"""
_DELIVERED = {
    "delivery.sent": SENT, "delivery.cancelled": UNSAID, "delivery.failed": UNREACHED, "delivery.bounced": UNREACHED,
    "delivery.held": UNREACHED,
}  # fmt: skip
_KINDS = [
    *(f"conversation.{verb}" for verb in (
        "resolved", "reopened", "spam", "snoozed", "woken", "undone", "merged", "assigned", "priority", "confidential",
    )),
    "team.involved", "team.uninvolved", *_DELIVERED,
]  # fmt: skip


def with_turns(past: Sequence[Past], *, with_held: bool = False) -> list[Past]:
    """The same conversations with what happened since, and with whose they were."""
    ids = [one.id for one in past]
    found, had = turns(ids), _held(ids) if with_held else {}
    return [
        # What the policy gave it was so from the beginning, also where it was brought in and decided later.
        replace(one, turns=found[one.id], held=[Held(at or one.facts.at, *whose) for at, *whose in had.get(one.id, ())])
        for one in past
    ]


def _held(ids: list[UUID]) -> dict[UUID, list[tuple[Any, ...]]]:
    found: dict[UUID, list[tuple[Any, ...]]] = {}
    for conversation, *whose in bulk.select(_HELD, [ids]):
        found.setdefault(conversation, []).append(tuple(whose))
    return found


def turns(ids: Sequence[UUID]) -> dict[UUID, list[Turn]]:
    """What happened with each of these conversations, in no order: three statements for all."""
    wanted = list(ids)
    later = {id for (id,) in bulk.select(_LATER, [wanted])}
    found: dict[UUID, list[Turn]] = {id: [] for id in wanted}
    for conversation, id, at, direction, kind, elsewhere in bulk.select(_SAID, [wanted]):
        found[conversation].append(Turn(at, _said(direction, kind, elsewhere, id in later), id))
    for conversation, at, kind, after, before, message, by_step in bulk.select(_EVENTS, [wanted, _KINDS]):
        turn = _delivered(at, kind, message) if kind in _DELIVERED else _changed(at, kind, (before, after), by_step)
        if turn.what != SENT or turn.message in later:
            found[conversation].append(turn)
    return found


def _said(direction: str, kind: str, elsewhere: bool, later: bool) -> str:
    if direction == "in":
        return ASKED if kind in WANTED else HEARD
    return ECHOED if elsewhere else HELD if later else ANSWERED


def _delivered(at: datetime, kind: str, message: str | None) -> Turn:
    return Turn(at, _DELIVERED[kind], UUID(message)) if message else Turn(at, _DELIVERED[kind])


def _changed(at: datetime, kind: str, fields: tuple[Any, Any], by_step: bool) -> Turn:
    """Fields that people changed. What a step of the policy of then did is not their doing; that it woke it stands."""
    before, after = fields[0] or {}, fields[1] or {}
    if (by_step and kind == "conversation.assigned") or (kind == "conversation.woken" and not after):
        return Turn(at, WOKEN)
    if by_step:
        return Turn(at, CHANGED)
    return Turn(at, CHANGED, after={
        name: value for name, value in after.items() if name not in _THEIRS or value != before.get(name)
    })  # fmt: skip


_THEIRS = {"owner_team_id", "involved", "priority", "confidential"}
