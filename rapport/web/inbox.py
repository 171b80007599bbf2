"""The lists of conversations, and the fragments that keep them fresh."""

from dataclasses import dataclass, field
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations.models import Status
from rapport.conversations.queries import SORTS, VIEWS, Page, View, list_conversations, rows_of
from rapport.core.errors import NotVisible
from rapport.staff.models import Density, Member
from rapport.web.narrowed import Narrow, narrowed, saved_view_of
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

_ROWS_AT_ONCE = 50
_YEAR = 365 * 24 * 3600
SORT_COOKIE = "rapport_sorts"
SORT_NAMES = {
    "promise": gettext_lazy("Promise, most urgent first"),
    "activity": gettext_lazy("Latest activity first"),
    "newest": gettext_lazy("Newest first"),
    "age": gettext_lazy("Oldest first"),
}
#: Where one works by what is promised; elsewhere by what happened last.
_BY_PROMISE = ("mine", "teams", "unowned", "team")


@dataclass(frozen=True)
class Listing:
    """A view as the page shows it: its heading, its address and the word that stands for it in addresses."""

    view: View
    title: str
    key: str
    url: str
    narrow: Narrow = field(default_factory=Narrow)

    @property
    def query(self) -> str:
        """Goes behind a conversation's address, so that it opens beside this list."""
        status = "" if self.view.status == Status.OPEN else f"&status={self.view.status}"
        return f"?in={self.key}{status}{self.narrow.extra}"

    @property
    def tabs(self) -> list[tuple[str, str, str, bool]]:
        """Label, address, key and whether it is this one, of each status; none where only one makes sense."""
        if self.view.name == "snoozed":
            return []
        names = ((Status.OPEN, _("Open")), (Status.RESOLVED, _("Resolved")), (Status.SPAM, _("Spam")))
        extra = self.narrow.extra
        return [(label, f"{self.url}?status={key}{extra}", key, key == self.view.status) for key, label in names]

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """Label, address and whether it is this one, of each order."""
        past = self.view.status != Status.OPEN
        names = {key: name for key, name in SORT_NAMES.items() if not (past and key == "promise")}
        now_by = self.view.sort if self.view.sort in names else "activity"
        at = f"{self.url}?status={self.view.status}{self.narrow.extra}&sort="
        return [(str(name), f"{at}{key}", key == now_by) for key, name in names.items()]

    @property
    def sort_name(self) -> str:
        """The order in words."""
        return next(label for label, _url, current in self.sorts if current)

    @property
    def rows_url(self) -> str:
        """Where the page asks for rows anew."""
        return f"{reverse('rows', args=[self.key])}?status={self.view.status}&sort={self.view.sort}{self.narrow.extra}"

    def after(self, cursor: str) -> str:
        """The address of the page behind `cursor`."""
        return f"{self.url}?status={self.view.status}&sort={self.view.sort}{self.narrow.extra}&after={cursor}"


def listing_of(request: HttpRequest, key: str) -> Listing:
    """The view behind `key`: one of VIEWS, "team-<slug>" or "view-<id>", narrowed by `?q=`. Raises NotVisible."""
    shell, member = shell_of(request), member_of(request)
    status = request.GET.get("status", Status.OPEN)
    status = status if status in Status.values else Status.OPEN
    if key in VIEWS:
        shell.current = key
        view = View(member, shell.team_ids, key, status=status, sort=sort_of(request, key))
        return Listing(*_narrowed(request, view, _(VIEWS[key]), key, reverse("inbox", args=[key])))
    if key.startswith("view-"):
        return _saved(request, key, status)
    slug = key.removeprefix("team-")
    seen = {team.slug for team in shell.teams}
    team = next((team for team in shell.all_teams if team.slug == slug and slug in seen), None)
    if team is None:
        raise NotVisible("There is no such view.")
    shell.current = slug
    view = View(member, shell.team_ids, "team", team.id, status, sort_of(request, key))
    return Listing(*_narrowed(request, view, team.name, f"team-{slug}", reverse("team_inbox", args=[slug])))


def listing_beside(request: HttpRequest) -> Listing:
    """The list that a conversation was opened from (`?in=`); everything, where that list is gone."""
    try:
        return listing_of(request, request.GET.get("in", "all"))
    except NotVisible:
        return listing_of(request, "all")


def _narrowed(
    request: HttpRequest, view: View, title: str, key: str, url: str
) -> tuple[View, str, str, str, Narrow]:
    found, narrow = narrowed(request, view)
    return found, title, key, url, narrow


