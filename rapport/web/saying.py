"""Saying something in a conversation, and taking it back."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rapport.conversations import actions, linking, queries
from rapport.conversations.models import Conversation, Direction, Draft, DraftKind, Message
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.outbound import actions as outbox
from rapport.outbound import drafts, mentions, queue, reachable, richtext, scheduling
from rapport.outbound.models import Delivery, DeliveryState
from rapport.web import preview
from rapport.web.composer import Composer, Stop, addresses_of, choose_channel, composer_of, zone
from rapport.web.conversation import after, show
from rapport.web.locales import moment
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.timeline import timeline_of
from rapport.web.ways import chosen, ways_of


@page(WRITERS)
@require_POST
def say(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Send a reply or add a note, now or later; what was typed is never lost, whatever stands in the way."""
    found = queries.get_conversation(conversation_id)
    kind = DraftKind.NOTE if request.POST.get("kind") == "note" else DraftKind.REPLY
    place = drafts.Place(kind, found.id)
    saving = "saving" in request.POST
    draft = drafts.awaited(member_of(request), place) if saving else drafts.of(member_of(request), place)
    stop = _stop(request, found, draft)
    if stop:
        return show(request, found, composer=_kept(request, found, stop=stop), status=409)
    try:
        with transaction.atomic():
            if kind == DraftKind.NOTE:
                _note(request, found, draft)
            else:
                _reply(request, found, draft)
            if saving and draft:
                drafts.sent(draft, place)
    except Invalid as error:
        words = f"{error.message} {error.hint}".strip()
        more = {"silent": True} if isinstance(error, reachable.NotReachable) else {}
        return show(request, found, composer=_kept(request, found, errors=[words], **more), status=400)
    return after(request, conversation_id)


