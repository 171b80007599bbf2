"""A policy on trial: put off, in the shadow, for a share, on; side by side with the one in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rapport.conversations.models import Conversation, Status
from rapport.core.errors import Invalid
from rapport.ownership import trials
from rapport.ownership.directory import world
from rapport.ownership.models import Shadow, Trial
from rapport.ownership.policy_tests import try_tests
from rapport.ownership.service import SavedBy, current_policy, policy_of
from rapport.ownership.simulate.doubt import Difference
from rapport.people.trees import call
from rapport.staff.models import Team
from rapport.web import locales
from rapport.web.policy_draft import draft_of, drop
from rapport.web.policy_lines import changed, lines_of
from rapport.web.policy_story import difference
from rapport.web.rights import LEADS, member_of, page
from rapport.web.shell import shell_of

_DIFFERING_SHOWN = 10


@page(LEADS)
def trial(request: HttpRequest) -> HttpResponse:
    """The policy on trial and what it has shown so far, or how to begin."""
    shell_of(request).current = "policy"
    running, (version, in_force), draft = trials.running(), current_policy(), draft_of(request)
    begins = running is None and draft.changed
    base = policy_of(running.base) if running and running.base else in_force
    sides = (base, policy_of(running.version) if running else draft.policy)
    context = {
        "trial": running,
        "number": version.number if version else 0,
        "draft": draft,
        "failing": [one for one in try_tests(draft.policy, world()) if not one.passed] if begins else [],
        "changed": changed(*(lines_of(side, request) for side in sides)) if running or begins else None,
        "figures": _figures(running) if running else None,
        "differing": _differing(running, shell_of(request).all_teams) if running else [],
        "past": Trial.objects.exclude(ended_at=None).order_by("-ended_at")[:10],
    }
    return render(request, "web/policy/trial.html", context)


@page(LEADS)
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Begin with the draft, change how far it goes, put it in force, or end it."""
    verb, actor = request.POST.get("verb", ""), member_of(request).id
    try:
        said = _done(request, verb, actor)
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    else:
        messages.success(request, said)
    return redirect("policy" if verb == "on" else f"{reverse('policy_trial')}#trial-now")


def _done(request: HttpRequest, verb: str, actor: Any) -> str:
    if verb == "start":
        draft = draft_of(request)
        if not draft.changed:
            raise Invalid(_("There is no draft to put on trial."), _("Change the rules first."))
        trials.start(draft.plain, SavedBy(actor, request.POST.get("note", ""), draft.base))
        drop(request)
        return _("It decides in the shadow from the next conversation on: kept, and not acted upon.")
    running = trials.running()
    if running is None:
        raise Invalid(_("Nothing is on trial."), _("Put a draft on trial first."))
    if verb == "on":
        return _("Version %(number)s is in force.") % {"number": trials.turn_on(running, actor).number}
    if verb == "stop":
        trials.stop(running, actor)
        return _("The trial has ended. The policy in force decides alone.")
    share = request.POST.get("share", "")
    trials.change(running, verb, int(share) if share.isdecimal() and len(share) < 4 else 0, actor)
    return _("Changed: it holds from the next conversation on.")


@dataclass(frozen=True)
class Differing:
    """One conversation of which the two said otherwise: the teams, which of them it was given to, and why the other."""

    conversation: Conversation
    base: str
    trial: str
    acted: bool
    sentence: str


def _differing(trial: Trial, teams: Iterable[Team]) -> list[Differing]:
    """The latest of them that the reader may see."""
    names = {team.id: team.name for team in teams}
    found = (
        Shadow.objects.filter(trial=trial, failed=False)
        .exclude(team_id=F("base_team_id")).exclude(team_id=None, base_team_id=None)
        .exclude(conversation__status__in=(Status.SPAM, Status.MERGED))
        .select_related("conversation__person").order_by("-at")[:_DIFFERING_SHOWN]
    )  # fmt: skip
    call(one.conversation.person for one in found)
    nobody = _("Nobody")

    def called(team_id: UUID | None) -> str:
        return names.get(team_id, nobody) if team_id else nobody

    return [
        Differing(one.conversation, called(one.base_team_id), called(one.team_id), one.acted, one.sentence)
        for one in found
    ]  # fmt: skip


def _figures(trial: Trial) -> dict[str, Any]:
    """What it has shown, in words."""
    found = trials.figures(trial)
    (moved, acted), (base_moved, beside) = found.arms
    # Where the share was changed, the shares are those within each of them, which is what the difference is of.
    adjusted = (found.moved.first, found.moved.second) if found.drawn > 1 else (None, None)
    return {
        "found": found,
        "right": [_share(n, found.settled) for n in (found.base_right, found.trial_right)],
        "says": difference({**_told(found.paired), "settled": found.settled}),
        "arms": [_share(base_moved, beside, adjusted[0]), _share(moved, acted, adjusted[1])] if acted else None,
        "moved_says": difference({**_told(found.moved.difference), "settled": min(acted, beside)}) if acted else "",
        "kept": [_share(*found.base_kept), _share(*found.kept)],
        "in_time_says": difference(_told(found.in_time)) if found.both else "",
    }


def _told(one: Difference) -> dict[str, Any]:
    return {"share": one.share, "low": one.low, "high": one.high, "clear": one.is_clear}


def _share(some: int, of: int, adjusted: float | None = None) -> str:
    if not of:
        return "–"
    counts = {"some": locales.number(some), "all": locales.number(of)}
    return f"{locales.percent(some / of if adjusted is None else adjusted)} · " + _("%(some)s of %(all)s") % counts
