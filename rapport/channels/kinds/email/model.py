"""What Rapport understands of one e-mail: plain values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rapport.channels.said import Returned as BounceRecipient

__all__ = ["Address", "AttachmentPart", "BounceRecipient", "Limits", "MailKind", "ParsedMail"]

MailKind = Literal["message", "auto_reply", "bounce", "list", "abuse_report"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one mail is looked at; what lies beyond is named in `ParsedMail.problems`."""

    header_bytes: int = 512 * 1024
    parts: int = 1_000
    depth: int = 30
    text_chars: int = 1_000_000
    html_chars: int = 3_000_000
    attachment_bytes: int = 50 * 1024 * 1024
    addresses: int = 1_000
    references: int = 100


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: the name people read ("" when there is none) and local@domain."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class AttachmentPart:
    """One attached file, decoded. `size` and `sha256` hold also when `too_large` emptied `data`."""

    filename: str
    content_type: str
    size: int
    sha256: str
    content_id: str
    inline: bool
    data: bytes
    too_large: bool = False


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail, understood as far as it can be. No string holds NUL or a lone surrogate.

    `authentication` are its Authentication-Results, the last written first; anybody can write one.
    """

    from_: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    date: datetime | None
    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    kind: MailKind
    list_id: str
    bounce: tuple[BounceRecipient, ...]
    bounced_message_id: str
    text: str
    html: str | None
    reply: str
    quote: str
    signature: str
    attachments: tuple[AttachmentPart, ...]
    auto_submitted: str
    delivered_to: tuple[str, ...]
    original_to: tuple[str, ...]
    problems: tuple[str, ...]
    authentication: tuple[str, ...] = ()
