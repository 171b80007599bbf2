"""A call that a member writes down: part of a conversation, or one of its own."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.conversations import actions
from rapport.conversations.models import Conversation, Direction, Message
from rapport.conversations.snippets import snippet_of
from rapport.conversations.visibility import audience_of, hold
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed
from rapport.people import arrivals as people
from rapport.staff.models import Member, Membership, Team

_TEXT_CHARS_MAX = 50_000
_MINUTES_MAX = 24 * 60


@dataclass(frozen=True, slots=True)
class Call:
    """Who called whom, when (aware), for how long (minutes, None unknown), and what was said, in a member's words."""

    text: str
    they_called: bool
    at: datetime
    minutes: int | None = None
    person_id: UUID | None = None


def log_in(conversation_id: UUID, actor: Member, call: Call) -> Message:
    """Write a call into a conversation. A call we made answers; one that they made waits for nothing, it was taken.

    Raises Invalid for an empty or endless text, NotVisible and NotAllowed as every action.
    """
    text = _checked(call)
    with actions.acting(conversation_id, actor) as conversation:
        return _write(conversation, actor, call, text)


def log_new(actor: Member, team: Team, subject: str, call: Call) -> Message:
    """Begin a conversation with a call, owned by one of the member's teams. Raises Invalid and NotAllowed."""
    text = _checked(call)
    actions.may_change(actor)
    if not Membership.objects.filter(team=team, member=actor, team__is_active=True).exists():
        raise NotAllowed(_("You do not belong to that team."), _("Choose one of your teams."))
    with scope.system():
        # Whoever is kept out of the team from this moment on must not see it, nor who called.
        hold()
        team = Team.objects.get(id=team.id)
        conversation = Conversation.objects.create(
            subject=(" ".join(subject.split()) or snippet_of(text))[:300], person_id=call.person_id, owner_team=team,
            owner_member=actor, confidential=team.confidential, created_at=call.at, last_activity_at=call.at,
            audience=audience_of(team, [], team.confidential),
        )  # fmt: skip
        events.record("conversation.begun", conversation_id=conversation.id, actor_id=actor.id)
        if call.person_id:
            people.widen({call.person_id: conversation.audience})
    with actions.acting(conversation.id, actor) as found:
        return _write(found, actor, call, text)


def _write(conversation: Conversation, actor: Member, call: Call, text: str) -> Message:
    about = {"minutes": call.minutes} if call.minutes is not None else {}
    message = Message.objects.create(
        conversation=conversation, direction=Direction.IN if call.they_called else Direction.OUT, kind="call",
        person_id=call.person_id or conversation.person_id, member=actor, at=call.at, text=text, about=about,
        subject=conversation.subject,
    )  # fmt: skip
    conversation.awaiting_answer = False
    conversation.first_answered_at = conversation.first_answered_at or call.at
    conversation.snippet = snippet_of(text)
    actions.touch(conversation, "call.logged", actor, {"message": str(message.id)})
    return message


def _checked(call: Call) -> str:
    text = call.text.replace("\0", "").strip()
    if not text:
        raise Invalid(_("Nothing was written about the call."), _("Say in a few words what it was about."))
    if len(text) > _TEXT_CHARS_MAX:
        raise Invalid(_("This is too long for a call."), _("Attach what is longer as a file to a note."))
    if call.minutes is not None and not 0 <= call.minutes <= _MINUTES_MAX:
        raise Invalid(_("A call lasts between 0 and 1,440 minutes."), _("Give its length in minutes."))
    if call.at > now():
        raise Invalid(_("The call is in the future."), _("Say when it was."))
    return text
