"""The event log: all that happened, newest first, as far as one may see it; to be searched and taken along."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from rapport.conversations import undoing
from rapport.conversations.models import Conversation
from rapport.core import auditing, scope
from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.core.models import Event
from rapport.people.models import Person
from rapport.staff.models import Member
from rapport.web import witness
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of
from rapport.web.timeline import names_of
from rapport.web.words import event_icon, event_kinds, event_phrase

_PAGE = 80
_FIELDS = ("kind", "member", "conversation", "person", "since", "until", "text")


@dataclass(frozen=True)
class Line:
    """One event as the page shows it."""

    event: Event
    actor: str
    phrase: str
    icon: str
    conversation: Conversation | None
    undo: bool = False


@page()
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """A page of the log, narrowed by kind, member, conversation, person, days and words of the subject."""
    shell_of(request).current = "events"
    asked = asked_of(request.GET)
    found = asked.events()
    at, _, last = request.GET.get("after", "").partition("_")
    if (moment := _moment(at)) and (id := _uuid(last)):
        found = auditing.after(found, moment, id)
    events = list(found[: _PAGE + 1])
    context = {
        "lines": _lines(events[:_PAGE]),
        "kinds": event_kinds(),
        "members": list(Member.objects.order_by("name").values_list("id", "name")),
        "asked": {name: request.GET.get(name, "") for name in _FIELDS},
        "narrowed": bool(asked.names()),
        "about": _about(asked),
        "query": _without_place(request.GET).urlencode(),
        "next": _next(request.GET, events[_PAGE - 1]) if len(events) > _PAGE else "",
    }
    return render(request, "web/log.html", context)


@page()
@require_GET
def export(request: HttpRequest, form: str) -> StreamingHttpResponse:
    """The same lines as a file, with their seals; that it was taken is one of the lines."""
    if form not in auditing.FORMATS:
        raise NotVisible("There is no such format.")
    asked, member = asked_of(request.GET), member_of(request)
    witness.exported(member, "log", format=form, filters=asked.names())
    lines = auditing.lines(asked, form, partial(scope.member, member.id))
    response = StreamingHttpResponse(lines, content_type=auditing.FORMATS[form])
    response["Content-Disposition"] = f'attachment; filename="log-{now():%Y-%m-%d}.{form}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def asked_of(given: QueryDict) -> auditing.Asked:
    """What narrows, as far as it makes sense; the last day counts in."""
    return auditing.Asked(
        kind=given.get("kind", "").replace("\0", "")[:60],
        member=_uuid(given.get("member", "")),
        conversation=_uuid(given.get("conversation", "")),
        person=_uuid(given.get("person", "")),
        since=_day(given.get("since", "")),
        until=_day(given.get("until", ""), later=1),
        text=given.get("text", "").replace("\0", "")[:200].strip(),
    )


def _about(asked: auditing.Asked) -> str:
    """The conversation or person it is narrowed to, by name; as far as one may see them."""
    if asked.conversation:
        found = Conversation.objects.filter(id=asked.conversation).values_list("subject", flat=True).first()
        return found or ""
    if asked.person:
        return Person.objects.filter(id=asked.person).values_list("name", flat=True).first() or ""
    return ""


def _lines(events: list[Event]) -> list[Line]:
    names = names_of(events)
    seen = Conversation.objects.in_bulk([e.conversation_id for e in events if e.conversation_id])
    offered = undoing.undoable(events, seen)
    return [
        Line(
            event=event,
            actor=names.get(str(event.actor_id), "") if event.actor_id else "Rapport",
            phrase=event_phrase(event.kind, event.data, names),
            icon=event_icon(event.kind),
            conversation=seen.get(event.conversation_id) if event.conversation_id else None,
            undo=event.id in offered,
        )
        for event in events
    ]


def _next(asked: QueryDict, last: Event) -> str:
    query = _without_place(asked)
    query["after"] = f"{last.at.isoformat()}_{last.id}"
    return query.urlencode()


def _without_place(asked: QueryDict) -> QueryDict:
    query = asked.copy()
    query.pop("after", None)
    return query


def _day(text: str, later: int = 0) -> datetime | None:
    """The first moment of a day where the member is, or of one some days later."""
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(text) + timedelta(days=later), time()))
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> Any:
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        return None
    return given if given.tzinfo else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
