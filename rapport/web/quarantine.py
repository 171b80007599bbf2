"""What could not be understood, with the reason; to be looked at and replayed."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.core import events, notify, scope
from rapport.core.errors import NotVisible
from rapport.inbound.models import RawItem, RawState
from rapport.web.bodies import download
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.shell import shell_of

_PAGE = 60


@page(ADMINS)
@require_GET
def quarantine(request: HttpRequest) -> HttpResponse:
    """Items in quarantine and refused ones, newest first."""
    shell_of(request).current = "quarantine"
    with scope.system():
        found = RawItem.objects.filter(state__in=(RawState.QUARANTINED, RawState.REFUSED)).defer("body")
        after = request.GET.get("after", "")
        if after:
            found = found.filter(id__lt=_item_id(after))
        rows = list(found.select_related("channel").order_by("-id")[: _PAGE + 1])
    following = str(rows[_PAGE - 1].id) if len(rows) > _PAGE else ""
    return render(request, "web/admin/quarantine.html", {"items": rows[:_PAGE], "next": following})


@page(ADMINS)
@require_POST
def replay(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Put an item back into the queue; a worker takes it up at once."""
    item = _item(item_id)
    with scope.system():
        waiting = RawItem.objects.filter(channel_id=item.channel_id, id=item.id, state=RawState.QUARANTINED)
        waiting.update(state=RawState.RECEIVED, reason="", attempts=0)
        events.record("raw.replayed", actor_id=member_of(request).id, data={"item": str(item_id)})
        notify.wake(notify.RAW_CHANNEL)
    messages.success(request, _("It is tried again now. If it is understood this time, it appears in the inbox."))
    return redirect("quarantine")


@page(ADMINS)
@require_GET
def raw(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """The item exactly as delivered; that it was taken out is in the log."""
    item = _item(item_id)
    events.record("raw.downloaded", actor_id=member_of(request).id, data={"item": str(item_id)})
    return download(bytes(item.body), f"item-{item_id}.eml")


def _item(item_id: UUID) -> RawItem:
    with scope.system():
        found = RawItem.objects.filter(id=item_id, state__in=(RawState.QUARANTINED, RawState.REFUSED)).first()
    if found is None:
        raise NotVisible(_("There is no such item in quarantine."))
    return found


def _item_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotVisible(_("There is no such page.")) from error
