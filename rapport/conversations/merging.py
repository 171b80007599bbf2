"""Making two conversations one, when a message shows that they are."""

from uuid import UUID

from django.db import connection

from rapport.core import events, notify

_MOVED = ("conversations_message", "conversations_attachment", "ownership_decision", "outbound_delivery")


def merge(loser: UUID, winner: UUID) -> None:
    """Move everything of `loser` to `winner`. The loser stays as a signpost, and the log says what was moved."""
    with connection.cursor() as cursor:
        # First the references: whoever is just storing something by one of them is waited for, and then moved too.
        cursor.execute(
            "UPDATE conversations_threadref SET conversation_id = %s WHERE conversation_id = %s", [winner, loser]
        )
        cursor.execute("SELECT id FROM conversations_message WHERE conversation_id = %s", [loser])
        moved = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute(
            """INSERT INTO conversations_thread (conversation_id, channel_id, created_at)
            SELECT %s, channel_id, created_at FROM conversations_thread WHERE conversation_id = %s
            ON CONFLICT DO NOTHING""",
            [winner, loser],
        )
        for table in _MOVED:
            cursor.execute(f"UPDATE {table} SET conversation_id = %s WHERE conversation_id = %s", [winner, loser])
        cursor.execute(_ADD_UP, [loser, winner])
        cursor.execute(
            """UPDATE conversations_conversation SET status = 'merged', merged_into = %s WHERE id = %s
            RETURNING audience""",
            [winner, loser],
        )
        audience = cursor.fetchone()[0]
    notify.changed("conversation", loser, audience)
    events.record("conversation.merged", conversation_id=winner, data={"from": str(loser), "messages": moved})


_ADD_UP = """UPDATE conversations_conversation w SET message_count = w.message_count + l.message_count,
    created_at = least(w.created_at, l.created_at),
    last_activity_at = greatest(w.last_activity_at, l.last_activity_at),
    last_inbound_at = greatest(w.last_inbound_at, l.last_inbound_at),
    awaiting_answer = w.awaiting_answer OR l.awaiting_answer,
    person_id = coalesce(w.person_id, l.person_id)
FROM conversations_conversation l WHERE l.id = %s AND w.id = %s"""
