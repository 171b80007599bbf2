"""A policy tried on the past: asked for, run in the background, told as a story."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.insight.measures import may_see_individuals
from rapport.ownership.forms import policy_from_dict, policy_to_dict
from rapport.ownership.models import PolicyVersion, RunState, WhatIf
from rapport.ownership.service import current_policy, policy_of
from rapport.ownership.simulate import jobs
from rapport.ownership.simulate.changed import names_of, read
from rapport.staff.models import Company
from rapport.web.policy_draft import draft_of, setup_of
from rapport.web.policy_lines import changed, lines_of
from rapport.web.policy_odd import out_of_sight
from rapport.web.policy_setup import said_of
from rapport.web.policy_story import Story
from rapport.web.rights import LEADS, member_of, page
from rapport.web.shell import shell_of

_DAYS = (30, 90)
_SHOWN, _NAMED = 10, 3


@page(LEADS)
def choose(request: HttpRequest) -> HttpResponse:
    """What to try over which time; POST asks for it."""
    shell_of(request).current = "policy"
    version, _policy = current_policy()
    number = version.number if version else 0
    draft = draft_of(request)
    if request.method == "POST":
        run = _ask(request, number)
        return redirect("policy_try_run", run.id) if run else redirect("policy_try")
    earlier = PolicyVersion.objects.exclude(number=number).order_by("-number")
    today = timezone.localdate()
    context = {
        "draft": draft,
        "otherwise": said_of(setup_of(request)),
        "number": number,
        "versions": earlier.values_list("number", "note")[:50],
        "runs": WhatIf.objects.defer("story", "draft", "base").order_by("-created_at")[:_SHOWN],
        "days": _DAYS,
        "from": (today - timedelta(days=30)).isoformat(),
        "to": today.isoformat(),
    }
    return render(request, "web/policy/try.html", context)


def _ask(request: HttpRequest, number: int) -> WhatIf | None:
    given = request.POST
    span = _span(given.get("span", "30"), given.get("from", ""), given.get("to", ""))
    if span is None:
        messages.error(request, _("This span cannot be read. Choose two days, the earlier first."))
        return None
    tried = given.get("try", "draft")
    against = given.get("against", "")
    draft = policy_to_dict(_version(tried)) if tried != "draft" else draft_of(request).plain
    base_number = int(against) if against.isdecimal() and len(against) < 8 else number
    base = policy_to_dict(_version(str(base_number)) if base_number else current_policy()[1])
    names: dict[str, Any] = {"base": base_number or None, "draft": int(tried) if tried.isdecimal() else None}
    otherwise = setup_of(request)
    names |= {"setup": otherwise} if otherwise else {}
    names["rules"] = _otherwise(base, draft)
    return jobs.ask(member_of(request), (base, draft), names, span)


def _otherwise(base: Mapping[str, Any], draft: Mapping[str, Any]) -> list[str]:
    """The names of the first rules that only one of two policies has: by these a try is found again."""
    both = [list(one.get("rules", ())) for one in (draft, base)]
    differ = [rule["name"] for mine, other in (both, both[::-1]) for rule in mine if rule not in other]
    return list(dict.fromkeys(differ))[:_NAMED]


def _version(number: str) -> Any:
    if not number.isdecimal() or len(number) > 7:
        raise NotVisible(_("There is no such version."))
    return policy_of(int(number))


def _span(days: str, since: str, until: str) -> tuple[datetime, datetime] | None:
    """The last so many days up to now, or whole days where the member is."""
    if days in map(str, _DAYS):
        return now() - timedelta(days=int(days)), now()
    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until) + timedelta(days=1)
        begins, ends = (timezone.make_aware(datetime.combine(day, time())) for day in (first, last))
    except (ValueError, OverflowError):
        return None
    return (begins, min(ends, now())) if begins < min(ends, now()) else None


@page(LEADS)
@require_GET
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One what-if: how far it is, or what came out; the part that changes alone where the page asks for it."""
    shell_of(request).current = "policy"
    found = _found(run_id)
    context: dict[str, Any] = {"run": found, "alive": found.state in (RunState.WAITING, RunState.RUNNING)}
    if found.state == RunState.DONE:
        shell = shell_of(request)
        individuals = may_see_individuals(Company.here().individual_figures, shell.can_lead)
        setup = found.names.get("setup") or {}
        names = names_of(read(setup)) | {team.slug: team.name for team in shell.all_teams}
        draft = draft_of(request)
        context["otherwise"] = said_of(setup)
        # What was tried with another setup cannot be put in force: the company is not set up like that.
        is_drafts = draft.changed and found.names.get("draft") is None and found.draft == draft.plain
        context["is_draft"] = is_drafts and not setup
        base, tried = policy_from_dict(found.base), policy_from_dict(found.draft)
        context["changed"] = changed(lines_of(base, request), lines_of(tried, request))
        kept = out_of_sight(((one.then.owner, one.then.confidential) for one in tried.rules), request)
        context["story"] = Story(found, names, shell.hues, individuals=individuals, kept=kept)
    if request.headers.get("HX-Request") and context["alive"]:
        return render(request, "web/policy/try_progress.html", context)
    response = render(request, "web/policy/try_run.html", context)
    if request.headers.get("HX-Request"):
        response["HX-Refresh"] = "true"
    return response


@page(LEADS)
@require_POST
def stop(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Do not go on with it."""
    jobs.stop(_found(run_id))
    messages.info(request, _("It was stopped."))
    return redirect("policy_try")


def _found(run_id: UUID) -> WhatIf:
    found = WhatIf.objects.filter(id=run_id).first()
    if found is None:
        raise NotVisible(_("There is no such try."))
    return found
