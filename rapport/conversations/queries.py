"""Every question the pages ask about conversations. Row-level security answers only with what the member may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from rapport.conversations.listing import (
    SORTS,
    Edge,
    Narrowing,
    View,
    among_statement,
    cursor_of,
    edge_of,
    page_statement,
)
from rapport.conversations.models import Attachment, Conversation, Message, Revision, Topic
from rapport.conversations.summaries import Summary, summaries
from rapport.conversations.tallying import Counts, count_open
from rapport.core import plans
from rapport.core.errors import NotVisible
from rapport.people import trees
from rapport.people.trees import ROWS_SQL

__all__ = [
    "SORTS", "VIEWS", "Counts", "Narrowing", "Page", "View", "active_topics", "attachments_of", "count_open",
    "earlier_forms", "earlier_of", "get_attachment", "get_conversation", "get_message", "list_conversations",
    "messages_of", "rows_of",
]  # fmt: skip

PAGE_SIZE = 40
TIMELINE_SIZE = 30
#: Beside an open conversation a list begins with fewer; the rest comes as one goes down.
BESIDE_SIZE = 25
#: Marked for translation, translated where they are shown.
VIEWS = {
    "mine": gettext_noop("Mine"),
    "teams": gettext_noop("My teams"),
    "unowned": gettext_noop("Unowned"),
    "watched": gettext_noop("Watched by my teams"),
    "snoozed": gettext_noop("Snoozed"),
    "followed": gettext_noop("Followed"),
    "drafts": gettext_noop("Drafts"),
    "all": gettext_noop("All I may see"),
}


@dataclass(frozen=True)
class Page:
    """Some conversations in the view's order; `next_cursor` is empty on the last page."""

    rows: Sequence[Summary]
    next_cursor: str = ""


def list_conversations(view: View, cursor: str = "", limit: int = PAGE_SIZE) -> Page:
    """One page of a view in its order. Raises Invalid when the cursor is none of ours."""
    found = _select(*page_statement(view, edge_of(view, cursor), limit + 1))
    ids = [row[0] for row in found[:limit]]
    if len(found) <= limit:
        return Page(summaries(ids))
    last_id, due_at, last_activity_at, created_at = found[limit - 1]
    return Page(summaries(ids), cursor_of(view, Edge(due_at, last_activity_at, created_at, last_id)))


def rows_of(view: View, ids: Iterable[UUID]) -> Sequence[Summary]:
    """Those of `ids` that are in the view now, in its order."""
    return summaries([row[0] for row in _select(*among_statement(view, list(ids)[:100]))])


def get_conversation(conversation_id: UUID) -> Conversation:
    """The conversation with its owner, person and channel. Raises NotVisible."""
    found = _joined().filter(id=conversation_id).first()
    if found is None:
        raise NotVisible("There is no such conversation.")
    trees.call([found.person])
    return found


def get_message(conversation_id: UUID, message_id: UUID) -> Message:
    """One message. Raises NotVisible."""
    found = Message.objects.filter(conversation_id=conversation_id, id=message_id).first()
    if found is None:
        raise NotVisible("There is no such message.")
    return found


def get_attachment(conversation_id: UUID, attachment_id: UUID) -> Attachment:
    """One attachment with its bytes. Raises NotVisible, also when the bytes were not kept."""
    found = (
        Attachment.objects.select_related("blob")
        .filter(conversation_id=conversation_id, id=attachment_id, blob__isnull=False)
        .first()
    )
    if found is None:
        raise NotVisible("There is no such attachment.")
    return found


def messages_of(conversation_id: UUID, before: UUID | None = None) -> tuple[list[Message], bool]:
    """The latest messages, oldest first, before `before` if given; and whether there are earlier ones."""
    found = Message.objects.select_related("person", "member").only(*_SAID).filter(conversation_id=conversation_id)
    if before is not None:
        edge = get_message(conversation_id, before)
        found = found.filter(Q(at__lt=edge.at) | Q(at=edge.at, id__lt=edge.id), at__lte=edge.at)
    rows = list(found.order_by("-at", "-id")[: TIMELINE_SIZE + 1])
    trees.call(message.person for message in rows)
    return rows[TIMELINE_SIZE - 1 :: -1] if len(rows) > TIMELINE_SIZE else rows[::-1], len(rows) > TIMELINE_SIZE


#: Of who said it only the name: a page of messages would else read a thousand values that it does not show.
_SAID = [*(field.name for field in Message._meta.concrete_fields), "person__name", "person__top", "member__name"]


def attachments_of(conversation_id: UUID, message_ids: Iterable[UUID]) -> dict[UUID, list[Attachment]]:
    """The attachments of messages, without their bytes, by message id."""
    found: dict[UUID, list[Attachment]] = {}
    for attachment in Attachment.objects.filter(
        conversation_id=conversation_id, message_id__in=list(message_ids)
    ).order_by("id"):
        found.setdefault(attachment.message_id, []).append(attachment)
    return found


def earlier_forms(conversation_id: UUID, messages: Iterable[Message]) -> dict[UUID, list[str]]:
    """What messages said before they were changed, oldest first, by message id; asks only if one was."""
    changed = [message.id for message in messages if message.edited_at]
    found: dict[UUID, list[str]] = {}
    if changed:
        rows = Revision.objects.filter(conversation_id=conversation_id, message_id__in=changed).order_by("until", "id")
        for message_id, text in rows.values_list("message_id", "text"):
            found.setdefault(message_id, []).append(text)
    return found


def earlier_of(person_id: UUID, but: UUID | None = None, limit: int = 8) -> list[Conversation]:
    """The latest conversations with a person by whichever of their rows, except `but`."""
    found = Conversation.objects.extra(where=[_OF_PERSON], params=[[person_id], limit + 1, limit + 1])  # noqa: S610
    if but is not None:
        found = found.exclude(id=but)
    with plans.fresh():
        return list(found.select_related("owner_team").order_by("-last_activity_at")[:limit])


#: Of each row the latest by its index: some have thousands.
_OF_PERSON = f"""conversations_conversation.id IN (SELECT c.id FROM ({ROWS_SQL}) AS b CROSS JOIN LATERAL (
    SELECT id, last_activity_at FROM conversations_conversation WHERE person_id = b.id AND merged_into IS NULL
    ORDER BY last_activity_at DESC LIMIT %s) AS c ORDER BY c.last_activity_at DESC LIMIT %s)"""


def active_topics() -> list[Topic]:
    """The company's topics, by name."""
    return list(Topic.objects.filter(is_active=True))


def _joined() -> QuerySet[Conversation]:
    return Conversation.objects.select_related("person__organization", "owner_team", "owner_member", "channel", "topic")


def _select(statement: str, parameters: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
