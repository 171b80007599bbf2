"""A person's page: who they are, where they are reached, what they are to us, and all that was said."""

from collections.abc import Sequence
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
from rapport.people.consenting import is_marked
from rapport.people.directory.changing import fields_of
from rapport.people.directory.handles import kind_name
from rapport.people.directory.seeing import Seen, seen
from rapport.people.models import Person, Subject
from rapport.web import people_merging, person_addresses, person_identity, person_rights
from rapport.web.people_asking import field_words, language_name
from rapport.web.person_relations import relations_of
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of


@page()
@require_GET
def person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The page; with `?after=` or another filter of the timeline asked by htmx, that part alone."""
    shell_of(request).current = "people"
    whole = seen(person_id)
    found = whole.person
    if found.id != person_id and not request.headers.get("HX-Request"):
        return redirect("person", found.id)
    timeline = timeline_of(request, whole.rows)
    if request.headers.get("HX-Request") and request.GET.get("part") == "timeline":
        return render(request, _timeline_part(request), {"person": found, **timeline})
    rights = person_rights.section(request, whole)
    context = {
        "person": found, "back": back_of(request), "is_watched": _is_watched(request, found),
        **details_of(found, rights["rights"].silent), **relations_of(found), **timeline, **_identity(whole),
        **people_merging.section(whole), **rights,
    }  # fmt: skip
    return render(request, "web/people/person.html", context)


def _identity(whole: Seen) -> dict[str, Any]:
    asked = person_addresses.questions_about(whole.rows)
    return person_addresses.addresses_of(whole, asked) | person_identity.section(whole, asked)


def details_of(found: Person, silent: bool | None = None) -> dict[str, Any]:
    """What is written down about a person, in words; `silent`: whether they are not to be contacted, where known."""
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
        "person": found, "silent": is_marked(found.id) if silent is None else silent,
        "local": local, "zone_name": zone.replace("_", " "), "customs": fields,
        "language": language_name(found.language) if found.language else "",
        "preferred": kind_name(found.preferred) if found.preferred else "",
        "shown_name": found.name or _merged_name(found) or (_("Erased") if found.erased_at else ""),
    }  # fmt: skip


def timeline_of(request: HttpRequest, ids: Sequence[UUID]) -> dict[str, Any]:
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
