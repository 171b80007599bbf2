"""One change to many people: those selected in the list, or all that match its filter."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from rapport.core.errors import Invalid, NotVisible
from rapport.core.ids import new_id
from rapport.people import merging
from rapport.people.directory.bulk import Done, change_many, undo_many
from rapport.people.directory.changing import fields_of
from rapport.people.directory.listing import count_people, every_person
from rapport.people.models import CustomKind, Organization, RelationshipKind, Subject
from rapport.staff.models import Member
from rapport.web.people import counted_words, segment_asked
from rapport.web.people_asking import LANGUAGES, Listing, language_name, listing_of, viewer_of
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of

AT_ONCE_MAX = 500
#: All that match may be more than anybody would select by hand.
ALL_MAX = 2_000
_KEPT = "people_bulk"


@page(WRITERS)
def people_bulk(request: HttpRequest) -> HttpResponse:
    """The page on which all that match are changed; POST changes them, or those of `ids`."""
    listing = listing_of(request, Subject.PERSON, segment_asked(request, Subject.PERSON))
    if request.method != "POST":
        return _ask(request, listing)
    verb, _equals, inline = request.POST.get("verb", "").partition("=")
    value = inline or request.POST.get(f"value_{verb}", request.POST.get("value", ""))
    everybody = request.POST.get("all") == "yes"
    ids = every_person(listing.asked, viewer_of(request), ALL_MAX) if everybody else ids_of(request.POST.getlist("ids"))
    if verb == "merge":
        return _merge(request, listing, ids)
    done = change_many(verb, value, ids, member_of(request))
    return _told(request, listing, done)


@page(WRITERS)
@require_POST
def people_bulk_undo(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Take back what was done to many last, where nothing was changed since."""
    kept = request.session.get(_KEPT, {})
    if kept.get("batch") != str(batch_id):
        raise NotVisible("There is nothing to take back.")
    del request.session[_KEPT]
    member = member_of(request)
    done, failed = _unmerge(kept["merges"], request) if "merges" in kept else undo_many(kept["undo"], member)
    words = _("Undone.")
    if failed:
        words = _("%(failed)s of %(all)s could not be undone: they were changed since.") % {
            "failed": failed, "all": done + failed,
        }  # fmt: skip
    return _say(request, reverse("people"), words, failed=bool(failed))


@page(WRITERS)
@require_GET
def people_bulk_choices(request: HttpRequest, what: str) -> HttpResponse:
    """What a menu of the bar offers, asked for when it is opened."""
    if what not in ("holder", "relation", "more"):
        raise NotVisible("There is no such menu.")
    return render(request, "web/people/bulk_choices.html", {"what": what, **_offers()})


def ids_of(given: Sequence[str]) -> list[UUID]:
    """The ids, each once and in one order. Raises Invalid for none, and for more than AT_ONCE_MAX."""
    found = set()
    for text in ",".join(given)[: 40 * (AT_ONCE_MAX + 10)].split(","):
        with suppress(ValueError):
            found.add(UUID(text))
    if not found:
        raise Invalid(_("Nobody was selected."), _("Select people first."))
    if len(found) > AT_ONCE_MAX:
        raise Invalid(
            _("At most %(limit)s at once.") % {"limit": AT_ONCE_MAX}, _("Nothing was changed. Select fewer.")
        )
    return sorted(found)


def _offers() -> dict[str, Any]:
    members = Member.objects.filter(is_active=True).order_by("name").values_list("id", "name")[:500]
    customs = [one for one in fields_of(Subject.PERSON) if one.kind in (CustomKind.CHOICE, CustomKind.YES)]
    return {
        "members": members, "relations": RelationshipKind.choices,
        "languages": [(code, language_name(code)) for code in LANGUAGES],
        "customs": [(one, one.choices if one.kind == CustomKind.CHOICE else ["yes", "no"]) for one in customs],
        "fields": fields_of(Subject.PERSON),
    }  # fmt: skip


def _ask(request: HttpRequest, listing: Listing) -> HttpResponse:
    shell_of(request).current = "people"
    counted = count_people(listing.asked, viewer_of(request), ALL_MAX)
    context = {
        "listing": listing, "count": counted_words(counted), "too_many": counted.more or counted.late,
        "none": not counted.count and not counted.late, "most": ALL_MAX, **_offers(),
    }  # fmt: skip
    organizations = Organization.objects.filter(kept=True).order_by("name").values_list("id", "name")[:500]
    return render(request, "web/people/bulk.html", context | {"organizations": organizations})


def _merge(request: HttpRequest, listing: Listing, ids: Sequence[UUID]) -> HttpResponse:
    """All become one: the one that was known first."""
    if len(ids) < 2:
        raise Invalid(_("Only one was selected."), _("Select those that are to become one."))
    into, *children = sorted(ids)
    merges = merging.merge_many(into, children, member_of(request))
    batch = new_id()
    request.session[_KEPT] = {"batch": str(batch), "merges": [str(one.id) for one in merges]}
    words = ngettext("%(count)s person merged into one.", "%(count)s people are one now.", len(ids))
    undo = reverse("people_bulk_undo", args=[batch])
    return _say(request, listing.url + listing.query, words % {"count": len(ids)}, undo)


def _unmerge(merges: Sequence[str], request: HttpRequest) -> tuple[int, int]:
    done = 0
    for one in reversed(merges):
        with suppress(Invalid, NotVisible):
            merging.unmerge(UUID(one), member_of(request))
            done += 1
    return done, len(merges) - done


def _told(request: HttpRequest, listing: Listing, done: Done) -> HttpResponse:
    batch = new_id()
    request.session[_KEPT] = {"batch": str(batch), "undo": done.undo}
    count = len(done.people)
    said = ngettext("%(count)s person changed.", "%(count)s people changed.", count) % {"count": count}
    if done.missing:
        said += " " + _("%(count)s were not there.") % {"count": done.missing}
    undo = reverse("people_bulk_undo", args=[batch]) if count else ""
    return _say(request, listing.url + listing.query, said, undo, failed=bool(done.missing))


def _say(request: HttpRequest, url: str, words: str, undo_url: str = "", *, failed: bool = False) -> HttpResponse:
    """A toast for the page's own script; else back to the list, which shows it."""
    if request.headers.get("HX-Request"):
        return render(request, "web/inbox/told.html", {"words": words, "undo_url": undo_url, "failed": failed})
    messages.add_message(request, messages.WARNING if failed else messages.SUCCESS, words, extra_tags=undo_url)
    return redirect(url)
