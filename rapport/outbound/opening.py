"""Writing first: a conversation that a member begins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.channels import registry
from rapport.channels.models import Channel
from rapport.conversations.models import Conversation, Thread
from rapport.conversations.visibility import audience_of, hold
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed
from rapport.outbound import reachable
from rapport.outbound.actions import Answer, reply
from rapport.outbound.models import Delivery
from rapport.ownership.service import Reassignment, record_reassignment
from rapport.people import arrivals as people
from rapport.staff.models import Member, Membership, Role, Team

_NAME_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Beginning:
    """On which channel, for which of the member's teams, about what."""

    channel: Channel
    team: Team
    subject: str


def begin(actor: Member, beginning: Beginning, answer: Answer) -> Delivery:
    """Begin a conversation and say `answer` in it; it belongs to the team and the member.

    Raises Invalid for what cannot be sent and NotAllowed for a team that is not the member's; then nothing happened.
    """
    subject = " ".join(beginning.subject.replace("\0", "").split())
    _check(actor, beginning, subject, [*answer.to, *answer.cc, *answer.bcc] if answer.to else ())
    with scope.system():
        conversation = _made(actor, beginning, subject, answer)
    return reply(conversation.id, actor, replace(answer, channel=beginning.channel))


def channels() -> list[Channel]:
    """Those one can begin a conversation on: working ones that can send."""
    found = Channel.objects.filter(enabled=True).order_by("name")
    return [one for one in found if _can_send(one)]


def teams_of(actor: Member) -> list[Team]:
    """The member's active teams, in whose name they may write."""
    return list(Team.objects.filter(is_active=True, memberships__member=actor).distinct())


def _check(actor: Member, beginning: Beginning, subject: str, to: Sequence[tuple[str, str]]) -> None:
    if actor.role == Role.READER or not actor.is_active:
        raise NotAllowed(_("You may read, but not write."), _("Ask an administrator for another role."))
    if not Membership.objects.filter(team=beginning.team, member=actor, team__is_active=True).exists():
        raise NotAllowed(_("You do not belong to that team."), _("Choose one of your teams."))
    if not beginning.channel.enabled:
        raise Invalid(
            _("The channel %(name)s is paused.") % {"name": beginning.channel.name}, _("Choose another channel.")
        )
    if not to:
        raise Invalid(_("There is nobody to send this to."), _("Add a recipient."))
    if not subject:
        raise Invalid(_("There is no subject."), _("Say in a few words what it is about."))
    reachable.check_new(to)


def _made(actor: Member, beginning: Beginning, subject: str, answer: Answer) -> Conversation:
    # Whoever is kept out of the team from this moment on must not see it, nor to whom it is.
    hold()
    team, at = Team.objects.get(id=beginning.team.id), now()
    conversation = Conversation.objects.create(
        subject=subject[:300], channel=beginning.channel, person_id=_person(answer.to, team), owner_team=team,
        owner_member=actor, confidential=team.confidential, audience=audience_of(team, [], team.confidential),
        created_at=at, last_activity_at=at,
    )  # fmt: skip
    Thread.objects.create(conversation=conversation, channel=beginning.channel)
    record_reassignment(Reassignment(conversation.id, actor.id, team.id, actor.id))
    events.record("conversation.begun", conversation_id=conversation.id, actor_id=actor.id)
    return conversation


def _person(to: Sequence[tuple[str, str]], team: Team) -> UUID:
    """The first recipient, who is known from now on to those who see the conversation."""
    name, address = to[0]
    wanted = (people.EMAIL, address.strip().lower())
    found = people.speakers({wanted: people.Met(name.strip()[:_NAME_LENGTH_MAX])})[wanted]
    audience = audience_of(team, [], team.confidential)
    if found.is_new:
        people.narrow({found.person_id: audience})
    else:
        people.widen({found.person_id: audience})
    return found.person_id


def _can_send(channel: Channel) -> bool:
    account = registry.account(channel)
    return registry.connector(channel.kind).per_minute(account) > 0 and bool(account.config.get("smtp", True))
