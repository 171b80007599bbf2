"""Search over what was said, what it was about, and whom it was with."""

import re
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from rapport.conversations.models import Conversation
from rapport.conversations.search import Hit, search_conversations
from rapport.people.models import Person
from rapport.people.search import search_people
from rapport.web.rights import page
from rapport.web.shell import shell_of

QUERY_MAX = 300
_PEOPLE_SHOWN = 6


@dataclass(frozen=True)
class Found:
    """A conversation with the passage that matched."""

    conversation: Conversation
    passage: str


@page()
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """The newest conversations in which the words occur, and the people of that name."""
    shell_of(request).current = "search"
    asked = " ".join(request.GET.get("q", "").replace("\0", " ").split())
    query = asked[:QUERY_MAX]
    words = [word for word in re.findall(r"[^\s\"()|:&!*<>-]+", query) if word.lower() != "or"]
    context = {"query": query, "words": words, "cut": len(asked) > QUERY_MAX, "hits": [], "people": []}
    if words:
        context["hits"] = [Found(hit.conversation, passage(hit, words)) for hit in search_conversations(query)]
        context["people"] = _people(query)
    fragment = request.headers.get("HX-Request")
    return render(request, "web/search_results.html" if fragment else "web/search.html", context)


def _people(query: str) -> list[Person]:
    return search_people(query, limit=_PEOPLE_SHOWN)


def passage(hit: Hit, words: list[str], width: int = 220) -> str:
    """The part of the text around the first word that occurs in it."""
    text = " ".join(hit.text.split())
    found = re.search("|".join(map(re.escape, words)), text, re.IGNORECASE)
    start = max(0, found.start() - width // 3) if found else 0
    return ("…" if start else "") + text[start : start + width] + ("…" if len(text) > start + width else "")
