"""Putting a policy in force, asked once: what it does, which rules change, whether its tests pass."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from rapport.core.errors import Invalid
from rapport.ownership import trials
from rapport.ownership.directory import world
from rapport.ownership.policy_tests import try_tests
from rapport.ownership.service import current_policy, policy_of
from rapport.web.policy_draft import draft_of
from rapport.web.policy_lines import changed, lines_of
from rapport.web.rights import LEADS, page
from rapport.web.shell import shell_of


@page(LEADS)
@require_GET
def force(request: HttpRequest, what: str) -> HttpResponse:
    """What comes of putting the draft ("draft") or the policy on trial ("trial") in force, before it is done.

    Raises Invalid where there is no such thing any more.
    """
    shell_of(request).current = "policy"
    version, before = current_policy()
    draft, trial = draft_of(request), trials.running() if what == "trial" else None
    if trial is None and (what == "trial" or not draft.changed):
        raise Invalid(_("There is nothing to put in force."), _("Change the rules, or put a draft on trial, first."))
    after = policy_of(trial.version) if trial else draft.policy
    base, number = trial.base if trial else draft.base, version.number if version else 0
    tried = try_tests(after, world())
    context = {
        "trial": trial,
        "number": number,
        "stale": base != number,
        "base": base,
        "rules": len(after.rules),
        "changed": changed(lines_of(before, request), lines_of(after, request)),
        "tests": len(tried),
        "failing": [one for one in tried if not one.passed],
        "back": "policy_trial" if trial else "policy",
    }
    return render(request, "web/policy/force.html", context)
