"""Giving a conversation to somebody: asks nothing, but keeps who did it, when, and from where.

What people decide here is an example to learn from, too (`teaching`).
"""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.conversations import actions as conversations
from rapport.conversations import undoing
from rapport.conversations.actions import acting, plain, touch
from rapport.conversations.models import Conversation, Status, Topic
from rapport.core import events
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.ownership import teaching
from rapport.ownership.handing import turns
from rapport.ownership.kinds import PRIORITY, TOPIC
from rapport.ownership.models import Decision, Example, How
from rapport.ownership.policy import PRIORITIES
from rapport.ownership.service import Reassignment, record_reassignment, weight_of
from rapport.ownership.teaching import Said
from rapport.staff.models import Member, Membership, Role, Team

ASSIGNED = "conversation.assigned"
CONFIRMED = "conversation.confirmed"


def assign(conversation_id: UUID, actor: Member, team: Team | None, member: Member | None = None) -> Decision | None:
    """Make `team` (and of it `member`) the owner; None for a team takes it back to nobody's.

    Where it already is, that says that it is right, and there is no decision (None).

    Raises NotVisible and NotAllowed as every action, Invalid for a team that is gone or a member of another team.
    """
    _check(team, member)
    with acting(conversation_id, actor) as conversation:
        before = (conversation.owner_team_id, conversation.owner_member_id)
        after = (team.id if team else None, member.id if member else None)
        if before == after:
            if team:
                _keep(conversation_id, Said(team.slug), actor, str(new_id()), confirms=True)
            return None
        was = fields_of(conversation)
        conversation.owner_team, conversation.owner_member = team, member
        if team and team.confidential:
            conversation.confidential = True
        waited = turns.moved(conversation, before)
        decision = record_reassignment(
            Reassignment(
                conversation_id, actor.id, *after, *before, tuple(conversation.involved),
                weight_of(conversation) if member and member.id != before[1] else None,
            )
        )  # fmt: skip
        names = ("team", "member", "from_team", "from_member")
        moved = {name: str(value or "") for name, value in zip(names, (*after, *before), strict=True)}
        kept = {"before": plain(was), "after": plain(fields_of(conversation))}
        taught = {"example": str(new_id())} if team and (member or team.id != before[0]) else {}
        touch(conversation, ASSIGNED, actor, moved | kept | taught | ({"waited": waited} if waited else {}))
        if team and taught:
            teaching.teach(conversation, team.slug, actor, UUID(taught["example"]))
    return decision


def mark_spam(conversation_id: UUID, actor: Member) -> None:
    """Nobody needs to see this; an example of what is none of ours."""
    set_status(conversation_id, actor, Status.SPAM)


def reopen(conversation_id: UUID, actor: Member) -> None:
    """The matter is not settled after all; what was spam is ours."""
    set_status(conversation_id, actor, Status.OPEN)


def set_status(conversation_id: UUID, actor: Member, status: Status) -> None:
    """Change where the conversation stands, as `conversations.actions` does, and keep what that teaches."""
    with acting(conversation_id, actor) as conversation:
        conversations.set_status(conversation_id, actor, status)
        _learn_status(conversation, conversation.status, status, actor)


def resolve(conversation_id: UUID, actor: Member) -> None:
    """The matter is settled; what nobody changed until then was right (`teaching.confirm`)."""
    set_status(conversation_id, actor, Status.RESOLVED)


def _learn_status(conversation: Conversation, was: str, status: str, actor: Member) -> None:
    if status == Status.SPAM and was != Status.SPAM:
        teaching.teach(conversation, None, actor)
    elif was == Status.SPAM and status != Status.SPAM:
        teaching.not_none(conversation.id)
    if status == Status.RESOLVED and was != Status.RESOLVED:
        teaching.confirm(conversation, actor)
    elif was == Status.RESOLVED and status != Status.RESOLVED:
        teaching.not_confirmed(conversation.id)


def set_topic(conversation_id: UUID, actor: Member, topic: Topic | None) -> None:
    """Say what it is about, or that nothing of the list fits; said again, that it is right."""
    with acting(conversation_id, actor) as conversation:
        before, kept = conversation.topic_id, str(new_id())
        conversations.set_topic(conversation_id, actor, topic, {"example": kept})
        said = Said(topic.slug if topic else None, TOPIC)
        if topic is not None or before is not None:
            _keep(conversation_id, said, actor, kept, confirms=before == (topic.id if topic else None))


def set_priority(conversation_id: UUID, actor: Member, priority: int) -> None:
    """Say how much it matters, 0 to 3; said again, that it is right."""
    with acting(conversation_id, actor) as conversation:
        before, kept = conversation.priority, str(new_id())
        conversations.set_priority(conversation_id, actor, priority, {"example": kept})
        _keep(conversation_id, Said(PRIORITIES[priority], PRIORITY), actor, kept, confirms=before == priority)


