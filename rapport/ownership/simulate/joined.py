"""Conversations that were merged or split since: by what each began, as it came. Reads, in the system's scope.

Of those that are one by now the first message stands, and so does what was decided when it came: its decision stayed
with the one that was merged. Of one that was split, the message it began with may be in the one that was made of it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from rapport.conversations.visibility import EVERYONE
from rapport.core import bulk

_EVENTS = """
SELECT conversation_id, (data->>'from')::uuid, true FROM core_event
WHERE kind = 'conversation.merged' AND conversation_id IS NOT NULL
UNION ALL SELECT conversation_id, (data->>'to')::uuid, false FROM core_event
WHERE kind = 'conversation.split' AND conversation_id IS NOT NULL
"""
# What was merged and taken apart again is no signpost any more. What was taken out, and fewer see by now, is not read.
_BEGAN = f"""
SELECT asked.id, asked.other, asked.merged, said.at, d.at
FROM unnest(%b::uuid[], %b::uuid[], %b::boolean[]) AS asked(id, other, merged)
JOIN conversations_conversation c ON c.id = asked.other
JOIN conversations_conversation own ON own.id = asked.id
LEFT JOIN LATERAL (SELECT m.at FROM conversations_message m
    WHERE m.conversation_id = asked.other AND m.direction = 'in' ORDER BY m.at, m.id LIMIT 1) AS said ON true
LEFT JOIN LATERAL (SELECT d.at FROM ownership_decision d
    WHERE d.conversation_id = asked.other AND d.source = 'policy' ORDER BY d.at LIMIT 1) AS d ON true
WHERE asked.id = asked.other OR (asked.merged AND c.status = 'merged')
    OR (NOT asked.merged AND (c.audience @> own.audience OR c.audience @> ARRAY['{EVERYONE}'::uuid]))
"""


class Began(NamedTuple):
    """Where the message a conversation began with is by now, and where the decision about it is."""

    said: UUID
    decided: UUID


class Joined:
    """Asks it of many; what was ever merged or split is read once."""

    def __init__(self) -> None:
        self._parts: dict[UUID, list[tuple[UUID, bool]]] | None = None

    def began(self, ids: Iterable[UUID]) -> dict[UUID, Began]:
        """Of those that began elsewhere, where; of all others nothing."""
        asked = [(id, other, merged) for id in ids for other, merged in self._parts_of(id)]
        if not asked:
            return {}
        messages: dict[UUID, list[tuple[datetime, bool, UUID]]] = {}
        decisions: dict[UUID, list[tuple[datetime, bool, UUID]]] = {}
        columns = [list(column) for column in zip(*asked, strict=True)]
        for id, other, merged, said, decided in bulk.select(_BEGAN, columns):
            if said is not None and not (merged and other != id):
                messages.setdefault(id, []).append((said, other != id, other))
            if decided is not None and (merged or other == id):
                decisions.setdefault(id, []).append((decided, other != id, other))
        return {id: Began(_first(messages.get(id), id), _first(decisions.get(id), id)) for id, *_ in asked}

    def _parts_of(self, id: UUID) -> list[tuple[UUID, bool]]:
        """The conversation and all that were ever merged into it, or made of it; nothing where there were none."""
        if self._parts is None:
            self._parts = {}
            for one, other, merged in bulk.select(_EVENTS, []):
                self._parts.setdefault(one, []).append((other, merged))
        if id not in self._parts:
            return []
        found = {id: True}
        todo = [id]
        while todo:
            one = todo.pop()
            for other, merged in self._parts.get(one, ()):
                if other not in found:
                    found[other] = merged and found[one]
                    todo.append(other)
        return list(found.items())


def _first(found: list[tuple[datetime, bool, UUID]] | None, id: UUID) -> UUID:
    """The one with the earliest; of as early ones the conversation itself."""
    return min(found)[2] if found else id
