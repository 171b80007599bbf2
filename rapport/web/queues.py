"""A team's queue: what waits for a member, in its order, since when, why, and how long it probably still takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.insight.measures import GROUP_SIZE_MIN, speed_is_shown
from rapport.ownership.directory import company
from rapport.ownership.handing import out, queue
from rapport.ownership.handing.choosing import OTHERS_WAIT
from rapport.ownership.handing.queue import Lately, Waiting
from rapport.ownership.versions import in_force
from rapport.people import trees
from rapport.staff.models import Company, Membership, TakenBy, Team
from rapport.web import expectation
from rapport.web.rights import page
from rapport.web.shell import Shell, shell_of


@dataclass(frozen=True)
class Place:
    """One that waits, as the page shows it."""

    number: int
    waiting: Waiting
    conversation: Conversation
    expected: str


@dataclass(frozen=True)
class Head:
    """A queue in one line: how many wait, and how long the next and the last will."""

    team: Team
    count: int
    next: str


@page()
@require_GET
def team_queue(request: HttpRequest, slug: str) -> HttpResponse:
    """The queue of a team that the member may see."""
    shell = shell_of(request)
    seen = {one.slug for one in shell.teams}
    team = next((one for one in shell.all_teams if one.slug == slug and slug in seen), None)
    if team is None:
        raise NotVisible("There is no such team.")
    shell.current = slug
    waiting = queue.waiting(team)
    shown, why = _speed_is_shown(team), _why_now(team) if waiting else ""
    context = {
        "team": team, "places": _places(shell, team, _as_now(waiting, why), shown), "speed": shown,
        "least": GROUP_SIZE_MIN,
        "count": queue.count(team) if len(waiting) == queue.SHOWN_MAX else len(waiting),
        "handed_out": team.taken_by == TakenBy.HANDED_OUT, "why": why,
    }  # fmt: skip
    return render(request, "web/inbox/queue.html", context)


def head_of(shell: Shell, team_id: object) -> Head | None:
    """The line above a team's list; None where nothing waits."""
    team = next((one for one in shell.all_teams if one.id == team_id), None)
    count = queue.count(team) if team else 0
    if team is None or not count:
        return None
    first = queue.waiting(team, 1)
    lately = _lately(shell, team, first) if _speed_is_shown(team) else None
    return Head(team, count, _expected(shell, team, lately, 1))


def _as_now(waiting: Sequence[Waiting], why: str) -> list[Waiting]:
    """Nobody waits before the first any more, whatever was so when it came."""
    return [
        replace(one, why=why) if place == 0 and one.why == OTHERS_WAIT else one for place, one in enumerate(waiting)
    ]


def _places(shell: Shell, team: Team, waiting: Sequence[Waiting], shown: bool) -> list[Place]:
    lately = _lately(shell, team, waiting) if waiting and shown else None
    found = Conversation.objects.select_related("person").in_bulk([one.id for one in waiting])
    trees.call(one.person for one in found.values())
    return [
        Place(number, one, found[one.id], _expected(shell, team, lately, number))
        for number, one in enumerate(waiting, 1)
        if one.id in found
    ]


def _lately(shell: Shell, team: Team, waiting: Sequence[Waiting]) -> Lately:
    longest: datetime | None = min((one.since for one in waiting), default=None)
    return queue.lately(team, shell.clocks.of(team.id), longest)


def _expected(shell: Shell, team: Team, lately: Lately | None, place: int) -> str:
    found = lately.expected(place) if lately else None
    return expectation.in_words(found, shell.clocks.of(team.id), now(), shown=lately is not None)


def _speed_is_shown(team: Team) -> bool:
    """Of a few members how fast they take it would be a figure on individuals."""
    size = Membership.objects.filter(team=team, member__is_active=True).count()
    return speed_is_shown(size >= GROUP_SIZE_MIN or Company.here().individual_figures, size)


def _why_now(team: Team) -> str:
    """Why nothing is handed out at this moment; it names nobody, so that everybody may know it."""
    with scope.system():
        entry = company(now(), with_members=True, weights=in_force()[1].weights).directory.teams.get(team.slug)
        return out.why_waiting(entry) if entry else _("the team is gone")
