"""Who goes on with what a member has as their account is closed, or as they leave a team: chosen by team."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rapport.staff.models import Member, Membership, Role, TakenBy, Team
from rapport.web import locales


class HeirsForm(forms.Form):
    """For each team, who goes on with what `who` has open there: `by_team` says how much that is."""

    all_optional = True

    def __init__(
        self, who: Member, teams: Sequence[Team], by_team: Mapping[UUID | None, int], given: Mapping[str, Any] | None
    ) -> None:
        super().__init__(given, prefix="to")
        self.teams = teams
        able = _able(who, self.teams)
        for team in self.teams:
            count = by_team.get(team.id, 0)
            said = ngettext("%(count)s open conversation.", "%(count)s open conversations.", count)
            self.fields[str(team.id)] = forms.ChoiceField(
                label=team.name, required=False, choices=[("", _back(team)), *able.get(team.id, [])],
                help_text=said % {"count": locales.number(count)},
            )  # fmt: skip

    def chosen(self) -> dict[UUID, UUID]:
        """By team the member who was chosen."""
        given = {team.id: self.cleaned_data.get(str(team.id)) for team in self.teams}
        return {team: UUID(to) for team, to in given.items() if to}


def _back(team: Team) -> str:
    if team.taken_by == TakenBy.HANDED_OUT:
        return _("The team: handed out to whoever is there and has room")
    return _("The team: whoever takes it")


def _able(who: Member, teams: Sequence[Team]) -> dict[UUID, list[tuple[str, str]]]:
    rows = Membership.objects.filter(team__in=teams, member__is_active=True).exclude(member__role=Role.READER)
    found: dict[UUID, list[tuple[str, str]]] = {}
    for team, id, name in rows.exclude(member=who).order_by("member__name", "member_id").values_list(
        "team_id", "member_id", "member__name"
    ):
        found.setdefault(team, []).append((str(id), name))
    return found


def listed(who: Member) -> str:
    """The address of the list of what they have open."""
    name = who.name.replace('"', " ")
    asked = urlencode({"q": f'owner:"{name}" is:open'})
    return f"{reverse('search')}?{asked}"
