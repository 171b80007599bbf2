"""What members do with a conversation from its page: each verb is one small function."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rapport.conversations import actions, queries, undoing
from rapport.conversations.models import Conversation, Priority, Status, Topic
from rapport.core import events
from rapport.core.errors import Invalid, NotVisible
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.outbound import actions as outbox
from rapport.outbound import approving
from rapport.outbound.models import Delivery
from rapport.ownership import actions as ownership
from rapport.ownership.actions import assign as give
from rapport.staff.models import Member, Team
from rapport.web import matters
from rapport.web.composer import given_uuid, uuid_or_none
from rapport.web.conversation import after
from rapport.web.rights import WRITERS, member_of, page


@page(WRITERS)
@require_POST
def act(request: HttpRequest, conversation_id: UUID, verb: str) -> HttpResponse:
    """Do `verb` (one of _VERBS) and show the conversation as it is then."""
    found = queries.get_conversation(conversation_id)
    if verb not in _VERBS:
        raise NotVisible("There is no such action.")
    batch_id = new_id()
    try:
        with events.batch(batch_id):
            said = _VERBS[verb](request, found)
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return after(request, conversation_id)
    messages.success(request, said, extra_tags=reverse("undo_act", args=[found.id, batch_id]))
    return after(request, conversation_id)


@page(WRITERS)
@require_POST
def undo_act(request: HttpRequest, conversation_id: UUID, batch_id: UUID) -> HttpResponse:
    """Take back what was just done, as far as nothing has changed since; also what one gave out of one's sight."""
    undone = undoing.undo_batch(batch_id, member_of(request))
    if undone.failed:
        messages.warning(request, _("This cannot be undone any more: it was changed since."))
    else:
        messages.success(request, _("Undone."))
    return after(request, conversation_id)


