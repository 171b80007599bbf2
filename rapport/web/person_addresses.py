"""A person's page: where they are reached, what proves each address, and addresses that are no longer theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible
from rapport.people import proving, sharing
from rapport.people.directory.handles import BY_HAND, kind_name, normalised, taken
from rapport.people.directory.seeing import Seen, seen
from rapport.people.models import Handle, Question, Release
from rapport.people.proofs import EMAIL, PUBLIC, Key
from rapport.web import locales
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.twins import Shown, shown

#: Of these kinds one may begin to write, by a page of ours.
_WRITTEN = (EMAIL,)
_CALLED = ("phone", "sip")


@dataclass(frozen=True)
class Address:
    """A handle as the page shows it: `odd` is the normalised form where it says more than the written one, `pages` what
    its service vouches for, `question` what became of asking, `ask` the page that asks whether it is theirs.
    """

    line: Shown
    odd: str = ""
    pages: Sequence[str] = field(default_factory=tuple)
    question: str = ""
    ask: str = ""

    @property
    def handle(self) -> Handle:
        """The row."""
        return self.line.handle

    @property
    def can_write(self) -> bool:
        """Whether "write to them" leads somewhere."""
        return self.handle.kind in _WRITTEN

    @property
    def can_call(self) -> bool:
        """Whether there is something to call."""
        return self.handle.kind in _CALLED

    @property
    def can_share(self) -> bool:
        """Whether it may be said to be several people's."""
        return self.handle.kind == EMAIL


def addresses_of(found: Seen, asked: Mapping[Key, str] | None = None) -> dict[str, Any]:
    """What `web/people/addresses.html` shows; `asked`: as `questions_about` has it, where it is known already."""
    said = questions_about(found.rows) if asked is None else asked
    pages = proving.pages_of((one.kind, one.value) for one in found.handles if one.kind in PUBLIC)
    mailbox = mailbox_of(found.handles)
    return {
        "person": found.person,
        "addresses": [_address(one, found.person.id, mailbox, pages, said) for one in shown(found.handles)],
        "handle_kinds": [(kind, kind_name(kind)) for kind in BY_HAND],
        "let_go": [
            (one, kind_name(one.kind), one.handle.get("written") or one.value)
            for one in Release.objects.filter(person_id__in=found.rows, undone_at=None).order_by("-at")
        ],
    }


def questions_about(rows: Sequence[UUID]) -> dict[Key, str]:
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


def mailbox_of(handles: Sequence[Handle]) -> Handle | None:
    """Where one could ask: an address that is one person's own, the proved ones first."""
    own = [one for one in handles if one.kind == EMAIL and not one.shared]
    return min(own, key=lambda one: (one.verified_at is None, one.created_at), default=None)


def ask_url(person_id: UUID, key: Key) -> str:
    """The page on which a person is asked about a handle."""
    return f"{reverse('question_ask', args=[person_id])}?{urlencode({'kind': key[0], 'value': key[1]})}"


@page(WRITERS)
@require_POST
def handle_add(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Give them an address; one that is somebody else's stays theirs, and the two are suggested to be one."""
    found, problem = seen(person_id), ""
    try:
        fresh = sharing.claim(person_id, _key(request), member_of(request))
        problem = "" if fresh else _("It is theirs already.")
    except Invalid as error:
        problem = f"{error.message} {error.hint}".strip()
    return _answer(request, found.person.id, problem)


@page(WRITERS)
@require_POST
def share(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Say that several people use an address of this person, or that it is one person's own."""
    key, found = _key(request), seen(person_id)
    if key not in {(one.kind, one.value) for one in found.handles}:
        raise NotVisible(_("There is no such address."))
    problem = ""
    try:
        sharing.mark(key, member_of(request), request.POST.get("shared") == "yes")
    except Invalid as error:
        problem = f"{error.message} {error.hint}".strip()
    return _answer(request, found.person.id, problem)


@page(WRITERS)
@require_GET
def handle_hint(request: HttpRequest) -> HttpResponse:
    """Whether an address is somebody's already, as one types it; and who, where one may know of them."""
    found = None
    for kind in ("email", "phone"):
        text = request.GET.get(kind, "")
        if not text.strip():
            continue
        try:
            found = taken(kind, normalised(kind, text))
        except Invalid:
            continue
        if found is not None:
            break
    return render(request, "web/people/hint.html", {"taken": found})


def _key(request: HttpRequest) -> Key:
    given = request.POST
    return given.get("kind", "").replace("\0", "")[:30], given.get("value", "").replace("\0", "")


def _answer(request: HttpRequest, person_id: UUID, problem: str) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        if problem:
            messages.warning(request, problem)
        return redirect("person", person_id)
    return render(request, "web/people/addresses.html", addresses_of(seen(person_id)) | {"problem": problem})


def _address(
    one: Shown, person_id: UUID, mailbox: Handle | None, pages: Mapping[Key, Sequence[str]], asked: Mapping[Key, str]
) -> Address:
    handle = one.handle
    key = (handle.kind, handle.value)
    plain = one.text.strip().lower().removeprefix("mailto:").removeprefix("@")
    # One asks at the mailbox; that itself is proved by an answer to any mail.
    may_ask = mailbox is not None and handle is not mailbox and not handle.shared and not handle.verified_at
    return Address(
        one, handle.value if plain != handle.value.lower() else "", pages.get(key, ()), asked.get(key, ""),
        ask_url(person_id, key) if may_ask else "",
    )  # fmt: skip
