"""The list of people: narrowed, in order, a page at a time; and its count."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import push_url

from rapport.conversations import following
from rapport.conversations.asking.names import people_named
from rapport.core.errors import NotVisible
from rapport.people import pairing
from rapport.people.directory.asked import Asked
from rapport.people.directory.listing import Counted, Listed, count_people, list_people
from rapport.people.directory.rows import person_rows
from rapport.people.directory.seeing import organization_of, person_of
from rapport.people.directory.segments import segment_of
from rapport.people.models import Segment, Subject
from rapport.web import locales, people_draw
from rapport.web.people_asking import (
    Listing,
    choices_of,
    heard_words,
    holder_options,
    listing_of,
    segments_beside,
    viewer_of,
)
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

_ALIKE = 40
#: Where to begin, offered while there are no segments.
BEGINNINGS = (
    {"relation": "partner", "heard": "not60"}, {"relation": "customer", "heard": "not180"},
    {"relation": "customer", "holder": "none"}, {"nameless": "1"},
)  # fmt: skip


@page()
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Everybody one may know of, narrowed by what stands in the address (or in `?segment=`)."""
    shell_of(request).current = "people"
    listing = listing_of(request, Subject.PERSON, segment_asked(request, Subject.PERSON))
    viewer = viewer_of(request)
    listed = list_people(listing.asked, viewer, request.GET.get("after", ""))
    words = Asked(q=listing.asked.q, sort=listing.asked.sort)
    if not (listed.ids or listed.cursor or request.GET.get("after")) and listing.asked == words:
        # Nobody is called so: those who are called almost so.
        listed = Listed(people_named(listing.asked.q, _ALIKE))
    rows = people_draw.person_list(person_rows(listed.ids, viewer.teams), listing.query)
    return list_page(listing, listed, rows, beginnings=_beginnings(listing))


def list_page(listing: Listing, listed: Listed, rows: SafeString, **more: object) -> HttpResponse:
    """A list of people or organizations: the whole page, or for htmx what changed on it, or the rows that follow."""
    request, is_people = listing.request, listing.subject == Subject.PERSON
    count = reverse("people_count" if is_people else "organizations_count")
    context = {
        "listing": listing, "listed": listed, "rows": rows, "more_url": listing.with_(after=listed.cursor),
        "count_url": f"{count}{listing.query}", **more,
    }  # fmt: skip
    if request.headers.get("HX-Request") and not request.headers.get("HX-History-Restore-Request"):
        if request.GET.get("after"):
            return render(request, "web/people/rows.html", context)
        # The address has only what narrows, so that it can be sent to somebody.
        return push_url(render(request, "web/people/results.html", context), f"{listing.url}{listing.query}")
    context |= {
        "choices": choices_of(listing), "segments": segments_beside(listing.subject),
        "holder_options": holder_options(listing),
    }  # fmt: skip
    if is_people:
        context["duplicates"] = pairing.count_open()
    return render(request, f"web/people/{'list' if is_people else 'organizations'}.html", context)


@page()
@require_GET
def people_count(request: HttpRequest) -> HttpResponse:
    """How many there are, in words; asked for when the page is there."""
    listing = listing_of(request, Subject.PERSON, segment_asked(request, Subject.PERSON))
    return HttpResponse(counted_words(count_people(listing.asked, viewer_of(request))))


@page()
@require_POST
def watch_person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Hear of everything with a person, or no longer (`watch` is not yes); each member for themselves."""
    verb = following.watch_person if request.POST.get("watch") == "yes" else following.unwatch_person
    verb(person_of(person_id).id, member_of(request))
    return redirect("person", person_id)


@page()
@require_POST
def watch_organization(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """The same of an organization."""
    yes = request.POST.get("watch") == "yes"
    verb = following.watch_organization if yes else following.unwatch_organization
    verb(organization_of(organization_id).id, member_of(request))
    return redirect("organization", organization_id)


def counted_words(counted: Counted) -> str:
    """A count that says no more than what was counted."""
    if counted.late:
        return _("very many")
    number = locales.number(counted.count)
    return _("more than %(count)s") % {"count": number} if counted.more else number


def segment_asked(request: HttpRequest, subject: Subject) -> Segment | None:
    """The segment in the address. Raises NotVisible where it is none of this list."""
    given = request.GET.get("segment", "")
    if not given:
        return None
    try:
        found = segment_of(UUID(given))
    except ValueError as error:
        raise NotVisible("There is no such segment.") from error
    if found.subject != subject:
        raise NotVisible("There is no such segment.")
    return found


def _beginnings(listing: Listing) -> list[tuple[str, str]]:
    """Filters to begin with, in words, and their addresses."""
    found = []
    for query in BEGINNINGS:
        words = [heard_words(value) if name == "heard" else listing.words(name, value) for name, value in query.items()]
        given = "&".join(f"{name}={value}" for name, value in query.items())
        found.append((" · ".join(words), f"{listing.url}?{given}"))
    return found
