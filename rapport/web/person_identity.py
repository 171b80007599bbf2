"""A person's page: who else this may be, and what proves each address."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db import connection
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible
from rapport.people import merging, pairing, proving, sharing
from rapport.people.models import Handle, Pair, Person, Question
from rapport.people.proofs import EMAIL, PUBLIC, Key
from rapport.web import evidence, locales
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.twins import KINDS, Shown, kind_words, shown

_ADDABLE = (EMAIL, "phone", "fediverse")
_NAMES_LOOKED_AT = 200
_ADDRESSES_LOOKED_AT = 5


@dataclass(slots=True)
class Line:
    """A handle with what proves it, what its service vouches for, and how it can be asked about."""

    kind: str
    text: str
    proof: str
    former: list[str]
    handle: Handle
    pages: list[str]
    question: str = ""
    ask: str = ""


@dataclass(slots=True)
class Perhaps:
    """A suggestion as the person's page shows it."""

    pair: Pair
    other: Person
    other_name: str
    lines: list[evidence.Line]
    total: evidence.Total
    warned: bool
    ask: str

    @property
    def place(self) -> str:
        """Where the review page has it."""
        return str(pairing.place_of(self.pair))


def section(request: HttpRequest, found: Person) -> dict[str, Any]:
    """What `web/people/identity.html` shows."""
    rows = merging.rows_of(found.id) or [found.id]
    handles = list(Handle.objects.filter(person__in=rows))
    mailbox, asked = _mailbox(handles), _asked(rows)
    own = {(one.kind, one.value) for one in handles}
    context = {
        "suggestions": _suggestions(rows, found, mailbox),
        "handles": _lines(found, handles, mailbox, asked),
        "asked": [(kind_words(key[0]), key[1], words) for key, words in asked.items() if words and key not in own],
        "names": sharing.names_used(_signed(handles)) if any(one.kind == EMAIL for one in handles) else [],
        "kinds": [(kind, KINDS[kind]) for kind in _ADDABLE],
    }
    return {"identity": context}


@page(WRITERS)
@require_POST
def share(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Say that several people use an address of this person, or that it is one person's own."""
    key = _key(request)
    rows = merging.rows_of(person_id)
    if not Handle.objects.filter(kind=key[0], value=key[1], person_id__in=rows).exists():
        raise NotVisible(_("There is no such address."))
    try:
        sharing.mark(key, member_of(request), request.POST.get("shared") == "yes")
    except Invalid as error:
        messages.warning(request, f"{error.message} {error.hint}".strip())
    return redirect("person", person_id)


@page(WRITERS)
@require_POST
def add(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Add an address; one that is somebody else's stays theirs."""
    if not merging.rows_of(person_id):
        raise NotVisible(_("There is no such person."))
    try:
        fresh = sharing.claim(person_id, _key(request), member_of(request))
        messages.success(request, _("The address is added.") if fresh else _("It is theirs already."))
    except Invalid as error:
        messages.warning(request, f"{error.message} {error.hint}".strip())
    return redirect("person", person_id)


def ask_url(person_id: UUID, key: Key) -> str:
    """The page on which a person is asked about a handle."""
    return f"{reverse('question_ask', args=[person_id])}?{urlencode({'kind': key[0], 'value': key[1]})}"


def _key(request: HttpRequest) -> Key:
    given = request.POST
    return given.get("kind", "").replace("\0", "")[:30], given.get("value", "").replace("\0", "")[:320]


def _mailbox(handles: list[Handle]) -> Handle | None:
    """Where one could ask: an address that is one person's own, the proved ones first."""
    own = [one for one in handles if one.kind == EMAIL and not one.shared]
    return min(own, key=lambda one: (one.verified_at is None, one.created_at), default=None)


def _suggestions(rows: list[UUID], found: Person, mailbox: Handle | None) -> list[Perhaps]:
    pairs = pairing.suggestions_for(rows)
    others = {pair: pair.high if pair.low_id in rows else pair.low for pair in pairs}
    handles: dict[UUID, list[Handle]] = {}
    for one in Handle.objects.filter(person__in=list(others.values())) if pairs else ():
        handles.setdefault(one.person_id, []).append(one)
    return [_perhaps(pair, other, handles.get(other.id, []), found, mailbox) for pair, other in others.items()]


def _perhaps(pair: Pair, other: Person, theirs: list[Handle], found: Person, mailbox: Handle | None) -> Perhaps:
    known = [(one.kind, bool(one.verified_at)) for one in theirs]
    first = next(iter(shown(theirs)), None)
    account = next((one for one in theirs if one.kind in PUBLIC and not one.shared), None)
    return Perhaps(
        pair, other, other.name or (first.text if first else _("Unknown")), evidence.lines(pair.pieces),
        evidence.total(pair, known), pairing.needs_second_look(pair),
        ask_url(found.id, (account.kind, account.value)) if account and mailbox else "",
    )  # fmt: skip


def _lines(found: Person, handles: list[Handle], mailbox: Handle | None, asked: dict[Key, str]) -> list[Line]:
    accounts = [(one.kind, one.value) for one in handles if one.kind in PUBLIC]
    pages = proving.pages_of(accounts)
    return [_line(one, found, pages, asked, mailbox) for one in shown(handles)]


def _line(
    one: Shown, found: Person, pages: dict[Key, list[str]], asked: dict[Key, str], mailbox: Handle | None
) -> Line:
    key = (one.handle.kind, one.handle.value)
    can_ask = mailbox is not None and not one.handle.shared and not one.handle.verified_at and (
        key != (mailbox.kind, mailbox.value)
    )  # fmt: skip
    return Line(
        one.kind, one.text, one.proof, one.former, one.handle, pages.get(key, []), asked.get(key, ""),
        ask_url(found.id, key) if can_ask else "",
    )  # fmt: skip


def _asked(rows: list[UUID]) -> dict[Key, str]:
    """What became of the latest question about each handle, asked of this person or about them, in words."""
    found: dict[Key, str] = {}
    for one in Question.objects.filter(Q(person__in=rows) | Q(other__in=rows)).order_by("asked_at"):
        if one.answer == "no":
            words = _("they said that it is not theirs, %(when)s") % {"when": locales.day(one.answered_at or now())}
        elif one.answer or one.expires_at < now():
            words = ""
        else:
            words = _("asked by mail, %(when)s") % {"when": locales.day(one.asked_at)}
        found[one.kind, one.value] = words
    return found


def _signed(handles: list[Handle]) -> list[str]:
    """The names with which the addresses signed of late, as far as one may see the messages."""
    mine = [one for one in handles if one.kind == EMAIL and not one.shared][:_ADDRESSES_LOOKED_AT]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT asked.value, array(SELECT recipients -> 'from' -> 0 ->> 0 FROM conversations_message
                WHERE person_id = asked.person AND direction = 'in'
                AND lower(recipients -> 'from' -> 0 ->> 1) = asked.value ORDER BY at DESC LIMIT %s)
            FROM unnest(%s::uuid[], %s::text[]) AS asked(person, value)""",
            [_NAMES_LOOKED_AT, [one.person_id for one in mine], [one.value for one in mine]],
        )
        found = [[str(name or "") for name in names] for _value, names in cursor.fetchall()]
    return [name for names in found if sharing.names_used(names) for name in names]
