"""Carrying messages from one conversation to another, with all that hangs on them. In the system's scope.

A message is at one place only: its row moves, and its files, its delivery and its references (by which answers find
their conversation) go with it.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from rapport.conversations.models import Conversation, Direction, Message, Status, ThreadRef
from rapport.conversations.snippets import snippet_of
from rapport.conversations.threading import ref_of
from rapport.conversations.visibility import EVERYONE
from rapport.core.errors import Invalid

_HANGING = ("conversations_attachment", "conversations_revision", "outbound_delivery")
_MACHINES = ("auto_reply", "bounce", "abuse_report")


def hold_references(ids: Collection[UUID]) -> None:
    """Wait for whoever is just storing something by a reference of these, and hold others; before any other lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM conversations_threadref WHERE conversation_id = ANY(%s) ORDER BY ref FOR UPDATE", [list(ids)]
        )


def check_confidence(source: Conversation, target: Conversation) -> None:
    """Raises Invalid where what was said in confidence would be shown to others by moving it to `target`."""
    if is_confidential(source) and EVERYONE not in source.audience and not set(target.audience) <= set(source.audience):
        raise Invalid(
            _("This was said in confidence, and more people see the other conversation."),
            _("Move the other one here instead, or make it confidential first."),
        )


def is_confidential(conversation: Conversation) -> bool:
    """Whether it is kept to its owner team."""
    team = conversation.owner_team
    return conversation.confidential or bool(team and team.confidential)


def carry(message_ids: Sequence[UUID], source: UUID, target: UUID) -> list[UUID]:
    """Move messages of `source`; the references that went with them. Raises Invalid unless all of them are there."""
    external = dict(Message.objects.filter(conversation_id=source, id__in=message_ids).values_list("id", "message_id"))
    if set(external) != set(message_ids):
        raise Invalid(_("Some of these messages are not here any more."), _("Load the page again."))
    refs = [ref_of(one) for one in external.values() if one]
    refs = list(ThreadRef.objects.filter(ref__in=refs, conversation_id=source).values_list("ref", flat=True))
    repoint(refs, source, target)
    place(message_ids, source, target)
    return refs


def repoint(refs: Sequence[UUID], source: UUID, target: UUID) -> None:
    """Answers to these references come to `target` from now on."""
    ThreadRef.objects.filter(ref__in=refs, conversation_id=source).update(conversation_id=target)


def place(message_ids: Sequence[UUID], source: UUID, target: UUID) -> None:
    """Move the rows of messages, and of what hangs on them; a statement for each table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_message SET conversation_id = %s WHERE conversation_id = %s AND id = ANY(%s)",
            [target, source, list(message_ids)],
        )
        for table in _HANGING:
            cursor.execute(
                f"UPDATE {table} SET conversation_id = %s WHERE conversation_id = %s AND message_id = ANY(%s)",
                [target, source, list(message_ids)],
            )
        cursor.execute(_THREADS_MADE, {"ids": [source, target]})
        cursor.execute(_THREADS_GONE, {"ids": [source, target]})


def all_here(message_ids: Sequence[UUID], conversation_id: UUID) -> bool:
    """Whether every one of the messages is in the conversation."""
    return Message.objects.filter(conversation_id=conversation_id, id__in=message_ids).count() == len(message_ids)


def derive(conversation: Conversation) -> None:
    """Set what follows from its messages: what was said last, since when somebody waits, who speaks."""
    said = Message.objects.filter(conversation_id=conversation.id).exclude(direction=Direction.NOTE)
    last = said.exclude(kind__in=_MACHINES).order_by("-at", "-id").first() or said.order_by("-at", "-id").first()
    first_in = said.filter(direction=Direction.IN, person__isnull=False).order_by("at", "id").first()
    conversation.last_inbound_at = (
        said.filter(direction=Direction.IN).order_by("-at").values_list("at", flat=True).first()
    )
    conversation.snippet = snippet_of(last.text) if last else ""
    waits = last is not None and last.direction == Direction.IN and last.kind not in _MACHINES
    conversation.awaiting_answer = waits and conversation.status == Status.OPEN
    spoke = said.filter(direction=Direction.IN).values_list("person_id", flat=True)
    if conversation.person_id not in set(spoke) and first_in:
        conversation.person_id = first_in.person_id


def uuids(values: Sequence[Any]) -> list[UUID]:
    """Ids as an event keeps them, as ids again."""
    return [UUID(str(value)) for value in values]


_THREADS_MADE = """INSERT INTO conversations_thread (conversation_id, channel_id, created_at)
SELECT conversation_id, channel_id, min(at) FROM conversations_message
WHERE conversation_id = ANY(%(ids)s) AND channel_id IN (SELECT id FROM channels_channel)
GROUP BY 1, 2 ON CONFLICT DO NOTHING"""
_THREADS_GONE = """DELETE FROM conversations_thread t WHERE conversation_id = ANY(%(ids)s) AND NOT EXISTS (
    SELECT 1 FROM conversations_message m
    WHERE m.conversation_id = t.conversation_id AND m.channel_id = t.channel_id)"""
