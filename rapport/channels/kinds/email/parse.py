"""One mail, from bytes to what Rapport understands of it. Never raises: broken input becomes `problems`."""

from __future__ import annotations

import re

from rapport.channels.kinds.email import autoreply, mime
from rapport.channels.kinds.email.addresses import parse_addresses
from rapport.channels.kinds.email.bounce import Report, read_report
from rapport.channels.kinds.email.charset import clean
from rapport.channels.kinds.email.content import Content, read_content
from rapport.channels.kinds.email.dates import parse_date
from rapport.channels.kinds.email.headers import Headers, split
from rapport.channels.kinds.email.model import Address, Limits, MailKind, ParsedMail
from rapport.channels.kinds.email.reply import Split, split_reply

_DEFAULT = Limits()
_BRACKETED = re.compile(r"<([^<>]+)>")
_BLANK = re.compile(r"\s+")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w.:\-]{2,40})", re.IGNORECASE)
_RESULTS_MAX = 20
_MAX_ID = 998  # the longest line of RFC 5322; longer ids are nobody's


def parse_mail(raw: bytes, *, limits: Limits = _DEFAULT) -> ParsedMail:
    """Everything Rapport understands of one mail (RFC 5322, no envelope line). Never raises, whatever the bytes."""
    problems: list[str] = []
    headers, body = split(_line_ends(raw), limits.header_bytes, problems)
    _, params = mime.content_type(headers, "text/plain", [])
    headers.charset = params.get("charset", "")
    if headers.is_raw_8bit():
        headers.charset = headers.charset or _first_charset(body)
        problems.append("8-bit bytes in the header that are no UTF-8")
    parts = mime.leaves(headers, body, limits, problems)
    content = read_content(parts, limits, problems)
    people = _People(headers, limits, problems)
    subject = headers.text("subject")[:2_000]
    sender = people.sender.address if people.sender else ""
    report = read_report(headers, parts, content.text, sender, subject)
    return _assemble(headers, people, content, report, limits, problems)


def _line_ends(raw: bytes) -> bytes:
    if b"\r" not in raw:
        return raw
    raw = raw.replace(b"\r\n", b"\n")
    return raw.replace(b"\r", b"\n") if b"\n" not in raw else raw


def _first_charset(body: bytes) -> str:
    """The charset of the first part that names one: what a program that leaves its header raw writes in."""
    match = _CHARSET.search(body, 0, 50_000)
    return match[1].decode("ascii") if match else ""


class _People:
    """Who wrote, to whom, and where an answer goes."""

    __slots__ = ("cc", "is_one", "reply_to", "sender", "to")

    def __init__(self, headers: Headers, limits: Limits, problems: list[str]) -> None:
        senders = parse_addresses(headers.unicode("from"), limits.addresses, problems)
        if "from" not in headers:
            problems.append("no From")
        if len(senders) > 1:
            problems.append(f"{len(senders)} From addresses, the first is taken")
        self.is_one = len(senders) == 1 and headers.count("from") == 1
        if not senders:
            senders = parse_addresses(headers.unicode("sender"), limits.addresses)
        self.sender: Address | None = senders[0] if senders else None
        self.to = parse_addresses(headers.unicode("to"), limits.addresses, problems)
        self.cc = parse_addresses(headers.unicode("cc"), limits.addresses, problems)
        self.reply_to = parse_addresses(headers.unicode("reply-to"), limits.addresses, problems)


def _assemble(
    headers: Headers,
    people: _People,
    content: Content,
    report: Report | None,
    limits: Limits,
    problems: list[str],
) -> ParsedMail:
    pieces = Split(content.text.strip("\n"), "", "") if report else split_reply(content.text)
    submitted = autoreply.auto_submitted(headers)
    subject = headers.text("subject")[:2_000]
    message_ids = message_ids_in(headers.texts("message-id")[:1])
    if not message_ids:
        problems.append("no Message-ID")
    date = parse_date(clean(headers.raw("date")), problems)
    if date is None and "date" not in headers:
        problems.append("no Date")
    return ParsedMail(
        from_=people.sender,
        to=people.to,
        cc=people.cc,
        reply_to=people.reply_to,
        subject=subject,
        date=date,
        message_id=message_ids[0] if message_ids else "",
        in_reply_to=tuple(message_ids_in(headers.texts("in-reply-to"))[: limits.references]),
        references=_capped(message_ids_in(headers.texts("references")), limits.references),
        kind=_kind(headers, subject, submitted, report),
        list_id=autoreply.list_id(headers),
        bounce=report.recipients if report else (),
        bounced_message_id=report.original_message_id if report else "",
        text=content.text,
        html=content.html,
        reply=pieces.reply,
        quote=pieces.quote,
        signature=pieces.signature,
        attachments=content.attachments,
        auto_submitted=submitted,
        delivered_to=_plain(headers, "delivered-to"),
        original_to=_plain(headers, "x-original-to"),
        problems=tuple(dict.fromkeys(clean(problem) for problem in problems[:200])),
        authentication=tuple(headers.texts("authentication-results")[:_RESULTS_MAX]) if people.is_one else (),
    )


def _kind(headers: Headers, subject: str, submitted: str, report: Report | None) -> MailKind:
    if report is not None:
        return report.kind
    if autoreply.is_auto_reply(headers, subject, submitted):
        return "auto_reply"
    return "list" if autoreply.is_list(headers) else "message"


def message_ids_in(values: list[str]) -> list[str]:
    """The message ids in the values of Message-ID, In-Reply-To or References: no brackets, folds closed, each once."""
    found: dict[str, None] = {}
    for value in values:
        value = value[:200_000]
        bracketed = [_BLANK.sub("", item) for item in _BRACKETED.findall(value)]
        if bracketed:
            candidates = (
                bracketed if not _prose(value) else [item for item in bracketed if _is_no_mailbox(item)]
            )
        else:
            words = value.split()
            candidates = [word.strip("<>,;\"'") for word in words if "@" in word or len(words) == 1]
        found.update((item, None) for item in candidates if item and len(item) <= _MAX_ID)
    return list(found)


def _prose(value: str) -> bool:
    """Whether there are words beside the ids: `Message from Ann <ann@example.org> of "Mon, 3 May" <id@host>`."""
    return any(map(str.isalpha, _BRACKETED.sub("", value)))


def _is_no_mailbox(item: str) -> bool:
    """Ids carry numbers before the @, most mailboxes do not: an address taken for an id joins strangers' threads."""
    return any(map(str.isdigit, item.partition("@")[0]))


def _capped(ids: list[str], limit: int) -> tuple[str, ...]:
    """The root and the newest: what threading needs of an endless References."""
    return tuple(ids if len(ids) <= limit else [ids[0], *ids[1 - limit :]])


def _plain(headers: Headers, name: str) -> tuple[str, ...]:
    return tuple(a.address for a in parse_addresses(headers.unicode(name)[:20], 20))
