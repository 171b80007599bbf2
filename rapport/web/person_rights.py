"""A person's page: consent, do-not-contact, and what a person may ask for."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.inbound.privacy import archiving, erasing, gathering
from rapport.ownership.named import Named, from_plain
from rapport.people import consent as words
from rapport.people import consenting
from rapport.people.consenting import Standing, Statement
from rapport.people.directory.seeing import Seen, person_of
from rapport.people.models import Archive, Consent, Erasure, Hold, Person, Purpose
from rapport.staff.models import Team
from rapport.web import policy_named
from rapport.web.rights import ADMINS, PRIVACY, WRITERS, member_of, page
from rapport.web.shell import shell_of

_SHOWN = 30
#: What stands in a preview and a report, by the names of `inbound.privacy.steps`.
COUNTED = {
    "people": lazy("records of the person"), "handles": lazy("addresses"), "messages": lazy("messages they wrote"),
    "files": lazy("files that came with them"), "items": lazy("messages as delivered"),
    "loose_items": lazy("other deliveries that name them"), "subjects": lazy("conversations"),
    "recipients": lazy("messages of others that were addressed to them"), "deliveries": lazy("answers sent to them"),
    "drafts": lazy("drafts to them"), "notices": lazy("notices with their name"), "mentions": lazy("public posts"),
    "decisions": lazy("decisions on their conversations"), "trials": lazy("what a policy on trial said of these"),
    "examples": lazy("decisions that were learned from"), "facts": lazy("what was known beside their messages"),
    "tries": lazy("policies tried on the past that name them"), "pairs": lazy("comparisons with others"),
    "merges": lazy("merges"), "relationships": lazy("relationships"), "consent": lazy("statements of consent"),
    "archives": lazy("archives"), "reactions": lazy("reactions"), "reports": lazy("delivery reports"),
}  # fmt: skip
WHY = {
    "do_not_contact": lazy("they asked not to be contacted"), "refused": lazy("they said no"),
    "given": lazy("they said yes"), "asked": lazy("they ask for it by writing"),
    "not_objected": lazy("they did not object"), "never_given": lazy("they never agreed"),
}  # fmt: skip


@dataclass(frozen=True)
class Rights:
    """What the section shows; what the member may not do is empty."""

    silent: bool
    standings: list[Standing]
    history: list[Consent]
    purposes: list[Purpose]
    channels: list[str]
    holds: list[Hold] = field(default_factory=list)
    archives: list[Archive] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    erasure: Erasure | None = None
    may_archive: bool = False
    may_erase: bool = False


def section(request: HttpRequest, whole: Seen) -> dict[str, Any]:
    """What `web/people/rights.html` shows."""
    member, found = member_of(request), whole.person
    history = consenting.history_of(found.root)[:_SHOWN]
    silent, purposes = consenting.is_marked(found.id), consenting.purposes()
    may_archive, may_erase = member.role in PRIVACY, member.role in ADMINS
    rights = Rights(
        silent=silent, history=history, standings=consenting.standings(history, purposes, silent=silent),
        purposes=purposes, channels=sorted({one.kind for one in whole.handles}),
        holds=list(Hold.objects.filter(person__root=found.root, ended_at=None)),
        archives=archiving.of_person(found.id) if may_archive else [],
        erasure=_erasure(found) if may_erase and found.erased_at else None,
        closed=_closed(request) if may_archive else [], may_archive=may_archive, may_erase=may_erase,
    )  # fmt: skip
    names = {one.slug: one.name for one in rights.purposes}
    return {
        "rights": rights, "proofs": _PROOFS, "why": WHY, "purpose_names": names,
        "named": policy_named.rows(_named_then(rights.erasure), member.id) if rights.erasure else [],
    }  # fmt: skip


_PROOFS = {
    "spoken": lazy("They said so"), "message": lazy("A message"), "form": lazy("A form"), "file": lazy("A file"),
    "other": lazy("Something else"),
}  # fmt: skip


def _erasure(found: Person) -> Erasure | None:
    with scope.system():
        return Erasure.objects.filter(people__contains=[found.id]).order_by("-made_at").first()


def _named_then(erasure: Erasure) -> list[Named]:
    return [from_plain(one) for one in erasure.seen.get("policy", ())]


@page(WRITERS)
@require_POST
def consent(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Write down what a person said about a purpose, and how one knows."""
    found, given = person_of(person_id), request.POST
    said = Statement(
        given.get("purpose", "").replace("\0", ""), given.get("given") == "yes",
        given.get("channel", "").replace("\0", "")[:30], _day(given.get("at", "")),
        proof=_proof(request),
    )  # fmt: skip
    if said.purpose == words.CONTACT:
        raise Invalid(_("There is no such purpose."), _("Choose one from the list."))
    consenting.record_consent(found.id, said, member_of(request))
    messages.success(request, _("Written down."))
    return _back(found)


