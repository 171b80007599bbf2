"""What a person is to us: said, corrected, ended and taken back in place."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.people.directory.organizing import named_organization
from rapport.people.directory.relating import Said, correct, end, relate, withdraw
from rapport.people.directory.seeing import person_of
from rapport.people.models import (
    Organization,
    OrganizationRelationship,
    Person,
    Relationship,
    RelationshipKind,
)
from rapport.people.trees import rows_of
from rapport.web.rights import WRITERS, member_of, page


def relations_of(found: Person) -> dict[str, Any]:
    """What they are and were to us: in their own right, and by the organizations of all their rows."""
    said = Relationship.objects.filter(person__root=found.root).select_related("organization")
    rows = list(said.order_by("kind", "-until"))
    today = now().date()
    # Of every row's organization, as `people.arrivals` counts them.
    of = Person.objects.filter(root=found.root, organization__isnull=False).values("organization")
    theirs = OrganizationRelationship.objects.filter(organization__in=of).select_related("organization")
    return {
        "person": found,
        "relationships": [one for one in rows if one.until is None or one.until > today],
        "past_relationships": [one for one in rows if one.until is not None and one.until <= today],
        "by_organization": [one for one in theirs.order_by("kind") if one.until is None or one.until > today],
        "relationship_kinds": RelationshipKind.choices,
    }


@page(WRITERS)
@require_POST
def relationship_add(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Say what a person is to us, from when to when."""
    found = person_of(person_id)
    since = day_of(request.POST.get("since", "")) if "since" in request.POST else now().date()
    said = Said(request.POST.get("kind", ""), since, day_of(request.POST.get("until", "")), found.organization)
    relate(found, said, member_of(request))
    return _answer(request, found)


@page(WRITERS)
@require_POST
def relationship_end(request: HttpRequest, person_id: UUID, relationship_id: UUID) -> HttpResponse:
    """Say that a person is this to us no longer; that they were stays."""
    found = person_of(person_id)
    end(rows_of(found.id), relationship_id, member_of(request), day_of(request.POST.get("until", "")))
    return _answer(request, found)


@page(WRITERS)
@require_POST
def relationship_change(request: HttpRequest, person_id: UUID, relationship_id: UUID) -> HttpResponse:
    """Correct its kind and days, or take it away (`verb` is remove)."""
    found = person_of(person_id)
    member, ids = member_of(request), rows_of(found.id)
    if request.POST.get("verb") == "remove":
        withdraw(ids, relationship_id, member)
        return _answer(request, found)
    said = Said(
        request.POST.get("kind", ""), day_of(request.POST.get("since", "")), day_of(request.POST.get("until", "")),
        _organization(request, found),
    )  # fmt: skip
    problem = ""
    try:
        correct(ids, relationship_id, said, member)
    except Invalid as error:
        if not request.headers.get("HX-Request"):
            raise
        problem = f"{error.message} {error.hint}".strip()
    return _answer(request, found, problem)


def day_of(text: str) -> date | None:
    """A day as a form sends it; None for none. Raises Invalid."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise Invalid(_("“%(text)s” is no day.") % {"text": text[:40]}, _("Such as 2026-11-28.")) from error


def _organization(request: HttpRequest, found: Person) -> Organization | None:
    name = request.POST.get("organization", "")
    return named_organization(name, member_of(request), found.organization, kept=False) if name.strip() else None


def _answer(request: HttpRequest, found: Person, problem: str = "") -> HttpResponse:
    if request.headers.get("HX-Request"):
        context: dict[str, Any] = relations_of(found) | {"problem": problem}
        whole = request.POST.get("whole") == "yes"
        return render(request, "web/people/relations.html" if whole else "web/people/relationships.html", context)
    if problem:
        messages.error(request, problem)
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        return redirect(target)
    return redirect("person", found.id)
