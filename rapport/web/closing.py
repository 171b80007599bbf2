"""Closing a member's account: what they have is told before, and who goes on with it chosen; and opening it again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations.models import Draft, DraftKind, Message
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.outbound.models import Delivery, DeliveryState
from rapport.ownership.handing import left, whose
from rapport.staff import directory
from rapport.staff.models import Member, OnCallDuty, OnCallRotation, Team
from rapport.web.heirs import HeirsForm, listed
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
    at, held = now(), whose.open_of(who)
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


def _teams(who: Member, theirs: Theirs) -> list[Team]:
    wanted = Q(memberships__member=who) | Q(id__in=[id for id in theirs.by_team if id])
    return list(Team.objects.filter(wanted, is_active=True).distinct().order_by("name"))


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
    form = HeirsForm(who, _teams(who, theirs), theirs.by_team, request.POST if request.method == "POST" else None)
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
    still_has = whose.not_theirs(who).count()
    return render(request, "web/admin/closed.html", {"who": who, "still_has": still_has})
