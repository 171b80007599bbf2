"""Taking back what the log says was done. The log only grows: what was taken back is one more line of it.

Whoever has a verb registers how it is taken back, by the kind of its event. What changed since is never overwritten.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Field
from django.utils.translation import gettext as _

from rapport.conversations.actions import alive, locked, may_change, plain, touch
from rapport.conversations.models import Conversation
from rapport.conversations.moving import hold_references
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible, RapportError
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.staff.models import Member

UNDONE = "conversation.undone"
_BATCH_LASTS = timedelta(hours=1)
#: How long one may take back that one gave a conversation out of one's own sight.
_REGRET = timedelta(minutes=10)

Found = Mapping[UUID, Conversation]


def _none(_event: Event) -> Sequence[UUID]:
    return ()


@dataclass(frozen=True)
class Undoer:
    """How events of a kind are taken back.

    `undo` changes the locked conversations and returns what its own event is to keep; it raises Invalid where things
    changed since. `possible` says the same at a glance, for showing. `others`: the conversations touched beside the
    event's own.
    """

    undo: Callable[[Event, Found, Member], dict[str, Any]]
    possible: Callable[[Event, Conversation], bool]
    others: Callable[[Event], Sequence[UUID]] = _none


@dataclass(frozen=True)
class Undone:
    """How many acts of a batch were taken back, and how many could not be any more."""

    done: int
    failed: int


_UNDOERS: dict[str, Undoer] = {}


def register(undoer: Undoer, *kinds: str) -> None:
    """Say how events of these kinds are taken back."""
    _UNDOERS.update(dict.fromkeys(kinds, undoer))


def undo(event_id: UUID, actor: Member) -> None:
    """Take back what the event says. Raises NotVisible, NotAllowed, or Invalid where it cannot be taken back any more.

    Then nothing has happened.
    """
    event = _event(event_id)
    undoer = _UNDOERS.get(event.kind)
    if undoer is None or event.conversation_id is None:
        raise Invalid(_("This cannot be undone."))
    ids = {event.conversation_id, *undoer.others(event)}
    _check_sight(event, ids, actor)
    may_change(actor)
    with transaction.atomic(), scope.system():
        if len(ids) > 1:
            hold_references(ids)
        found = locked(ids)
        conversation = found[event.conversation_id]
        alive(conversation)
        if _undone([event]):
            raise Invalid(_("This was undone already."))
        kept = undoer.undo(event, found, actor)
        touch(conversation, UNDONE, actor, {**kept, "event": str(event.id), "undid": event.kind}, active=False)


def undo_batch(batch_id: UUID, actor: Member) -> Undone:
    """Take back all that the actor did in one batch, the latest first; each act by itself."""
    began = batch_id.int >> 80
    with scope.system():
        events = Event.objects.filter(
            id__gte=new_id(began - 60_000), id__lt=new_id(began + int(_BATCH_LASTS.total_seconds() * 1000)),
            actor_id=actor.id, data__batch=str(batch_id), kind__in=list(_UNDOERS),
        )  # fmt: skip
        ids = list(events.order_by("-id").values_list("id", flat=True))
    if not ids:
        raise NotVisible(_("There is nothing to undo."))
    done = sum(_tried(event_id, actor) for event_id in ids)
    return Undone(done, len(ids) - done)


def undoable(events: Iterable[Event], conversations: Found) -> set[UUID]:
    """Which of the events a page may offer to take back, as far as one can tell at a glance (one query)."""
    offered = [e for e in events if e.kind in _UNDOERS and e.conversation_id in conversations]
    gone = _undone(offered) if offered else set()
    found = set()
    for event in offered:
        conversation = conversations[event.conversation_id]  # type: ignore[index]
        if conversation.merged_into is None and event.id not in gone:
            found |= {event.id} if _UNDOERS[event.kind].possible(event, conversation) else set()
    return found


def changed_since() -> Invalid:
    """What an undoer raises."""
    return Invalid(_("This cannot be undone any more: it was changed since."), _("Change it as it should be."))


def restored(name: str, value: Any) -> Any:
    """The value of a conversation's field, from what an event kept of it."""
    field = Conversation._meta.get_field(name)
    return field.to_python(value) if isinstance(field, Field) else value


def _event(event_id: UUID) -> Event:
    with scope.system():
        found = Event.objects.filter(id=event_id).first()
    if found is None:
        raise NotVisible(_("There is no such event."))
    return found


def _check_sight(event: Event, ids: set[UUID], actor: Member) -> None:
    with scope.member(actor.id):
        seen = Conversation.objects.filter(id__in=ids).count()
    if seen < len(ids) and not (len(ids) == 1 and _just_given_away(event, actor)):
        raise NotVisible(_("There is no such event."))


def _just_given_away(event: Event, actor: Member) -> bool:
    """Whether the actor did it a moment ago, and nothing has happened there since that they may not see."""
    if event.actor_id != actor.id or event.at < now() - _REGRET:
        return False
    with scope.system():
        since = Event.objects.filter(conversation_id=event.conversation_id, id__gt=event.id)
        return not since.exclude(actor_id=actor.id).exists()


def _undone(events: Sequence[Event]) -> set[UUID]:
    ids = [str(event.id) for event in events]
    there = {event.conversation_id for event in events}
    taken_back = Event.objects.filter(kind=UNDONE, conversation_id__in=there, data__event__in=ids)
    return {UUID(data["event"]) for data in taken_back.values_list("data", flat=True)}


def _tried(event_id: UUID, actor: Member) -> bool:
    try:
        with transaction.atomic():
            undo(event_id, actor)
    except RapportError:
        return False
    return True


def restore(event: Event, found: Found, _actor: Member) -> dict[str, Any]:
    """Fields go back to what they were."""
    conversation = found[event.conversation_id]  # type: ignore[index]
    if not stands(event, conversation):
        raise changed_since()
    for name, value in event.data["before"].items():
        setattr(conversation, name, restored(name, value))
    return {"before": event.data["after"], "after": event.data["before"]}


def stands(event: Event, conversation: Conversation) -> bool:
    """Whether the conversation still is as the event left it."""
    after = event.data.get("after")
    if not after or "before" not in event.data:
        return False
    return plain({name: getattr(conversation, name, None) for name in after}) == dict(after)


def _team_of(event: Event) -> UUID:
    return UUID(event.data["team"])


def _uninvolve(event: Event, found: Found, _actor: Member) -> dict[str, Any]:
    conversation = found[event.conversation_id]  # type: ignore[index]
    if _team_of(event) not in conversation.involved:
        raise changed_since()
    conversation.involved = sorted({*conversation.involved} - {_team_of(event)})
    return {"team": event.data["team"]}


def _involve(event: Event, found: Found, _actor: Member) -> dict[str, Any]:
    conversation = found[event.conversation_id]  # type: ignore[index]
    if _team_of(event) in conversation.involved:
        raise changed_since()
    conversation.involved = sorted({*conversation.involved, _team_of(event)})
    return {"team": event.data["team"]}


register(
    Undoer(restore, stands),
    *(f"conversation.{verb}" for verb in ("resolved", "reopened", "spam", "priority", "topic", "confidential")),
    "conversation.snoozed",
    "conversation.woken",
)
register(Undoer(_uninvolve, lambda event, c: _team_of(event) in c.involved), "team.involved")
register(Undoer(_involve, lambda event, c: _team_of(event) not in c.involved), "team.uninvolved")
