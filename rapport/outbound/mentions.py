"""Who may be mentioned in a note, and who was."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from rapport.conversations.models import Conversation
from rapport.conversations.visibility import EVERYONE
from rapport.core.errors import Invalid
from rapport.outbound.richtext import Rich
from rapport.staff.models import Member, Membership, Team

_OFFERED_MAX = 8


def members_for(conversation: Conversation, query: str) -> list[Member]:
    """Members who see the conversation and whose name or address begins like `query`."""
    words = Q(name__icontains=query) | Q(email__istartswith=query) if query else Q()
    return list(_who_see(conversation).filter(words).order_by("name")[:_OFFERED_MAX])


def teams_for(conversation: Conversation, query: str) -> list[Team]:
    """Teams that see the conversation."""
    teams = Team.objects.filter(is_active=True, name__icontains=query)
    if EVERYONE not in conversation.audience:
        teams = teams.filter(id__in=conversation.audience)
    return list(teams[:_OFFERED_MAX])


def mentioned(conversation: Conversation, note: Rich) -> list[UUID]:
    """The members a note mentions, those of mentioned teams included. Raises Invalid naming who cannot see it."""
    _refuse_unseeing(conversation, note.members)
    seen_by = _who_see(conversation)
    through = Membership.objects.filter(team_id__in=_seeing_teams(conversation, note.teams)).values("member_id")
    found = seen_by.filter(Q(id__in=note.members) | Q(id__in=through)).values_list("id", flat=True)
    return sorted(set(found))


def _refuse_unseeing(conversation: Conversation, members: Iterable[UUID]) -> None:
    wanted = set(members)
    seeing = set(_who_see(conversation).filter(id__in=wanted).values_list("id", flat=True))
    blind = list(Member.objects.filter(id__in=wanted - seeing).order_by("name").values_list("name", flat=True))
    if blind:
        raise Invalid(
            _("%(names)s cannot see this conversation.") % {"names": ", ".join(blind)},
            _("Involve their team first, or leave the mention out."),
        )


def _seeing_teams(conversation: Conversation, teams: Iterable[UUID]) -> list[UUID]:
    wanted = set(teams)
    seeing = wanted if EVERYONE in conversation.audience else wanted & set(conversation.audience)
    blind = list(Team.objects.filter(id__in=wanted - seeing).values_list("name", flat=True))
    if blind:
        raise Invalid(
            _("The team %(name)s cannot see this conversation.") % {"name": ", ".join(blind)},
            _("Involve it first, or leave the mention out."),
        )
    return list(seeing)


def _who_see(conversation: Conversation) -> QuerySet[Member]:
    members = Member.objects.filter(is_active=True)
    if EVERYONE in conversation.audience:
        return members
    within = Membership.objects.filter(team_id__in=conversation.audience, team__is_active=True)
    return members.filter(id__in=within.values("member_id"))
