"""What the editor offers while one types: templates, colleagues after @, conversations after #, people to write to."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations import queries
from rapport.conversations.asking.names import people_named
from rapport.conversations.models import Conversation, Template
from rapport.conversations.search import find
from rapport.outbound import mentions, templates
from rapport.people import trees
from rapport.people.models import Handle, Person
from rapport.web import richview
from rapport.web.asking import question_of
from rapport.web.composer import uuid_or_none, written
from rapport.web.drafts import for_script
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of

_QUERY_LENGTH_MAX = 80
_OFFERED_MAX = 8


@page(WRITERS)
@require_GET
def mention(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Members and teams that see the conversation (sign @), or other conversations (sign #)."""
    found = queries.get_conversation(conversation_id)
    query = _query(request)
    if request.GET.get("sign") == "#":
        context: dict[str, object] = {"conversations": _conversations(request, query, found.id)}
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
    ids = people_named(query, _OFFERED_MAX) if len(query) > 1 else []
    mails = Handle.objects.filter(person__in=trees.whole(ids), kind="email")
    found = list(mails.select_related("person__organization"))
    trees.call((one.person for one in found), openly=True)
    places = {root: place for place, root in enumerate(_roots(ids))}
    people = [
        {"handle": one, "written": written([(one.person.called, one.written or one.value)])}
        for one in sorted(found, key=lambda one: (places.get(one.person.root, len(ids)), one.value))[:_OFFERED_MAX]
    ]
    return render(request, "web/compose/suggestions.html", {"people": people})


def _roots(ids: list[UUID]) -> list[UUID]:
    """The root of each person, in their order."""
    roots = dict(Person.objects.filter(id__in=ids).values_list("id", "root"))
    return [roots[one] for one in ids if one in roots]


def _conversations(request: HttpRequest, query: str, but: UUID) -> list[Conversation]:
    """The newest conversations with these words, or of these people; unasked, the latest."""
    if query:
        ids = find(question_of(request, query).search, _OFFERED_MAX + 1).ids
    else:
        latest = queries.View(member_of(request), shell_of(request).team_ids)
        ids = [one.id for one in queries.list_conversations(latest, limit=_OFFERED_MAX + 1).rows]
    rows = Conversation.objects.select_related("person").in_bulk(ids)
    trees.call(row.person for row in rows.values())
    return [rows[one] for one in ids if one in rows and one != but][:_OFFERED_MAX]


def _query(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:_QUERY_LENGTH_MAX]
