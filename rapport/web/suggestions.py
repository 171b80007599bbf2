"""What the editor offers while one types: templates, colleagues after @, conversations after #, people to write to."""

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations import queries
from rapport.conversations.models import Template
from rapport.outbound import mentions, templates
from rapport.people.models import Handle
from rapport.web import richview
from rapport.web.composer import uuid_or_none, written
from rapport.web.drafts import for_script
from rapport.web.rights import WRITERS, member_of, page

_QUERY_LENGTH_MAX = 80
_PEOPLE_MAX = 8


@page(WRITERS)
@require_GET
def mention(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Members and teams that see the conversation (sign @), or other conversations (sign #)."""
    found = queries.get_conversation(conversation_id)
    query = _query(request)
    if request.GET.get("sign") == "#":
        context: dict[str, object] = {"conversations": mentions.conversations_for(query, found.id)}
    else:
        context = {"members": mentions.members_for(found, query), "teams": mentions.teams_for(found, query)}
    return render(request, "web/compose/suggestions.html", context)


@page(WRITERS)
@require_GET
def pick(request: HttpRequest) -> HttpResponse:
    """Templates with the words typed so far, most used first."""
    found = templates.picked(_query(request), get_language() or "")
    return render(request, "web/compose/suggestions.html", {"templates": found, "picking": True})


@for_script
@require_POST
def use(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """A template's words for a conversation, with what could not be filled in marked."""
    template = get_object_or_404(Template, id=template_id)
    wanted = uuid_or_none(request.POST.get("conversation", ""))
    conversation = queries.get_conversation(wanted) if wanted else None
    rendered = templates.use(template, member_of(request), conversation)
    return JsonResponse({"html": str(richview.for_editor(rendered.html, [])), "gaps": list(rendered.gaps)})


@page(WRITERS)
@require_GET
def recipients(request: HttpRequest) -> HttpResponse:
    """People one knows of, with their addresses, by name or address."""
    query = _query(request)
    found = Handle.objects.none()
    if len(query) > 1:
        words = Q(person__name__icontains=query) | Q(value__icontains=query.lower())
        found = Handle.objects.filter(words, kind="email").select_related("person__organization")
    people = [
        {"handle": one, "written": written([(one.person.name, one.written or one.value)])}
        for one in found.order_by("person__name")[:_PEOPLE_MAX]
    ]
    return render(request, "web/compose/suggestions.html", {"people": people})


def _query(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:_QUERY_LENGTH_MAX]