@page(WRITERS)
@require_POST
def undo(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Take a reply back before it goes; its words and files are in the box again."""
    queries.get_message(conversation_id, message_id)
    if outbox.rewrite(conversation_id, member_of(request), message_id) is None:
        messages.warning(request, _("Too late: it is on its way."))
    else:
        messages.success(request, _("Taken back. Your words are in the box again."))
    return after(request, conversation_id)


@page(WRITERS)
@require_POST
def send_now(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Send at once what was to go later."""
    delivery = _delivery(conversation_id, message_id)
    done = delivery is not None and outbox.send_now(conversation_id, member_of(request), delivery.id)
    messages.info(request, _("It goes out now.") if done else _("It does not wait any more."))
    return after(request, conversation_id)


@page(WRITERS)
@require_POST
def cancel(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Do not send what was to go later; it stays in the timeline, and can be edited from there."""
    delivery = _delivery(conversation_id, message_id)
    done = delivery is not None and outbox.undo(conversation_id, member_of(request), delivery.id)
    messages.info(request, _("It will not be sent.") if done else _("Too late: it is on its way."))
    return after(request, conversation_id)


def _delivery(conversation_id: UUID, message_id: UUID) -> Delivery | None:
    queries.get_message(conversation_id, message_id)
    return Delivery.objects.filter(conversation_id=conversation_id, message_id=message_id).first()


def _stop(request: HttpRequest, found: Conversation, draft: Draft | None) -> Stop | None:
    """What the member should look at first: an answer that came meanwhile, or their own words from another tab."""
    given = request.POST
    if given.get("anyway") == "yes":
        return None
    revision = given.get("revision", "")
    if revision.isdecimal() and draft is not None and draft.revision != int(revision) and draft.html:
        # `saving`: what this page was saving as it was sent, and may have come before it.
        own = (given.get("html", ""), given.get("saving", ""))
        if draft.html not in [richtext.read(one, internal=draft.kind == DraftKind.NOTE).html for one in own]:
            return Stop(other=draft)
    if given.get("kind") == "note":
        return None
    begun = _uuid(given.get("seen", ""))
    seen = draft.seen_message_id if draft and draft.seen_message_id else begun
    since = outbox.said_since(found.id, member_of(request), seen)
    return Stop(since=since) if since else None


def _kept(request: HttpRequest, found: Conversation, **more: Any) -> Composer:
    """The box as it was sent, with what it would have held otherwise around it."""
    usual = composer_of(request, found, timeline_of(found)) or Composer()
    given = request.POST
    return replace(
        usual, to=given.get("to", ""), cc=given.get("cc", ""), bcc=given.get("bcc", ""), text=given.get("text", ""),
        html=given.get("html", ""), note=given.get("kind") == "note", quote=given.get("quote") == "yes",
        way_key=given.get("way", ""), agreed=given.get("agreed") == "yes", confirmed=given.get("confirmed") == "yes",
        **more,
    )  # fmt: skip


def _note(request: HttpRequest, found: Conversation, draft: Draft | None) -> None:
    given = request.POST.get("html") or richtext.of_text(request.POST.get("text", ""))
    said = richtext.read(given, internal=True)
    named = mentions.mentioned(found, said)
    linking.link_all(found.id, said.conversations, member_of(request))
    actions.note(found.id, member_of(request), said.text, said.html, named)
    if draft:
        drafts.discard(draft)
    messages.success(request, _("Note added."))


def _reply(request: HttpRequest, found: Conversation, draft: Draft | None) -> None:
    me, given = member_of(request), request.POST
    at = scheduling.chosen(given.get("later", ""), given.get("later_at", ""), now(), zone())
    answer = outbox.Answer(
        text=given.get("text", ""),
        html=given.get("html", ""),
        files=files_of(request),
        **_going(request, found),
        draft=draft,
        send_at=at,
        unless_they_write=given.get("unless") == "yes",
        resolve=given.get("then") == "resolve",
        snooze=given.get("then") == "snooze",
        confirmed=given.get("confirmed") == "yes",
    )
    delivery = outbox.reply(found.id, me, answer)
    if delivery.state == DeliveryState.AWAITING:
        messages.success(request, _("It waits for a colleague's approval."), extra_tags=_undo(request, delivery))
    elif queue.undo_of(delivery.channel) or at is not None:
        messages.success(request, _said(at, given.get("then", "")), extra_tags=_undo(request, delivery))
    else:
        messages.success(request, _("It goes out now."))


def _going(request: HttpRequest, found: Conversation) -> dict[str, Any]:
    """By which channel it goes, to whom, in answer to what, and who may read it."""
    given = request.POST
    way = chosen(ways_of(found, _said_in(found)), given.get("way", ""))
    if way is not None and not way.is_mail:
        return {
            "channel": way.channel, "in_reply_to": way.message.id if way.message else None, "quote": False,
            "public": way.public, "agreed": given.get("agreed") == "yes",
        }  # fmt: skip
    if way is not None and way.needs_word and given.get("agreed") != "yes":
        raise Invalid(
            _("They have not written by e-mail here."),
            _("Say that they agreed to go on by e-mail, or answer where they wrote."),
        )
    return {
        "to": addresses_of(given.get("to", ""), _("To")), "cc": addresses_of(given.get("cc", ""), _("Copy")),
        "bcc": addresses_of(given.get("bcc", ""), _("Blind copy")), "quote": given.get("quote") == "yes",
        "in_reply_to": _last_received(found) if way is None else way.message.id if way.message else None,
        "channel": choose_channel(found, given.get("channel", "")) if way is None else way.channel,
        "agreed": given.get("agreed") == "yes",
    }  # fmt: skip


def _said_in(found: Conversation) -> list[Message]:
    return [one.message for one in timeline_of(found).items if one.message]


@page(WRITERS)
@require_POST
def parts(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """What an answer will look like over there, if it has to go as several; or why it cannot go."""
    found = queries.get_conversation(conversation_id)
    said = richtext.read(request.POST.get("html", "")).text or request.POST.get("text", "")
    try:
        way = chosen(ways_of(found, _said_in(found)), request.POST.get("way", ""))
        shown, error = (preview.parts_of(way, member_of(request), said) if way else [said]), ""
    except Invalid as invalid:
        shown, error = [], f"{invalid.message} {invalid.hint}".strip()
    return render(request, "web/compose/parts.html", {"parts": shown, "error": error})


def files_of(request: HttpRequest) -> list[outbox.Upload]:
    """Files sent with the form itself, from a browser without script."""
    return [
        outbox.Upload(f.name or "file", f.content_type or "application/octet-stream", f.read())
        for f in request.FILES.getlist("files")
    ]


def _said(at: datetime | None, then: str) -> str:
    if at is not None:
        return _("Goes out on %(time)s.") % {"time": moment(at)}
    if then == "resolve":
        return _("Goes out in 10 seconds. Resolved.")
    if then == "snooze":
        return _("Goes out in 10 seconds. Out of the lists until they answer.")
    return _("Goes out in 10 seconds.")


def _undo(request: HttpRequest, delivery: Delivery) -> str:
    """Where it is taken back, from the list one is in."""
    url = reverse("undo", args=[delivery.conversation_id, delivery.message_id])
    return f"{url}?{urlencode({'in': request.GET['in']})}" if "in" in request.GET else url


def _last_received(found: Conversation) -> UUID | None:
    received = found.messages.filter(direction=Direction.IN).exclude(kind="bounce").order_by("-at", "-id")
    last: UUID | None = received.values_list("id", flat=True).first()
    return last


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