@page(WRITERS)
@require_POST
def undo_event(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Take back what the log says, from the timeline or the page of the log."""
    event = Event.objects.filter(id=event_id).first()
    if event is None:
        raise NotVisible("There is no such event.")
    try:
        undoing.undo(event_id, member_of(request))
        messages.success(request, _("Undone."))
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    if request.headers.get("HX-Request") and event.conversation_id:
        return after(request, event.conversation_id)
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return redirect(target if safe else reverse("events"))


@page(WRITERS)
@require_POST
def approve(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Let a colleague's answer go, or send it back to be changed (`to=decline`, with `why`)."""
    queries.get_message(conversation_id, message_id)
    delivery = Delivery.objects.filter(conversation_id=conversation_id, message_id=message_id).first()
    if delivery is None:
        raise NotVisible(_("There is no such answer."))
    me, given = member_of(request), request.POST
    if given.get("to") == "decline":
        done = approving.decline(conversation_id, me, delivery.id, given.get("why", ""))
        messages.info(request, _("It was sent back.") if done else _("It does not wait any more."))
    else:
        done = approving.approve(conversation_id, me, delivery.id)
        messages.success(request, _("Approved: it goes out now.") if done else _("It does not wait any more."))
    return after(request, conversation_id)


@page(WRITERS)
@require_POST
def resend(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Send once more what failed, came back or may not have arrived."""
    queries.get_message(conversation_id, message_id)
    delivery = Delivery.objects.filter(conversation_id=conversation_id, message_id=message_id).first()
    done = delivery is not None and outbox.send_again(conversation_id, member_of(request), delivery.id)
    messages.info(request, _("It is sent once more.") if done else _("There is nothing to send again."))
    return after(request, conversation_id)


def _status(request: HttpRequest, found: Conversation) -> str:
    wanted = request.POST.get("status", "")
    said = {Status.OPEN: _("Open again."), Status.RESOLVED: _("Resolved."), Status.SPAM: _("Marked as spam.")}
    if wanted not in said:
        raise Invalid(_("There is no such state."), _("Load the page again."))
    ownership.set_status(found.id, member_of(request), Status(wanted))
    return said[Status(wanted)]


def _reopen(request: HttpRequest, found: Conversation) -> str:
    ownership.reopen(found.id, member_of(request))
    return _("Open again.")


def _assign(request: HttpRequest, found: Conversation) -> str:
    kind, _colon, given = request.POST.get("to", "").partition(":")
    team, member = found.owner_team, None
    if kind == "team":
        team = _team(given)
    elif kind == "member":
        member = Member.objects.filter(id=given_uuid(given), is_active=True).first()
        if member is None:
            raise Invalid(_("There is no such member."), _("Choose another."))
    elif kind != "nobody":
        raise Invalid(_("Nobody was chosen."), _("Choose a member or a team."))
    give(found.id, member_of(request), team, member)
    if member is None and kind != "team":
        return _("Given back to the team.")
    return _("Given to %(name)s.") % {"name": member.name if member else team.name if team else ""}


def _priority(request: HttpRequest, found: Conversation) -> str:
    given = request.POST.get("priority", "")
    wanted = int(given) if given.isdecimal() and len(given) < 3 else -1
    ownership.set_priority(found.id, member_of(request), wanted)
    return _("Priority: %(priority)s.") % {"priority": Priority(wanted).label}


def _topic(request: HttpRequest, found: Conversation) -> str:
    wanted = uuid_or_none(request.POST.get("topic", ""))
    topic = Topic.objects.filter(id=wanted, is_active=True).first() if wanted else None
    if wanted and topic is None:
        raise Invalid(_("There is no such topic."), _("Choose another."))
    ownership.set_topic(found.id, member_of(request), topic)
    return _("Topic: %(topic)s.") % {"topic": topic.name} if topic else _("Without a topic.")


def _accept(request: HttpRequest, found: Conversation) -> str:
    """Take all, or one, of what the page suggested: `take` names what it showed, not what is suggested by now."""
    taken, me = [], member_of(request)
    for one in request.POST.get("take", "").split(",")[:3]:
        kind, _colon, given = one.partition(":")
        if kind == "topic" and (topic := Topic.objects.filter(id=given_uuid(given), is_active=True).first()):
            ownership.set_topic(found.id, me, topic)
            taken.append(topic.name)
        elif kind == "priority" and given in ("0", "1", "2", "3"):
            ownership.set_priority(found.id, me, int(given))
            taken.append(str(Priority(int(given)).label))
        elif kind == "team":
            team = _team(given)
            taken.insert(0, team.name)
    # The team last: who gives it away may not see it any more.
    for one in request.POST.get("take", "").split(",")[:3]:
        if one.startswith("team:"):
            team = _team(one.removeprefix("team:"))
            # Where it is theirs already, this says that it is right: who of them answers stays.
            give(found.id, me, team, found.owner_member if found.owner_team_id == team.id else None)
    if not taken:
        raise Invalid(_("There is nothing to accept."), _("Load the page again."))
    return _("Accepted: %(what)s.") % {"what": ", ".join(taken)}


def _confidential(request: HttpRequest, found: Conversation) -> str:
    wanted = request.POST.get("confidential") == "yes"
    actions.set_confidential(found.id, member_of(request), wanted)
    return _("Kept to the owner team.") if wanted else _("No longer confidential.")


def _involve(request: HttpRequest, found: Conversation) -> str:
    team = _team(request.POST.get("team", ""))
    actions.involve(found.id, member_of(request), team)
    return _("%(team)s follows it now.") % {"team": team.name}


def _uninvolve(request: HttpRequest, found: Conversation) -> str:
    team = _team(request.POST.get("team", ""))
    actions.uninvolve(found.id, member_of(request), team)
    return _("%(team)s need not follow any more.") % {"team": team.name}


def _team(given: str) -> Team:
    team = Team.objects.filter(id=given_uuid(given), is_active=True).first()
    if team is None:
        raise Invalid(_("There is no such team."), _("Choose another."))
    return team


#: Each does it, and says so in words to stand beside "Undo".
_VERBS: dict[str, Callable[[HttpRequest, Conversation], str]] = {
    "status": _status,
    "accept": _accept,
    "reopen": _reopen,
    "assign": _assign,
    "priority": _priority,
    "topic": _topic,
    "confidential": _confidential,
    "involve": _involve,
    "uninvolve": _uninvolve,
    **matters.VERBS,
}
