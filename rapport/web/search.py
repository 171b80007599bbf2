"""Search over what was said, what it was about, and whom it was with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from rapport.conversations.asking.names import organizations_named, people_named
from rapport.conversations.asking.words import help_lines
from rapport.conversations.models import Conversation, Message
from rapport.conversations.search import Found, find
from rapport.people import trees
from rapport.people.models import Organization, Person
from rapport.web import witness
from rapport.web.asking import Question, question_of
from rapport.web.excerpts import excerpt, marked, pattern_of
from rapport.web.facets import facets_of
from rapport.web.rights import page
from rapport.web.shell import shell_of

_PEOPLE_SHOWN = 4
_PAGE = 40


@dataclass(frozen=True)
class Hit:
    """A conversation with the passage that matched."""

    conversation: Conversation
    subject: SafeString
    who: SafeString
    passage: SafeString
    at: datetime
    message_id: UUID | None


@page()
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """The newest conversations in which all of it holds, and the people and organizations of that name."""
    shell_of(request).current = "search"
    question = question_of(request, request.GET.get("q", ""))
    context = {"question": question, "help_lines": help_lines(), **_answer(question, _shown(request))}
    fragment = request.headers.get("HX-Request") and not request.headers.get("HX-History-Restore-Request")
    return render(request, "web/search_results.html" if fragment else "web/search.html", context)


def _shown(request: HttpRequest) -> int:
    given = request.GET.get("show", "")
    return min(max(int(given), _PAGE), 200) if given.isdecimal() and len(given) < 5 else _PAGE


def _answer(question: Question, shown: int) -> dict[str, object]:
    if question.asked.is_empty:
        return {"found": Found(), "hits": [], "people": [], "organizations": [], "facets": [], "more_shown": 0}
    found = find(question.search)
    _witnessed(question, len(found.ids))
    pattern = pattern_of(question.asked.words)
    words = " ".join(term.text for term in question.asked.terms if not term.negated)
    return {
        "found": found,
        "hits": _hits(found, pattern, shown),
        "people": _people(words, pattern),
        "organizations": _organizations(words, pattern),
        "facets": facets_of(question, found.ids),
        "more_shown": shown + _PAGE if len(found.ids) > shown else 0,
    }


def _witnessed(question: Question, found: int) -> None:
    """A search is in the log, without its words."""
    asked = question.asked
    witness.searched(question.search.member, [one.operator for one in asked.filters], len(asked.terms), found)


def _hits(found: Found, pattern: re.Pattern[str] | None, shown: int) -> list[Hit]:
    ids = found.ids[:shown]
    rows = Conversation.objects.select_related("person", "owner_team").in_bulk(ids)
    trees.call(row.person for row in rows.values())
    wanted = [message for one in ids if (message := found.messages[one])]
    said = Message.objects.filter(conversation_id__in=ids, id__in=wanted).only("conversation_id", "id", "at", "text")
    messages = {message.conversation_id: message for message in said}
    return [_hit(rows[one], messages.get(one), pattern) for one in ids if one in rows]


def _hit(row: Conversation, message: Message | None, pattern: re.Pattern[str] | None) -> Hit:
    return Hit(
        row,
        marked(row.subject, pattern),
        marked(row.person.called if row.person else "", pattern),
        marked(excerpt(message.text if message else row.snippet, pattern), pattern),
        message.at if message else row.last_activity_at,
        message.id if message else None,
    )


def _people(words: str, pattern: re.Pattern[str] | None) -> Sequence[tuple[Person, SafeString]]:
    ids = people_named(words, _PEOPLE_SHOWN)
    rows = Person.objects.select_related("organization").in_bulk(ids) if ids else {}
    return [(rows[one], marked(rows[one].name, pattern)) for one in ids if one in rows]


def _organizations(words: str, pattern: re.Pattern[str] | None) -> Sequence[tuple[Organization, SafeString]]:
    ids = organizations_named(words, _PEOPLE_SHOWN)
    rows = Organization.objects.in_bulk(ids) if ids else {}
    return [(rows[one], marked(rows[one].name, pattern)) for one in ids if one in rows]
