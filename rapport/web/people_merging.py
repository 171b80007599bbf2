"""Putting two people together, with what that does shown before; and what a person was put together from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST

from rapport.conversations import recycling
from rapport.conversations.asking.names import people_named
from rapport.conversations.models import Conversation
from rapport.core.errors import Invalid, NotVisible
from rapport.people import merging
from rapport.people.directory.handles import kind_name
from rapport.people.directory.seeing import Seen
from rapport.people.filling import CUSTOM
from rapport.people.merging import Effect
from rapport.people.models import (
    Consent,
    CustomField,
    Handle,
    Merge,
    Organization,
    Pair,
    PairState,
    Person,
    Relationship,
)
from rapport.people.trees import once
from rapport.staff.models import Member
from rapport.web import evidence
from rapport.web.composer import given_uuid, uuid_or_none
from rapport.web.people_asking import language_name
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of

_FOUND_MAX = 12
_TYPED_MAX = 200
_HOW: dict[str, str | Promise] = {
    "hand": lazy("by hand"), "handle": lazy("by the same proven address"), "proof": lazy("by their own proof"),
    "pair": lazy("by a suggestion"),
}  # fmt: skip
_FIELDS: dict[str, str | Promise] = {
    "name": lazy("Name"), "language": lazy("Language"), "time_zone": lazy("Time zone"),
    "organization_id": lazy("Organization"), "holder_id": lazy("Relationship held by"), "role": lazy("Role"),
    "preferred": lazy("Preferred channel"), "note": lazy("Note"),
}  # fmt: skip


@dataclass(frozen=True)
class Way:
    """One way round: who stays on top, who comes under it, and what of it is filled in."""

    effect: Effect
    fills: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Together:
    """What comes together, whichever way round."""

    handles: Sequence[Handle]
    relationships: Sequence[Relationship]
    conversations: Sequence[tuple[Person, int]]
    consents: int
    do_not_contact: bool


@dataclass(frozen=True)
class Part:
    """Something that a person was put together from: the row, its addresses, and the merge with how it came about."""

    merge: Merge
    how: str
    handles: Sequence[Handle]
    fills: Sequence[tuple[str, str]]
    lines: Sequence[evidence.Line]


def section(whole: Seen) -> dict[str, Any]:
    """What `web/people/merged.html` shows."""
    merges = merging.merges_of(whole.person)
    handles: dict[UUID, list[Handle]] = {}
    for handle in whole.handles:
        handles.setdefault(handle.person_id, []).append(handle)
    return {
        "parts": [
            Part(
                one,
                str(_HOW.get(one.how, one.how)),
                handles.get(one.child_id, ()),
                named({name: after for name, (_before, after) in one.filled.items()}),
                evidence.lines(one.evidence),
            )
            for one in merges
        ],
        "own_handles": handles.get(whole.person.id, ()),
    }


@page(WRITERS)
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Choose whom (`q`), see what it does (`other`), and do it (POST, with `into`: which of the two stays on top)."""
    shell_of(request).current = "people"
    found = _person(person_id)
    if request.method == "POST":
        return _merge(request, found)
    typed = " ".join(request.GET.get("q", "").replace("\0", " ").split())[:_TYPED_MAX]
    chosen = uuid_or_none(request.GET.get("other", ""))
    context: dict[str, Any] = {"person": found, "typed": typed}
    if chosen:
        context |= _both(request, found, _person(chosen))
    else:
        context["found"] = _candidates(found, typed)
    fragment = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "merge-results"
    return render(request, "web/people/merge_results.html" if fragment else "web/people/merge.html", context)


@page(WRITERS)
@require_POST
def unmerge(request: HttpRequest, merge_id: UUID) -> HttpResponse:
    """Take a merge apart again; `apart`: they are two people, and are not to be suggested again."""
    made = merging.unmerge(merge_id, member_of(request), apart=request.POST.get("apart") == "yes")
    messages.success(request, _("They are two again."))
    return redirect("person", merging.root_of(made.into_id))


