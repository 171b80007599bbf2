"""What members do with a conversation. Each verb may be said twice, changes what it says, and leaves an event.

Called in the member's scope: the conversation is looked up with their eyes, and written with the system's, so that one
may hand over what one then no longer sees.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.conversations import clocks
from rapport.conversations.models import Conversation, Direction, Message, Priority, Status, Topic
from rapport.conversations.visibility import audience_of, hold
from rapport.core import events, notify, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.people import arrivals as people
from rapport.staff.models import Member, Role, Team

_NOTE_LENGTH_MAX = 100_000


def note(
    conversation_id: UUID, actor: Member, text: str, html: str = "", mentions: Collection[UUID] = ()
) -> Message:
    """Say something among members only; `html` is the same, sanitised. `mentions` are members who see it.

    Raises Invalid for an empty or endless note.
    """
    text = text.replace("\0", "").strip()
    if not text:
        raise Invalid(_("The note is empty."), _("Write something, or close it."))
    if len(text) > _NOTE_LENGTH_MAX:
        raise Invalid(
            _("The note has %(count)s characters.") % {"count": f"{len(text):,}"},
            _("Keep it under %(limit)s.") % {"limit": f"{_NOTE_LENGTH_MAX:,}"},
        )
    with acting(conversation_id, actor) as conversation:
        message = Message.objects.create(
            conversation=conversation, direction=Direction.NOTE, member=actor, text=text, html=html, at=now()
        )
        named = {"mentions": [str(one) for one in mentions]} if mentions else {}
        touch(conversation, "note.added", actor, {"message": str(message.id)} | named)
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
    """Change where the conversation stands. What is settled sleeps no more."""

    def fields(conversation: Conversation) -> dict[str, Any]:
        if conversation.status == status:
            return {}
        changed: dict[str, Any] = {"status": status, "resolved_at": now() if status == Status.RESOLVED else None}
        if status != Status.OPEN:
            changed |= {"awaiting_answer": False, "snoozed": False, "snoozed_until": None}
        return changed

    change(conversation_id, actor, f"conversation.{_VERBS[status]}", fields)


def set_priority(conversation_id: UUID, actor: Member, priority: int, data: dict[str, Any] | None = None) -> None:
    """How much it matters, 0 to 3; the event keeps `data`."""
    if priority not in Priority.values:
        raise Invalid(_("There is no such priority."), _("It is a number from 0 (low) to 3 (urgent)."))
    change(conversation_id, actor, "conversation.priority", lambda c: {"priority": priority}, data)


def set_topic(
    conversation_id: UUID, actor: Member, topic: Topic | None, data: dict[str, Any] | None = None
) -> None:  # fmt: skip
    """What it is about; the event keeps `data`."""
    change(conversation_id, actor, "conversation.topic", lambda c: {"topic_id": topic.id if topic else None}, data)


def involve(conversation_id: UUID, actor: Member, team: Team) -> None:
    """Let a team follow the conversation, and see it unless it is confidential."""
    data = {"team": str(team.id)}
    change(conversation_id, actor, "team.involved", lambda c: {"involved": sorted({*c.involved, team.id})}, data)


def uninvolve(conversation_id: UUID, actor: Member, team: Team) -> None:
    """The team need not follow any more."""
    data = {"team": str(team.id)}
    change(conversation_id, actor, "team.uninvolved", lambda c: {"involved": sorted({*c.involved} - {team.id})}, data)


def set_confidential(conversation_id: UUID, actor: Member, confidential: bool) -> None:
    """Keep it to its owner team, or no longer."""
    change(conversation_id, actor, "conversation.confidential", lambda c: {"confidential": confidential})


@contextmanager
def acting(conversation_id: UUID, actor: Member) -> Iterator[Conversation]:
    """The conversation, locked, for a member who sees it and may change it; the block runs in the system's scope.

    Raises NotVisible (404) or NotAllowed (403), or Invalid for one that was merged away; then nothing has happened.
    """
    with acting_on([conversation_id], actor) as found:
        yield found[conversation_id]


@contextmanager
def acting_on(ids: Collection[UUID], actor: Member) -> Iterator[dict[UUID, Conversation]]:
    """The same for several."""
    with scope.member(actor.id):
        seen = set(Conversation.objects.filter(id__in=ids).values_list("id", flat=True))
    if not seen.issuperset(ids):
        raise NotVisible(_("There is no such conversation."))
    may_change(actor)
    with scope.system():
        found = locked(ids)
        for conversation in found.values():
            alive(conversation)
        yield found


def locked(ids: Collection[UUID]) -> dict[UUID, Conversation]:
    """Conversations locked in one order, so that two who meet wait for, and never block, one another."""
    rows = Conversation.objects.select_for_update().filter(id__in=ids).order_by("id")
    return {conversation.id: conversation for conversation in rows}


def alive(conversation: Conversation) -> None:
    """Raises Invalid for what was merged away."""
    if conversation.merged_into is not None:
        raise Invalid(_("This conversation was merged into another."), _("Go on there."))


def may_change(actor: Member) -> None:
    """Raises NotAllowed for a member who may only read, or no longer works here."""
    if actor.role == Role.READER or not actor.is_active:
        raise NotAllowed(
            _("You may read, but not change, conversations."), _("Ask an administrator for another role.")
        )


def touch(
    conversation: Conversation,
    kind: str,
    actor: Member | None,
    data: dict[str, Any] | None = None,
    *,
    active: bool = True,
) -> None:
    """Count the conversation's messages anew, write the event, and tell the open pages (old and new audience).

    `active`: it is something to look at, so that it goes to the top of the lists.
    """
    before = set(conversation.audience)
    hold()
    owner = conversation.owner_team_id
    team = Team.objects.get(id=owner) if owner else None
    conversation.audience = audience_of(team, conversation.involved, conversation.confidential)
    conversation.message_count = conversation.messages.count()
    if active:
        conversation.last_activity_at = max(conversation.last_activity_at, now())
    conversation.save()
    clocks.follow(conversation)
    if not before.issuperset(conversation.audience):
        _introduce(conversation)
    actor_id = actor.id if actor else None
    events.record(kind, conversation_id=conversation.id, actor_id=actor_id, data=data)
    notify.changed("conversation", conversation.id, sorted(before | set(conversation.audience)))
    if kind.startswith("conversation."):
        # Somebody may have room now, or the conversation a place in a queue.
        notify.wake(notify.HANDING_CHANNEL)


def change(
    conversation_id: UUID,
    actor: Member,
    kind: str,
    fields_of: Callable[[Conversation], dict[str, Any]],
    data: dict[str, Any] | None = None,
    *,
    active: bool = True,
) -> None:
    """Set the fields that `fields_of` says, with an event that holds what was before; nothing where they stand so."""
    with acting(conversation_id, actor) as conversation:
        fields = fields_of(conversation)
        before = {name: getattr(conversation, name) for name in fields}
        if before == fields:
            return
        for name, value in fields.items():
            setattr(conversation, name, value)
        kept = {**(data or {}), "before": plain(before), "after": plain(fields)}
        touch(conversation, kind, actor, kept, active=active)


def plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Values of fields as an event keeps them: text, numbers, and lists of text."""
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (int, bool)):
        return value
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _introduce(conversation: Conversation) -> None:
    """Whoever sees the conversation now also knows of the people in it."""
    spoke = conversation.messages.filter(person__isnull=False).values_list("person_id", flat=True).distinct()
    known = {id for id in (*spoke, conversation.person_id) if id}
    people.widen(dict.fromkeys(known, conversation.audience))


_VERBS = {Status.RESOLVED: "resolved", Status.OPEN: "reopened", Status.SPAM: "spam", Status.MERGED: "merged"}
