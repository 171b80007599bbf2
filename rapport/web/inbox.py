"""The lists of conversations, and the fragments that keep them fresh."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from rapport.conversations.models import Status
from rapport.conversations.queries import VIEWS, Page, View, list_conversations, rows_of
from rapport.core.errors import NotVisible
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

_ROWS_AT_ONCE = 50


@dataclass(frozen=True)
class Listing:
    """A view as the page shows it: its heading, its address and the word that stands for it in addresses."""

    view: View
    title: str
    key: str
    url: str

    @property
    def query(self) -> str:
        """Goes behind a conversation's address, so that it opens beside this list."""
        return f"?in={self.key}" + ("" if self.view.status == Status.OPEN else f"&status={self.view.status}")

    @property
    def tabs(self) -> list[tuple[str, str, str, bool]]:
        """Label, address, key and whether it is this one, of each status."""
        names = ((Status.OPEN, "Open"), (Status.RESOLVED, "Resolved"), (Status.SPAM, "Spam"))
        return [(label, f"{self.url}?status={key}", key, key == self.view.status) for key, label in names]


def listing_of(request: HttpRequest, key: str) -> Listing:
    """The view behind `key`: one of VIEWS or "team-<slug>". Raises NotVisible."""
    shell, member = shell_of(request), member_of(request)
    status = request.GET.get("status", Status.OPEN)
    status = status if status in Status.values else Status.OPEN
    if key in VIEWS:
        shell.current = key
        view = View(member, shell.team_ids, key, status=status)
        return Listing(view, VIEWS[key], key, reverse("inbox", args=[key]))
    slug = key.removeprefix("team-")
    seen = {team.slug for team in shell.teams}
    team = next((team for team in shell.all_teams if team.slug == slug and slug in seen), None)
    if team is None:
        raise NotVisible("There is no such view.")
    shell.current = slug
    view = View(member, shell.team_ids, "team", team.id, status)
    return Listing(view, team.name, f"team-{slug}", reverse("team_inbox", args=[slug]))


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


def _show(request: HttpRequest, listing: Listing) -> HttpResponse:
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
