"""Who is on call for a team: the turns week by week, and what is entered by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.staff import duty
from rapport.staff.models import Member, OnCallDuty, OnCallRotation, Role, Team
from rapport.staff.rota import Duty, Rota
from rapport.web.leads import led_team
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of

_WEEKS_SHOWN = 6
_TURNS_MAX = 30
_AHEAD = timedelta(days=400)


@dataclass(frozen=True)
class Turn:
    """A week of the rotation: who, from when to when; `passed`: they are away now or cannot, so the next is asked."""

    member: Member | None
    starts_at: datetime
    ends_at: datetime
    now: bool = False
    passed: bool = False


class RotationForm(forms.Form):
    """Who takes turns, in which order, from which day and hour."""

    first = forms.DateField(
        label=lazy("First day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=lazy("The hand-over is on this day of every week."),
    )  # fmt: skip
    at = forms.TimeField(label=lazy("Hand-over at"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))

    def __init__(self, members: list[Member], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Nobody")), *((str(one.id), one.name) for one in members)]
        self.turns = [f"turn{number}" for number in range(1, min(len(members), _TURNS_MAX) + 1)]
        for number, name in enumerate(self.turns, 1):
            self.fields[name] = forms.ChoiceField(
                choices=choices, required=False, label=_("Turn %(number)s") % {"number": number}
            )

    def clean_first(self) -> date:
        """Not further ahead than anybody plans: of a mistyped year no weeks could be shown."""
        first: date = self.cleaned_data["first"]
        if first > (now() + _AHEAD).date():
            raise forms.ValidationError(_("That is more than a year from now."))
        return first

    def order(self) -> list[UUID]:
        """The members in their order, each once."""
        return list(dict.fromkeys(UUID(self.cleaned_data[name]) for name in self.turns if self.cleaned_data[name]))

    def minutes(self) -> int:
        """The hour of the hand-over, in minutes after midnight."""
        at = self.cleaned_data["at"]
        return int(at.hour * 60 + at.minute)


class DutyForm(forms.Form):
    """Somebody, from when to when, on the clock of the team."""

    member = forms.ModelChoiceField(Member.objects.none(), label=lazy("Who"), empty_label=None)
    starts = forms.DateTimeField(label=lazy("From"), widget=forms.DateTimeInput({"type": "datetime-local"}))
    ends = forms.DateTimeField(label=lazy("Until"), widget=forms.DateTimeInput({"type": "datetime-local"}))

    def __init__(self, members: list[Member], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who: Any = self.fields["member"]
        who.queryset = Member.objects.filter(id__in=[one.id for one in members]).order_by("name")

    def clean(self) -> dict[str, Any]:
        """It ends after it begins, and within a year or so; it begins within about a year of now."""
        given = super().clean() or {}
        starts, ends = given.get("starts"), given.get("ends")
        if starts and not now() - _AHEAD < starts < now() + _AHEAD:
            self.add_error("starts", _("That is more than a year from now."))
        elif starts and ends and not starts < ends < starts + _AHEAD:
            self.add_error("ends", _("It ends before it begins, or more than a year later."))
        return given


@page(WRITERS)
def on_call(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is on call now and in the weeks to come; who takes turns is changed here."""
    team = _team(request, slug)
    members = _members(team)
    row = OnCallRotation.objects.filter(team=team).first()
    form = RotationForm(members, request.POST or None, initial=_initial(row))
    if request.method == "POST" and form.is_valid():
        order = form.order()
        duty.set_rotation(team, order, form.cleaned_data["first"], form.minutes(), member_of(request))
        messages.success(request, _("The turns are saved.") if order else _("Nobody takes turns any more."))
        return redirect("on_call", slug)
    return _shown(request, team, (form, DutyForm(members)), row)


@page(WRITERS)
@require_POST
def duty_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Put somebody on call by hand."""
    team = _team(request, slug)
    members = _members(team)
    with timezone.override(ZoneInfo(duty.zone_of(team))):
        form = DutyForm(members, request.POST)
        valid = form.is_valid()
    if valid:
        given = form.cleaned_data
        made = duty.add_duty(team, given["member"], (given["starts"], given["ends"]), member_of(request))
        messages.success(request, _("%(name)s is on call then.") % {"name": made.member.name})
        return redirect("on_call", slug)
    row = OnCallRotation.objects.filter(team=team).first()
    return _shown(request, team, (RotationForm(members, initial=_initial(row)), form), row)


@page(WRITERS)
@require_POST
def duty_remove(request: HttpRequest, slug: str, duty_id: UUID) -> HttpResponse:
    """Take an entry out."""
    team = _team(request, slug)
    found = OnCallDuty.objects.filter(id=duty_id, team=team).select_related("member").first()
    if found is None:
        raise NotVisible("There is no such entry.")
    duty.remove_duty(found, member_of(request))
    messages.success(request, _("The entry of %(name)s is removed.") % {"name": found.member.name})
    return redirect("on_call", slug)


def _team(request: HttpRequest, slug: str) -> Team:
    shell_of(request).current = "leads"
    team = led_team(request, slug)
    return Team.objects.select_related("hours").get(id=team.id)


def _members(team: Team) -> list[Member]:
    found = Member.objects.filter(memberships__team=team, is_active=True).exclude(role=Role.READER)
    return list(found.order_by("name"))


def _initial(row: OnCallRotation | None) -> dict[str, Any]:
    if row is None:
        return {"at": "09:00"}
    turns = {f"turn{number}": str(id) for number, id in enumerate(row.order, 1)}
    return {"first": row.first, "at": f"{row.minutes // 60:02}:{row.minutes % 60:02}", **turns}


def _shown(
    request: HttpRequest, team: Team, given: tuple[RotationForm, DutyForm], row: OnCallRotation | None
) -> HttpResponse:
    at = now()
    entries = list(OnCallDuty.objects.filter(team=team, ends_at__gt=at).select_related("member").order_by("starts_at"))
    rota = duty.rota_of(row, [Duty(one.member_id, one.starts_at, one.ends_at) for one in entries])
    cannot = duty.cannot(at, team)
    people = {one.id: one for one in Member.objects.filter(id__in=[*rota.order, *(e.member_id for e in entries)])}
    there = rota.on_call(at, cannot)
    context = {
        "team": team, "rotation": given[0], "duty": given[1], "entries": entries, "team_zone": duty.zone_of(team),
        "on_call": people.get(there) if there else None, "turns": _turns(rota, people, cannot, at),
        "by_hand": bool(there and any(one.member_id == there for one in rota.by_hand(at))),
        "turn_fields": [given[0][name] for name in given[0].turns],
    }  # fmt: skip
    return render(request, "web/leads/on_call.html", context)


def _turns(rota: Rota, people: dict[UUID, Member], cannot: Iterable[UUID], at: datetime) -> list[Turn]:
    if rota.first is None or not rota.order:
        return []
    week, gone = rota.week(at), set(cannot)
    first = week or 0
    return [
        Turn(
            people.get(rota.turn(number)), rota.starts(number), rota.starts(number + 1), number == week,
            number == week and rota.turn(number) in gone,
        )
        for number in range(first, first + _WEEKS_SHOWN)
    ]  # fmt: skip
