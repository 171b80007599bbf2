"""Taking somebody out of a team, or making them a reader: what they have there is told before, and who goes on with it.

It is asked on the way of the member's form, which is sent on with the answer. What moves, and when, is
`ownership.handing.whose`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from rapport.ownership.handing import left, whose
from rapport.staff.models import Member, Role, Team
from rapport.web.heirs import HeirsForm, listed
from rapport.web.rights import member_of

_ASKED = "asked"


@dataclass(frozen=True)
class Leaving:
    """For which teams `who` (as they are until then) will no longer answer, and what they have there, as far as whoever
    looks may see it.
    """

    who: Member
    teams: list[Team]
    by_team: dict[UUID | None, int]

    @property
    def open(self) -> int:
        """How many conversations that are."""
        return sum(self.by_team.values())


def leaving_of(member_id: UUID, stays: Collection[Team], role: str) -> Leaving:
    """What can be a member's no longer if they stay in these teams alone, with this role."""
    who = Member.objects.get(id=member_id)
    if not who.is_active:
        return Leaving(who, [], {})
    reads = role == Role.READER and who.role != Role.READER
    teams = Team.objects.filter(memberships__member=who, is_active=True).order_by("name")
    held = whose.open_of(who)
    if not reads:
        teams = teams.exclude(id__in=[team.id for team in stays])
        held = held.filter(owner_team__in=teams)
    return Leaving(who, list(teams), dict(held.order_by().values_list("owner_team_id").annotate(count=Count("id"))))


def asked_before(request: HttpRequest, leaving: Leaving) -> HttpResponse | None:
    """The page that asks who goes on with it; None when it was answered, which is kept, or there is nothing to ask.

    Of what whoever takes them out may not see nothing is asked: that it is there must not be told.
    """
    who, chosen = leaving.who, dict[UUID, UUID]()
    if leaving.open:
        form = HeirsForm(who, leaving.teams, leaving.by_team, request.POST if _ASKED in request.POST else None)
        if not form.is_valid():
            kept = [(name, value) for name, values in request.POST.lists() if _is_kept(name) for value in values]
            context = {"who": who, "leaving": leaving, "form": form, "kept": kept, "listed": listed(who)}
            return render(request, "web/admin/leaves.html", context)
        chosen = form.chosen()
    if leaving.teams:
        left.name_heirs(who, chosen, member_of(request), [team.id for team in leaving.teams])
    return None


def _is_kept(name: str) -> bool:
    return name not in ("csrfmiddlewaretoken", _ASKED) and not name.startswith("to-")
