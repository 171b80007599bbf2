"""A person's page: who they are, where they are reached, what they are to us, and all that was said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from rapport.channels.models import Channel
from rapport.conversations.models import Watch
from rapport.conversations.withpeople import STATES, Narrowed, Run, with_people
from rapport.core.clock import now
from rapport.people.directory.changing import fields_of
from rapport.people.directory.handles import BY_HAND, kind_name
from rapport.people.directory.seeing import person_of, row_ids, shown_of
from rapport.people.models import (
    Handle,
    OrganizationRelationship,
    Person,
    Relationship,
    RelationshipKind,
    Subject,
)
from rapport.web import people_merging, person_identity, person_rights
from rapport.web.people_asking import field_words, language_name
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

#: Of these kinds one may begin to write, by a page of ours.
_WRITTEN = ("email",)
_CALLED = ("phone", "sip")


@dataclass(frozen=True)
class Address:
    """A handle as the page shows it; `odd` is the normalised form where it says more than the written one."""

    handle: Handle
    kind: str
    shown: str
    odd: str
    proof: str
    elsewhere: bool = False

    @property
    def can_write(self) -> bool:
        """Whether "write to them" leads somewhere."""
        return self.handle.kind in _WRITTEN

    @property
    def can_call(self) -> bool:
        """Whether there is something to call."""
        return self.handle.kind in _CALLED


@page()
@require_GET
def person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The page; with `?after=` or another filter of the timeline asked by htmx, that part alone."""
    shell_of(request).current = "people"
    asked = person_of(person_id)
    found = shown_of(asked)
    if found.id != asked.id and not request.headers.get("HX-Request"):
        return redirect("person", found.id)
    ids = row_ids(found)
    timeline = timeline_of(request, ids)
    if request.headers.get("HX-Request") and request.GET.get("part") == "timeline":
        return render(request, _timeline_part(request), {"person": found, **timeline})
    context = {
        "person": found, "back": back_of(request), "is_watched": _is_watched(request, found),
        **details_of(found), **addresses_of(found, ids), **relations_of(found, ids), **timeline,
        **person_identity.section(request, found), **people_merging.section(request, found),
        **person_rights.section(request, found),
    }  # fmt: skip
    return render(request, "web/people/person.html", context)


def details_of(found: Person) -> dict[str, Any]:
    """What is written down about a person, in words."""
    zone = found.time_zone
    local: datetime | None = None
    if zone:
        try:
            local = now().astimezone(ZoneInfo(zone))
        except (KeyError, ValueError, OSError):
            local = None
    fields = [
        (one, field_words(str(found.fields[one.key])))
        for one in fields_of(Subject.PERSON)
        if str(found.fields.get(one.key, "")) != ""
    ]
    return {
        "person": found, "local": local, "zone_name": zone.replace("_", " "), "customs": fields,
        "language": language_name(found.language) if found.language else "",
        "preferred": kind_name(found.preferred) if found.preferred else "",
        "shown_name": found.name or _merged_name(found),
    }  # fmt: skip


def addresses_of(found: Person, ids: list[UUID]) -> dict[str, Any]:
    """Every address of all their rows."""
    handles = Handle.objects.filter(person_id__in=ids).order_by("kind", "value")
    return {"person": found, "addresses": [_address(one, found) for one in handles], "handle_kinds": _kinds()}


def relations_of(found: Person, ids: list[UUID]) -> dict[str, Any]:
    """What they are and were to us: in their own right, and by their organization."""
    said = Relationship.objects.filter(person_id__in=ids).select_related("organization")
    rows = list(said.order_by("kind", "-until"))
    today = now().date()
    theirs = OrganizationRelationship.objects.filter(organization=found.organization).order_by("kind")
    return {
        "person": found,
        "relationships": [one for one in rows if one.until is None or one.until > today],
        "past_relationships": [one for one in rows if one.until is not None and one.until <= today],
        "by_organization": [one for one in theirs if one.until is None or one.until > today]
        if found.organization_id
        else [],
        "relationship_kinds": RelationshipKind.choices,
    }


def timeline_of(request: HttpRequest, ids: list[UUID]) -> dict[str, Any]:
    """A page of conversations with them that the member may see."""
    kinds = dict.fromkeys(Channel.objects.order_by("kind").values_list("kind", flat=True))
    kind, state = request.GET.get("channel", ""), request.GET.get("state", "")
    narrowed = Narrowed(kind if kind in kinds else "", state if state in STATES else "")
    run: Run = with_people(ids, narrowed, request.GET.get("after", ""))
    return {
        "run": run, "narrowed": narrowed, "channel_kinds": [(one, kind_name(one)) for one in kinds],
        "states": [(one.value, one.label) for one in STATES],
    }  # fmt: skip


def back_of(request: HttpRequest) -> str:
    """The list one came from, as its filter stands behind the address."""
    given = request.GET.copy()
    for name in ("part", "after", "channel", "state"):
        given.pop(name, None)
    return f"?{given.urlencode()}" if given else ""


def _timeline_part(request: HttpRequest) -> str:
    return "web/people/timeline_rows.html" if request.GET.get("after") else "web/people/timeline.html"


def _is_watched(request: HttpRequest, found: Person) -> bool:
    return Watch.objects.filter(member=member_of(request), person=found).exists()


def _merged_name(found: Person) -> str:
    names = Person.objects.filter(root=found.root).exclude(name="").order_by("id").values_list("name", flat=True)
    return names.first() or ""


def _address(handle: Handle, found: Person) -> Address:
    shown = handle.written or handle.value
    plain = shown.strip().lower().removeprefix("mailto:").removeprefix("@")
    return Address(
        handle, kind_name(handle.kind), shown, handle.value if plain != handle.value.lower() else "",
        _proof(handle), handle.person_id != found.id,
    )  # fmt: skip


def _proof(handle: Handle) -> str:
    if handle.verified_at is None:
        return ""
    known = {
        "mail": _("they answered a mail"), "rel-me": _("their website links back"), "domain": _("it is their domain"),
        "service": _("the service proved it"), "hand": _("a member confirmed it"),
    }  # fmt: skip
    return known.get(handle.verified_how, handle.verified_how)


def _kinds() -> list[tuple[str, str]]:
    return [(kind, kind_name(kind)) for kind in BY_HAND]
