"""The page of ownership: how the company listens, at a glance; every figure leads to its conversations."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from rapport.channels.models import Channel
from rapport.conversations.models import Topic
from rapport.core.errors import Invalid
from rapport.insight import routing, rows
from rapport.insight.figures import today
from rapport.insight.periods import latest
from rapport.insight.typical import typical
from rapport.ownership.policy import Policy
from rapport.ownership.service import current_policy
from rapport.staff.models import Team
from rapport.web.learning_picture import team_picture
from rapport.web.overview_show import Overview
from rapport.web.policy_draft import draft_of
from rapport.web.policy_odd import Odd, oddities_in_words, out_of_sight
from rapport.web.reports import wanted_of
from rapport.web.reports_show import Names, Privacy
from rapport.web.rights import member_of, page
from rapport.web.routed_words import COUNTS, WAYS
from rapport.web.shell import shell_of

DAYS = {7: lazy("7 days"), 28: lazy("28 days"), 90: lazy("90 days")}
_USUAL = 28
_SILENT, _ODD = 12, 3
_EXAMPLES, _READ, _ENOUGH = 5, 60, 30


@page()
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Who owns what, how it came to them, how sure that was and where people overruled it."""
    if request.GET.get("from"):  # a page of the rules, which stood here
        return redirect(f"{reverse('policy')}?{urlencode({'from': request.GET['from']})}")
    shell = shell_of(request)
    shell.current = "policy"
    names = _names()
    asked, days, slug = _asked(request, names)
    counted = routing.counted(asked)
    shown = Overview(asked, counted, names, shell.hues)
    version, in_force = current_policy()
    context: dict[str, Any] = {
        "shown": shown, "days": days, "spans": DAYS.items(), "team": slug, "teams": shell.all_teams, "counts": COUNTS,
        "period": asked.period, "ways": WAYS.values(), "version": version, "policy": in_force,
        "silent": _silent(in_force, shown, slug, request),
    }  # fmt: skip
    if shell.can_lead:
        context |= {"odd": _odd(in_force, request), "draft": draft_of(request), "sure": team_picture()}
    return render(request, "web/policy/overview.html", context)


@page()
@require_GET
def figures(request: HttpRequest, which: str) -> HttpResponse:
    """What is folded on the page, when it is opened: a fragment."""
    names = _names()
    asked, _days, _slug = _asked(request, names)
    shown = Overview(asked, routing.counted(asked), names, shell_of(request).hues)
    return render(request, "web/policy/figures.html", {"table": shown.table(which)})


@page()
@require_GET
def overruled(request: HttpRequest) -> HttpResponse:
    """Examples of what people moved on, the words typical for them, and a rule made of it: a fragment."""
    wanted = wanted_of(request, "routed", Privacy.of(request))
    by = wanted.narrowing.by
    stayed = {name: value for name, value in by.items() if name not in ("team", "overruled")} | {"overruled": "no"}
    others = replace(wanted, narrowing=replace(wanted.narrowing, by=stayed))
    these, those = rows.texts(wanted, _READ), rows.texts(others, _READ)
    words = typical(these, those, [] if len(those) >= _ENOUGH else _all_else(wanted, these))
    context = {"examples": rows.page(wanted, limit=_EXAMPLES).rows, "words": words, "rule_url": ""}
    if shell_of(request).can_lead and words:
        context["rule_url"] = _rule_url(request, words)
    return render(request, "web/policy/overruled.html", context)


def _all_else(wanted: rows.Wanted, these: list[tuple[UUID | None, str]]) -> list[tuple[UUID | None, str]]:
    """What others said in the same time, whatever became of it: where little stayed, every "dear" would be typical."""
    theirs = {person for person, _text in these}
    everything = replace(wanted, narrowing=replace(wanted.narrowing, by={}))
    return [one for one in rows.texts(everything, 2 * _READ) if one[0] is not None and one[0] not in theirs]


def _rule_url(request: HttpRequest, words: list[str]) -> str:
    """The form of a new rule, filled in: asked before the rule that was overruled."""
    names = {str(team.id): team for team in shell_of(request).all_teams}
    source, target = (names.get(request.GET.get(name, "")) for name in ("first", "team"))
    if target is None:
        return ""
    called = _("What belongs to %(target)s, not to %(source)s") % {
        "target": target.name, "source": source.name if source else _("nobody"),
    }  # fmt: skip
    rules = [one.name for one in current_policy()[1].rules]
    rule = request.GET.get("rule", "")
    before = rules.index(rule) + 1 if rule in rules else 0
    given = {"name": called, "words": ",".join(words), "owner": target.slug, "before": before}
    return f"{reverse('policy_rule_new')}?{urlencode(given)}"


def _asked(request: HttpRequest, names: Names) -> tuple[routing.Asked, int, str]:
    """Which span, and of which team."""
    given, zone = request.GET.get("days", ""), ZoneInfo(member_of(request).time_zone)
    days = int(given) if given.isdecimal() and given in map(str, DAYS) else _USUAL
    slug = request.GET.get("team", "")
    ids = {slug: id for id, slug in names.by["slug"].items()}
    if slug and slug not in ids:
        raise Invalid(_("There is no such team."), _("Choose one from the list."))
    team_id = UUID(ids[slug]) if slug else None
    return routing.Asked(latest(days, today(zone), zone), team_id), days, slug


def _names() -> Names:
    teams = list(Team.objects.values_list("id", "name", "slug"))
    return Names({
        "team": {str(id): name for id, name, _slug in teams}, "slug": {str(id): slug for id, _name, slug in teams},
        "channel": {str(id): name for id, name in Channel.objects.values_list("id", "name")},
        "topic": {str(id): name for id, name in Topic.objects.values_list("id", "name")},
    })  # fmt: skip


@dataclass(frozen=True)
class Silent:
    """A rule that decided nothing."""

    number: int
    name: str
    url: str


def _silent(policy: Policy, shown: Overview, slug: str, request: HttpRequest) -> list[Silent]:
    """Rules in force with an owner that decided nothing in this time; of one team those that give to it.

    None of those whose conversations the reader may not see: they would be taken for useless, and removed.
    """
    if not shown.total:
        return []
    fired = shown.counted.fired
    kept = out_of_sight(((one.then.owner, one.then.confidential) for one in policy.rules), request)
    found = [
        (number, one.name) for number, one in enumerate(policy.rules, 1)
        if one.decides and one.name not in fired and slug in ("", one.then.owner) and number not in kept
    ]  # fmt: skip
    url = reverse("policy")
    return [Silent(number, name, f"{url}?from={number}#rule-{number}") for number, name in found[:_SILENT]]


def _odd(policy: Policy, request: HttpRequest) -> list[Odd]:
    return oddities_in_words(policy, request)[:_ODD]
