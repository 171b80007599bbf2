"""Full-text search, newest first, over what the member may see."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from rapport.conversations.models import Conversation, Message

_HITS_MAX = 200
_SHOWN = 40


@dataclass(frozen=True)
class Hit:
    """A conversation and the newest message of it that matched; empty text when only subject or person did."""

    conversation: Conversation
    text: str = ""


def search_conversations(query: str, limit: int = _SHOWN) -> list[Hit]:
    """Conversations whose messages have the words, or whose subject or person has the query in it, newest first."""
    messages = _by_words(query)
    others = [one for one in _by_subject_or_person(query, limit) if one not in messages]
    ids = [*messages, *others]
    found = Conversation.objects.select_related("person", "owner_team").filter(id__in=ids, merged_into__isnull=True)
    rows = sorted(found, key=lambda one: one.last_activity_at, reverse=True)[:limit]
    texts = _texts([messages[row.id] for row in rows if row.id in messages], [row.id for row in rows])
    return [Hit(row, texts.get(row.id, row.snippet)) for row in rows]


def _by_words(query: str) -> dict[UUID, UUID]:
    """The newest matching message of each conversation."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT conversation_id, message_id FROM rapport_search(%s, %s)", [query, _HITS_MAX])
        found: dict[UUID, UUID] = {}
        for conversation_id, message_id in cursor.fetchall():
            found.setdefault(conversation_id, message_id)
        return found


def _by_subject_or_person(query: str, limit: int) -> list[UUID]:
    pattern = f"%{_literal(query.strip(chr(34)).lower())}%"
    with connection.cursor() as cursor:
        cursor.execute(
            """(SELECT id, last_activity_at FROM conversations_conversation WHERE lower(subject) LIKE %(pattern)s
                ORDER BY last_activity_at DESC LIMIT %(limit)s)
            UNION
            (SELECT c.id, c.last_activity_at FROM people_person p
                JOIN conversations_conversation c ON c.person_id = p.id
                WHERE lower(p.name) LIKE %(pattern)s ORDER BY c.last_activity_at DESC LIMIT %(limit)s)
            ORDER BY 2 DESC LIMIT %(limit)s""",
            {"pattern": pattern, "limit": limit},
        )
        return [row[0] for row in cursor.fetchall()]


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _texts(message_ids: list[UUID], conversation_ids: list[UUID]) -> dict[UUID, str]:
    rows = Message.objects.filter(conversation_id__in=conversation_ids, id__in=message_ids)
    return dict(rows.values_list("conversation_id", "text"))
