"""Closing a member's account: what they have is told before, and who goes on with it chosen; and opening it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations.models import Draft, DraftKind, Message
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.outbound.models import Delivery, DeliveryState
from rapport.ownership.handing import left
from rapport.staff import directory
from rapport.staff.models import Member, Membership, OnCallDuty, OnCallRotation, Role, TakenBy, Team
from rapport.web import locales
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.shell import shell_of
from rapport.web.staff import found_member

_UNSENT_MAX = 5000


@dataclass(frozen=True)
class Theirs:
    """What a member has: open conversations (by team), of them promised, late and snoozed ones; answers that go out
    later; drafts in conversations, and of new messages (`begun`); spans on call ahead, and teams of whose turns they
    are. As far as whoever looks may see it.
    """

    by_team: dict[UUID | None, int] = field(default_factory=dict)
    promised: int = 0
    late: int = 0
    asleep: int = 0
    unsent: int = 0
    drafts: int = 0
    begun: int = 0
    duties: int = 0
    turns: Sequence[str] = ()

    @property
    def open(self) -> int:
        """How many conversations are theirs."""
        return sum(self.by_team.values())

    @cached_property
    def anything(self) -> bool:
        """Whether there is anything to tell of."""
        return bool(self.open or self.unsent or self.drafts or self.begun or self.duties or self.turns)


def theirs_of(who: Member) -> Theirs:
    """What they have, in the scope of whoever looks."""
    at, held = now(), left.open_of(who)
    by_team = dict(held.order_by().values_list("owner_team_id").annotate(count=Count("id")))
    told = held.aggregate(
        promised=Count("id", filter=Q(due_at__isnull=False)), late=Count("id", filter=Q(due_at__lte=at)),
        asleep=Count("id", filter=Q(snoozed=True)),
    )  # fmt: skip
    written = Draft.objects.filter(member=who).exclude(html="")
    with scope.system():
        begun = written.filter(kind=DraftKind.NEW).count()
    turns = OnCallRotation.objects.filter(order__contains=[who.id], team__is_active=True)
    return Theirs(
        by_team, **told, unsent=_unsent(who), drafts=written.exclude(kind=DraftKind.NEW).count(), begun=begun,
        duties=OnCallDuty.objects.filter(member=who, ends_at__gt=at).count(),
        turns=list(turns.order_by("team__name").values_list("team__name", flat=True)),
    )  # fmt: skip


def _unsent(who: Member) -> int:
    """How many of their answers wait for their time."""
    waiting = Delivery.objects.filter(state=DeliveryState.QUEUED, send_after__gt=now()).order_by("send_after")
    pairs = list(waiting.values_list("conversation_id", "message_id")[:_UNSENT_MAX])
    found = Message.objects.filter(conversation_id__in={one for one, _id in pairs}, id__in=[id for _one, id in pairs])
    return found.filter(member=who).count() if pairs else 0


class CloseForm(forms.Form):
    """For each team of theirs, who goes on with what is open."""

    all_optional = True

    def __init__(self, who: Member, theirs: Theirs, given: Mapping[str, Any] | None) -> None:
        super().__init__(given, prefix="to")
        wanted = Q(memberships__member=who) | Q(id__in=[id for id in theirs.by_team if id])
        self.teams = list(Team.objects.filter(wanted, is_active=True).distinct().order_by("name"))
        able = _able(who, self.teams)
        for team in self.teams:
            count = theirs.by_team.get(team.id, 0)
            said = ngettext("%(count)s open conversation.", "%(count)s open conversations.", count)
            self.fields[str(team.id)] = forms.ChoiceField(
                label=team.name, required=False, choices=[("", _back(team)), *able.get(team.id, [])],
                help_text=said % {"count": locales.number(count)},
            )  # fmt: skip

    def chosen(self) -> dict[UUID, UUID]:
        """By team the member who was chosen."""
        given = {team.id: self.cleaned_data.get(str(team.id)) for team in self.teams}
        return {team: UUID(to) for team, to in given.items() if to}


def _back(team: Team) -> str:
    if team.taken_by == TakenBy.HANDED_OUT:
        return _("The team: handed out to whoever is there and has room")
    return _("The team: whoever takes it")


def _able(who: Member, teams: Sequence[Team]) -> dict[UUID, list[tuple[str, str]]]:
    rows = Membership.objects.filter(team__in=teams, member__is_active=True).exclude(member__role=Role.READER)
    found: dict[UUID, list[tuple[str, str]]] = {}
    for team, id, name in rows.exclude(member=who).order_by("member__name", "member_id").values_list(
        "team_id", "member_id", "member__name"
    ):
        found.setdefault(team, []).append((str(id), name))
    return found


@page(ADMINS)
def close(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """What they have and who goes on with it; a POST closes the account at once, a worker gives on what is open."""
    shell_of(request).current = "staff"
    who, me = found_member(member_id), member_of(request)
    if who.id == me.id:
        raise Invalid(_("You cannot close your own account."), _("Ask another administrator."))
    if not who.is_active:
        return redirect("member", who.id)
    theirs = theirs_of(who)
    form = CloseForm(who, theirs, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        left.name_heirs(who, form.chosen(), me)
        directory.set_active(who, False, actor_id=me.id, why="administrator")
        messages.success(request, _("The account of %(name)s is closed.") % {"name": who.name})
        return redirect("member", who.id)
    context = {"who": who, "theirs": theirs, "form": form, "listed": listed(who)}
    return render(request, "web/admin/close.html", context)


@page(ADMINS)
@require_POST
def let_in(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """They may sign in again; what was given on stays where it is."""
    who = found_member(member_id)
    directory.set_active(who, True, actor_id=member_of(request).id, why="administrator")
    left.forget_heirs()
    messages.success(request, _("%(name)s may sign in again.") % {"name": who.name})
    return redirect("member", who.id)


@page(ADMINS)
@require_GET
def still(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """How much of what they had is not given on yet: asked again while it is."""
    who = found_member(member_id)
    still_has = 0 if who.is_active else left.open_of(who).count()
    return render(request, "web/admin/closed.html", {"who": who, "still_has": still_has})


def listed(who: Member) -> str:
    """The address of the list of what they have open."""
    name = who.name.replace('"', " ")
    asked = urlencode({"q": f'owner:"{name}" is:open'})
    return f"{reverse('search')}?{asked}"
