"""Which team had somebody before, as of when a policy decided: whose their latest conversation was by then. Reads.

As the pipeline asks it (`inbound.deciding`): conversations in confidence, or of a team in confidence, stay out of it,
as it was then. Of each row of the person the latest eight that came before are looked at.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from rapport.core import bulk

_EARLIER = """
SELECT asked.id, asked.place, e.id, e.confidential, owned.owner_team_id
FROM unnest(%b::uuid[], %b::uuid[], %b::timestamptz[], %b::timestamptz[]) WITH ORDINALITY
    AS asked(id, person, at, decided, place)
CROSS JOIN LATERAL (SELECT p.id, p.confidential FROM conversations_conversation p
    WHERE p.person_id = asked.person AND p.created_at <= asked.at AND p.id <> asked.id
    ORDER BY p.created_at DESC, p.id DESC LIMIT 8) AS e
CROSS JOIN LATERAL (SELECT m.at FROM conversations_message m
    WHERE m.conversation_id = e.id AND m.at <= asked.at ORDER BY m.at DESC LIMIT 1) AS said
CROSS JOIN LATERAL (SELECT d.owner_team_id FROM ownership_decision d
    WHERE d.conversation_id = e.id AND d.at < asked.decided ORDER BY d.at DESC, d.id DESC LIMIT 1) AS owned
ORDER BY asked.id, said.at DESC, e.id DESC
"""
_CONFIDED = """
SELECT conversation_id, at, (data->'before'->>'confidential')::boolean FROM core_event
WHERE kind IN ('conversation.confidential', 'conversation.assigned', 'conversation.undone')
    AND data->'before'->>'confidential' <> data->'after'->>'confidential' AND conversation_id IS NOT NULL
ORDER BY at, id
"""


class Asked(NamedTuple):
    """A conversation, a row of its sender then, up to which moment others came before it, and when it was decided.

    `teams` has the short names of those that were not in confidence, by id.
    """

    id: UUID
    person: UUID
    at: datetime
    decided: datetime
    teams: Mapping[UUID, str]


class Earlier:
    """Asks it of many; what was ever in confidence and is not any more, or the other way round, is read once."""

    def __init__(self) -> None:
        self._confided: dict[UUID, list[tuple[datetime, bool]]] | None = None

    def owners(self, asked: Iterable[Asked]) -> dict[UUID, str]:
        """The team's short name by conversation; where there was none, nothing."""
        every = list(asked)
        if not every:
            return {}
        columns = [list(column) for column in zip(*((*one[:4],) for one in every), strict=True)]
        found: dict[UUID, str] = {}
        for id, place, other, confidential, team in bulk.select(_EARLIER, columns):
            one = every[place - 1]
            if id not in found and team in one.teams and not self._was_confided(other, one.decided, confidential):
                found[id] = one.teams[team]
        return found

    def _was_confided(self, id: UUID, at: datetime, today: bool) -> bool:
        if self._confided is None:
            self._confided = {}
            for conversation, until, was in bulk.select(_CONFIDED, []):
                self._confided.setdefault(conversation, []).append((until, was))
        return next((was for until, was in self._confided.get(id, ()) if until > at), today)
