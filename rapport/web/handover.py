"""My shift ends: what I have, who would take over and why; done together, undone together; and what was handed over."""

from collections import Counter
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from rapport.conversations import actions, undoing
from rapport.core import events
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.ownership.actions import assign
from rapport.ownership.handing import over
from rapport.ownership.handing.over import Planned
from rapport.people import trees
from rapport.staff.models import Member
from rapport.web import locales
from rapport.web.composer import uuid_or_none
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of

NOTE_MAX = 5000


@page(WRITERS)
def handover(request: HttpRequest) -> HttpResponse:
    """What the member has and to whom it would go; a POST hands over what was chosen."""
    shell_of(request).current = "handover"
    me = member_of(request)
    if request.method == "POST":
        _do(request, me, _chosen(request), request.POST.get("note", ""))
        return redirect("handover")
    planned, gone = over.plan(me), over.handed_over_by(me)
    trees.call([*(one.conversation.person for one in planned), *(one.conversation.person for one in gone)])
    names = dict(Member.objects.filter(id__in=[one.member_id for one in gone]).values_list("id", "name"))
    context = {
        "planned": planned, "can_go": any(one.goes_to for one in planned),
        "gone": [(one, names.get(one.member_id, "")) for one in gone if one.member_id],
    }  # fmt: skip
    return render(request, "web/handover.html", context)


@page(WRITERS)
@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """Take again what was handed over, as far as whoever got it still has it."""
    me, wanted = member_of(request), set(request.POST.getlist("c"))
    mine = [one for one in over.handed_over_by(me) if str(one.conversation_id) in wanted]
    batch_id = new_id()
    with events.batch(batch_id):
        back = sum(
            assign(one.conversation_id, me, one.conversation.owner_team, me) is not None
            for one in mine
            if one.conversation.owner_team_id == one.team_id
        )
    if back:
        said = ngettext("%(count)s conversation is yours again.", "%(count)s conversations are yours again.", back)
        messages.success(request, said % {"count": back}, extra_tags=reverse("handover_undo", args=[batch_id]))
    else:
        messages.info(request, _("Choose at least one conversation."))
    return redirect("handover")


@page(WRITERS)
@require_POST
def undo(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Undo what was just handed over or taken back, as far as nobody has changed it since."""
    undone = undoing.undo_batch(batch_id, member_of(request))
    if undone.failed:
        messages.warning(request, _("Not all of it can be undone any more: it was changed since."))
    else:
        messages.success(request, _("Undone."))
    return redirect("handover")


def _do(request: HttpRequest, me: Member, chosen: dict[UUID, UUID], note: str) -> None:
    batch_id = new_id()
    if len(note) > NOTE_MAX:
        raise Invalid(_("The note is too long."), _("Keep it under %(limit)s.") % {"limit": locales.number(NOTE_MAX)})
    with events.batch(batch_id):
        done = over.hand_over(me, chosen)
        for one in done if note.strip() else []:
            actions.note(one.conversation.id, me, note)
    if not chosen:
        messages.info(request, _("Choose at least one conversation."))
    elif done:
        messages.success(request, _said(done), extra_tags=reverse("handover_undo", args=[batch_id]))
    if len(done) < len(chosen):
        messages.warning(
            request, _("What would go to somebody else by now was left with you. Look at the plan again.")
        )


def _said(done: list[Planned]) -> str:
    to = Counter(one.move.to.load.name if one.move.to else _("the team’s queue") for one in done)
    who = ", ".join(f"{name} ({count})" for name, count in to.most_common())
    said = ngettext(
        "%(count)s conversation handed over: %(who)s.", "%(count)s conversations handed over: %(who)s.", len(done)
    )
    return said % {"count": len(done), "who": who}


def _chosen(request: HttpRequest) -> dict[UUID, UUID]:
    """Each chosen conversation and where the plan had it go ("conversation:member", or its team for the queue)."""
    pairs = [pair.partition(":") for pair in request.POST.getlist("pair")]
    found = ((uuid_or_none(id), uuid_or_none(to)) for id, _colon, to in pairs)
    return {id: to for id, to in found if id and to}
