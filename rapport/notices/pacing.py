"""Choosing how soon one hears of what a team watches: the team's pace by its lead, one's own by oneself."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed
from rapport.notices.models import Happening, Listening, TeamPace
from rapport.notices.paces import PACES, USUAL
from rapport.staff.models import Member, Membership, Role, Team


@dataclass(frozen=True)
class Pacing:
    """A member's team: the pace they chose ("": as the team does), the team's, and whether they may set that."""

    team: Team
    own: str
    of_team: str
    may_lead: bool


def pacings(member: Member) -> list[Pacing]:
    """The active teams of a member by name, each with its paces."""
    belongs = member.memberships.filter(team__is_active=True).select_related("team").order_by("team__name")
    rows = list(belongs)
    own = dict(Listening.objects.filter(member=member).values_list("team_id", "pace"))
    with scope.system():
        of_team = dict(TeamPace.objects.filter(team__in=[one.team_id for one in rows]).values_list("team_id", "pace"))
    leads = member.role in (Role.ADMIN, Role.LEAD)
    return [
        Pacing(one.team, own.get(one.team_id, ""), of_team.get(one.team_id, USUAL), one.is_lead or leads)
        for one in rows
    ]


def choose(member: Member, team_id: UUID, pace: str) -> None:
    """A member's own pace in one of their teams; "" is as the team does. Raises Invalid, NotAllowed."""
    _check(pace, member, team_id, empty=True)
    with scope.system():
        last = Happening.objects.aggregate(last=Max("id"))["last"] or 0
        Listening.objects.bulk_create(
            [Listening(member=member, team_id=team_id, pace=pace, told=last, gathered_at=now())],
            update_conflicts=True, unique_fields=["member", "team"], update_fields=["pace"],
        )  # fmt: skip


def choose_for_team(actor: Member, team_id: UUID, pace: str) -> bool:
    """The pace of all in a team who have not chosen their own; whether it changed. Raises Invalid, NotAllowed."""
    _check(pace, actor, team_id, empty=False)
    leads = actor.role in (Role.ADMIN, Role.LEAD)
    if not leads and not Membership.objects.filter(member=actor, team_id=team_id, is_lead=True).exists():
        raise NotAllowed(_("How soon a team hears is for its lead to say."), _("Choose your own pace."))
    with scope.system():
        before = TeamPace.objects.filter(team_id=team_id).values_list("pace", flat=True).first() or USUAL
        if before == pace:
            return False
        TeamPace.objects.update_or_create(team_id=team_id, defaults={"pace": pace})
        events.record("team.paced", actor_id=actor.id, data={"team": str(team_id), "from": before, "to": pace})
    return True


def _check(pace: str, member: Member, team_id: UUID, *, empty: bool) -> None:
    if pace not in PACES and not (empty and pace == ""):
        raise Invalid(_("There is no such pace."), _("Choose one of the list."))
    if not Membership.objects.filter(member=member, team_id=team_id, team__is_active=True).exists():
        raise NotAllowed(_("You are not of this team."), _("Choose one of yours."))
