"""Team load: who has what now, and handing it to somebody else, one by one or evenly."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations import undoing
from rapport.conversations.models import Conversation, Status
from rapport.core import events
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.core.ids import new_id
from rapport.insight.load import board, loads, owned_in
from rapport.ownership.actions import assign
from rapport.ownership.service import weights_of
from rapport.ownership.sharing import share_out
from rapport.staff.duty import on_call
from rapport.staff.models import Member, Team
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of

_MOVES_MAX = 200


@page(WRITERS)
@require_GET
def leads(request: HttpRequest) -> HttpResponse:
    """The first of one's teams, or what to do without one."""
    shell_of(request).current = "leads"
    teams = _teams(request)
    mine = [team for team in teams if team.id in shell_of(request).led_ids]
    mine += [team for team in teams if team.id in shell_of(request).team_ids]
    if not teams:
        return render(request, "web/leads/page.html", {"teams": []})
    return redirect("team_load", (mine or teams)[0].slug)


@page(WRITERS)
@require_GET
def team_load(request: HttpRequest, slug: str) -> HttpResponse:
    """One team now."""
    shell_of(request).current = "leads"
    return _shown(request, led_team(request, slug))


@page(WRITERS)
@require_POST
def move(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the chosen conversations to a member of the team, or to nobody."""
    team = led_team(request, slug)
    chosen = _uuids(request.POST.getlist("c"))
    to = request.POST.get("to", "")
    if not chosen or not to:
        messages.info(request, _("Choose at least one conversation, and who gets it."))
        return _shown(request, team)
    member = None if to == "nobody" else _member(team, to)
    _do(request, team, [(id, member) for id in chosen])
    return _shown(request, team)


@page(WRITERS)
@require_POST
def undo_move(request: HttpRequest, slug: str, batch: UUID) -> HttpResponse:
    """Put back what one has just moved, as far as nobody has moved it on."""
    team = led_team(request, slug)
    try:
        back = undoing.undo_batch(batch, member_of(request)).done
    except NotVisible:
        back = 0
    said = ngettext("%(count)s conversation is back.", "%(count)s conversations are back.", back)
    messages.info(request, said % {"count": back} if back else _("There is nothing to put back."))
    return _shown(request, team)


@page(WRITERS)
def share(request: HttpRequest, slug: str, member_id: UUID) -> HttpResponse:
    """Share out evenly what a member has: shown first, done when confirmed, undone together."""
    shell_of(request).current = "leads"
    team = led_team(request, slug)
    owner = _member(team, str(member_id))
    if request.method == "POST":
        _do(request, team, _confirmed(request, team, owner))
        return redirect("team_load", slug)
    conversations = owned_in(team, owner, _MOVES_MAX)
    by_id = {one.id: one for one in conversations}
    shares = share_out([one.id for one in conversations], loads(team, owner), weights_of(conversations))
    context = {
        "team": team, "owner": owner, "plan": [(by_id[one.conversation_id], one.member) for one in shares],
        "given": sum(1 for one in shares if one.member), "left": sum(1 for one in shares if not one.member),
    }  # fmt: skip
    return render(request, "web/leads/share.html", context)


def _confirmed(request: HttpRequest, team: Team, owner: Member) -> list[tuple[UUID, Member | None]]:
    """What was shown and agreed to, as far as it still holds."""
    pairs = [pair.partition(":") for pair in request.POST.getlist("pair")]
    members = {str(m.id): m for m in Member.objects.filter(memberships__team=team, is_active=True)}
    owned = Conversation.objects.filter(owner_team=team, owner_member=owner, status=Status.OPEN)
    ids = {str(id) for id in owned.values_list("id", flat=True)}
    return [(UUID(id), members[to]) for id, _colon, to in pairs if id in ids and to in members]


def _do(request: HttpRequest, team: Team, plan: list[tuple[UUID, Member | None]]) -> None:
    """Move them through the ordinary action, each with its decision and event; all are undone together."""
    if len(plan) > _MOVES_MAX:
        raise Invalid(_("These are too many at once."), _("Choose at most 200."))
    ids = Conversation.objects.filter(id__in=[id for id, _to in plan], owner_team=team, merged_into__isnull=True)
    here, batch = set(ids.values_list("id", flat=True)), new_id()
    # In one order, so that two who move the same do not block one another.
    inside = sorted((pair for pair in plan if pair[0] in here), key=lambda pair: pair[0])
    with events.batch(batch):
        done = [assign(id, member_of(request), team, member) for id, member in inside]
    moved = sum(decision is not None for decision in done)
    if not moved:
        messages.info(request, _("Nothing was moved: it is there already, or no longer the team's."))
        return
    said = ngettext("%(count)s conversation moved.", "%(count)s conversations moved.", moved)
    url = reverse("undo_move", args=[team.slug, batch])
    messages.success(request, said % {"count": moved}, extra_tags=url)


def _shown(request: HttpRequest, team: Team) -> HttpResponse:
    shell_of(request).current = "leads"
    context = {
        "teams": _teams(request), "board": board(team), "team": team, "toast_target": "#load-page",
        "on_call": on_call(team, now()),
    }  # fmt: skip
    if request.headers.get("HX-Request"):
        return render(request, "web/leads/swap.html", context)
    if request.method == "POST":
        return redirect("team_load", team.slug)
    return render(request, "web/leads/page.html", context)


def _teams(request: HttpRequest) -> list[Team]:
    """The teams whose load one may see."""
    shell = shell_of(request)
    return [team for team in shell.all_teams if shell.sees_load_of(team)]


def led_team(request: HttpRequest, slug: str) -> Team:
    """The team of that slug, if one may see its load. Raises NotAllowed for who leads none, NotVisible for others."""
    shell = shell_of(request)
    if not shell.can_lead and not shell.led_ids:
        raise NotAllowed(_("Team load is for leads."), _("Ask the lead of your team."))
    found = next((team for team in _teams(request) if team.slug == slug), None)
    if found is None:
        raise NotVisible("There is no such team.")
    return found


def _member(team: Team, given: str) -> Member:
    ids = _uuids([given.removeprefix("member:")])
    found = Member.objects.filter(id__in=ids, memberships__team=team, is_active=True).first()
    if found is None:
        raise Invalid(_("There is no such member in this team."), _("Choose another."))
    return found


def _uuids(given: Iterable[str]) -> list[UUID]:
    found = []
    for one in given:
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return found
