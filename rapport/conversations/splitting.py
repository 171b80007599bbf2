"""Taking messages out of a conversation: into one of their own, or over to another."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from rapport.conversations import clocks, merging, moving, undoing
from rapport.conversations.actions import acting_on, may_change, touch
from rapport.conversations.models import Conversation, Direction, Message, Status
from rapport.conversations.undoing import Found, Undoer, changed_since
from rapport.core import scope
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.staff.models import Member

SPLIT = "conversation.split"
MOVED = "messages.moved"


def split(conversation_id: UUID, message_ids: Sequence[UUID], actor: Member) -> Conversation:
    """Make a conversation of its own of some messages, with the same owner and for the same eyes.

    Answers to them come there from now on. Raises as every action does; Invalid unless something stays behind.
    """
    may_change(actor)
    with transaction.atomic():
        with scope.system():
            moving.hold_references([conversation_id])
        with acting_on([conversation_id], actor) as found:
            source = found[conversation_id]
            _something_stays(source, message_ids)
            made = _beside(source, message_ids)
            carried = _carry(source, made, message_ids)
            _copy_decision(source.id, made.id)
            _copy_place(source.id, made)
            first_out = made.messages.filter(direction=Direction.OUT).order_by("at").first()
            made.first_answered_at = first_out.at if first_out else None
            clocks.copy(source.id, made.id)
            touch(made, "conversation.split_off", actor, _from(source))
            touch(source, SPLIT, actor, {"to": str(made.id), **carried}, active=False)
    return made


def move(source_id: UUID, message_ids: Sequence[UUID], target_id: UUID, actor: Member) -> None:
    """Carry some messages over to another conversation. Raises as `split` does, and where a secret would spread."""
    if source_id == target_id:
        raise Invalid(_("The messages are there already."), _("Choose another conversation."))
    may_change(actor)
    with transaction.atomic():
        with scope.system():
            moving.hold_references([source_id, target_id])
        with acting_on([source_id, target_id], actor) as found:
            source, target = found[source_id], found[target_id]
            moving.check_confidence(source, target)
            _something_stays(source, message_ids)
            carried = _carry(source, target, message_ids)
            touch(source, MOVED, actor, {"to": str(target.id), **carried}, active=False)
            touch(target, "messages.came", actor, _from(source) | {"messages": carried["messages"]})


def _something_stays(source: Conversation, message_ids: Sequence[UUID]) -> None:
    if not message_ids:
        raise Invalid(_("No message was chosen."), _("Choose at least one."))
    said = Message.objects.filter(conversation_id=source.id).exclude(direction=Direction.NOTE)
    if not said.exclude(id__in=message_ids).exists():
        raise Invalid(_("Nothing would stay behind."), _("Leave a message here, or merge the conversations."))


def _beside(source: Conversation, message_ids: Sequence[UUID]) -> Conversation:
    """An empty conversation with the owner, the eyes and the promises of `source`."""
    chosen = Message.objects.filter(conversation_id=source.id, id__in=message_ids)
    first = chosen.order_by("at", "id").first()
    last = chosen.order_by("-at", "-id").first()
    if first is None or last is None:
        raise Invalid(_("Some of these messages are not here any more."), _("Load the page again."))
    answered = source.first_answered_at is not None
    return Conversation.objects.create(
        id=new_id(), subject=(first.subject or source.subject)[:300], channel_id=first.channel_id or source.channel_id,
        person_id=source.person_id, priority=source.priority, topic_id=source.topic_id,
        owner_team=source.owner_team, owner_member_id=source.owner_member_id, involved=list(source.involved),
        confidential=source.confidential, audience=list(source.audience), language=source.language,
        created_at=first.at, last_activity_at=last.at, resolution_due_at=source.resolution_due_at,
        first_answer_due_at=None if answered else source.first_answer_due_at, promised=source.promised,
    )  # fmt: skip


def _carry(source: Conversation, target: Conversation, message_ids: Sequence[UUID]) -> dict[str, Any]:
    ids = list(dict.fromkeys(message_ids))
    refs = moving.carry(ids, source.id, target.id)
    moving.derive(source)
    moving.derive(target)
    return {"messages": [str(one) for one in ids], "refs": [str(one) for one in refs]}


def _from(source: Conversation) -> dict[str, Any]:
    return {"from": str(source.id)}


def _copy_decision(source: UUID, made: UUID) -> None:
    """The one is owned as the other was, and for the same reason."""
    with connection.cursor() as cursor:
        cursor.execute(_DECISION, {"id": new_id(), "made": made, "source": source})


def _copy_place(source: UUID, made: Conversation) -> None:
    """Where the one waits for a member, the other does too: as long as the first of its messages is there."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, {"id": new_id(), "made": made.id, "source": source, "began": made.created_at})


def _others(event: Event) -> list[UUID]:
    return [UUID(event.data["to"])]


def _unmove(event: Event, found: Found, actor: Member) -> dict[str, Any]:
    source, target = found[event.conversation_id], found[UUID(event.data["to"])]  # type: ignore[index]
    messages = moving.uuids(event.data["messages"])
    if target.merged_into is not None or not moving.all_here(messages, target.id):
        raise changed_since()
    moving.check_confidence(target, source)
    moving.repoint(moving.uuids(event.data["refs"]), target.id, source.id)
    moving.place(messages, target.id, source.id)
    moving.derive(source)
    moving.derive(target)
    touch(target, undoing.UNDONE, actor, {"event": str(event.id), "undid": event.kind}, active=False)
    return {"from": str(target.id)}


def _unsplit(event: Event, found: Found, _actor: Member) -> dict[str, Any]:
    """All that is in the conversation that was made comes back, with what was said there since."""
    source, made = found[event.conversation_id], found[UUID(event.data["to"])]  # type: ignore[index]
    if made.merged_into is not None or not moving.all_here(moving.uuids(event.data["messages"]), made.id):
        raise changed_since()
    moving.check_confidence(made, source)
    merging.take_all(made.id, source.id)
    if made.status == Status.OPEN != source.status:
        source.status, source.resolved_at = Status.OPEN, None
    moving.derive(source)
    merging.seal(made, source)
    return {"from": str(made.id)}


def _possible(event: Event, conversation: Conversation) -> bool:
    return "to" in event.data


undoing.register(Undoer(_unsplit, _possible, _others), SPLIT)
undoing.register(Undoer(_unmove, _possible, _others), MOVED)

_PLACE = """INSERT INTO ownership_turn (id, conversation_id, team_id, since, stood_at, why, priority, due_at, began_at)
SELECT %(id)s, %(made)s, team_id, greatest(since, %(began)s), stood_at, why, priority, due_at, %(began)s
FROM ownership_turn WHERE conversation_id = %(source)s AND member_id IS NULL"""
_DECISION = """INSERT INTO ownership_decision (conversation_id, id, at, source, policy_version, actor_id, owner_team_id,
    owner_member_id, from_team_id, from_member_id, involved, rule, sentence, trace)
SELECT %(made)s, %(id)s, at, source, policy_version, actor_id, owner_team_id, owner_member_id, from_team_id,
    from_member_id, involved, rule, sentence, trace
FROM ownership_decision WHERE conversation_id = %(source)s ORDER BY at DESC, id DESC LIMIT 1"""
