"""What a member is told: the list, how it reaches them, and the browsers that may be told when they are closed."""

from typing import Any
from uuid import UUID

import orjson
from django.contrib import messages
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.core.errors import Invalid, NotVisible
from rapport.notices import gather, pacing, push, rounds
from rapport.notices.models import Device, Notice, Preferences
from rapport.notices.paces import PACES
from rapport.notices.reasons import DIGEST, NEVER, REASONS, SOON, way_of
from rapport.notices.words import Line, line_of, round_line, unders
from rapport.staff.models import Member
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

_SHOWN = 60
_ROUND_MAX = 200
_HOURS = range(24)


@page()
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """The latest first; `?after=` goes on."""
    shell_of(request).current = "notices"
    told = member_of(request).notices.filter(page=True).select_related("team")
    found = list(_after(told, request.GET.get("after", "")))
    lines = _lines(found[:_SHOWN])
    more = found[_SHOWN - 1].id if len(found) > _SHOWN else ""
    return render(request, "web/notices/page.html", {"lines": lines, "next": more})


@page()
@require_GET
def fresh(request: HttpRequest) -> HttpResponse:
    """The figure beside the bell and, for `?id=`, the notice that has just come."""
    found = []
    try:
        wanted = UUID(request.GET.get("id", ""))
        unread = member_of(request).notices.filter(page=True, read_at__isnull=True)
        found = list(unread.select_related("team").filter(id=wanted))
    except ValueError:
        pass
    return render(request, "web/notices/fresh.html", {"lines": _lines(found)})


@page()
@require_GET
def gathered(request: HttpRequest, round_id: UUID) -> HttpResponse:
    """What happened in the conversations that a team watches, a line each; opening it reads it. Raises NotVisible."""
    shell_of(request).current = "notices"
    member = member_of(request)
    found = member.notices.filter(id=round_id, conversation__isnull=True).select_related("team").first()
    if found is None:
        raise NotVisible(_("There is no such notice."))
    gather.read_one(member, found)
    entries = rounds.entries([found], _ROUND_MAX).get(found.id, [])
    conversations = gather.conversations_of(one.conversation_id for one in entries)
    line = round_line(found, rounds.figures([found])[found.id], unders(entries, conversations))
    return render(request, "web/notices/round.html", {"line": line})


@page()
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Everything is read."""
    gather.read(member_of(request))
    return redirect("notices")


@page()
def settings(request: HttpRequest) -> HttpResponse:
    """Which news come by which way, and when the digest does."""
    shell_of(request).current = "notices"
    member = member_of(request)
    kept = Preferences.objects.filter(member=member).first() or Preferences(member=member)
    if request.method == "POST":
        kept.ways = {key: _chosen(request, key) for key in REASONS}
        hour = request.POST.get("hour", "")
        kept.digest_hour = int(hour) if hour.isdecimal() and int(hour) in _HOURS else kept.digest_hour
        kept.digest_weekends = request.POST.get("weekends") == "yes"
        kept.save()
        _choose_paces(request, member)
        messages.success(request, _("Saved."))
        return redirect("notice_settings")
    context = {
        "rows": [(reason, way_of(reason.key, kept.ways), _mails(reason.key)) for reason in REASONS.values()],
        "hours": [(hour, f"{hour:02d}:00") for hour in _HOURS],
        "kept": kept,
        "pacings": pacing.pacings(member),
        "paces": list(PACES.items()),
        "devices": Device.objects.filter(member=member).order_by("created_at"),
        "push_key": push.public_key(),
    }
    return render(request, "web/notices/settings.html", context)


@page()
@require_POST
def device_add(request: HttpRequest) -> HttpResponse:
    """Keep a browser's subscription, sent as JSON."""
    try:
        given = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise Invalid(_("This is no subscription."), _("Load the page again.")) from error
    if not isinstance(given, dict):
        raise Invalid(_("This is no subscription."), _("Load the page again."))
    push.subscribe(member_of(request), given, _browser(request.headers.get("User-Agent", "")))
    return JsonResponse({"ok": True})


@page()
@require_POST
def device_remove(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """This browser is not told any more."""
    if not Device.objects.filter(member=member_of(request), id=device_id).delete()[0]:
        raise NotVisible(_("There is no such browser."))
    messages.success(request, _("This browser is not told any more."))
    return redirect("notice_settings")


def service_worker(request: HttpRequest) -> HttpResponse:
    """The script that shows what is pushed; it must lie at the root to speak for every page."""
    path = finders.find("rapport/js/push-worker.js")
    if not isinstance(path, str):
        raise NotVisible("The script is not there.")
    with open(path, encoding="utf-8") as file:
        return HttpResponse(file.read(), content_type="text/javascript; charset=utf-8")


service_worker.without_scope = True  # type: ignore[attr-defined]


def _after(found: Any, after: str) -> Any:
    ordered = found.order_by("-at", "-id")
    try:
        edge = Notice.objects.filter(id=UUID(after)).first() if after else None
    except ValueError as error:
        raise Invalid(_("This page of the list does not exist."), _("Start at its beginning.")) from error
    if edge is not None:
        ordered = ordered.filter(at__lte=edge.at).exclude(id=edge.id)
    return ordered[: _SHOWN + 1]


def _lines(found: list[Notice]) -> list[Line]:
    conversations = gather.conversations_of(one.conversation_id for one in found)
    figures = rounds.figures(one for one in found if one.conversation_id is None)
    return [
        round_line(one, figures[one.id])
        if one.conversation_id is None
        else line_of(one, conversations[one.conversation_id])
        for one in found
        if one.conversation_id is None or one.conversation_id in conversations
    ]


def _mails(key: str) -> list[tuple[str, str]]:
    """How a reason may come by mail. What is watched has a pace of its own, and so is gathered already."""
    if key == rounds.REASON:
        return [(NEVER, _("No mail")), (SOON, _("Mail at the team’s pace"))]
    return [(NEVER, _("No mail")), (SOON, _("Mail at once")), (DIGEST, _("In the digest"))]


def _choose_paces(request: HttpRequest, member: Member) -> None:
    for one in pacing.pacings(member):
        own = request.POST.get(f"pace-{one.team.slug}", one.own)
        of_team = request.POST.get(f"team-pace-{one.team.slug}", one.of_team)
        if own != one.own:
            pacing.choose(member, one.team.id, own)
        if one.may_lead and of_team != one.of_team:
            pacing.choose_for_team(member, one.team.id, of_team)


def _chosen(request: HttpRequest, key: str) -> dict[str, object]:
    mail = request.POST.get(f"{key}-mail", NEVER)
    return {
        "page": request.POST.get(f"{key}-page") == "yes",
        "push": request.POST.get(f"{key}-push") == "yes",
        "mail": mail if mail in (SOON, DIGEST) else NEVER,
    }


def _browser(agent: str) -> str:
    """A browser and its system in few words, for the list."""
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    browser = next((name for sign, name in browsers if sign in agent), _("A browser"))
    system = next((name for sign, name in systems if sign in agent), "")
    return f"{browser}, {system}" if system else browser
