"""Reports: what came in, what went out, how long it took and what is left; every figure leads to what it counts."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_GET

from rapport.core import events
from rapport.core.errors import Invalid, NotVisible
from rapport.insight import rows
from rapport.insight.export import as_csv
from rapport.insight.figures import Asked, report, today
from rapport.insight.measures import EVERYWHERE, MEASURES
from rapport.insight.periods import Period, before, buckets, custom, grain_for, latest, preset
from rapport.insight.sources import DIMENSIONS, SOURCES, Narrowing
from rapport.web import routed_words
from rapport.web.reports_show import Names, Page, Privacy, csv_of
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

PERIODS = {
    "today": gettext_lazy("Today"), "last-7": gettext_lazy("Last 7 days"), "last-30": gettext_lazy("Last 30 days"),
    "this-month": gettext_lazy("This month"), "last-month": gettext_lazy("Last month"),
    "last-90": gettext_lazy("Last 90 days"), "this-year": gettext_lazy("This year"),
    "custom": gettext_lazy("From … to …"),
}  # fmt: skip
GRAINS = {"": gettext_lazy("Suits the period"), "day": gettext_lazy("Days"), "week": gettext_lazy("Weeks"),
           "month": gettext_lazy("Months")}  # fmt: skip
DIMENSION_NAMES = {
    "team": gettext_lazy("Team"), "channel": gettext_lazy("Channel"), "topic": gettext_lazy("Topic"),
    "member": gettext_lazy("Member"),
}  # fmt: skip
_DAYS_MAX = 366
#: What `insight.periods` says, which knows no language.
_SAID = (
    gettext_noop("There is no such period."), gettext_noop("Choose one from the list."),
    gettext_noop("The period ends before it begins."), gettext_noop("Choose a later end."),
    gettext_noop("The period is longer than five years."), gettext_noop("Choose a shorter one."),
    gettext_noop("The period is too far from today."), gettext_noop("Choose one between the years 1900 and 2999."),
)  # fmt: skip
#: Lists that stand behind a figure without being one of the measures.
_TITLES = {
    "answered": gettext_lazy("First answered"), "promised": gettext_lazy("First answered, with a promise"),
    "kept": gettext_lazy("First answered within the promise"), "broken": gettext_lazy("First answered late"),
    "routed": gettext_lazy("Came in and was decided"),
}  # fmt: skip


@page()
@require_GET
def reports(request: HttpRequest) -> HttpResponse:
    """The figures of a period."""
    shell_of(request).current = "reports"
    privacy = Privacy.of(request)
    asked, chosen = _asked(request, privacy)
    names = Names.of(shell_of(request), privacy)
    shown = Page(asked, report(asked), names, privacy)
    query = request.GET.copy()
    query.pop("by", None)
    context = {
        "shown": shown, "chosen": chosen, "periods": PERIODS.items(), "grains": GRAINS.items(), "names": names,
        "before": before(asked.period), "period": asked.period, "privacy": privacy,
        "tabs": [(key, label) for key, label in DIMENSION_NAMES.items() if key in _allowed(privacy)],
        "query": query.urlencode(), "export": request.GET.urlencode(), "measures": MEASURES, "everywhere": EVERYWHERE,
    }  # fmt: skip
    return render(request, "web/reports/page.html", context)


@page()
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """The figures as a file."""
    privacy = Privacy.of(request)
    asked, _chosen = _asked(request, privacy)
    shown = Page(asked, report(asked), Names.of(shell_of(request), privacy), privacy)
    head, lines = csv_of(shown)
    return as_file(request, "report", f"report-{asked.period.first}-{asked.period.last}", as_csv(head, lines))


@page()
@require_GET
def report_rows(request: HttpRequest, source: str) -> HttpResponse:
    """The list behind one figure."""
    shell_of(request).current = "reports"
    privacy = Privacy.of(request)
    wanted = wanted_of(request, source, privacy)
    names = Names.of(shell_of(request), privacy)
    found = rows.page(wanted, request.GET.get("after", ""))
    query = request.GET.copy()
    query.pop("after", None)
    context = {
        "title": _title(source), "sentence": _sentence(source), "found": found, "wanted": wanted,
        "count": rows.count(wanted), "query": query.urlencode(),
        "narrowed": [*names.of_narrowing(wanted.narrowing), *routed_words.narrowed(wanted.narrowing, names)],
        "took": SOURCES[source].took and privacy.shows_speed(wanted.narrowing), "source": source,
        "back": reverse("policy_overview" if source == "routed" else "reports"), "first": not request.GET.get("after"),
    }  # fmt: skip
    return render(request, "web/reports/rows.html", context)


@page()
@require_GET
def rows_export(request: HttpRequest, source: str) -> HttpResponse:
    """The list behind one figure as a file."""
    privacy = Privacy.of(request)
    wanted = wanted_of(request, source, privacy)
    took = SOURCES[source].took and privacy.shows_speed(wanted.narrowing)
    found = rows.page(wanted, limit=rows.EXPORT_MAX).rows
    head = [_("When"), _("Subject"), _("Person"), _("Team"), _("Channel"), _("Topic"), _("Status"), _("Address")]
    zone, here = zone_of(request), request.build_absolute_uri("/")[:-1]
    lines = [
        [row.at.astimezone(zone).isoformat(timespec="seconds"), row.subject, row.person, row.team, row.channel,
         row.topic, row.status, here + reverse("conversation", args=[row.conversation_id]),
         *([round(row.took or 0)] if took else [])]
        for row in found
    ]  # fmt: skip
    if took:
        head.append(_("Seconds it took"))
    return as_file(request, f"rows of {source}", f"{source}-{wanted.start.date()}", as_csv(head, lines))


def as_file(request: HttpRequest, what: str, name: str, text: str) -> HttpResponse:
    """A table as a file to download; that it was made is an event."""
    events.record(
        "export.made", actor_id=member_of(request).id,
        data={"what": what, "query": request.GET.urlencode()[:400], "lines": text.count("\r\n") - 1},
    )  # fmt: skip
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _asked(request: HttpRequest, privacy: Privacy) -> tuple[Asked, dict[str, Any]]:
    """What the address asks for, and the same as the form shows it. Raises Invalid for what makes no sense."""
    given = request.GET
    period, name = period_of(request)
    grain = grain_for(period, given.get("grain", ""))
    dimension = given.get("by", "team")
    if dimension not in _allowed(privacy):
        dimension = "team"
    narrowing = narrowing_of(request, privacy)
    chosen = {
        "period": name, "from": period.first.isoformat(), "to": period.last.isoformat(), "by": dimension,
        "grain": given.get("grain", ""), "shown_grain": grain, **{key: given.get(key, "") for key in DIMENSIONS},
    }  # fmt: skip
    return Asked(period, buckets(period, grain), narrowing, dimension), chosen


def period_of(request: HttpRequest) -> tuple[Period, str]:
    """The period that the address asks for, and what it is called there. Raises Invalid for none."""
    given, zone = request.GET, zone_of(request)
    name = given.get("period", "last-30")
    first, last = (_date(given.get(key, "")) if name == "custom" else None for key in ("from", "to"))
    try:
        return (custom(first, last, zone) if first and last else preset(name, today(zone), zone)), name
    except Invalid as error:
        raise Invalid(_(error.message), _(error.hint)) from error


def wanted_of(request: HttpRequest, source: str, privacy: Privacy) -> rows.Wanted:
    """Which figure the address asks for. Raises NotVisible where there is none, Invalid for what makes no sense."""
    if source not in SOURCES:
        raise NotVisible("There is no such figure.")
    given = request.GET.get("days", "")
    if given.isdecimal() and len(given) < 4 and 0 < int(given) <= _DAYS_MAX:
        period = latest(int(given), today(zone_of(request)), zone_of(request))
        start, end = period.start, period.end
    else:
        start, end = (instant_of(request.GET.get(name, "")) for name in ("start", "end"))
    return rows.Wanted(source, start, end, narrowing_of(request, privacy, SOURCES[source].more))


def narrowing_of(request: HttpRequest, privacy: Privacy, more: Iterable[str] = ()) -> Narrowing:
    """What the address narrows to. Raises NotAllowed for a member where figures on individuals are not shown."""
    given = {name: request.GET.get(name, "").replace("\0", "") for name in (*DIMENSIONS, *more)}
    if given["member"]:
        privacy.check_individuals()
    return Narrowing({name: value for name, value in given.items() if value}, member_of(request).time_zone)


def _allowed(privacy: Privacy) -> list[str]:
    return [name for name in DIMENSIONS if name != "member" or privacy.individuals]


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The time zone of whoever looks."""
    return ZoneInfo(member_of(request).time_zone)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(_("The period needs its first and its last day."), _("Choose both.")) from error


def instant_of(text: str) -> datetime:
    """A moment of an address. Raises Invalid for none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(_("This list has no beginning or no end."), _("Come here from a report.")) from error
    if found.tzinfo is None or not 1971 < found.year < 2200:
        raise Invalid(_("This list has no beginning or no end."), _("Come here from a report."))
    return found


def _title(source: str) -> object:
    return next((m.label for m in MEASURES if m.source == source), None) or _TITLES[source]


def _sentence(source: str) -> object:
    if source == "routed":
        return routed_words.COUNTS
    named = {"answered": "first_answer", "promised": "kept", "kept": "kept", "broken": "kept"}.get(source, source)
    return next(m.counts for m in MEASURES if m.name == named)
