"""What the frame around every page needs, asked once a request and only when it is drawn."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import get_language, get_language_bidi

from rapport.conversations.models import SavedView
from rapport.conversations.queries import Counts, count_open
from rapport.conversations.views import views_of
from rapport.core import scope
from rapport.core.options import options
from rapport.live.ticket import issue
from rapport.staff.models import Member, Role, Team
from rapport.web.faces import hue_of_place
from rapport.web.languages import choices
from rapport.web.locales import live_words
from rapport.web.promises import Clocks
from rapport.web.rights import member_of

THEMES = ("auto", "light", "dark")
_SHEETS = [
    f"rapport/css/{name}.css"
    for name in (
        "tokens", "base", "components", "shell", "inbox", "conversation", "compose", "matters", "pages", "search",
        "people",
    )
]  # fmt: skip


@dataclass
class SideTeam:
    """A team in the sidebar with its open conversations."""

    name: str
    slug: str
    confidential: bool
    open: int


class Shell:
    """The sidebar and the live address, for one request."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.current = ""

    @property
    def member(self) -> Member:
        """Who looks."""
        return member_of(self.request)

    @cached_property
    def team_ids(self) -> frozenset[UUID]:
        """The active teams of the member."""
        return frozenset(self._memberships)

    @cached_property
    def led_ids(self) -> frozenset[UUID]:
        """Those of them that the member leads."""
        return frozenset(team_id for team_id, is_lead in self._memberships.items() if is_lead)

    @cached_property
    def _memberships(self) -> dict[UUID, bool]:
        return dict(self.member.memberships.filter(team__is_active=True).values_list("team_id", "is_lead"))

    @cached_property
    def all_teams(self) -> list[Team]:
        """Every active team, by name."""
        return list(Team.objects.filter(is_active=True))

    @cached_property
    def hues(self) -> dict[str, str]:
        """The color class of each team by its slug: by its place among all teams."""
        return {team.slug: hue_of_place(place) for place, team in enumerate(self.all_teams)}

    @cached_property
    def clocks(self) -> Clocks:
        """The business hours in which promises are counted."""
        return Clocks(self.all_teams)

    @cached_property
    def counts(self) -> Counts:
        """Open conversations by view and team."""
        return count_open(self.member, self.team_ids)

    @cached_property
    def unread_notices(self) -> int:
        """What the member has been told and not looked at."""
        return self.member.notices.filter(page=True, read_at__isnull=True).count()

    @cached_property
    def teams(self) -> list[SideTeam]:
        """The teams whose conversations the member may see."""
        return [
            SideTeam(team.name, team.slug, team.confidential, self.counts.by_team.get(team.id, 0))
            for team in self.all_teams
            if team.id in self.team_ids or (team.is_open and not team.confidential) or self.counts.by_team.get(team.id)
        ]

    @cached_property
    def saved_views(self) -> list[SavedView]:
        """The member's own views, their teams' and everyone's."""
        return views_of(self.member)

    @property
    def can_admin(self) -> bool:
        """Whether the pages for administrators are linked."""
        return self.member.role == Role.ADMIN

    @property
    def can_write(self) -> bool:
        """Whether the member may change conversations."""
        return self.member.role != Role.READER

    @property
    def can_lead(self) -> bool:
        """Whether the member may change the policy."""
        return self.member.role in (Role.ADMIN, Role.LEAD)

    @property
    def sees_load(self) -> bool:
        """Whether the member leads anybody, and so sees the page of team load."""
        return self.can_lead or (self.can_write and bool(self.led_ids))

    def sees_load_of(self, team: Team) -> bool:
        """Whether that is so for this team: as a lead all whose conversations one sees, else those that one leads."""
        if not self.sees_load:
            return False
        seen = team.id in self.team_ids or (team.is_open and not team.confidential)
        return team.id in self.led_ids or (self.can_lead and seen)

    @property
    def live_url(self) -> str:
        """Where the page listens for changes: on its own origin behind HTTPS, else on a port of its own."""
        if options().public_url.startswith("https://"):
            return "/live"
        return f"{live_origin(self.request)}/live"

    @property
    def live_token(self) -> str:
        """A fresh ticket for it, good for what happens after this page looked."""
        return issue(self.member.id, scope.seen())


def live_origin(request: HttpRequest) -> str:
    """The origin of the live address where it stands on a port of its own."""
    host = urlsplit(f"//{request.get_host()}").hostname or "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{options().live_port}"


def shell_of(request: HttpRequest) -> Shell:
    """The request's one shell."""
    found: Shell | None = getattr(request, "_rapport_shell", None)
    if found is None:
        found = Shell(request)
        request._rapport_shell = found  # type: ignore[attr-defined]
    return found


def context(request: HttpRequest) -> dict[str, Any]:
    """For every template: the theme, the style sheets, and the shell when somebody is signed in."""
    theme = request.COOKIES.get("rapport_theme", "auto")
    base: dict[str, Any] = {
        "theme": theme if theme in THEMES else "auto",
        "sheets": _SHEETS,
        "page_language": get_language() or "en",
        "page_direction": "rtl" if get_language_bidi() else "ltr",
        "languages": choices(),
        "live_words": live_words(),
        "is_demo": options().demo,
    }
    if isinstance(getattr(request, "user", None), Member):
        base |= {"shell": shell_of(request), "contrast": shell_of(request).member.contrast}
    return base