def _keep(conversation_id: UUID, said: Said, actor: Member, kept: str, confirms: bool) -> None:
    """An example of what was said; where nothing changed by it, it is an event of its own, so that it can be undone."""
    conversation = Conversation.objects.get(id=conversation_id)
    if confirms:
        newest = Example.objects.filter(conversation=conversation, kind=said.kind, set_aside=None).order_by("-id")
        if newest.values_list("label", "implied").first() == (said.label, False):
            return
        data = {"example": kept, "what": said.kind}
        events.record(CONFIRMED, conversation_id=conversation_id, actor_id=actor.id, data=data)
    teaching.teach(conversation, said, actor, UUID(kept))


def fields_of(conversation: Conversation) -> dict[str, Any]:
    """Whose the conversation is, as an event keeps it before and after."""
    names = ("owner_team_id", "owner_member_id", "confidential")
    return {name: getattr(conversation, name) for name in names}


def _stands(event: Event, conversation: Conversation) -> bool:
    # To whom it would go back no longer answers for the team, or does again and takes it by themselves.
    if event.data.get("how") == How.LEFT:
        return False
    return "after" in event.data and plain(fields_of(conversation)) == event.data["after"]


def _undo(event: Event, found: undoing.Found, actor: Member) -> dict[str, Any]:
    """Give it back to whom it was taken from; that too is a decision, with its reason."""
    conversation = found[event.conversation_id]  # type: ignore[index]
    if not _stands(event, conversation):
        raise undoing.changed_since()
    left = (conversation.owner_team_id, conversation.owner_member_id)
    before = {name: undoing.restored(name, value) for name, value in event.data["before"].items()}
    team = Team.objects.filter(id=before["owner_team_id"]).first()
    member = Member.objects.filter(id=before["owner_member_id"]).first()
    _check(team, member)
    conversation.owner_team, conversation.owner_member = team, member
    conversation.confidential = before["confidential"]
    after = (conversation.owner_team_id, conversation.owner_member_id)
    turns.moved(conversation, left)
    turns.waits_again(conversation, event.data.get("waited", ""))
    if left[1] and left[1] != after[1]:
        _not_given(conversation, left[1])
    record_reassignment(Reassignment(conversation.id, actor.id, *after, *left, tuple(conversation.involved)))
    teaching.take_back(event.data.get("example"))
    if "slept" in event.data:
        _sleeps_on(conversation, event)
    return {"before": event.data["after"], "after": event.data["before"]}


def _sleeps_on(conversation: Conversation, event: Event) -> None:
    """It was woken as it was given away: it sleeps again, unless its time has come or they have written since."""
    until = undoing.restored("snoozed_until", event.data["slept"]["snoozed_until"])
    heard = conversation.last_inbound_at is not None and conversation.last_inbound_at > event.at
    if conversation.status == Status.OPEN and not heard and (until is None or until > now()):
        conversation.snoozed, conversation.snoozed_until = True, until


def _not_given(conversation: Conversation, member_id: UUID) -> None:
    """What is taken back does not count as given to the member in this week."""
    given = Decision.objects.filter(conversation=conversation, owner_member_id=member_id, weight__isnull=False)
    for latest in given.order_by("-at", "-id")[:1]:
        Decision.objects.filter(id=latest.id).update(weight=None)


def _undo_status(event: Event, found: undoing.Found, actor: Member) -> dict[str, Any]:
    """As any field; an example goes or comes with it."""
    conversation = found[event.conversation_id]  # type: ignore[index]
    was = conversation.status
    kept = undoing.restore(event, found, actor)
    _learn_status(conversation, was, conversation.status, actor)
    return kept


def _undo_said(event: Event, found: undoing.Found, actor: Member) -> dict[str, Any]:
    """Topic or priority go back to what they were, and teach nothing."""
    kept = undoing.restore(event, found, actor)
    teaching.take_back(event.data.get("example"))
    return kept


def _undo_confirmed(event: Event, _found: undoing.Found, _actor: Member) -> dict[str, Any]:
    teaching.take_back(event.data.get("example"))
    return {"what": event.data["what"]}


undoing.register(undoing.Undoer(_undo, _stands), ASSIGNED)
undoing.register(undoing.Undoer(_undo_said, undoing.stands), "conversation.topic", "conversation.priority")
undoing.register(undoing.Undoer(_undo_confirmed, lambda _event, _conversation: True), CONFIRMED)
undoing.register(
    undoing.Undoer(_undo_status, undoing.stands), "conversation.spam", "conversation.reopened", "conversation.resolved"
)


def _check(team: Team | None, member: Member | None) -> None:
    if team and not team.is_active:
        raise Invalid(_("The team %(name)s is gone.") % {"name": team.name}, _("Choose another team."))
    if member is None:
        return
    if not member.is_active:
        raise Invalid(_("%(name)s has left.") % {"name": member.name}, _("Choose another member."))
    if member.role == Role.READER:
        raise Invalid(_("%(name)s only reads, and cannot answer.") % {"name": member.name}, _("Choose another member."))
    if team is None or not Membership.objects.filter(team=team, member=member).exists():
        raise Invalid(
            _("%(name)s is not of that team.") % {"name": member.name}, _("Choose one of its members, or another team.")
        )
