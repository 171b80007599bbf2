"""One item on its way through the pipeline: values only, from what was delivered to what will be stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rapport.channels.kinds.email.model import ParsedMail
from rapport.conversations import threading
from rapport.conversations.snippets import snippet_of
from rapport.core.ids import new_id

_OLDEST = datetime(1970, 1, 2, tzinfo=UTC)
_ADDRESS_MAX = 320  # RFC 3696: 64 for the local part, 255 for the domain
NOWHERE = UUID(int=0)
"""The conversation of an arrival that has not been placed yet."""


@dataclass(frozen=True, slots=True)
class Item:
    """A raw item as claimed."""

    channel_id: UUID
    id: UUID
    received_at: datetime
    envelope: Mapping[str, Any]
    body: bytes


@dataclass(slots=True)
class Arrival:
    """An understood item: who says it, when, what it refers to, and the conversation it comes to."""

    item: Item
    mail: ParsedMail
    message_id: UUID
    at: datetime
    sender: str
    sender_name: str
    refs: threading.MailRefs
    conversation_id: UUID = NOWHERE

    @property
    def wants_answer(self) -> bool:
        """Whether somebody waits for an answer: machines do not."""
        return self.mail.kind in ("message", "list")

    @property
    def snippet(self) -> str:
        """The first words, on one line."""
        return snippet_of(self.mail.reply or self.mail.text)


def arrive(item: Item, mail: ParsedMail, trust_date: bool) -> Arrival:
    """What `mail` means for the pipeline. `trust_date`: the Date header, not the clock, says when it came."""
    at = _at(item, mail, trust_date)
    sender = mail.from_.address.lower() if mail.from_ else ""
    return Arrival(
        item=item,
        mail=mail,
        message_id=new_id(),
        at=at,
        sender=sender if "@" in sender and len(sender) <= _ADDRESS_MAX else "",
        sender_name=mail.from_.name if mail.from_ else "",
        refs=_refs(mail, sender),
    )


def addressed_to(arrival: Arrival) -> tuple[str, ...]:
    """Every address the item was sent or delivered to, lower case."""
    mail, envelope = arrival.mail, arrival.item.envelope
    written = [a.address for a in (*mail.to, *mail.cc)]
    delivered = [*mail.delivered_to, *mail.original_to, *envelope.get("rcpt_tos", ())]
    return tuple(dict.fromkeys(a.lower() for a in (*written, *delivered) if a))


def _at(item: Item, mail: ParsedMail, trust_date: bool) -> datetime:
    if trust_date and mail.date and _OLDEST < mail.date < item.received_at + timedelta(days=1):
        return mail.date.astimezone(UTC)
    return item.received_at


def _refs(mail: ParsedMail, sender: str) -> threading.MailRefs:
    date = mail.date.isoformat() if mail.date else ""
    return threading.MailRefs(
        own=threading.ref_of(mail.message_id) if mail.message_id else None,
        named=tuple(threading.ref_of(r) for r in (*mail.references, *mail.in_reply_to)),
        digest=threading.digest_of(sender, mail.subject, date, mail.text),
    )
