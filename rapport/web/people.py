"""People and organizations."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations import following
from rapport.conversations.asking.names import people_named
from rapport.conversations.models import Watch
from rapport.conversations.queries import earlier_of
from rapport.core import events
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible
from rapport.people.listing import people_after
from rapport.people.models import Organization, Person, Relationship, RelationshipKind
from rapport.people.trees import SHOWN_SQL, root_of
from rapport.web import people_merging, person_identity, person_rights
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of

_CONVERSATIONS_SHOWN = 50
_FOUND_SHOWN = 60


@page()
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Everybody one may know of, by name, or those whose name or address is like `?q=`, the likest first."""
    shell_of(request).current = "people"
    query = request.GET.get("q", "").replace("\0", "").strip()[:200]
    found, following = (_named(query), "") if query else people_after(request.GET.get("after", ""))
    relations: dict[UUID, list[Relationship]] = {}
    roots = {one.root: one.id for one in found}
    current = Relationship.objects.filter(person__root__in=roots, until__isnull=True).select_related("person")
    for one in current.order_by("kind"):
        relations.setdefault(roots[one.person.root], []).append(one)
    context = {"found": found, "next": following, "query": query, "relations": relations}
    return render(request, "web/people/list.html", context)


@page()
@require_GET
def person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Who somebody is, where they are reached, and what was said before."""
    shell_of(request).current = "people"
    found = _person(person_id)
    if found.top and (shown_by := root_of(found.id)) != found.id:
        return redirect("person", shown_by)
    context = _relations(found) | person_identity.section(request, found) | person_rights.section(request, found)
    context |= people_merging.section(request, found) | {
        "conversations": earlier_of(found.id, limit=_CONVERSATIONS_SHOWN),
        "watched": following.watches_person(found, member_of(request)),
    }
    return render(request, "web/people/person.html", context)


@page()
@require_GET
def organization(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """A company and the people of it."""
    shell_of(request).current = "people"
    found = Organization.objects.filter(id=organization_id).first()
    roots = Person.objects.filter(organization_id=organization_id).values("root")
    members = Person.objects.filter(root__in=roots).extra(where=[SHOWN_SQL]).order_by("name", "id")  # noqa: S610
    shown = Paginator(members, 100).get_page(request.GET.get("page"))
    if found is None or not shown.object_list:
        raise NotVisible("There is no such organization.")
    watched = Watch.objects.filter(member=member_of(request), organization=found).exists()
    return render(
        request, "web/people/organization.html", {"organization": found, "page": shown, "watched": watched}
    )


@page()
@require_POST
def watch_person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Hear of everything with a person, or no longer (`watch` is not yes); each member for themselves."""
    verb = following.watch_person if request.POST.get("watch") == "yes" else following.unwatch_person
    verb(_person(person_id).id, member_of(request))
    return redirect("person", person_id)


@page()
@require_POST
def watch_organization(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """The same of an organization."""
    yes = request.POST.get("watch") == "yes"
    verb = following.watch_organization if yes else following.unwatch_organization
    verb(organization_id, member_of(request))
    return redirect("organization", organization_id)


@page(WRITERS)
@require_POST
def relationship_add(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Say what a person is to us."""
    found = _person(person_id)
    kind = request.POST.get("kind", "")
    if kind not in RelationshipKind.values:
        raise Invalid("There is no such relationship.", "Choose one from the list.")
    _, made = Relationship.objects.get_or_create(
        person=found, kind=kind, until=None,
        defaults={
            "organization": found.organization, "since": now().date(), "source": f"by {member_of(request).name}"[:60],
        },
    )  # fmt: skip
    if made:
        events.record(
            "relationship.added", actor_id=member_of(request).id, data={"person": str(found.id), "kind": kind}
        )
    return _answer(request, found)


@page(WRITERS)
@require_POST
def relationship_end(request: HttpRequest, person_id: UUID, relationship_id: UUID) -> HttpResponse:
    """Say that a person is this to us no longer; that they were stays."""
    found = _person(person_id)
    current = Relationship.objects.filter(id=relationship_id, person__root=found.root, until__isnull=True)
    ended = current.update(until=now().date())
    if ended:
        data = {"person": str(found.id), "relationship": str(relationship_id)}
        events.record("relationship.ended", actor_id=member_of(request).id, data=data)
    return _answer(request, found)


def _named(query: str) -> list[Person]:
    ids = people_named(query, _FOUND_SHOWN)
    rows = Person.objects.select_related("organization").in_bulk(ids)
    return [rows[one] for one in ids if one in rows]


def _answer(request: HttpRequest, found: Person) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return render(request, "web/people/relationships.html", _relations(found))
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        return redirect(target)
    return redirect("person", found.id)


def _person(person_id: UUID) -> Person:
    found = Person.objects.select_related("organization", "holder").filter(id=person_id).first()
    if found is None:
        raise NotVisible("There is no such person.")
    return found


def _relations(found: Person) -> dict[str, object]:
    current = Relationship.objects.filter(person__root=found.root, until__isnull=True).select_related("organization")
    return {
        "person": found,
        "relationships": list(current.order_by("kind")),
        "relationship_kinds": RelationshipKind.choices,
    }
