"""Organizations: their list, and the page of one with its people, conversations, domains and relationships."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from rapport.conversations.models import Watch
from rapport.conversations.withpeople import Narrowed, with_organization
from rapport.core.clock import now
from rapport.people.directory.asked import Asked
from rapport.people.directory.changing import fields_of
from rapport.people.directory.keeping import is_secret
from rapport.people.directory.listing import count_organizations, list_organizations, list_people
from rapport.people.directory.organizing import domains_of
from rapport.people.directory.rows import organization_rows, person_rows
from rapport.people.directory.seeing import organization_of
from rapport.people.models import Organization, OrganizationRelationship, RelationshipKind, Subject
from rapport.web import people_draw
from rapport.web.people import counted_words, list_page, segment_asked
from rapport.web.people_asking import field_words, listing_of, viewer_of
from rapport.web.person import back_of
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

_CHILDREN_MAX = 50
#: Of more people what they are to us is not summed up.
_SUMMED_MAX = 2_000
_SUMMED = f"""SELECT r.kind, count(DISTINCT p.root) FROM (SELECT id, root FROM people_person
        WHERE organization_id = %s AND erased_at IS NULL LIMIT {_SUMMED_MAX}) AS p
    JOIN people_relationship r ON r.person_id = p.id AND (r.until IS NULL OR r.until > current_date) GROUP BY r.kind"""


@page()
@require_GET
def organizations(request: HttpRequest) -> HttpResponse:
    """Every organization one may know of, narrowed by what stands in the address."""
    shell_of(request).current = "people"
    listing = listing_of(request, Subject.ORGANIZATION, segment_asked(request, Subject.ORGANIZATION))
    listed = list_organizations(listing.asked, viewer_of(request), request.GET.get("after", ""))
    rows = people_draw.organization_list(organization_rows(listed.ids), listing.query)
    return list_page(listing, listed, rows)


@page()
@require_GET
def organizations_count(request: HttpRequest) -> HttpResponse:
    """How many there are, in words; asked for when the page is there."""
    listing = listing_of(request, Subject.ORGANIZATION, segment_asked(request, Subject.ORGANIZATION))
    return HttpResponse(counted_words(count_organizations(listing.asked, viewer_of(request))))


@page()
@require_GET
def organization(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """A company: its people (a page of them by `?after=`), and what was said with them (by `?talks=`)."""
    shell_of(request).current = "people"
    found = organization_of(organization_id)
    if request.GET.get("part") == "people":
        return render(request, "web/people/rows.html", people_of(request, found))
    context = organization_facts(found) | people_of(request, found) | talks_of(request, found) | {
        "organization": found, "back": back_of(request),
        "is_watched": Watch.objects.filter(member=member_of(request), organization=found).exists(),
    }  # fmt: skip
    if request.GET.get("part") == "talks":
        return render(request, "web/people/talks_rows.html", context)
    return render(request, "web/people/organization.html", context)


def organization_facts(found: Organization) -> dict[str, Any]:
    """What is written down about it, and what its people are to us."""
    today = now().date()
    said = list(OrganizationRelationship.objects.filter(organization=found).order_by("kind", "-since"))
    labels = dict(RelationshipKind.choices)
    return {
        "organization": found, "domains": domains_of(found), "secret": is_secret(found),
        "parent": Organization.objects.filter(id=found.parent_id).first() if found.parent_id else None,
        "children": list(Organization.objects.filter(parent=found).order_by("name")[:_CHILDREN_MAX]),
        "relationships": [one for one in said if one.until is None or one.until > today],
        "past_relationships": [one for one in said if one.until is not None and one.until <= today],
        "relationship_kinds": RelationshipKind.choices,
        "summed": [(labels[kind], kind, count) for kind, count in _summed(found).most_common()],
        "customs": [
            (one, field_words(str(found.fields[one.key])))
            for one in fields_of(Subject.ORGANIZATION) if str(found.fields.get(one.key, "")) != ""
        ],
    }  # fmt: skip


def people_of(request: HttpRequest, found: Organization) -> dict[str, Any]:
    """A page of its people."""
    viewer = viewer_of(request)
    listed = list_people(Asked(organization=str(found.id)), viewer, request.GET.get("after", ""))
    url = f"{reverse('organization', args=[found.id])}?part=people&after={listed.cursor}"
    return {"listed": listed, "rows": people_draw.person_list(person_rows(listed.ids, viewer.teams)), "more_url": url}


def talks_of(request: HttpRequest, found: Organization) -> dict[str, Any]:
    """A page of the conversations with its people."""
    return {"run": with_organization(found.id, Narrowed(), request.GET.get("talks", ""))}


def _summed(found: Organization) -> Counter[str]:
    with connection.cursor() as cursor:
        cursor.execute(_SUMMED, [found.id])
        return Counter(dict(cursor.fetchall()))
