"""Promises kept and broken, by clock: the page, its file, and the list behind each of its figures."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from rapport.core.errors import NotAllowed, NotVisible
from rapport.insight import promised
from rapport.insight.export import as_csv
from rapport.insight.periods import before, buckets, grain_for
from rapport.insight.promised import PAUSED, RUNNING, Asked, Wanted
from rapport.ownership.service import current_policy
from rapport.staff.opening import business_hours
from rapport.web.promised_show import MEANS, STATES, Page, Terms, file_head, late_of, narrowed
from rapport.web.reports import (
    DIMENSION_NAMES,
    GRAINS,
    PERIODS,
    as_file,
    instant_of,
    narrowing_of,
    period_of,
    zone_of,
)
from rapport.web.reports_show import Names, Privacy
from rapport.web.rights import page
from rapport.web.shell import shell_of

_NAMES = {"promise": gettext_lazy("Promise"), **DIMENSION_NAMES}
_MORE = ("promise", "clock", "steps", "moves")


@page()
@require_GET
def promises(request: HttpRequest) -> HttpResponse:
    """Promises kept and broken during a period, and those that run now."""
    shell_of(request).current = "reports"
    shown, chosen, privacy, names = _shown(request)
    worst = [] if shown.is_hidden else late_of(promised.worst(shown.asked, shown.found), shown.terms)
    query = request.GET.copy()
    query.pop("by", None)
    context = {
        "shown": shown, "chosen": chosen, "worst": worst, "names": names, "privacy": privacy,
        "periods": PERIODS.items(), "grains": GRAINS.items(),
        "period": shown.asked.period, "before": before(shown.asked.period),
        "tabs": [(key, _NAMES[key]) for key in promised.DIMENSIONS if key != "member" or privacy.individuals],
        "query": query.urlencode(), "export": request.GET.urlencode(),
        "means": [*((STATES[key], MEANS[key]) for key in promised.STATES), (_("Late by"), MEANS["late"]),
                  (_("With steps done"), MEANS["steps"])],
    }  # fmt: skip
    return render(request, "web/reports/promises.html", context)


@page()
@require_GET
def promises_export(request: HttpRequest) -> HttpResponse:
    """The figures as a file."""
    shown, *_rest = _shown(request)
    period = shown.asked.period
    return as_file(request, "promises", f"promises-{period.first}-{period.last}", as_csv(file_head(), shown.lines()))


@page()
@require_GET
def promise_rows(request: HttpRequest, state: str) -> HttpResponse:
    """The list behind one figure."""
    shell_of(request).current = "reports"
    wanted, privacy = _wanted(request, state)
    names, terms = Names.of(shell_of(request), privacy), _terms()
    given = request.GET.get("page", "0")
    number = int(given) if given.isdecimal() and len(given) < 5 else 0
    by_late = request.GET.get("sort") == "late"
    found, more = promised.page(wanted, number, by_late=by_late)
    query = request.GET.copy()
    for name in ("page", "sort"):
        query.pop(name, None)
    context = {
        "title": STATES[state], "sentence": MEANS[state], "rows": late_of(found, terms), "more": more, "number": number,
        "count": promised.count(wanted), "wanted": wanted, "query": query.urlencode(), "state": state,
        "by_late": by_late, "is_now": state in (RUNNING, PAUSED), "back": reverse("promise_report"),
        "narrowed": [*names.of_narrowing(wanted.narrowing), *narrowed(wanted.narrowing, terms)],
        "whole": request.GET.urlencode(),
    }  # fmt: skip
    return render(request, "web/reports/promise_rows.html", context)


@page()
@require_GET
def promise_rows_export(request: HttpRequest, state: str) -> HttpResponse:
    """The list behind one figure as a file."""
    wanted, _privacy = _wanted(request, state)
    found, _more = promised.page(wanted, by_late=request.GET.get("sort") == "late", limit=promised.EXPORT_MAX)
    head = [
        _("Subject"), _("Person"), _("Team"), _("Clock"), _("Promise"), _("Due"), _("Done"),
        _("Late by (seconds of open time)"), _("Steps"), _("Given on by a step"), _("Address"),
    ]  # fmt: skip
    zone, here = zone_of(request), request.build_absolute_uri("/")[:-1]
    lines = [
        [one.row.subject, one.row.person, one.row.team, one.clock, one.promise,
         *(at.astimezone(zone).isoformat(timespec="seconds") if at else ""
           for at in (one.row.due_at, one.row.stopped_at)),
         "" if one.row.late is None else round(one.row.late), one.row.steps, one.row.moves,
         here + reverse("conversation", args=[one.row.conversation_id])]
        for one in late_of(found, _terms())
    ]  # fmt: skip
    return as_file(request, f"promises {state}", f"promises-{state}-{wanted.start.date()}", as_csv(head, lines))


def _shown(request: HttpRequest) -> tuple[Page, dict[str, Any], Privacy, Names]:
    privacy = Privacy.of(request)
    given = request.GET
    period, name = period_of(request)
    grain = grain_for(period, given.get("grain", ""))
    dimension = given.get("by", "team")
    if dimension not in promised.DIMENSIONS or (dimension == "member" and not privacy.individuals):
        dimension = "team"
    narrowing = narrowing_of(request, privacy, ("promise",))
    asked = Asked(period, buckets(period, grain), buckets(before(period), grain), narrowing, dimension)
    chosen = {
        "period": name, "from": period.first.isoformat(), "to": period.last.isoformat(), "by": dimension,
        "grain": given.get("grain", ""), **{key: given.get(key, "") for key in _NAMES},
    }  # fmt: skip
    names = Names.of(shell_of(request), privacy)
    return Page(asked, promised.report(asked), names, privacy, _terms()), chosen, privacy, names


def _wanted(request: HttpRequest, state: str) -> tuple[Wanted, Privacy]:
    """Which list the address asks for. Raises NotVisible for none, NotAllowed for how a small team keeps promises."""
    if state not in promised.LISTS:
        raise NotVisible(_("There is no such figure."))
    privacy = Privacy.of(request)
    narrowing = narrowing_of(request, privacy, _MORE)
    if state not in (RUNNING, PAUSED) and not privacy.shows_speed(narrowing):
        raise NotAllowed(
            _("How a team of fewer than five keeps its promises is not shown: it would be a figure on individuals."),
            _("The company decides about those."),
        )
    start, end = (instant_of(request.GET.get(name, "")) for name in ("start", "end"))
    return Wanted(state, start, end, narrowing), privacy


def _terms() -> Terms:
    return Terms(current_policy()[1], business_hours())
