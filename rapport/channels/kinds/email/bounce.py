"""Delivery reports (RFC 3464), irregular bounces and abuse reports (RFC 5965): who did not get the mail, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapport.channels.kinds.email import headers as heads
from rapport.channels.kinds.email.bouncetext import (
    Failure,
    failures_in,
    is_bounce_text,
    report_text,
    server_words,
)
from rapport.channels.kinds.email.bouncewords import is_hard, reason_of, reply_in, status_in
from rapport.channels.kinds.email.headers import Headers, decode_value
from rapport.channels.kinds.email.mime import Part, decoded
from rapport.channels.kinds.email.model import BounceRecipient, MailKind

_ADDRESS = re.compile(r"<?([^\s<>;,()\"]+@[^\s<>;,()\"]+[^\s<>;,()\".])>?")
_MESSAGE_ID = re.compile(r"^message-id:\s*<?([^\s<>]{3,998})>?", re.IGNORECASE | re.MULTILINE)
_MAX_REPORT = 256 * 1024
_MAX_RECIPIENTS = 500
_COMPLAINT = re.compile(r"complaint about message from|e-?mail feedback report|abuse report", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Report:
    """What a machine reports about a mail sent before.

    A report of success (RFC 3464 Action: delivered, relayed) is of kind "bounce" too, its reason "delivered".
    """

    kind: MailKind
    recipients: tuple[BounceRecipient, ...] = ()
    original_message_id: str = ""


def read_report(headers: Headers, parts: list[Part], text: str, sender: str, subject: str) -> Report | None:
    """The report this mail is; None for ordinary mail."""
    by_type = {part.content_type: part for part in reversed(parts)}
    feedback = by_type.get("message/feedback-report")
    if feedback is not None or (_COMPLAINT.match(subject) and "message/rfc822" in by_type and len(parts) <= 3):
        return Report("abuse_report", _complained(feedback, parts), _original_id(parts, text))
    status = by_type.get("message/delivery-status") or by_type.get("message/global-delivery-status")
    if status is not None and (status.in_report or len(parts) == 1):
        recipients = _from_delivery_status(status, text)
        if recipients:
            return Report("bounce", recipients, _original_id(parts, text))
    if not is_bounce_text(headers, sender, subject, text):
        return None
    words = report_text(text) or _attached_words(parts)
    found = _from_text(headers, parts, words)
    return Report("bounce", found, _original_id(parts, text)) if found else None


def _complained(feedback: Part | None, parts: list[Part]) -> tuple[BounceRecipient, ...]:
    """Whose complaint it is: the addresses of RFC 5965, else those the reported mail was sent to."""
    addresses: list[str] = []
    kind = "abuse"
    if feedback is not None:
        fields, _ = heads.split(decoded(feedback, []).lstrip(b"\n") + b"\n\n", _MAX_REPORT)
        kind = fields.raw("feedback-type").lower() or kind
        for name in ("original-rcpt-to", "removed-recipient", "redacted-address"):
            for value in fields.texts(name):
                addresses += _ADDRESS.findall(value)
    addresses = addresses or _original_recipients(parts)
    unique = list(dict.fromkeys(addresses))[:_MAX_RECIPIENTS]
    return tuple(BounceRecipient(address, "", "feedback", False, kind[:60]) for address in unique or [""])


def _from_delivery_status(part: Part, text: str) -> tuple[BounceRecipient, ...]:
    body = decoded(part, [])[:_MAX_REPORT].replace(b"\r\n", b"\n")
    found: list[BounceRecipient] = []
    told: dict[str, Failure] | None = None
    for block in re.split(rb"\n[ \t]*\n", body)[: _MAX_RECIPIENTS + 1]:
        fields, _ = heads.split(block.strip(b"\n") + b"\n\n", _MAX_REPORT)
        address = (
            _typed(fields, "original-recipient")
            if "final-recipient" not in fields
            else _typed(fields, "final-recipient")
        )
        if not address:
            continue
        if told is None:
            told = {failure.recipient.lower(): failure for failure in failures_in(report_text(text))}
        found.append(_recipient(fields, address, told.get(address.lower()), text))
    return tuple(found)


def _typed(fields: Headers, name: str) -> str:
    """The value of an `address-type; value` field (RFC 3464 section 2.1.2)."""
    value = fields.text(name)
    value = value.partition(";")[2] if ";" in value else value
    match = _ADDRESS.search(value)
    return (match[1] if match else value).strip(" <>")[:400]


def _recipient(fields: Headers, address: str, told: Failure | None, text: str) -> BounceRecipient:
    diagnostic = (
        fields.text("diagnostic-code").partition(";")[2].strip() or fields.text("diagnostic-code").strip()
    )
    action = fields.raw("action").partition(" ")[0].lower()
    context = told.diagnostic if told is not None else ""
    whole = report_text(text)[:3_000]
    said = status_in(diagnostic) or status_in(server_words(context))
    status = said if said and not said.endswith(".0.0") else status_in(fields.text("status")) or said
    spoken = diagnostic or server_words(context) or context or whole
    return _judged(address, status, [diagnostic, server_words(context), context, whole], (spoken, action))


def _judged(address: str, status: str, texts: list[str], spoken: tuple[str, str]) -> BounceRecipient:
    """The recipient with its reason, from the texts about it (the most particular first) and the report's action."""
    diagnostic, action = spoken
    if action in ("delivered", "relayed", "expanded"):
        return BounceRecipient(address, status or "2.0.0", "delivered", False, diagnostic[:2_000])
    reason = reason_of(status, texts)
    if reason == "undefined" and action == "delayed":
        reason = "expired"
    if not status:
        reply = reply_in(diagnostic)
        temporary = reply.startswith("4") if reply else (action == "delayed" or reason == "networkerror")
        status = "4.0.0" if temporary else "5.0.0"
    return BounceRecipient(address, status, reason, is_hard(status, reason), diagnostic.strip()[:2_000])


