"""Absences: who is away when, a month at a time, and on which days nobody of a team is there."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from rapport.core import events, notify
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.insight.coverage import Gap, Part, gaps, part_away, span_of
from rapport.ownership.directory import business_hours
from rapport.staff.hours import Hours
from rapport.staff.models import Absence, Member, Membership, Role, Team
from rapport.web import locales
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

_DAYS_MAX = 400


@dataclass(frozen=True)
class Day:
    """One day of a calendar: of the head, or of a member."""

    date: date
    closed: bool = False
    away: Part | None = None
    today: bool = False


@dataclass
class Calendar:
    """A team's month: its members with their days, the days nobody is there, and its holidays."""

    team: Team
    rows: list[tuple[Member, list[Day]]] = field(default_factory=list)
    gaps: dict[date, Gap] = field(default_factory=dict)
    holidays: list[tuple[date, str]] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)


def _day_input() -> forms.DateInput:
    # The browser's own field for days speaks ISO in every language.
    return forms.DateInput({"type": "date"}, format="%Y-%m-%d")


class AbsenceForm(forms.Form):
    """From when to when, by whole and half days."""

    member = forms.ModelChoiceField(Member.objects.none(), label=gettext_lazy("Who"), empty_label=None)
    first = forms.DateField(label=gettext_lazy("First day"), widget=_day_input())
    first_part = forms.ChoiceField(
        label=gettext_lazy("That day"),
        choices=[(Part.DAY, gettext_lazy("From its beginning")), (Part.AFTERNOON, gettext_lazy("From noon"))],
    )
    last = forms.DateField(label=gettext_lazy("Last day"), widget=_day_input())
    last_part = forms.ChoiceField(
        label=gettext_lazy("Until"),
        choices=[(Part.DAY, gettext_lazy("Its end")), (Part.MORNING, gettext_lazy("Noon"))],
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=120,
        help_text=gettext_lazy("Seen by the member and by leads only."),
    )  # fmt: skip

    def __init__(self, members: list[UUID], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who: Any = self.fields["member"]
        who.queryset = Member.objects.filter(id__in=members).order_by("name")
        if len(members) == 1:
            who.widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """An absence ends after it begins, and within a year or so."""
        given = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if self.errors or not (first and last):
            return given
        if last < first or self.span()[0] >= self.span()[1]:
            self.add_error("last", _("The absence ends before it begins."))
        elif (last - first).days > _DAYS_MAX:
            self.add_error("last", _("The absence is longer than a year."))
        return given

    def span(self) -> tuple[datetime, datetime]:
        """Its two moments, by the days of the member's time zone."""
        given = self.cleaned_data
        member: Member | None = given.get("member")
        zone = ZoneInfo(member.time_zone if member else "UTC")
        return span_of(given["first"], Part(given["first_part"]), given["last"], Part(given["last_part"]), zone)


@page()
@require_GET
def absences(request: HttpRequest) -> HttpResponse:
    """A month of all teams, or of one."""
    shell = shell_of(request)
    shell.current = "absences"
    first = _month(request.GET.get("month", ""), member_of(request))
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    teams = [team for team in shell.all_teams if request.GET.get("team", "") in ("", team.slug)]
    calendars = _calendars(teams, first, last, member_of(request))
    listed = _listed(request, calendars, first, last)
    context = {
        "calendars": calendars, "first": first, "listed": listed, "team": request.GET.get("team", ""),
        "title": str(format_skeleton("yMMMM", first, locale=locales.locale())),
        "earlier": (first - timedelta(days=1)).strftime("%Y-%m"), "later": (last + timedelta(days=1)).strftime("%Y-%m"),
        "missing": [(one.team, gap) for one in calendars for gap in one.gaps.values()],
        "holidays": _closed(calendars),
    }  # fmt: skip
    return render(request, "web/absences/page.html", context)


@page()
def absence_new(request: HttpRequest) -> HttpResponse:
    """Add an absence."""
    me, day = member_of(request), request.GET.get("day", "")
    initial = {"member": me.id, "first": day or _today(me), "last": day or _today(me)}
    form = AbsenceForm(_editable(request), request.POST or None, initial=initial)
    return _edit(request, form, Absence(), _("New absence"))


@page()
def absence(request: HttpRequest, absence_id: UUID) -> HttpResponse:
    """Change an absence."""
    found = _found(request, absence_id)
    zone = ZoneInfo(found.member.time_zone)
    starts, ends = found.starts_at.astimezone(zone), found.ends_at.astimezone(zone)
    initial = {
        "member": found.member_id, "first": starts.date(), "note": found.note,
        "first_part": Part.AFTERNOON if starts.hour >= 12 else Part.DAY,
        "last": (ends - timedelta(microseconds=1)).date(),
        "last_part": Part.MORNING if 0 < ends.hour <= 12 else Part.DAY,
    }  # fmt: skip
    form = AbsenceForm([found.member_id], request.POST or None, initial=initial)
    return _edit(request, form, found, _("Absence of %(name)s") % {"name": found.member.name})


@page()
@require_POST
def absence_delete(request: HttpRequest, absence_id: UUID) -> HttpResponse:
    """Take an absence out of the calendar."""
    found = _found(request, absence_id)
    _record(request, "absence.removed", found)
    found.delete()
    messages.success(request, _("The absence of %(name)s is removed.") % {"name": found.member.name})
    return redirect("absences")


def _edit(request: HttpRequest, form: AbsenceForm, found: Absence, title: str) -> HttpResponse:
    shell_of(request).current = "absences"
    if request.method == "POST" and form.is_valid():
        kind = "absence.added" if found._state.adding else "absence.changed"
        found.member = form.cleaned_data["member"]
        found.starts_at, found.ends_at = form.span()
        found.note = form.cleaned_data["note"]
        found.save()
        _record(request, kind, found)
        messages.success(request, _saved(found, form.cleaned_data["first"], form.cleaned_data["last"]))
        return redirect(f"{reverse('absences')}?month={form.cleaned_data['first']:%Y-%m}")
    context = {"form": form, "title": title, "absence": None if found._state.adding else found}
    return render(request, "web/absences/form.html", context)


def _saved(found: Absence, first: date, last: date) -> str:
    """Says that it is kept, and which of its days are holidays anyway."""
    said = _("The absence of %(name)s is saved.") % {"name": found.member.name}
    own = found.member.hours
    hours = business_hours().get(own.name if own else "")
    days = [day for day, _name in _holidays(hours, first, last)] if hours else []
    if not days:
        return said
    shown = ", ".join(locales.weekday(day) for day in days[:5])
    return said + " " + _("A holiday anyway: %(days)s.") % {"days": shown}


def _record(request: HttpRequest, kind: str, found: Absence) -> None:
    data = {
        "member": str(found.member_id), "from": found.starts_at.isoformat(), "until": found.ends_at.isoformat(),
    }  # fmt: skip
    events.record(kind, actor_id=member_of(request).id, data=data)
    notify.wake(notify.HANDING_CHANNEL)


def _found(request: HttpRequest, absence_id: UUID) -> Absence:
    found = Absence.objects.filter(id=absence_id).select_related("member").first()
    if found is None:
        raise NotVisible("There is no such absence.")
    if found.member_id not in _editable(request):
        raise NotAllowed(_("This is somebody else's absence."), _("They, or their lead, can change it."))
    return found


def _editable(request: HttpRequest) -> list[UUID]:
    """Whose absences one may keep: one's own, those of the teams one leads, and as a lead everybody's."""
    shell, me = shell_of(request), member_of(request)
    if me.role in (Role.ADMIN, Role.LEAD):
        return list(Member.objects.filter(is_active=True).values_list("id", flat=True))
    led = Membership.objects.filter(team_id__in=shell.led_ids, member__is_active=True)
    return list({me.id, *led.values_list("member_id", flat=True)}) if shell.led_ids else [me.id]


def _calendars(teams: list[Team], first: date, last: date, me: Member) -> list[Calendar]:
    belongs: dict[UUID, list[Member]] = {}
    joined = Membership.objects.filter(member__is_active=True, team__in=teams).exclude(member__role=Role.READER)
    for one in joined.select_related("member__hours").order_by("member__name"):
        belongs.setdefault(one.team_id, []).append(one.member)
    away = _away(first, last)
    known = business_hours()
    names = dict(Team.objects.values_list("id", "hours__name"))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    found = []
    for team in teams:
        members = belongs.get(team.id, [])
        if members:
            hours = known.get(names.get(team.id) or "", known[""])
            found.append(_calendar(Calendar(team), members, hours, away, days))
            found[-1].days = [Day(day, not hours.on(day), None, day == _today(me)) for day in days]
    return found


def _calendar(
    calendar: Calendar, members: list[Member], hours: Hours, away: dict[UUID, list[Any]], days: list[date]
) -> Calendar:
    for member in members:
        zone, spans = ZoneInfo(member.time_zone), away.get(member.id, [])
        row = [Day(day, not hours.on(day), part_away(day, zone, spans) if spans else None) for day in days]
        calendar.rows.append((member, row))
    found = gaps(days, hours, {member.id: away.get(member.id, []) for member in members})
    calendar.gaps = {gap.day: gap for gap in found}
    calendar.holidays = _holidays(hours, days[0], days[-1])
    return calendar


def _away(first: date, last: date) -> dict[UUID, list[Any]]:
    """Every absence near these days, by member; the zones of members reach into the days before and after."""
    zone = ZoneInfo("UTC")
    start, end = span_of(first - timedelta(days=1), Part.DAY, last + timedelta(days=1), Part.DAY, zone)
    found: dict[UUID, list[Any]] = {}
    for member_id, starts, ends in Absence.objects.filter(starts_at__lt=end, ends_at__gt=start).values_list(
        "member_id", "starts_at", "ends_at"
    ):
        found.setdefault(member_id, []).append((starts, ends))
    return found


def _holidays(hours: Hours, first: date, last: date) -> list[tuple[date, str]]:
    if not hours.holidays:
        return []
    # Imported here: 100 ms that a process without holidays need not spend.
    import holidays

    country, _dash, subdivision = hours.holidays.upper().partition("-")
    years = range(first.year, last.year + 1)
    known = holidays.country_holidays(country, subdiv=subdivision or None, years=years)
    return sorted((day, name) for day, name in known.items() if first <= day <= last)


def _closed(calendars: list[Calendar]) -> list[tuple[date, str, str]]:
    """Each holiday with the teams that are closed on it."""
    closed: dict[tuple[date, str], list[str]] = {}
    for calendar in calendars:
        for holiday in calendar.holidays:
            closed.setdefault(holiday, []).append(calendar.team.name)
    return [(day, name, ", ".join(teams)) for (day, name), teams in sorted(closed.items())]


def _listed(request: HttpRequest, calendars: list[Calendar], first: date, last: date) -> list[tuple[Absence, bool]]:
    """Every absence of the month as a line, and whether one may change it."""
    shown = {member.id for calendar in calendars for member, _row in calendar.rows} | {member_of(request).id}
    start, end = span_of(first, Part.DAY, last, Part.DAY, ZoneInfo(member_of(request).time_zone))
    found = Absence.objects.filter(member_id__in=shown, starts_at__lt=end, ends_at__gt=start)
    mine = set(_editable(request))
    return [(one, one.member_id in mine) for one in found.select_related("member").order_by("starts_at", "id")]


def _month(text: str, me: Member) -> date:
    if not text:
        return _today(me).replace(day=1)
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise Invalid(_("There is no such month."), _("Choose one from the calendar.")) from error
    if not 2000 < found.year < 2200:
        raise Invalid(_("There is no such month."), _("Choose one from the calendar."))
    return found


def _today(me: Member) -> date:
    return now().astimezone(ZoneInfo(me.time_zone)).date()