@page(WRITERS)
@require_POST
def release(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Say that an address (`handle`: kind and value with a space between) is theirs no longer."""
    found = _person(person_id)
    kind, _space, value = request.POST.get("handle", "").partition(" ")
    handle = Handle.objects.filter(kind=kind, value=value, person__root=found.root).first()
    if handle is None:
        raise Invalid(_("Nothing was chosen."), _("Choose one from the list."))
    made = recycling.release(handle, member_of(request))
    messages.success(
        request, _("Whoever writes from it next is somebody new."), extra_tags=reverse("handle_return", args=[made.id])
    )
    return redirect("person", merging.root_of(found.id))


@page(WRITERS)
@require_POST
def take_back(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """Say that an address is theirs after all."""
    made = recycling.take_release_back(release_id, member_of(request))
    messages.success(request, _("It is theirs again."))
    return redirect("person", merging.root_of(made.person_id))


def _merge(request: HttpRequest, found: Person) -> HttpResponse:
    other = _person(given_uuid(request.POST.get("other", "")))
    into = given_uuid(request.POST.get("into", "") or str(found.id))
    if into not in (found.id, other.id):
        raise Invalid(_("There is no such choice."), _("Load the page again."))
    child = other.id if into == found.id else found.id
    made = merging.merge(
        into, child, member_of(request), although_refused=request.POST.get("although_refused") == "yes"
    )
    messages.success(request, _("The two are one now."), extra_tags=reverse("person_unmerge", args=[made.id]))
    return redirect("person", merging.root_of(made.into_id))


def _person(person_id: UUID) -> Person:
    found = Person.objects.select_related("organization").filter(id=merging.root_of(person_id)).first()
    if found is None:
        raise NotVisible("There is no such person.")
    return found


def _both(request: HttpRequest, found: Person, other: Person) -> dict[str, Any]:
    me = member_of(request)
    effects = [merging.preview(found, other, me), merging.preview(other, found, me)]
    possible = {one.above.id: one for one in effects if one.above}
    ways = [Way(one, named(one.fills)) for one in possible.values()]
    # First the way in which nobody goes on seeing one of the two alone, then the one that loses no name.
    ways.sort(key=lambda way: (way.effect.only_below, not (way.effect.above and way.effect.above.name)))
    return {
        "other": other, "ways": ways, "refused": "" if ways else effects[0].refused,
        "kept_apart": any(one.kept_apart for one in effects), "together": _together(found, other) if ways else None,
    }  # fmt: skip


def _together(found: Person, other: Person) -> Together:
    roots = (found.root, other.root)
    relationships = Relationship.objects.filter(person__root__in=roots, until=None).select_related("organization")
    return Together(
        list(Handle.objects.filter(person__root__in=roots).order_by("kind", "value")[:50]),
        list(relationships.order_by("kind")),
        [(one, _conversations_of(one)) for one in (found, other)],
        Consent.objects.filter(person__root__in=roots).count(),
        Person.objects.filter(root__in=roots, do_not_contact=True).exists(),
    )


def _conversations_of(person: Person) -> int:
    return Conversation.objects.filter(person_id__in=merging.rows_of(person.id), merged_into=None).count()


def _candidates(found: Person, typed: str) -> list[Person]:
    """Those of this name or address; unasked, those that are suggested, and those called the same."""
    ids = people_named(typed, _FOUND_MAX + 1) if typed else [*_suggested(found), *_namesakes(found)]
    rows = Person.objects.select_related("organization").in_bulk(ids)
    shown = [rows[one] for one in dict.fromkeys(ids) if one in rows and rows[one].root != found.root]
    handles: dict[UUID, list[str]] = {}
    for handle in Handle.objects.filter(person__root__in=[one.root for one in shown]).select_related("person"):
        handles.setdefault(handle.person.root, []).append(handle.written or handle.value)
    for one in shown:
        one.reached = sorted(handles.get(one.root, []))[:3]  # type: ignore[attr-defined]
    return shown[:_FOUND_MAX]


def _suggested(found: Person) -> list[UUID]:
    rows = merging.rows_of(found.id)
    pairs = Pair.objects.filter(state=PairState.OPEN, low_id__in=rows) | Pair.objects.filter(
        state=PairState.OPEN, high_id__in=rows
    )
    best = pairs.order_by("-probability").values_list("low_id", "high_id")[:_FOUND_MAX]
    return once(one for pair in best for one in pair if one not in rows)


def _namesakes(found: Person) -> list[UUID]:
    """Those of a name that has a word in common: what is only spelled like it is for who types it."""
    words = set(found.name.casefold().split())
    ids = people_named(found.name, _FOUND_MAX) if words else []
    names = dict(Person.objects.filter(id__in=ids).values_list("id", "name"))
    return [one for one in ids if words & set(names.get(one, "").casefold().split())]


def named(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Values of a row in words, each with its field's; organizations, members and own fields are looked up."""
    told = []
    for name, value in values.items():
        if name.startswith(CUSTOM):
            key = name[len(CUSTOM) :]
            label = CustomField.objects.filter(key=key).values_list("label", flat=True).first() or key
        else:
            label = str(_FIELDS[name])
        told.append((label, _said(name, value)))
    return told


def _said(name: str, value: Any) -> str:
    if name == "organization_id":
        return Organization.objects.filter(id=value).values_list("name", flat=True).first() or ""
    if name == "holder_id":
        return Member.objects.filter(id=value).values_list("name", flat=True).first() or ""
    if name == "language":
        return language_name(str(value))
    return kind_name(str(value)) if name == "preferred" else str(value)
