"""What was learned from people's decisions, for leads: how much, how sure, what was overruled, and what to forget."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from rapport.conversations import queries
from rapport.core import scope
from rapport.core.errors import Invalid
from rapport.ownership import bursting, lessons, teaching
from rapport.ownership.kinds import KINDS, PRIORITY, TEAM, TOPIC, Slot
from rapport.ownership.models import LearnedModel, Wish
from rapport.ownership.outcomes import outcomes
from rapport.ownership.teaching import PRECISION_LEAST, PRECISION_MOST, PRECISION_USUAL, Span
from rapport.staff.models import Company, Member, Team
from rapport.web import learning_kinds, locales
from rapport.web.learning_picture import picture_of
from rapport.web.learning_why import names_of, none_of
from rapport.web.policy_bursts import lines
from rapport.web.rights import LEADS, member_of, page
from rapport.web.second_show import section
from rapport.web.shell import shell_of

NONES_WANTED = 100
_OVERRULED_SHOWN = 20

# Only of conversations that whoever looks may see: both tables stand behind their walls.
_TOLD = {
    TEAM: ("d.suggestion", "team", "d.suggestion ? 'team'"),
    TOPIC: ("d.guesses->'topic'", "label", "d.guesses ? 'topic'"),
    PRIORITY: ("d.guesses->'priority'", "label", "d.guesses ? 'priority'"),
}
_OVERRULED = """
SELECT c.id, c.subject, {told}->>'{name}', ({told}->>'probability')::float, e.label, e.at, coalesce(m.name, '')
FROM ownership_example e JOIN conversations_conversation c ON c.id = e.conversation_id
JOIN ownership_decision d ON d.conversation_id = e.conversation_id AND {asked}
LEFT JOIN staff_member m ON m.id = e.member_id
WHERE e.set_aside IS NULL AND e.kind = '{kind}' AND e.label IS DISTINCT FROM {told}->>'{name}' AND NOT e.implied
ORDER BY e.id DESC LIMIT %s"""


def _moment_field() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local", "class": "input"})


class ForgetForm(forms.Form):
    """Whose decisions, from when to when."""

    member = forms.ModelChoiceField(
        Member.objects.order_by("name"), label=lazy("Decided by"), required=False, empty_label=lazy("Anybody"),
        widget=forms.Select(attrs={"class": "input"}),
    )  # fmt: skip
    since = forms.DateTimeField(
        label=lazy("From"), required=False, widget=_moment_field()
    )
    until = forms.DateTimeField(
        label=lazy("Before"), required=False, widget=_moment_field()
    )

    def span(self) -> Span:
        """What was chosen, by the clock of whoever chose."""
        member: Member | None = self.cleaned_data["member"]
        return Span(member.id if member else None, self.cleaned_data["since"], self.cleaned_data["until"])


@page(LEADS)
def learning(request: HttpRequest) -> HttpResponse:
    """How much was learned and how far it can be trusted; with a span in the query, what setting it aside would do.

    `kind` in the query is what is looked at: team, topic or priority; `label` whose trade is drawn.
    """
    shell = shell_of(request)
    shell.current = "policy"
    kind = request.GET.get("kind", TEAM) if request.GET.get("kind") in KINDS else TEAM
    asks = any(request.GET.get(name) for name in ("member", "since", "until"))
    form = ForgetForm(request.GET if asks else None)
    teams, topics = [one for one in shell.all_teams if not one.confidential], queries.active_topics()
    called = {one: names_of(one, teams, topics) for one in KINDS}
    names = called[kind]
    with scope.system():
        slot = Slot(kind)
        model = LearnedModel.objects.defer("data").filter(kind=kind, audience=[]).order_by("-made_at").first()
        counts, newest = lessons.tally(slot)
        came = outcomes(kind)
        bursts, second = (bursting.open_bursts(), bursting.looked_at()), section(kind, came)
    figures = model.figures if model else {}
    wants, acts = _wishes(kind)
    label = request.GET.get("label", "") if request.GET.get("label") in (figures.get("curves") or {}) else ""
    context = {
        "kind": kind, "tabs": learning_kinds.TABS.items(), "model": model,
        "encoders": ", ".join(f"{name} {version}" for name, version in (model.encoders if model else {}).items()),
        "rows": learning_kinds.rows(names, counts, wants, came, figures.get("curves") or {}),
        "usual": wants.get("", PRECISION_USUAL), "least": PRECISION_LEAST, "most": PRECISION_MOST,
        "all": sum(counts.values()), "newest": newest, "nones": counts.get(None, 0), "nones_wanted": NONES_WANTED,
        "honest": learning_kinds.honest(kind, figures, counts), "certain": learning_kinds.certain(came),
        "picture": picture_of(figures, label, learning_kinds.as_it_came(came), wants.get(label, wants.get("", 95))),
        "pictured": names.get(label, ""), "assigns": acts, "bursts": lines(*bursts, called, shell.member),
        "overruled": _overruled(kind, names), "form": form, "asked": _asked(form, kind) if asks else None,
        "aside": teaching.put_aside(), "own": _own_models(), "second": second,
    }  # fmt: skip
    return render(request, "web/policy/learning.html", context)


@page(LEADS)
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Let a kind act or not, set precisions, set examples aside, bring them back, or settle a burst."""
    verb, actor = request.POST.get("verb", ""), member_of(request)
    try:
        with scope.system():
            said = _done(request, verb, actor)
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    else:
        messages.success(request, said)
    kind = request.POST.get("kind", TEAM)
    return redirect(f"{reverse('policy_learning')}{f'?kind={kind}' if kind in KINDS else ''}{_PLACES.get(verb, '')}")


