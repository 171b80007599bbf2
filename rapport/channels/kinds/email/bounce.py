"""Delivery reports (RFC 3464), irregular bounces and abuse reports (RFC 5965)."""

from __future__ import annotations

from dataclasses import dataclass

from rapport.channels.kinds.email.headers import Headers
from rapport.channels.kinds.email.mime import Part
from rapport.channels.kinds.email.model import BounceRecipient, MailKind


@dataclass(frozen=True, slots=True)
class Report:
    """What a machine reports about a mail sent before."""

    kind: MailKind
    recipients: tuple[BounceRecipient, ...] = ()
    original_message_id: str = ""


def read_report(headers: Headers, parts: list[Part], text: str, sender: str, subject: str) -> Report | None:
    """The report this mail is; None for ordinary mail."""
    return None
