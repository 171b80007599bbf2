"""Whom of the team it would suit best now: a part of the menu that gives it to somebody, asked for when it opens."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from rapport.conversations import queries
from rapport.ownership.best_now import best_now
from rapport.web.rights import WRITERS, page


@page(WRITERS)
@require_GET
def best(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The member and why, as a button; why nobody, where nobody can take it."""
    found = queries.get_conversation(conversation_id)
    choice = best_now(found)
    context = {"member": choice.member, "why": choice.reason, "is_theirs": False}
    if choice.member is not None:
        context["is_theirs"] = choice.member.id == found.owner_member_id
        context["why"] = choice.reason.partition(": ")[2] or choice.reason
    return render(request, "web/conversation/best.html", context)
