"""Gather, from rows, what a channel needs to give an outgoing message its form."""

from typing import Any
from uuid import UUID

from rapport.channels.base import Draft, File, Quoted
from rapport.conversations.models import Attachment, Direction, Message
from rapport.core.clock import now
from rapport.outbound.models import Delivery
from rapport.people import questions

_REFERENCES_MAX = 100
_QUOTE_CHARS_MAX = 100_000


def draft_of(delivery: Delivery) -> Draft:
    """The draft of a delivery, read in the system's scope."""
    message = Message.objects.select_related("member", "conversation", "channel").get(
        conversation_id=delivery.conversation_id, id=delivery.message_id
    )
    earlier = _earlier(message, delivery.channel_id)
    parent = _parent(delivery.options, earlier)
    member = message.member
    return Draft(
        conversation_id=delivery.conversation_id,
        external_id=delivery.external_id,
        author=member.name if member else "",
        subject=_one_line(message.subject or message.conversation.subject),
        text=questions.filled(message.text, delivery.options),
        at=now(),
        to=_pairs(delivery.recipients, "to"),
        cc=_pairs(delivery.recipients, "cc"),
        bcc=_pairs(delivery.recipients, "bcc"),
        html=message.html or str(delivery.options.get("html", "")),
        signature=member.signature if member else "",
        in_reply_to=parent.message_id if parent else "",
        references=[m.message_id for m in earlier if parent and m.at <= parent.at and m.id != parent.id],
        quoted=_quoted(parent) if parent and delivery.options.get("quote", True) else None,
        files=_files(message),
        automatic=bool(delivery.options.get("automatic", False)),
        answering=parent.about.get("answer", {}) if parent else {},
        public=delivery.options.get("public"),
        key=str(delivery.id),
    )


def _earlier(message: Message, channel_id: UUID) -> list[Message]:
    """What was said before on the same channel, oldest first, and can be referred to."""
    found = (
        Message.objects.filter(conversation_id=message.conversation_id, channel_id=channel_id, at__lte=message.at)
        .exclude(direction=Direction.NOTE)
        .exclude(message_id="")
        .exclude(id=message.id)
        .select_related("person", "member")
        .order_by("-at", "-id")[:_REFERENCES_MAX]
    )
    return [m for m in reversed(found) if not any(c.isspace() for c in m.message_id)]


def _parent(options: dict[str, Any], earlier: list[Message]) -> Message | None:
    """The message that is answered: the one named, else the newest received, else the newest of all."""
    named = [m for m in earlier if str(m.id) == options.get("in_reply_to")]
    received = [m for m in earlier if m.direction == Direction.IN]
    for choice in (named, received, earlier):
        if choice:
            return choice[-1]
    return None


def _quoted(parent: Message) -> Quoted | None:
    if not parent.text:
        return None
    speaker = parent.member.name if parent.member else parent.person.name if parent.person else ""
    return Quoted(speaker or "you", parent.at, parent.text[:_QUOTE_CHARS_MAX])


def _files(message: Message) -> list[File]:
    rows = Attachment.objects.filter(conversation_id=message.conversation_id, message_id=message.id)
    return [
        File(row.filename, row.content_type, bytes(row.blob.data), row.content_id, row.inline)
        for row in rows.select_related("blob")
        if row.blob
    ]


def _pairs(recipients: dict[str, Any], name: str) -> list[tuple[str, str]]:
    return [(_one_line(str(who)), str(address)) for who, address in recipients.get(name, [])]


def _one_line(text: str) -> str:
    """What came from others' headers may hold anything; on its way back it is one printable line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
