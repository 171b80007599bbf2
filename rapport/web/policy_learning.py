"""What was learned from people's decisions, for leads: how much, how sure, what was overruled, and what to forget."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from rapport.core import scope
from rapport.core.errors import Invalid
from rapport.ownership import lessons, teaching
from rapport.ownership.models import LearnedModel
from rapport.ownership.teaching import Span
from rapport.staff.models import Company, Member
from rapport.web import locales
from rapport.web.rights import LEADS, member_of, page
from rapport.web.shell import shell_of

NONES_WANTED = 100
_OVERRULED_SHOWN = 20

# Only of conversations that whoever looks may see: both tables stand behind their walls.
_OVERRULED = """
SELECT c.id, c.subject, d.suggestion->>'team', (d.suggestion->>'probability')::float, e.label, e.at,
    coalesce(m.name, '')
FROM ownership_example e JOIN conversations_conversation c ON c.id = e.conversation_id
JOIN ownership_decision d ON d.conversation_id = e.conversation_id AND d.suggestion ? 'team'
LEFT JOIN staff_member m ON m.id = e.member_id
WHERE e.set_aside IS NULL AND e.label IS DISTINCT FROM d.suggestion->>'team' ORDER BY e.id DESC LIMIT %s"""


class ForgetForm(forms.Form):
    """Whose decisions, of which days."""

    member = forms.ModelChoiceField(
        Member.objects.order_by("name"), label=lazy("Decided by"), required=False, empty_label=lazy("Anybody")
    )
    since = forms.DateField(label=lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=lazy("Before"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def span(self) -> Span:
        """What was chosen; days begin in UTC."""
        member: Member | None = self.cleaned_data["member"]
        since, until = (
            datetime.combine(day, time(), UTC) if day else None
            for day in (self.cleaned_data["since"], self.cleaned_data["until"])
        )
        return Span(member.id if member else None, since, until)


@page(LEADS)
def learning(request: HttpRequest) -> HttpResponse:
    """How much was learned and how far it can be trusted; with a span in the query, how many would be set aside."""
    shell_of(request).current = "policy"
    asks = any(request.GET.get(name) for name in ("member", "since", "until"))
    form = ForgetForm(request.GET if asks else None)
    with scope.system():
        model = LearnedModel.objects.defer("data").order_by("-made_at").first()
        counts, newest = lessons.tally()
        aside = teaching.put_aside()
        asked = form.span().chosen.count() if asks and form.is_valid() else None
    context = {
        "model": model,
        "encoders": ", ".join(f"{name} {version}" for name, version in (model.encoders if model else {}).items()),
        "teams": _teams(request, counts),
        "all": sum(counts.values()),
        "newest": newest,
        "nones": counts.get(None, 0),
        "nones_wanted": NONES_WANTED,
        "picture": _picture(model.figures) if model else None,
        "assigns": Company.here().learned_assigns,
        "overruled": _overruled(request),
        "form": form,
        "asked": asked,
        "aside": aside,
    }
    return render(request, "web/policy/learning.html", context)


@page(LEADS)
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Switch assigning on or off, set examples aside, or bring those set aside at a moment back."""
    verb, actor = request.POST.get("verb", ""), member_of(request)
    try:
        with scope.system():
            said = _done(request, verb, actor)
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    else:
        messages.success(request, said)
    return redirect("policy_learning")


def _done(request: HttpRequest, verb: str, actor: Member) -> str:
    if verb in ("on", "off"):
        teaching.switch(verb == "on", actor)
        if verb == "on":
            return _("Where it is certain, it gives conversations to teams by itself from now on.")
        return _("It only suggests from now on.")
    if verb == "forget":
        form = ForgetForm(request.POST)
        if not form.is_valid():
            raise Invalid(_("This is no member, or no date."), _("Choose again."))
        count = teaching.set_aside(form.span(), actor)
        said = ngettext("%(count)s decision was set aside.", "%(count)s decisions were set aside.", count)
        return said % {"count": locales.number(count)}
    if verb == "back":
        count = teaching.bring_back(_moment(request.POST.get("at", "")), actor)
        said = ngettext("%(count)s decision counts again.", "%(count)s decisions count again.", count)
        return said % {"count": locales.number(count)}
    raise Invalid(_("There is no such change."), _("Load the page again."))


def _moment(given: str) -> datetime:
    try:
        found = datetime.fromisoformat(given)
    except ValueError as error:
        raise Invalid(_("Nothing was set aside then."), _("Load the page again.")) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _teams(request: HttpRequest, counts: dict[str | None, int]) -> list[tuple[str, int]]:
    """The teams that may be suggested, with how many decisions each was learned from; most first."""
    found = [(team.name, counts.get(team.slug, 0)) for team in shell_of(request).all_teams if not team.confidential]
    return sorted(found, key=lambda one: (-one[1], one[0]))


@dataclass(frozen=True)
class Overruled:
    """Where people chose otherwise than was suggested."""

    id: UUID
    subject: str
    suggested: str
    percent: str
    chosen: str
    at: datetime
    by: str


def _overruled(request: HttpRequest) -> list[Overruled]:
    names: dict[str | None, str] = {team.slug: team.name for team in shell_of(request).all_teams}
    nothing = _("none of ours")
    with connection.cursor() as cursor:
        cursor.execute(_OVERRULED, [_OVERRULED_SHOWN])
        rows = cursor.fetchall()
    return [
        Overruled(id, subject, names.get(said, said), locales.percent(likely), names.get(to, to or nothing), at, by)
        for id, subject, said, likely, to, at, by in rows
    ]


def _picture(figures: dict[str, Any]) -> dict[str, Any] | None:
    """Coverage to the right against precision upwards, of the examples left out: from 50 % at the bottom to 100 %."""
    curve = figures.get("curve") or []
    if len(curve) < 2:
        return None
    points = " ".join(f"{1000 * coverage:.0f},{_height(precision):.0f}" for coverage, precision, _at in curve)
    coverage, precision, threshold = figures["trade"]
    rows = [[locales.percent(one) for one in row] for row in curve[:: max(1, len(curve) // 10)]]
    return {
        "points": points, "promise": f"{_height(0.95):.0f}", "rows": rows, "can": threshold <= 1,
        "coverage": locales.percent(coverage), "precision": locales.percent(precision),
    }  # fmt: skip


def _height(precision: float) -> float:
    return 200 - 400 * max(0.0, precision - 0.5)
