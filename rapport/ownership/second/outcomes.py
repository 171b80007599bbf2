"""What came of second opinions: what people chose in the end, as `ownership.outcomes` has it of what was learned.

That a team resolved what was its own for want of a rule counts here as it does there: else an endpoint that said so
could only ever be found wrong. Only of conversations everybody may see. In the system's scope.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from rapport.conversations.visibility import EVERYONE
from rapport.core.clock import now

WINDOW = 600
_LATELY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Came:
    """One that people have dealt with: how sure the endpoint was, what was promised of it, whether people chose it.

    `promised` is None of those from before there were enough outcomes to promise anything.
    """

    label: str
    sure: float
    promised: float | None
    right: bool


def came(kind: str, limit: int = WINDOW) -> list[Came]:
    """The latest of a kind, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT o.said->%s->>'label', (o.said->%s->>'sure')::float, (o.said->%s->>'probability')::float,
                e.label IS NOT DISTINCT FROM o.said->%s->>'label'
            FROM ownership_opinion o JOIN conversations_conversation c ON c.id = o.conversation_id
                AND NOT c.confidential AND c.audience @> ARRAY['{EVERYONE}'::uuid]
            JOIN LATERAL (SELECT x.label FROM ownership_example x WHERE x.conversation_id = c.id AND x.kind = %s
                AND x.set_aside IS NULL AND x.audience @> ARRAY['{EVERYONE}'::uuid]
                ORDER BY x.id DESC LIMIT 1) e ON true
            WHERE o.asked_at IS NOT NULL AND o.said ? %s ORDER BY o.asked_at DESC LIMIT %s""",
            [kind, kind, kind, kind, kind, kind, limit],
        )
        return [Came(*row) for row in reversed(cursor.fetchall())]


def tally(kind: str) -> tuple[int, int]:
    """Of the last 90 days: about how many it was asked, and of how many of these it had an opinion."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), count(*) FILTER (WHERE said ? %s) FROM ownership_opinion
            WHERE asked_at >= %s AND kinds @> ARRAY[%s]::varchar[]""",
            [kind, now() - _LATELY, kind],
        )
        return tuple(cursor.fetchone())