def _attached_words(parts: list[Part]) -> str:
    """The words of a report that came without any text of its own."""
    for part in parts:
        if part.content_type in ("message/delivery-status", "text/rfc822-headers"):
            return decoded(part, [])[:20_000].decode("utf-8", "replace")
    return ""


def _from_text(headers: Headers, parts: list[Part], words: str) -> tuple[BounceRecipient, ...]:
    failures = failures_in(words)
    named: list[str] = []
    for value in headers.texts("x-failed-recipients"):
        named += _ADDRESS.findall(value)
    known = {failure.recipient.lower() for failure in failures}
    if named and not known & {name.lower() for name in named}:
        failures = [Failure(name, words[:2_000]) for name in named]
    if not failures:
        failures = [Failure(name, words[:2_000]) for name in _original_recipients(parts)[:1] or [""]]
    return tuple(_told(failure, words[:6_000]) for failure in failures[:_MAX_RECIPIENTS])


def _told(failure: Failure, whole: str) -> BounceRecipient:
    spoken = server_words(failure.diagnostic)
    texts = [spoken, failure.paragraph(), failure.diagnostic, whole]
    return _judged(
        failure.recipient, status_in(spoken or failure.diagnostic), texts, (spoken or failure.diagnostic, "")
    )


def _original_recipients(parts: list[Part]) -> list[str]:
    fields = _original_headers(parts)
    return _ADDRESS.findall(" ".join(fields.texts("to"))) if fields else []


def _original_headers(parts: list[Part]) -> Headers | None:
    for part in reversed(parts):
        if part.content_type in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/global",
            "message/rfc822-headers",
            "message/global-headers",
        ):
            data = (
                decoded(part, [])
                if "base64" in part.headers.raw("content-transfer-encoding").lower()
                else part.body
            )
            return heads.split(data[:_MAX_REPORT].replace(b"\r\n", b"\n").lstrip(b"\n") + b"\n\n", _MAX_REPORT)[
                0
            ]
    return None


def _original_id(parts: list[Part], text: str) -> str:
    """The Message-ID of the mail that is reported about, from the returned part or the text below the report."""
    fields = _original_headers(parts)
    if fields is not None and "message-id" in fields:
        return decode_value(fields.raw("message-id").encode("latin-1")).strip("<> ")[:998]
    match = _MESSAGE_ID.search(text)
    return match[1] if match else ""
