"""Answers that nobody saw: who left a chat and gave an address gets them by e-mail too.

A channel asks for that by naming a mailbox (`config["mail_channel"]`). An answer counts as seen when its service
said so (a receipt "read", which a chat window sends when it shows it to somebody). A minute after it went it is mailed,
once: the mail is a message and a delivery of its own, so that it can fail, bounce and be answered like any other.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from rapport.channels.models import Channel
from rapport.conversations.models import Attachment, Conversation, Direction, Message, Thread
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import RapportError
from rapport.core.ids import new_id
from rapport.outbound import queue
from rapport.outbound.models import Delivery, DeliveryState

WAIT = timedelta(seconds=60)
_FORGOTTEN = timedelta(days=1)
_AT_ONCE = 50


def sweep() -> int:
    """Mail what was not seen, and say how many went. For a worker; several may do it at once."""
    mailed = 0
    with scope.system():
        for channel in Channel.objects.filter(enabled=True, config__has_key="mail_channel"):
            mailbox = Channel.objects.filter(kind="email", enabled=True, name=channel.config["mail_channel"]).first()
            if mailbox is not None:
                mailed += sum(_mail(delivery, mailbox) for delivery in _unseen(channel))
    return mailed


def _unseen(channel: Channel) -> list[Delivery]:
    """Conversations that were quiet for a day are not looked at: so it is the end of one index."""
    sent = Delivery.objects.filter(
        channel=channel, state=DeliveryState.SENT, sent_at__lt=now() - WAIT,
        conversation__last_activity_at__gt=now() - _FORGOTTEN,
    )  # fmt: skip
    fresh = sent.exclude(options__contains={"receipt": "read"}).exclude(options__has_key="mailed")
    return list(fresh.select_for_update(skip_locked=True, of=("self",)).order_by("id")[:_AT_ONCE])


def _mail(delivery: Delivery, mailbox: Channel) -> bool:
    message = Message.objects.select_related("conversation", "member").get(
        conversation_id=delivery.conversation_id, id=delivery.message_id
    )
    answer = message.about.get("answer") or {}
    address, name = str(answer.get("email") or ""), str(answer.get("name") or "")
    made = _send(message, mailbox, (name, address)) if "@" in address else None
    options: dict[str, Any] = {**delivery.options, "mailed": str(made.id) if made else ""}
    Delivery.objects.filter(conversation_id=delivery.conversation_id, id=delivery.id).update(options=options)
    if made:
        queue.tell(delivery, "delivery.mailed")
    return made is not None


def _send(message: Message, mailbox: Channel, to: tuple[str, str]) -> Delivery | None:
    conversation = message.conversation
    with translation.override(_language(conversation)):
        subject = conversation.subject or _("Our answer to you")
        opening = _("You wrote to us in our chat. This is our answer:")
    try:
        with transaction.atomic():
            made = Message.objects.create(
                conversation=conversation, channel=mailbox, direction=Direction.OUT, member=message.member,
                machine_drafted=message.machine_drafted, subject=subject, text=f"{opening}\n\n{message.text}", at=now(),
            )  # fmt: skip
            _attach(message, made)
            Thread.objects.get_or_create(conversation=conversation, channel=mailbox)
            Conversation.objects.filter(id=conversation.id).update(message_count=conversation.messages.count())
            return queue.enqueue(made, mailbox, [to], send_after=now(), options={"quote": False})
    except RapportError:
        # The mailbox cannot be used: the page of channels says why. The answer stays in the chat.
        return None


def _attach(message: Message, made: Message) -> None:
    kept = Attachment.objects.filter(conversation_id=message.conversation_id, message_id=message.id)
    Attachment.objects.bulk_create([
        Attachment(
            conversation_id=one.conversation_id, id=new_id(), message_id=made.id, blob_id=one.blob_id,
            filename=one.filename, content_type=one.content_type, size=one.size, content_id=one.content_id,
            inline=one.inline,
        )
        for one in kept
    ])  # fmt: skip


def _language(conversation: Conversation) -> str:
    try:
        return translation.get_supported_language_variant(conversation.language or "en")
    except LookupError:
        return "en"
