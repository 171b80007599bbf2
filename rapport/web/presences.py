"""Who else is here: the page says that it is open, and hears who has it open too."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from rapport.conversations import presence, reading
from rapport.conversations.presence import Here
from rapport.core.errors import NotVisible
from rapport.staff.models import Member
from rapport.web.rights import member_of, page


@page()
@require_http_methods(["GET", "POST"])
def here(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Who is here beside oneself. A POST says that one is (`typing`: reply or note), or with `leave` that one goes."""
    member = member_of(request)
    if request.method == "POST":
        if request.POST.get("leave"):
            presence.leave(conversation_id, member)
            return HttpResponse(status=204)
        presence.enter(conversation_id, member, request.POST.get("typing", ""))
    elif not reading.visible([conversation_id]):
        raise NotVisible("There is no such conversation.")
    return render(request, "web/conversation/presence.html", {"here": here_of(conversation_id, member)})


def here_of(conversation_id: UUID, member: Member) -> dict[str, object]:
    """Who is here, and that in one sentence."""
    found = presence.present([conversation_id], member).get(conversation_id, [])
    return {"members": found[:4], "more": max(0, len(found) - 4), "sentence": sentence(found), "typing": _typing(found)}


def sentence(found: Sequence[Here]) -> str:
    """What stands beside the avatars: who writes, or else who looks."""
    typing = [one for one in found if one.typing]
    if len(typing) == 1:
        name = {"name": typing[0].name}
        if typing[0].typing == "note":
            return _("%(name)s is writing a note") % name
        return _("%(name)s is typing a reply") % name
    if typing:
        return ngettext("%(count)s colleague is writing", "%(count)s colleagues are writing", len(typing)) % {
            "count": len(typing)
        }
    if len(found) == 1:
        return _("%(name)s is here") % {"name": found[0].name}
    if len(found) == 2:
        return _("%(one)s and %(other)s are here") % {"one": found[0].name, "other": found[1].name}
    if found:
        return ngettext("%(count)s colleague is here", "%(count)s colleagues are here", len(found)) % {
            "count": len(found)
        }
    return ""


def _typing(found: Sequence[Here]) -> bool:
    return any(one.typing for one in found)
