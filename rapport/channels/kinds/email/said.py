"""A mail in the words that all channels share. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from rapport.channels.kinds.email import results
from rapport.channels.kinds.email.model import AttachmentPart, ParsedMail
from rapport.channels.said import Author, Media, Message

_ADDRESS_MAX = 320  # RFC 3696: 64 for the local part, 255 for the domain


def of(mail: ParsedMail, envelope: Mapping[str, Any], trusted: str = "") -> Message:
    """The mail as a message; `envelope` is what it was delivered with (RFC 5321), if that is known.

    `trusted` is the server whose word on the sender counts (`results.proves`).
    """
    sender = mail.from_.address.lower() if mail.from_ else ""
    date = mail.date.isoformat() if mail.date else ""
    return Message(
        external_id=mail.message_id,
        author=_author(mail, trusted),
        text=mail.reply or mail.text,
        at=mail.date,
        kind=mail.kind,
        subject=mail.subject,
        refers_to=(*mail.references, *mail.in_reply_to),
        recipients=_recipients(mail),
        delivered_to=(*mail.delivered_to, *mail.original_to, *envelope.get("rcpt_tos", ())),
        files=tuple(_media(part) for part in mail.attachments) if mail.attachments else (),
        has_html=mail.html is not None,
        has_more=bool(mail.quote or mail.signature),
        problems=mail.problems,
        digest="\x1f".join((sender, mail.subject, date, mail.text)),
        returned=mail.bounce,
        returned_id=mail.bounced_message_id,
    )


def _author(mail: ParsedMail, trusted: str) -> Author | None:
    sender = mail.from_
    if sender is None or "@" not in sender.address or len(sender.address) > _ADDRESS_MAX:
        return None
    domain = sender.address.rpartition("@")[2].lower()
    proven = bool(trusted) and results.proves(mail.authentication, trusted, domain)
    return Author(
        "email", sender.address.lower(), sender.address, sender.name, verified=(domain,) if proven else ()
    )


def _recipients(mail: ParsedMail) -> dict[str, Sequence[tuple[str, str]]]:
    sender = (mail.from_,) if mail.from_ else ()
    groups = {"from": sender, "to": mail.to, "cc": mail.cc, "reply_to": mail.reply_to}
    return {name: [(a.name, a.address) for a in group] for name, group in groups.items() if group}


def _media(part: AttachmentPart) -> Media:
    return Media(
        part.filename, part.content_type, data=part.data, size=part.size, sha256=part.sha256,
        content_id=part.content_id, inline=part.inline, too_large=part.too_large,
    )  # fmt: skip