# Whoever works by keyboard goes on from where they were.
_PLACES = {"on": "#l-switch", "off": "#l-switch", "want": "#l-from", "forget": "#l-forget", "back": "#l-forget"}


def _done(request: HttpRequest, verb: str, actor: Member) -> str:
    if verb in ("on", "off"):
        teaching.switch(verb == "on", actor, request.POST.get("kind", TEAM))
        return _("Where it is certain, it acts by itself from now on.") if verb == "on" else _(
            "It only suggests from now on."
        )  # fmt: skip
    if verb == "want":
        return _wanted(request, actor)
    if verb == "forget":
        form = ForgetForm(request.POST)
        if not form.is_valid():
            raise Invalid(_("This is no member, or no moment."), _("Choose again."))
        return _aside(teaching.set_aside(form.span(), actor))
    if verb in ("burst_aside", "burst_right"):
        how = bursting.ASIDE if verb == "burst_aside" else bursting.RIGHT
        count = bursting.settle(_burst_id(request.POST.get("burst", "")), how, actor)
        return _aside(count) if how == bursting.ASIDE else _("They stay, and it may act on them.")
    if verb == "back":
        count = teaching.bring_back(_moment(request.POST.get("at", "")), actor)
        said = ngettext("%(count)s decision counts again.", "%(count)s decisions count again.", count)
        return said % {"count": locales.number(count)}
    raise Invalid(_("There is no such change."), _("Load the page again."))


def _wanted(request: HttpRequest, actor: Member) -> str:
    """The precision of each label as the form has it; an empty one goes with all others ("")."""
    kind = request.POST.get("kind", TEAM)
    given = {name.removeprefix("want:"): str(value) for name, value in request.POST.items() if name.startswith("want:")}
    for label, value in given.items():
        if not value.strip():
            teaching.want_as_others(kind, label.replace("\0", ""), actor)
        elif value.isdecimal() and len(value) < 4:
            teaching.want(kind, label, int(value), actor)
        else:
            raise Invalid(_("This is no precision that can be promised."), _("Write a whole number, such as 95."))
    return _("The promises are set.")


def _aside(count: int) -> str:
    said = ngettext("%(count)s decision was set aside.", "%(count)s decisions were set aside.", count)
    return said % {"count": locales.number(count)}


def _burst_id(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError as error:
        raise Invalid(_("Somebody has looked at it already."), _("Load the page again.")) from error


def _moment(given: str) -> datetime:
    try:
        found = datetime.fromisoformat(given)
    except ValueError as error:
        raise Invalid(_("Nothing was set aside then."), _("Load the page again.")) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _wishes(kind: str) -> tuple[dict[str, int], bool]:
    """The precisions wanted by label ("" are all others), and whether the kind may act by itself."""
    found = {label: (precision, acts) for label, precision, acts in
             Wish.objects.filter(kind=kind).values_list("label", "precision", "acts")}  # fmt: skip
    acts = Company.here().learned_assigns if kind == TEAM else found.get("", (0, False))[1]
    return {label: precision for label, (precision, _acts) in found.items()}, acts


def _own_models() -> list[tuple[str, str, int]]:
    """Models of confidential teams that whoever looks is in: team, kind, and of how many decisions."""
    found = LearnedModel.objects.exclude(audience=[]).values_list("audience", "kind", "figures")
    rows = list(found)
    if not rows:
        return []
    names = dict(Team.objects.filter(id__in=[audience[0] for audience, *_rest in rows]).values_list("id", "name"))
    return [
        (names.get(audience[0], ""), str(learning_kinds.TABS[kind]), figures.get("examples", 0))
        for audience, kind, figures in rows
    ]


def _asked(form: ForgetForm, kind: str) -> dict[str, Any] | None:
    """What setting the span aside would do: how many of each kind, and how much would be suggested otherwise."""
    if not form.is_valid():
        return None
    chosen = form.span().chosen
    by_kind = dict(chosen.values_list("kind").annotate(many=Count("id")).order_by("kind"))
    count = sum(by_kind.values())
    ids = {str(id) for id in chosen.filter(kind=kind).values_list("id", flat=True)} if count else set()
    with scope.system():
        effect = bursting.effect_without(Slot(kind), ids) if ids else {}
    told = [(str(learning_kinds.TABS[one]), many) for one, many in by_kind.items()]
    return {"count": count, "kinds": told if len(told) > 1 else [], "effect": effect}


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


def _overruled(kind: str, names: Mapping[str, str]) -> list[Overruled]:
    told, name, asked = _TOLD[kind]
    with connection.cursor() as cursor:
        cursor.execute(_OVERRULED.format(told=told, name=name, asked=asked, kind=kind), [_OVERRULED_SHOWN])
        rows = cursor.fetchall()
    nothing = none_of(kind)
    return [
        Overruled(
            id, subject, names.get(said, said), locales.percent(likely), names.get(to, to or nothing), at, by
        )
        for id, subject, said, likely, to, at, by in rows
    ]  # fmt: skip