def _saved(request: HttpRequest, key: str, status: str) -> Listing:
    shell, saved = shell_of(request), saved_view_of(key)
    shell.current = f"view-{saved.id}"
    sort = sort_of(request, shell.current, saved.sort)
    view, narrow = narrowed(request, View(member_of(request), shell.team_ids, "all", status=status, sort=sort), saved)
    return Listing(view, saved.name, shell.current, reverse("saved_view", args=[saved.id]), narrow)


def sort_of(request: HttpRequest, key: str, otherwise: str = "") -> str:
    """The order of a list: asked for, or as this browser had it last, or what suits the list."""
    asked = request.GET.get("sort", "") or _remembered(request).get(key, "")
    if (asked or otherwise) in SORTS:
        return asked or otherwise
    return "promise" if key.partition("-")[0] in _BY_PROMISE else "activity"


def _remembered(request: HttpRequest) -> dict[str, str]:
    pairs = (pair.partition(":") for pair in request.COOKIES.get(SORT_COOKIE, "")[:4000].split("."))
    return {key: sort for key, _colon, sort in pairs if sort in SORTS}


@page()
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The first page: what is mine, or else what my teams have."""
    shell = shell_of(request)
    return redirect("inbox", "mine" if shell.counts.mine else "teams" if shell.team_ids else "all")


@page()
@require_GET
def inbox(request: HttpRequest, name: str) -> HttpResponse:
    """A view of VIEWS."""
    if name not in VIEWS:
        raise NotVisible("There is no such view.")
    return _show(request, listing_of(request, name))


@page()
@require_GET
def team_inbox(request: HttpRequest, slug: str) -> HttpResponse:
    """The conversations of one team."""
    return _show(request, listing_of(request, f"team-{slug}"))


@page()
@require_GET
def saved_view(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """The conversations of a saved view."""
    return _show(request, listing_of(request, f"view-{view_id}"))


@page()
@require_GET
def rows(request: HttpRequest, key: str) -> HttpResponse:
    """The rows of `?ids=a,b` that are in the view now, or with `?newest=1` its first page."""
    listing = listing_of(request, key)
    newest = request.GET.get("newest") == "1"
    found = list_conversations(listing.view).rows if newest else rows_of(listing.view, _ids(request.GET.get("ids", "")))
    return render(request, "web/inbox/rows.html", {"page": Page(found), "listing": listing})


@page()
@require_GET
def counts(request: HttpRequest) -> HttpResponse:
    """The views and teams of the sidebar with their figures."""
    shell_of(request).current = request.GET.get("current", "").removeprefix("team-")
    return render(request, "web/parts/views.html")


@page()
@require_GET
def live_token(request: HttpRequest) -> JsonResponse:
    """A fresh ticket for the live address."""
    return JsonResponse({"token": shell_of(request).live_token})


@page()
@require_POST
def density(request: HttpRequest) -> HttpResponse:
    """Keep how much room the member's rows take, and go back."""
    chosen, target = request.POST.get("density", ""), request.POST.get("next", "/")
    if chosen in Density.values:
        Member.objects.filter(id=member_of(request).id).update(density=chosen)
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return redirect(target if allowed else "/")


def _show(request: HttpRequest, listing: Listing) -> HttpResponse:
    if request.GET.get("sort") in SORTS and not request.GET.get("after"):
        return _sorted(request, listing)
    return _drawn(request, listing)


def _sorted(request: HttpRequest, listing: Listing) -> HttpResponse:
    """The list in the order asked for, which this browser keeps for it."""
    response = _drawn(request, listing)
    kept = {**_remembered(request), listing.key: listing.view.sort}
    value = ".".join(f"{key}:{sort}" for key, sort in list(kept.items())[-60:])
    response.set_cookie(
        SORT_COOKIE, value, max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
    )  # fmt: skip
    return response


def _drawn(request: HttpRequest, listing: Listing) -> HttpResponse:
    found = list_conversations(listing.view, request.GET.get("after", ""))
    template = (
        "web/inbox/rows.html"
        if request.GET.get("after") and request.headers.get("HX-Request")
        else "web/inbox/page.html"
    )
    return render(request, template, {"page": found, "listing": listing})


def _ids(given: str) -> list[UUID]:
    ids = []
    for one in given.split(",")[:_ROWS_AT_ONCE]:
        try:
            ids.append(UUID(one))
        except ValueError:
            continue
    return ids
