"""The mails of the world outside: the same bytes for the same values, so one played twice is one. Pure."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from rapport.cli.demo_company.pictures import letter_pdf, photograph

_STYLE = "font-family:Georgia,serif;font-size:15px;color:#222"
_DAEMON = "MAILER-DAEMON"


@dataclass(frozen=True)
class Said:
    """What was said before, for threading and quoting. `message_id` is without angle brackets."""

    message_id: str
    by: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Letter:
    """What somebody outside wants to send."""

    message_id: str
    name: str
    address: str
    to: str
    subject: str
    text: str
    at: datetime
    flags: frozenset[str] = frozenset()
    before: tuple[Said, ...] = ()


def compose(letter: Letter) -> bytes:
    """The mail as it leaves the sender's machine, CRLF line ends."""
    if "broken" in letter.flags:
        return _broken(letter)
    if "bounce" in letter.flags:
        return _bounce(letter)
    message = _headed(letter)
    _write_body(message, letter)
    if "auto" in letter.flags:
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
    if "list" in letter.flags:
        domain = letter.address.rpartition("@")[2]
        message["List-Id"] = f"<news.{domain}>"
        message["List-Unsubscribe"] = f"<mailto:leave@{domain}>"
        message["Precedence"] = "list"
    _attach(message, letter.flags)
    return _bytes(message, letter.message_id)


def _headed(letter: Letter) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr((letter.name, letter.address))
    message["To"] = letter.to
    message["Subject"] = _subject(letter)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.message_id}>"
    if letter.before:
        message["In-Reply-To"] = f"<{letter.before[-1].message_id}>"
        message["References"] = " ".join(f"<{said.message_id}>" for said in letter.before)
    return message


def _subject(letter: Letter) -> str:
    if "auto" in letter.flags:
        return f"Automatic reply: {letter.subject}"
    return f"Re: {letter.subject}" if letter.before else letter.subject


def _write_body(message: EmailMessage, letter: Letter) -> None:
    quoted = letter.before[-1:] if letter.flags.isdisjoint({"auto", "list"}) else ()
    message.set_content(_plain(letter.text, quoted))
    if "html" in letter.flags:
        message.add_alternative(_html(letter, quoted), subtype="html")


def _plain(text: str, quoted: Sequence[Said]) -> str:
    parts = [text]
    for said in quoted:
        lines = "\n".join(f"> {line}".rstrip() for line in said.text.splitlines())
        parts.append(f"{_attribution(said)}\n{lines}")
    return "\n\n".join(parts) + "\n"


def _attribution(said: Said) -> str:
    return f"On {said.at:%a, %d %b %Y at %H:%M}, {said.by} wrote:"


def _html(letter: Letter, quoted: Sequence[Said]) -> str:
    paragraphs = "".join(f"<p>{_lines(part)}</p>" for part in letter.text.split("\n\n"))
    quotes = "".join(
        f'<div class="gmail_quote"><div>{html.escape(_attribution(said))}</div>'
        f'<blockquote class="gmail_quote">{_lines(said.text)}</blockquote></div>'
        for said in quoted
    )
    # A picture from elsewhere, as such mails have them: it stays blocked until somebody asks for it.
    host = f"pictures.{letter.address.rpartition('@')[2]}"
    pixel = f'<img src="https://{host}/signature.png" alt="" width="1" height="1">'
    return f'<html><body><div style="{_STYLE}">{paragraphs}{pixel}</div>{quotes}</body></html>'


def _lines(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _attach(message: EmailMessage, flags: frozenset[str]) -> None:
    if "photo" in flags:
        message.add_attachment(photograph(str(message["Message-ID"])), "image", "png", filename="IMG_2041.png")
    if "pdf" in flags:
        message.add_attachment(letter_pdf(str(message["From"])), "application", "pdf", filename="Application.pdf")


def _bytes(message: EmailMessage, seed: str) -> bytes:
    # The library would choose boundaries at random, and the same mail would be another one each time.
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{abs(hash_of(seed)):x}")
    return message.as_bytes()


def hash_of(seed: str) -> int:
    """A number for a text, the same in every process."""
    return int.from_bytes(seed.encode()[-8:], "big")


def _bounce(letter: Letter) -> bytes:
    returned = letter.before[-1]
    domain = letter.address.rpartition("@")[2]
    status = (
        f"Reporting-MTA: dns; mx.{domain}\r\n\r\n"
        f"Final-Recipient: rfc822; {letter.address}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 <{letter.address}>: no mailbox here by that name\r\n"
    )
    boundary = f"=_bounce_{hash_of(letter.message_id):x}"
    return "\r\n".join(
        [
            f"From: Mail Delivery System <{_DAEMON}@{domain}>",
            f"To: {letter.to}",
            "Subject: Undelivered Mail Returned to Sender",
            f"Date: {format_datetime(letter.at)}",
            f"Message-ID: <{letter.message_id}>",
            "Auto-Submitted: auto-replied",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
            "",
            f"--{boundary}",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            f"Your message to {letter.address} could not be delivered: no mailbox here by that name.",
            "",
            f"--{boundary}",
            "Content-Type: message/delivery-status",
            "",
            status,
            f"--{boundary}",
            "Content-Type: text/rfc822-headers",
            "",
            f"Message-ID: <{returned.message_id}>",
            f"To: {letter.address}",
            f"From: {letter.to}",
            "",
            f"--{boundary}--",
            "",
        ]
    ).encode("ascii")


def _broken(letter: Letter) -> bytes:
    """As old programs send them: raw 8-bit headers, a character set that does not exist, no MIME-Version."""
    head = "\r\n".join(
        [
            f"From: {letter.name} <{letter.address}>",
            f"To: {letter.to}",
            f"Subject: {letter.subject}",
            f"Date: {format_datetime(letter.at)}",
            f"Message-ID: <{letter.message_id}>",
            "Content-Type: text/plain; charset=default_charset",
            "Content-Transfer-Encoding: 8bit",
        ]
    )
    return f"{head}\r\n\r\n{letter.text}\r\n".replace("\r\n", "\n").replace("\n", "\r\n").encode("latin-1", "replace")
