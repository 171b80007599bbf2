"""The event log: all that happened, newest first, as far as one may see it."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET

from rapport.conversations.models import Conversation
from rapport.core.models import Event
from rapport.staff.models import Member
from rapport.web.rights import page
from rapport.web.shell import shell_of
from rapport.web.timeline import names_of
from rapport.web.words import event_icon, event_kinds, event_phrase

_PAGE = 80


@dataclass(frozen=True)
class Line:
    """One event as the page shows it."""

    event: Event
    actor: str
    phrase: str
    icon: str
    conversation: Conversation | None


@page()
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """A page of the log, filtered by kind, member and conversation."""
    shell_of(request).current = "events"
    asked = request.GET
    found = Event.objects.order_by("-id")
    if asked.get("kind"):
        found = found.filter(kind=asked["kind"][:60])
    for name, field in (("member", "actor_id"), ("conversation", "conversation_id"), ("after", "id__lt")):
        given = _uuid(asked.get(name, ""))
        if given:
            found = found.filter(**{field: given})
    events = list(found[: _PAGE + 1])
    context = {
        "lines": _lines(events[:_PAGE]),
        "kinds": event_kinds(),
        "members": list(Member.objects.order_by("name").values_list("id", "name")),
        "asked": {name: asked.get(name, "") for name in ("kind", "member", "conversation")},
        "next": _next(asked, events[_PAGE - 1].id) if len(events) > _PAGE else "",
    }
    return render(request, "web/log.html", context)


def _lines(events: list[Event]) -> list[Line]:
    names = names_of(events)
    seen = Conversation.objects.in_bulk([e.conversation_id for e in events if e.conversation_id])
    return [
        Line(
            event=event,
            actor=names.get(str(event.actor_id), "") if event.actor_id else "Rapport",
            phrase=event_phrase(event.kind, event.data, names),
            icon=event_icon(event.kind),
            conversation=seen.get(event.conversation_id) if event.conversation_id else None,
        )
        for event in events
    ]


def _next(asked: QueryDict, last: UUID) -> str:
    query = asked.copy()
    query["after"] = str(last)
    return query.urlencode()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
