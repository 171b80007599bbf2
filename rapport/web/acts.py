"""What members do with a conversation from its page: each verb is one small function."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from rapport.conversations import actions, queries
from rapport.conversations.models import Conversation, Direction, Status, Topic
from rapport.core.errors import Invalid, NotVisible
from rapport.outbound import actions as outbox
from rapport.outbound.models import Delivery
from rapport.ownership.actions import assign as give
from rapport.staff.models import Member, Team
from rapport.web.composer import Composer, addresses_of, given_uuid, uuid_or_none
from rapport.web.conversation import show
from rapport.web.inbox import listing_of
from rapport.web.rights import WRITERS, member_of, page


@page(WRITERS)
@require_POST
def act(request: HttpRequest, conversation_id: UUID, verb: str) -> HttpResponse:
    """Do `verb` (one of _VERBS) and show the conversation as it is then. What was typed is never lost."""
    found = queries.get_conversation(conversation_id)
    if verb not in _VERBS:
        raise NotVisible("There is no such action.")
    try:
        _VERBS[verb](request, found)
    except Invalid as error:
        return _again(request, found, verb, error)
    return _after(request, conversation_id)


@page(WRITERS)
@require_POST
def undo(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Take a reply back before it goes; its words are in the box again."""
    message = queries.get_message(conversation_id, message_id)
    delivery = Delivery.objects.filter(conversation_id=conversation_id, message_id=message_id).first()
    if delivery is None or not outbox.undo(conversation_id, member_of(request), delivery.id):
        messages.warning(request, "Too late: it is on its way.")
        return _after(request, conversation_id)
    messages.success(request, "Taken back. Your words are in the box again.")
    to, cc = (", ".join(address for _, address in delivery.recipients.get(key, [])) for key in ("to", "cc"))
    return show(request, queries.get_conversation(conversation_id), composer=Composer(to, cc, message.text))


@page(WRITERS)
@require_POST
def resend(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Send once more what failed, came back or may not have arrived."""
    queries.get_message(conversation_id, message_id)
    delivery = Delivery.objects.filter(conversation_id=conversation_id, message_id=message_id).first()
    done = delivery is not None and outbox.send_again(conversation_id, member_of(request), delivery.id)
    messages.info(request, "It is sent once more." if done else "There is nothing to send again.")
    return _after(request, conversation_id)


def _after(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The conversation as it is now, or its list when one has just given it out of sight."""
    listing = listing_of(request, request.GET.get("in", "all"))
    try:
        found = queries.get_conversation(conversation_id)
    except NotVisible:
        messages.info(request, "It now belongs to a team whose conversations you do not see.")
        gone = listing.url
        return HttpResponseClientRedirect(gone) if request.headers.get("HX-Request") else redirect(gone)
    if request.headers.get("HX-Request"):
        return show(request, found)
    return redirect(reverse("conversation", args=[conversation_id]) + listing.query)


def _again(request: HttpRequest, found: Conversation, verb: str, error: Invalid) -> HttpResponse:
    words = f"{error.message} {error.hint}".strip()
    if verb != "say":
        messages.error(request, words)
        return _after(request, found.id)
    given = request.POST
    kept = Composer(
        given.get("to", ""), given.get("cc", ""), given.get("text", ""),
        note=given.get("kind") == "note", quote=given.get("quote") == "yes", errors=[words],
    )  # fmt: skip
    return show(request, found, composer=kept, status=400)


def _say(request: HttpRequest, found: Conversation) -> None:
    if request.POST.get("kind") == "note":
        actions.note(found.id, member_of(request), request.POST.get("text", ""))
        messages.success(request, "Note added.")
        return
    answer = outbox.Answer(
        text=request.POST.get("text", ""),
        to=addresses_of(request.POST.get("to", ""), "To"),
        cc=addresses_of(request.POST.get("cc", ""), "Copy"),
        files=[
            outbox.Upload(f.name or "file", f.content_type or "application/octet-stream", f.read())
            for f in request.FILES.getlist("files")
        ],
        in_reply_to=_last_received(found),
        quote=request.POST.get("quote") == "yes",
    )
    delivery = outbox.reply(found.id, member_of(request), answer)
    undo_url = reverse("undo", args=[found.id, delivery.message_id])
    messages.success(request, "Goes out in 10 seconds.", extra_tags=undo_url)


def _last_received(found: Conversation) -> UUID | None:
    received = found.messages.filter(direction=Direction.IN).exclude(kind="bounce").order_by("-at", "-id")
    last: UUID | None = received.values_list("id", flat=True).first()
    return last


def _status(request: HttpRequest, found: Conversation) -> None:
    wanted = request.POST.get("status", "")
    if wanted not in (Status.OPEN, Status.RESOLVED, Status.SPAM):
        raise Invalid("There is no such state.", "Load the page again.")
    actions.set_status(found.id, member_of(request), Status(wanted))
    said = {Status.OPEN: "Open again.", Status.RESOLVED: "Resolved.", Status.SPAM: "Marked as spam."}
    back = "" if wanted == Status.OPEN else reverse("act", args=[found.id, "reopen"])
    messages.success(request, said[Status(wanted)], extra_tags=back)


def _reopen(request: HttpRequest, found: Conversation) -> None:
    actions.reopen(found.id, member_of(request))


def _assign(request: HttpRequest, found: Conversation) -> None:
    kind, _, given = request.POST.get("to", "").partition(":")
    team, member = found.owner_team, None
    if kind == "team":
        team = _team(given)
    elif kind == "member":
        member = Member.objects.filter(id=given_uuid(given), is_active=True).first()
        if member is None:
            raise Invalid("There is no such member.", "Choose another.")
    elif kind != "nobody":
        raise Invalid("Nobody was chosen.", "Choose a member or a team.")
    give(found.id, member_of(request), team, member)
    messages.success(request, f"Given to {member.name if member else team.name if team else 'nobody'}.")


def _priority(request: HttpRequest, found: Conversation) -> None:
    given = request.POST.get("priority", "")
    actions.set_priority(found.id, member_of(request), int(given) if given.isdecimal() and len(given) < 3 else -1)


def _topic(request: HttpRequest, found: Conversation) -> None:
    wanted = uuid_or_none(request.POST.get("topic", ""))
    topic = Topic.objects.filter(id=wanted, is_active=True).first() if wanted else None
    if wanted and topic is None:
        raise Invalid("There is no such topic.", "Choose another.")
    actions.set_topic(found.id, member_of(request), topic)


def _confidential(request: HttpRequest, found: Conversation) -> None:
    actions.set_confidential(found.id, member_of(request), request.POST.get("confidential") == "yes")


def _involve(request: HttpRequest, found: Conversation) -> None:
    team = _team(request.POST.get("team", ""))
    actions.involve(found.id, member_of(request), team)
    messages.success(request, f"{team.name} follows it now.")


def _uninvolve(request: HttpRequest, found: Conversation) -> None:
    actions.uninvolve(found.id, member_of(request), _team(request.POST.get("team", "")))


def _team(given: str) -> Team:
    team = Team.objects.filter(id=given_uuid(given), is_active=True).first()
    if team is None:
        raise Invalid("There is no such team.", "Choose another.")
    return team


_VERBS: dict[str, Callable[[HttpRequest, Conversation], None]] = {
    "say": _say,
    "status": _status,
    "reopen": _reopen,
    "assign": _assign,
    "priority": _priority,
    "topic": _topic,
    "confidential": _confidential,
    "involve": _involve,
    "uninvolve": _uninvolve,
}
