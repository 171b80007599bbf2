"""What was learned, beside one conversation: the team it suggests, and on demand what spoke for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from rapport.conversations import queries
from rapport.conversations.models import Conversation, Status
from rapport.core.errors import RapportError
from rapport.ownership import learned
from rapport.ownership.models import Example
from rapport.staff.models import Team
from rapport.web import locales
from rapport.web.rights import page
from rapport.web.shell import shell_of
from rapport.web.timeline import Why

if TYPE_CHECKING:
    from rapport.ownership.learning.values import Explanation, Neighbour


@dataclass(frozen=True)
class Suggested:
    """The team, how likely it is, whether it was given to it, and whether there is something to accept."""

    team: Team
    percent: str
    acted: bool
    offers: bool


def suggested(found: Conversation, why: Why | None, teams: Iterable[Team]) -> Suggested | None:
    """What the page shows; nothing where nothing was learned, the team is gone, or it is in confidence by now."""
    told = why.learned if why and not found.confidential else {}
    team = next((one for one in teams if one.slug == told.get("team")), None)
    if why is None or team is None:
        return None
    is_open = found.status == Status.OPEN and why.is_undecided and found.owner_team_id != team.id
    return Suggested(team, locales.percent(told["probability"]), bool(told.get("acted")), is_open)


@page()
@require_GET
def learned_why(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Words for and against, and the past conversations most alike: a fragment, made when somebody asks for it."""
    found = queries.get_conversation(conversation_id)
    told = None
    if not found.confidential:
        try:
            explained = learned.explained(found.id)
        except (RapportError, LookupError):
            explained = None
        told = _told(request, explained) if explained and explained.prediction.label else None
    return render(request, "web/conversation/learned.html", {"told": told})


def _told(request: HttpRequest, explained: "Explanation") -> dict[str, Any]:
    names = {team.slug: team.name for team in shell_of(request).all_teams}
    said = explained.prediction
    return {
        "team": names.get(said.label, said.label),
        "percent": locales.percent(said.probability),
        "pro": [one.what for one in explained.pieces if one.said > 0],
        "against": [one.what for one in explained.pieces if one.said < 0],
        "otherwise": ", ".join(explained.otherwise),
        "then": names.get(explained.then, explained.then),
        "alike": _alike(explained.neighbours, names),
    }


def _alike(found: Sequence["Neighbour"], names: dict[str, str]) -> list[dict[str, Any]]:
    """Past conversations, as far as whoever looks may see them."""
    seen = Example.objects.filter(id__in=[one.id for one in found]).select_related("conversation")
    by_id = {str(one.id): one.conversation for one in seen}
    return [
        {
            "id": by_id[one.id].id, "subject": by_id[one.id].subject,
            "team": names.get(one.label or "", _("none of ours")), "likeness": locales.percent(one.likeness),
        }
        for one in found if one.id in by_id
    ]  # fmt: skip
