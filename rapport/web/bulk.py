"""One act on many conversations: each is done by the verb for one, all are undone together."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations import undoing
from rapport.conversations.models import Priority
from rapport.conversations.queries import active_topics
from rapport.core import events
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.core.ids import new_id
from rapport.staff.models import Role
from rapport.web import snoozes
from rapport.web.bulk_verbs import VERBS, Verb, restore_marks
from rapport.web.colleagues import colleagues_of
from rapport.web.inbox import listing_beside
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

AT_ONCE_MAX = 500
_REASONS_TOLD = 3
_KEPT = "bulk_marks"


@dataclass
class Outcome:
    """What became of it: how many were asked for, which were done, and why the others were not."""

    asked: int
    done: list[UUID] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)

    def miss(self, reason: str) -> None:
        """One could not be done."""
        self.failed[reason] = self.failed.get(reason, 0) + 1

    @property
    def words(self) -> str:
        """How many could not, and why; empty when all could."""
        missed = sum(self.failed.values())
        if not missed:
            return ""
        reasons = " ".join(f"{reason} ({count})" if count > 1 else reason for reason, count in self._told())
        said = ngettext(
            "%(missed)s of %(asked)s could not: %(reasons)s", "%(missed)s of %(asked)s could not: %(reasons)s", missed
        )
        return said % {"missed": missed, "asked": self.asked, "reasons": reasons}

    def _told(self) -> list[tuple[str, int]]:
        return sorted(self.failed.items(), key=lambda pair: -pair[1])[:_REASONS_TOLD]


@page()
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Do `verb` with `value` to all of `ids`; those that cannot be are told, the others are done."""
    name, value = request.POST.get("verb", ""), request.POST.get("value", "")
    name, _colon, inline = name.partition("=")
    verb = VERBS.get(name)
    if verb is None:
        raise NotVisible("There is no such action.")
    if verb.one is not None and member_of(request).role == Role.READER:
        raise NotAllowed(_("You may read, but not change, conversations."), _("Ask an administrator for another role."))
    ids = ids_of(request.POST.getlist("ids"))
    batch_id = new_id()
    with events.batch(batch_id):
        outcome = _perform(request, verb, inline or value, ids, batch_id)
    told = verb.told(len(outcome.done)) if outcome.done else ""
    undo_url = reverse("bulk_undo", args=[batch_id]) if outcome.done else ""
    return _tell(request, " ".join(filter(None, (told, outcome.words))), undo_url, failed=bool(outcome.failed))


@page()
@require_POST
def undo(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Take back one act on many, as far as nothing has happened to them since."""
    kept = request.session.get(_KEPT, {})
    if kept.get("batch") == str(batch_id):
        del request.session[_KEPT]
        restore_marks(member_of(request), kept)
        return _tell(request, _("Undone."))
    undone = undoing.undo_batch(batch_id, member_of(request))
    words = _("Undone.")
    if undone.failed:
        counted = {"failed": undone.failed, "all": undone.failed + undone.done}
        words = _("%(failed)s of %(all)s could not be undone: they were changed since.") % counted
    return _tell(request, words, failed=bool(undone.failed))


@page()
@require_GET
def choices(request: HttpRequest, what: str) -> HttpResponse:
    """What a menu of the bar offers, asked for when it is opened."""
    offered: dict[str, Callable[[], dict[str, Any]]] = {
        "assign": lambda: {"colleagues": colleagues_of(shell_of(request)), "teams": shell_of(request).all_teams},
        "snooze": lambda: {"times": snoozes.choices(now())},
        "more": lambda: {"topics": active_topics(), "priorities": Priority.choices},
    }
    if what not in offered:
        raise NotVisible("There is no such menu.")
    return render(request, "web/inbox/choices.html", {"what": what, **offered[what]()})


def perform(one: Callable[[UUID], None], ids: Sequence[UUID]) -> Outcome:
    """Do it to each; one that cannot be is left as it was, and the others are not harmed by it."""
    outcome = Outcome(len(ids))
    for id in ids:
        try:
            one(id)
        except NotVisible:
            outcome.miss(_("There is no such conversation."))
        except Invalid as error:
            outcome.miss(error.message)
        else:
            outcome.done.append(id)
    return outcome


def _perform(request: HttpRequest, verb: Verb, value: str, ids: list[UUID], batch_id: UUID) -> Outcome:
    member = member_of(request)
    if verb.marks is None:
        return perform(verb.one(member, value, ids), ids) if verb.one else Outcome(len(ids))
    marks = verb.marks(member, ids)
    request.session[_KEPT] = {"batch": str(batch_id), **marks.plain()}
    outcome = Outcome(len(ids), list(marks.before))
    for _missed in range(len(ids) - len(marks.before)):
        outcome.miss(_("There is no such conversation."))
    return outcome


def ids_of(given: Sequence[str]) -> list[UUID]:
    """The ids, each once and in one order, so that two who act on the same do not block one another."""
    found = set()
    for text in ",".join(given).split(","):
        with suppress(ValueError):
            found.add(UUID(text))
    if not found:
        raise Invalid(_("Nothing was selected."), _("Select conversations first."))
    if len(found) > AT_ONCE_MAX:
        limit = {"limit": AT_ONCE_MAX}
        raise Invalid(_("At most %(limit)s at once.") % limit, _("Nothing was changed. Select fewer."))
    return sorted(found)


def _tell(request: HttpRequest, words: str, undo_url: str = "", *, failed: bool = False) -> HttpResponse:
    """A toast for the page's own script; else back to the list, which shows it."""
    if request.headers.get("HX-Request"):
        return render(request, "web/inbox/told.html", {"words": words, "undo_url": undo_url, "failed": failed})
    messages.add_message(request, messages.WARNING if failed else messages.SUCCESS, words, extra_tags=undo_url)
    return redirect(listing_beside(request).url)
