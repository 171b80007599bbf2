"""What members do with a conversation. Each verb may be said twice, changes what it says, and leaves an event.

Called in the member's scope: the conversation is looked up with their eyes, and written with the system's, so that one
may hand over what one then no longer sees.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from rapport.conversations.models import Conversation, Direction, Message, Priority, Status, Topic
from rapport.conversations.visibility import audience_of
from rapport.core import events, notify, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.people import arrivals as people
from rapport.staff.models import Member, Role, Team

_NOTE_LENGTH_MAX = 100_000


def note(conversation_id: UUID, actor: Member, text: str) -> Message:
    """Say something among members only. Raises Invalid for an empty or endless note."""
    text = text.replace("\0", "").strip()
    if not text:
        raise Invalid("The note is empty.", "Write something, or close it.")
    if len(text) > _NOTE_LENGTH_MAX:
        raise Invalid(f"The note has {len(text):,} characters.", f"Keep it under {_NOTE_LENGTH_MAX:,}.")
    with acting(conversation_id, actor) as conversation:
        message = Message.objects.create(
            conversation=conversation, direction=Direction.NOTE, member=actor, text=text, at=now()
        )
        touch(conversation, "note.added", actor, {"message": str(message.id)})
    return message


def resolve(conversation_id: UUID, actor: Member) -> None:
    """The matter is settled."""
    set_status(conversation_id, actor, Status.RESOLVED)


def reopen(conversation_id: UUID, actor: Member) -> None:
    """The matter is not settled after all."""
    set_status(conversation_id, actor, Status.OPEN)


def mark_spam(conversation_id: UUID, actor: Member) -> None:
    """Nobody needs to see this."""
    set_status(conversation_id, actor, Status.SPAM)


def set_status(conversation_id: UUID, actor: Member, status: Status) -> None:
    """Change where the conversation stands."""

    def change(conversation: Conversation) -> dict[str, Any]:
        conversation.resolved_at = now() if status == Status.RESOLVED else None
        if status != Status.OPEN:
            conversation.awaiting_answer = False
        return {"status": status}

    _change(conversation_id, actor, f"conversation.{_VERBS[status]}", change)


def set_priority(conversation_id: UUID, actor: Member, priority: int) -> None:
    """How much it matters, 0 to 3."""
    if priority not in Priority.values:
        raise Invalid("There is no such priority.", "It is a number from 0 (low) to 3 (urgent).")
    _change(conversation_id, actor, "conversation.priority", lambda c: {"priority": priority})


def set_topic(conversation_id: UUID, actor: Member, topic: Topic | None) -> None:
    """What it is about."""
    _change(conversation_id, actor, "conversation.topic", lambda c: {"topic_id": topic.id if topic else None})


def involve(conversation_id: UUID, actor: Member, team: Team) -> None:
    """Let a team follow the conversation, and see it unless it is confidential."""
    data = {"team": str(team.id)}
    _change(conversation_id, actor, "team.involved", lambda c: {"involved": sorted({*c.involved, team.id})}, data)


def uninvolve(conversation_id: UUID, actor: Member, team: Team) -> None:
    """The team need not follow any more."""
    data = {"team": str(team.id)}
    _change(conversation_id, actor, "team.uninvolved", lambda c: {"involved": sorted({*c.involved} - {team.id})}, data)


def set_confidential(conversation_id: UUID, actor: Member, confidential: bool) -> None:
    """Keep it to its owner team, or no longer."""
    _change(conversation_id, actor, "conversation.confidential", lambda c: {"confidential": confidential})


@contextmanager
def acting(conversation_id: UUID, actor: Member) -> Iterator[Conversation]:
    """The conversation, locked, for a member who sees it and may change it; the block runs in the system's scope.

    Raises NotVisible (404) or NotAllowed (403), or Invalid for one that was merged away; then nothing has happened.
    """
    with scope.member(actor.id):
        seen = Conversation.objects.filter(id=conversation_id).exists()
    if not seen:
        raise NotVisible("There is no such conversation.")
    if actor.role == Role.READER or not actor.is_active:
        raise NotAllowed("You may read, but not change, conversations.", "Ask an administrator for another role.")
    with scope.system():
        conversation = Conversation.objects.select_for_update().get(id=conversation_id)
        if conversation.merged_into is not None:
            raise Invalid("This conversation was merged into another.", "Go on there.")
        yield conversation


def touch(conversation: Conversation, kind: str, actor: Member, data: dict[str, Any] | None = None) -> None:
    """Count the conversation's messages anew, write the event, and tell the open pages (old and new audience)."""
    before = set(conversation.audience)
    conversation.audience = audience_of(conversation.owner_team, conversation.involved, conversation.confidential)
    conversation.message_count = conversation.messages.count()
    conversation.last_activity_at = max(conversation.last_activity_at, now())
    conversation.save()
    if not before.issuperset(conversation.audience):
        _introduce(conversation)
    events.record(kind, conversation_id=conversation.id, actor_id=actor.id, data=data)
    notify.changed("conversation", conversation.id, sorted(before | set(conversation.audience)))


def _introduce(conversation: Conversation) -> None:
    """Whoever sees the conversation now also knows of the people in it."""
    spoke = conversation.messages.filter(person__isnull=False).values_list("person_id", flat=True).distinct()
    known = {id for id in (*spoke, conversation.person_id) if id}
    people.widen(dict.fromkeys(known, conversation.audience))


def _change(
    conversation_id: UUID,
    actor: Member,
    kind: str,
    change: Callable[[Conversation], dict[str, Any]],
    data: dict[str, Any] | None = None,
) -> None:
    with acting(conversation_id, actor) as conversation:
        fields = change(conversation)
        if all(getattr(conversation, name) == value for name, value in fields.items()):
            return
        before = {name: getattr(conversation, name) for name in fields}
        for name, value in fields.items():
            setattr(conversation, name, value)
        touch(conversation, kind, actor, data or {"before": _plain(before), "after": _plain(fields)})


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: v if isinstance(v, (int, bool)) or v is None else str(v) for name, v in fields.items()}


_VERBS = {Status.RESOLVED: "resolved", Status.OPEN: "reopened", Status.SPAM: "spam", Status.MERGED: "merged"}
