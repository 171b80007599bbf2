"""What came of what was suggested: what people chose in the end, the latest first. In the system's scope.

Only of conversations everybody may see. A suggestion that was followed by itself counts as right when people then
answered or resolved it where it was; what nobody touched says nothing. That a team resolved what was its own for want
of a rule says whose it was; that a priority was left as it was says too little.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from rapport.conversations.visibility import EVERYONE
from rapport.ownership.kinds import PRIORITY, TEAM, TOPIC
from rapport.ownership.settled import SETTLED

WINDOW = 600
_READ_MAX = 3_000

SAID = {
    TEAM: ("d.suggestion", "d.suggestion ? 'team'", "team"),
    TOPIC: ("d.guesses->'topic'", "d.guesses IS NOT NULL AND d.guesses ? 'topic'", "label"),
    PRIORITY: ("d.guesses->'priority'", "d.guesses IS NOT NULL AND d.guesses ? 'priority'", "label"),
}
"""By kind what a decision `d` keeps of it, whether it does, and where in it the label is."""
STOOD = {
    TEAM: "(SELECT t.slug FROM staff_team t WHERE t.id = c.owner_team_id)",
    TOPIC: "(SELECT t.slug FROM conversations_topic t WHERE t.id = c.topic_id)",
    PRIORITY: "(ARRAY['low', 'normal', 'high', 'urgent'])[c.priority + 1]",
}
"""By kind the label that a conversation `c` has."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A label as it was suggested, how sure, whether the promise held for it, whether it was followed by itself.

    `right` says whether people chose the same.
    """

    label: str
    sure: float
    certain: bool
    acted: bool
    right: bool
    at: datetime


def outcomes(kind: str, limit: int = WINDOW) -> list[Outcome]:
    """The latest that people have dealt with, oldest first."""
    told, said, name = SAID[kind]
    statement = f"""SELECT s.told->>'{name}', (s.told->>'sure')::float, coalesce((s.told->>'certain')::boolean, false),
        coalesce((s.told->>'acted')::boolean, false),
        CASE WHEN e.id IS NOT NULL THEN e.label IS NOT DISTINCT FROM s.told->>'{name}'
            ELSE {STOOD[kind]} IS NOT DISTINCT FROM s.told->>'{name}' END, s.at
    FROM (SELECT d.id, d.conversation_id, d.at, {told} AS told FROM ownership_decision d WHERE {said}
        ORDER BY d.id DESC LIMIT {_READ_MAX}) AS s
    JOIN conversations_conversation c ON c.id = s.conversation_id AND NOT c.confidential
        AND c.audience @> ARRAY['{EVERYONE}'::uuid]
    LEFT JOIN LATERAL (SELECT e.id, e.label FROM ownership_example e WHERE e.conversation_id = s.conversation_id
        AND e.kind = '{kind}' AND e.set_aside IS NULL AND NOT (e.implied AND e.kind = '{PRIORITY}')
        AND e.audience @> ARRAY['{EVERYONE}'::uuid] ORDER BY e.id DESC LIMIT 1) AS e ON true
    WHERE s.told ? 'sure' AND (e.id IS NOT NULL OR ((s.told->>'acted')::boolean AND {SETTLED}))
    ORDER BY s.id DESC LIMIT %s"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [limit])
        return [Outcome(*row) for row in reversed(cursor.fetchall())]