@page(WRITERS)
@require_POST
def contact(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Say that a person is not to be contacted, or may be again."""
    found, on = person_of(person_id), request.POST.get("silent") == "yes"
    changed = [consenting.set_do_not_contact(one, on, _proof(request), member_of(request)) for one in _rows(found, on)]
    if any(changed):
        said = _("Nobody begins a conversation with them from now on.") if on else _("They may be contacted again.")
        messages.success(request, said)
    return _back(found)


def _rows(found: Person, on: bool) -> list[UUID]:
    """Where it is said: on the record of the page; taken back on every one that the member sees."""
    if on:
        return [found.id]
    return [one.id for one in Person.objects.filter(root=found.root).order_by("id")]


@page(PRIVACY)
@require_POST
def hold(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Put a person under a hold, with the reason, or end it."""
    found, member = person_of(person_id), member_of(request)
    data = {"person": str(found.id)}
    current = Hold.objects.filter(person__root=found.root, ended_at=None)
    if request.POST.get("hold") == "end":
        if current.update(ended_at=now(), ended_by=member):
            events.record("hold.ended", actor_id=member.id, data=data)
        return _back(found)
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:200]
    if not reason:
        raise Invalid(_("A hold needs a reason."), _("Say in a few words why they must not be erased."))
    Hold.objects.create(person=found, reason=reason, member=member)
    events.record("hold.made", actor_id=member.id, data=data)
    return _back(found)


@page(PRIVACY)
@require_POST
def archive(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Have all that is held on a person put together."""
    found = person_of(person_id)
    archiving.ask(found.id, member_of(request), notes=request.POST.get("notes") == "yes")
    messages.success(request, _("It is being put together; the file appears here."))
    return _back(found)


@page(PRIVACY)
@require_GET
def archive_take(request: HttpRequest, archive_id: UUID) -> StreamingHttpResponse:
    """The file, for who asked for it."""
    found, pieces = archiving.take(archive_id, member_of(request))
    response = StreamingHttpResponse(pieces, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="person-{found.person_id}.zip"'
    response["Content-Length"] = str(found.size)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@page(ADMINS)
def erase(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """What erasing a person would take; a POST that repeats their name does it."""
    shell_of(request).current = "people"
    found = person_of(person_id)
    wanted = found.name or _("erase")
    error = ""
    if request.method == "POST":
        if " ".join(request.POST.get("confirm", "").split()) == " ".join(wanted.split()):
            return _erase(request, found)
        error = _("That is not what has to be typed. Nothing was erased.")
    seen = erasing.preview(found.id)
    context = {
        "person": found, "wanted": wanted, "error": error, "held": seen.held, "counts": counted(seen.counts),
        "mode": request.POST.get("mode", "erase"), "closed": _closed(request),
        "named": policy_named.rows(seen.policy, member_of(request).id),
    }  # fmt: skip
    return render(request, "web/people/erase.html", context, status=400 if error else 200)


def _erase(request: HttpRequest, found: Person) -> HttpResponse:
    erasing.ask(found.id, request.POST.get("mode", ""), member_of(request))
    messages.success(request, _("They are being erased. It cannot be undone."))
    return _back(found)


def counted(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Counts of an erasure in words, in the order of the list above."""
    return [(str(label), counts[name]) for name, label in COUNTED.items() if counts.get(name)]


def _closed(request: HttpRequest) -> list[str]:
    mine = Team.objects.filter(memberships__member=member_of(request)).values("id")
    return gathering.closed_teams(mine)


def _proof(request: HttpRequest) -> dict[str, str]:
    what, where = request.POST.get("what", ""), request.POST.get("where", "").replace("\0", "").strip()
    return {"what": what if what in consenting.PROOFS else "other", "where": where[:300]}


def _day(text: str) -> datetime | None:
    """The noon of a day in a form, where the member is; today is now."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(_("That is no day."), _("Write it as 2026-03-04.")) from error
    return None if day == timezone.localdate() else timezone.make_aware(datetime.combine(day, time(12)))


def _back(found: Person) -> HttpResponse:
    return redirect(f"/people/{found.id}/#rights")
