"""What each member had open at a moment of the past, and until when. Reads, and only reads, in the system's scope.

A conversation's row says whose it is today and whether it is open today. What happened with it since the moment says
what it was then: whose it was before the first time that it was given on; whether it had been settled by then, though
it was opened again later. Where nothing of that was written down, it was as it is.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection

from rapport.channels.said import ANSWERED as WANTED

# What happened since is read once for all. Of one that is open, and in which something happened since, is looked up
# how it stood: a conversation in which nothing did, stands as it stood.
_OPEN = """
WITH given AS MATERIALIZED (
    SELECT DISTINCT ON (conversation_id) conversation_id, (data->'before'->>'owner_member_id')::uuid AS owner
    FROM core_event WHERE kind IN ('conversation.assigned', 'conversation.undone') AND at >= %(at)s
        AND conversation_id IS NOT NULL AND data->'before' ? 'owner_member_id'
    ORDER BY conversation_id, at, id),
spam AS MATERIALIZED (
    SELECT conversation_id, min(at) AS at FROM core_event
    WHERE kind = 'conversation.spam' AND at >= %(at)s AND conversation_id IS NOT NULL GROUP BY 1),
found AS (
    SELECT c.id, CASE WHEN given.conversation_id IS NULL THEN c.owner_member_id ELSE given.owner END AS owner,
        CASE WHEN c.status = 'spam' THEN spam.at ELSE c.resolved_at END AS ends, c.last_activity_at >= %(at)s AS active
    FROM conversations_conversation c
    LEFT JOIN given ON given.conversation_id = c.id LEFT JOIN spam ON spam.conversation_id = c.id
    WHERE c.created_at < %(at)s AND (c.status IN ('open', 'resolved') OR spam.at IS NOT NULL)
        AND (c.resolved_at > %(at)s OR (c.resolved_at IS NULL AND c.status <> 'resolved')))
SELECT owner, array_agg(ends) FROM found
LEFT JOIN LATERAL (SELECT e.at, e.data->'after'->>'status' AS status FROM core_event e
    WHERE found.active AND e.conversation_id = found.id AND e.at < %(at)s AND e.data->'after' ? 'status'
    ORDER BY e.at DESC, e.id DESC LIMIT 1) AS was ON true
WHERE owner IS NOT NULL AND (was.status IS DISTINCT FROM 'resolved' OR EXISTS (
    SELECT 1 FROM conversations_message m WHERE m.conversation_id = found.id AND m.direction = 'in'
        AND m.kind = ANY(%(wanted)s) AND m.at > was.at AND m.at < %(at)s))
GROUP BY owner
"""


def open_at(at: datetime) -> dict[UUID, tuple[datetime | None, ...]]:
    """By member until when each conversation was open that they had open at the moment; None: it still is."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"at": at, "wanted": sorted(WANTED)})
        return {member: tuple(until) for member, until in cursor.fetchall()}
