"""Saying that two conversations have to do with each other."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from rapport.conversations import undoing
from rapport.conversations.actions import acting_on, touch
from rapport.conversations.models import Conversation, Link
from rapport.conversations.undoing import Found, Undoer, changed_since
from rapport.core.errors import Invalid
from rapport.core.models import Event
from rapport.staff.models import Member

LINKED = "conversation.linked"
UNLINKED = "conversation.unlinked"


def link(one: UUID, other: UUID, actor: Member) -> None:
    """Link two conversations that the actor sees; each then shows the other to whoever sees both."""
    if one == other:
        raise Invalid(_("A conversation cannot be linked to itself."), _("Choose another."))
    with acting_on([one, other], actor) as found:
        if _write(one, other, actor):
            _tell(LINKED, found[one], found[other], actor)


def link_all(one: UUID, others: Iterable[UUID], actor: Member) -> None:
    """Link a conversation to several, as a note that names them does; those the actor does not see are left out."""
    seen = Conversation.objects.filter(id__in=[id for id in others if id != one], merged_into=None)
    for other in seen.values_list("id", flat=True):
        link(one, other, actor)


def unlink(one: UUID, other: UUID, actor: Member) -> None:
    """Take the link away."""
    with acting_on([one, other], actor) as found:
        if _delete(one, other):
            _tell(UNLINKED, found[one], found[other], actor)


def linked_to(conversation_id: UUID) -> list[Conversation]:
    """The conversations linked to this one that the current scope sees, the latest first."""
    pairs = Link.objects.filter(Q(low_id=conversation_id) | Q(high_id=conversation_id)).values_list("low_id", "high_id")
    ids = {id for pair in pairs for id in pair} - {conversation_id}
    if not ids:
        return []
    found = Conversation.objects.filter(id__in=ids, merged_into=None).select_related("owner_team")
    return list(found.order_by("-last_activity_at", "-id"))


def _pair(one: UUID, other: UUID) -> dict[str, UUID]:
    return {"low_id": min(one, other), "high_id": max(one, other)}


def _write(one: UUID, other: UUID, actor: Member) -> bool:
    """Whether there was no link yet. The other's row is locked, so nobody else writes it meanwhile."""
    if Link.objects.filter(**_pair(one, other)).exists():
        return False
    Link.objects.create(**_pair(one, other), member=actor)
    return True


def _delete(one: UUID, other: UUID) -> bool:
    return bool(Link.objects.filter(**_pair(one, other)).delete()[0])


def _tell(kind: str, one: Conversation, other: Conversation, actor: Member) -> None:
    """Both logs say it; `beside` marks the second, which is undone with the first."""
    touch(one, kind, actor, {"other": str(other.id)}, active=False)
    touch(other, kind, actor, {"other": str(one.id), "beside": True}, active=False)


def _others(event: Event) -> list[UUID]:
    return [UUID(event.data["other"])]


def _undo(event: Event, found: Found, actor: Member) -> dict[str, Any]:
    one, other = found[event.conversation_id], found[UUID(event.data["other"])]  # type: ignore[index]
    was_linked = event.kind == LINKED
    changed = _delete(one.id, other.id) if was_linked else _write(one.id, other.id, actor)
    if not changed:
        raise changed_since()
    data = {"event": str(event.id), "undid": event.kind, "other": str(one.id)}
    touch(other, undoing.UNDONE, actor, data, active=False)
    return {"other": str(other.id)}


undoing.register(
    Undoer(_undo, lambda event, conversation: not event.data.get("beside"), _others), LINKED, UNLINKED
)
