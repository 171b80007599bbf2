"""Trying a pattern of a rule on a text, before the rule is kept: a fragment of the form."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rapport.ownership.conditions.matches import Matches
from rapport.ownership.expressions import Expression
from rapport.ownership.problems import Problems
from rapport.web.rights import LEADS, page

_FOUND_SHOWN_MAX = 200


@page(LEADS)
@require_POST
def pattern(request: HttpRequest) -> HttpResponse:
    """What the patterns of the form find in the text given; nothing of either is kept."""
    patterns = [line.strip() for line in request.POST.get("when_matches", "").splitlines() if line.strip()]
    text, problems = request.POST.get("try_text", ""), Problems()
    if not patterns:
        return _said(request, "warn", _("Write a pattern first."))
    if Matches.parse(list(patterns), problems) is None:
        return _said(request, "danger", " ".join(one.message for one in problems.found))
    for one in patterns:
        found = Expression(one).found_in(text)
        if found is not None:
            names = {"pattern": one, "found": found[:_FOUND_SHOWN_MAX]}
            return _said(request, "good", _("“%(pattern)s” finds “%(found)s”.") % names)
    return _said(request, "warn", _("It finds nothing in this text."))


def _said(request: HttpRequest, kind: str, says: str) -> HttpResponse:
    return render(request, "web/policy/pattern.html", {"kind": kind, "says": says})
