"""What is done with a whole matter: put aside, follow, merge, split, move, link."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations import following, linking, merging, queries, snoozing, splitting
from rapport.conversations.merging import Effect
from rapport.conversations.models import Conversation
from rapport.conversations.search import find
from rapport.core.errors import Invalid, NotVisible
from rapport.people import trees
from rapport.web import locales, snoozes
from rapport.web.asking import question_of
from rapport.web.composer import given_uuid, uuid_or_none
from rapport.web.conversation import after
from rapport.web.inbox import listing_beside
from rapport.web.rights import WRITERS, member_of, page

PURPOSES = ("merge", "move", "link")
_SHOWN = 12
_TYPED_MAX = 200
_CHOSEN_MAX = 200


@dataclass(frozen=True)
class Ways:
    """What merging the two would do, either way round."""

    other: Conversation
    here: Effect
    there: Effect


@page(WRITERS)
@require_GET
def other(request: HttpRequest, conversation_id: UUID, purpose: str) -> HttpResponse:
    """Choose another conversation to merge with, move to or link: by `q`, or from those that are near."""
    found = queries.get_conversation(conversation_id)
    if purpose not in PURPOSES:
        raise NotVisible("There is no such choice.")
    typed = " ".join(request.GET.get("q", "").replace("\0", " ").split())[:_TYPED_MAX]
    chosen = uuid_or_none(request.GET.get("other", ""))
    context = {
        "conversation": found, "purpose": purpose, "typed": typed, "chosen_messages": _chosen(request),
        "listing": listing_beside(request),
        "ways": _ways(request, found, chosen) if purpose == "merge" and chosen else None,
    }  # fmt: skip
    if not context["ways"]:
        context["found"] = _candidates(request, found, typed)
    if request.headers.get("HX-Request"):
        part = "results" if request.headers.get("HX-Target") == "other-results" else "other"
        return render(request, f"web/conversation/{part}.html", context)
    return render(request, "web/conversation/other_page.html", context)


def _ways(request: HttpRequest, found: Conversation, chosen: UUID) -> Ways:
    me, other = member_of(request), queries.get_conversation(chosen)
    return Ways(other, merging.preview(found.id, chosen, me), merging.preview(chosen, found.id, me))


def _candidates(request: HttpRequest, found: Conversation, typed: str) -> list[Conversation]:
    """What was asked for; unasked, what is linked, and what else the person has said."""
    if typed:
        question = question_of(request, typed)
        ids = [] if question.asked.is_empty else find(question.search, limit=_SHOWN + 1).ids
        rows = Conversation.objects.select_related("person", "owner_team").in_bulk(ids)
        near = [rows[id] for id in ids if id in rows]
        trees.call(one.person for one in near)
    else:
        near = linking.linked_to(found.id)
        near += queries.earlier_of(found.person_id, found.id, _SHOWN) if found.person_id else []
    alive = {one.id: one for one in near if one.id != found.id and one.merged_into is None}
    return list(alive.values())[:_SHOWN]


def _chosen(request: HttpRequest) -> list[UUID]:
    given = request.GET if request.method == "GET" else request.POST
    ids = [uuid_or_none(one) for one in given.getlist("messages")[:_CHOSEN_MAX]]
    return [one for one in ids if one]


def _snooze(request: HttpRequest, found: Conversation) -> str:
    until = snoozes.moment_of(request.POST.get("until_at") or request.POST.get("until", ""))
    snoozing.snooze(found.id, member_of(request), until)
    if until is None:
        return _("Out of the lists until they answer.")
    return _("Out of the lists until %(when)s.") % {"when": locales.moment(until)}


def _wake(request: HttpRequest, found: Conversation) -> str:
    snoozing.wake(found.id, member_of(request))
    return _("Back in the lists.")


def _merge(request: HttpRequest, found: Conversation) -> str:
    """`into` is this conversation or the other; the other one of the two is carried over."""
    chosen = given_uuid(request.POST.get("other", ""))
    into = given_uuid(request.POST.get("into", "") or str(found.id))
    if into not in (found.id, chosen):
        raise Invalid(_("There is no such choice."), _("Load the page again."))
    merging.merge(into, [chosen if into == found.id else found.id], member_of(request))
    return _("The two are one now.")


def _split(request: HttpRequest, found: Conversation) -> str:
    chosen = _chosen(request)
    splitting.split(found.id, chosen, member_of(request))
    return ngettext(
        "%(count)s message has a conversation of its own.", "%(count)s messages have a conversation of their own.",
        len(chosen),
    ) % {"count": len(chosen)}  # fmt: skip


def _move(request: HttpRequest, found: Conversation) -> str:
    chosen = _chosen(request)
    splitting.move(found.id, chosen, given_uuid(request.POST.get("other", "")), member_of(request))
    return ngettext("%(count)s message moved.", "%(count)s messages moved.", len(chosen)) % {"count": len(chosen)}


def _link(request: HttpRequest, found: Conversation) -> str:
    linking.link(found.id, given_uuid(request.POST.get("other", "")), member_of(request))
    return _("Linked.")


def _unlink(request: HttpRequest, found: Conversation) -> str:
    linking.unlink(found.id, given_uuid(request.POST.get("other", "")), member_of(request))
    return _("No longer linked.")


#: Each does it, and says in words that it is done. What they do can be undone.
VERBS: dict[str, Callable[[HttpRequest, Conversation], str]] = {
    "snooze": _snooze, "wake": _wake, "merge": _merge, "split": _split, "move": _move, "link": _link, "unlink": _unlink,
}  # fmt: skip


@page()
@require_POST
def interest(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Follow, mute, or neither (`interest`): the member's own business, so readers too."""
    choose: dict[str, tuple[Callable[..., None], str]] = {
        "follow": (following.follow, _("You hear of everything here.")),
        "mute": (following.mute, _("You hear nothing of it any more.")),
        "none": (following.unfollow, _("You hear of it as of any other.")),
    }
    found = queries.get_conversation(conversation_id)
    wanted = request.POST.get("interest", "")
    if wanted not in choose:
        raise NotVisible("There is no such choice.")
    verb, said = choose[wanted]
    verb(found.id, member_of(request))
    messages.success(request, said)
    return after(request, conversation_id)
