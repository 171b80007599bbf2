"""The leaves of a mail as its text, its HTML and its attachments."""

from __future__ import annotations

import hashlib
import html as escaping
import re
from dataclasses import dataclass

from rapport.channels.kinds.email.charset import clean, decode
from rapport.channels.kinds.email.headers import decode_words, parse_params
from rapport.channels.kinds.email.htmltext import html_to_text
from rapport.channels.kinds.email.mime import Part, decoded, uudecode
from rapport.channels.kinds.email.model import AttachmentPart, Limits

_META = re.compile(rb"<meta[^<>]{0,200}charset\s*=\s*[\"']?([\w.:\-]{2,40})", re.IGNORECASE)
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f/\\\u202a-\u202e\u2066-\u2069]+")
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/rfc822-headers": ".txt",
}
_UU = re.compile(
    rb"(?:^|\n)begin [0-7]{3,4} ([^\n]{1,255})\n((?:[ -`][^\n]{0,80}\n)+)(?:`?\n)?end[ \t]*(?=\n|$)"
)


@dataclass(slots=True)
class Content:
    """What there is to read, and what is attached."""

    text: str
    html: str | None
    attachments: tuple[AttachmentPart, ...]


@dataclass(slots=True)
class _Segment:
    group: int
    is_html: bool
    text: str


def read_content(parts: list[Part], limits: Limits, problems: list[str]) -> Content:
    """Text (from the HTML where no text was sent along), raw HTML and the attachments of a mail's leaves."""
    segments: list[_Segment] = []
    files: list[AttachmentPart] = []
    for part in parts:
        disposition, options = _disposition(part)
        name = _filename(part, options)
        if _is_text(part, disposition, name):
            data = decoded(part, problems)
            if b"\nbegin " in data or data.startswith(b"begin "):
                data = _take_uuencoded(data, files, limits, problems)
            segments.append(_segment(part, data, limits, problems))
        elif part.content_type != "message/delivery-status":
            files.append(_attachment(part, disposition, name, limits, problems))
    text, html = _text_of(segments), _html_of(segments)
    if len(text) > limits.text_chars:
        problems.append(f"text longer than {limits.text_chars} characters: cut")
        text = text[: limits.text_chars]
    return Content(text, html, tuple(files))


def _disposition(part: Part) -> tuple[str, dict[str, str]]:
    raw = part.headers.raw("content-disposition")
    if not raw:
        return "", {}
    if not raw.isascii():
        raw = part.headers.unicode("content-disposition")[0]
    return parse_params(raw)


def _filename(part: Part, options: dict[str, str]) -> str:
    name = options.get("filename") or part.params.get("name") or ""
    return decode_words(name) if "=?" in name else name


def _is_text(part: Part, disposition: str, name: str) -> bool:
    if disposition == "attachment" or (name and disposition != "inline" and part.content_type != "text/html"):
        return False
    if name and disposition == "inline" and not part.group:
        return False
    if part.content_type in ("text/plain", "text/html"):
        return True
    return part.content_type in (
        "text/enriched",
        "text/richtext",
        "text/markdown",
        "message/disposition-notification",
    )


def _segment(part: Part, data: bytes, limits: Limits, problems: list[str]) -> _Segment:
    label = part.params.get("charset", "")
    is_html = part.content_type == "text/html"
    bound = limits.html_chars if is_html else limits.text_chars * 4
    if len(data) > bound:
        problems.append(f"{part.content_type} body of {len(data)} bytes: only the first {bound} read")
        data = data[:bound]
    if is_html and (not label or label.lower() == "us-ascii") and not data.isascii():
        meta = _META.search(data[:4_096])
        label = meta[1].decode("ascii") if meta else label
    text = decode(data, label, problems)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.params.get("format", "").lower() == "flowed" and not is_html:
        text = unflow(text, part.params.get("delsp", "").lower() == "yes")
    if part.content_type in ("text/enriched", "text/richtext"):
        text = re.sub(r"<param>[^<]*</param>|</?[a-zA-Z][\w\-]*>", "", text).replace("<<", "<")
    return _Segment(part.group, is_html, text)


def unflow(text: str, delete_space: bool = False) -> str:
    """format=flowed (RFC 3676) undone: soft-broken lines joined within one quote depth."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        stripped = line.lstrip(">")
        depth = len(line) - len(stripped)
        content = stripped[1:] if stripped.startswith(" ") else stripped
        flowed = content.endswith(" ") and content != "-- "
        piece = content[:-1] if flowed and delete_space else content
        if open_depth == depth and content != "-- ":
            out[-1] += piece
        else:
            out.append((">" * depth + " " if depth else "") + piece)
        open_depth = depth if flowed else -1
    return "\n".join(out)


def _text_of(segments: list[_Segment]) -> str:
    with_text = {s.group for s in segments if s.group and not s.is_html and s.text.strip()}
    pieces = []
    for segment in segments:
        if segment.is_html:
            if segment.group not in with_text:
                pieces.append(html_to_text(segment.text))
        elif segment.text.strip():
            pieces.append(segment.text)
    return "\n".join(pieces) if len(pieces) != 1 else pieces[0]


def _html_of(segments: list[_Segment]) -> str | None:
    """The HTML of the mail; text that is no alternative of it (a list's footer) is kept beside it."""
    if not any(segment.is_html for segment in segments):
        return None
    grouped = {segment.group for segment in segments if segment.is_html}
    pieces = []
    for segment in segments:
        if segment.is_html:
            pieces.append(segment.text)
        elif segment.text.strip() and (not segment.group or segment.group not in grouped):
            pieces.append(f"<pre>{escaping.escape(segment.text)}</pre>")
    return "\n".join(pieces)


def _attachment(part: Part, disposition: str, name: str, limits: Limits, problems: list[str]) -> AttachmentPart:
    kind = part.content_type
    if not name and kind.startswith("message/"):
        name = _subject_name(part)
    data = part.body if kind == "message/rfc822" else decoded(part, problems)
    if kind == "message/rfc822" and "base64" in part.headers.raw("content-transfer-encoding").lower():
        data = decoded(part, problems)
    content_id = clean(part.headers.raw("content-id")).strip("<> ")[:255]
    inline = disposition == "inline" or (part.in_related and bool(content_id) and disposition != "attachment")
    return _file(_safe_name(name, kind), kind, data, (content_id, inline), limits, problems)


def _file(
    name: str, kind: str, data: bytes, place: tuple[str, bool], limits: Limits, problems: list[str]
) -> AttachmentPart:
    too_large = len(data) > limits.attachment_bytes
    if too_large:
        problems.append(
            f"attachment {name!r} of {len(data)} bytes is over the limit: only its name and size are kept"
        )
    digest = hashlib.sha256(data).hexdigest()
    content_id, inline = place
    return AttachmentPart(
        name, kind, len(data), digest, content_id, inline, b"" if too_large else data, too_large
    )


def _subject_name(part: Part) -> str:
    match = re.search(
        rb"^subject:[ \t]*([^\n]{1,300}(?:\n[ \t][^\n]{1,300})?)", part.body[:20_000], re.I | re.M
    )
    if match is None:
        return ""
    subject = " ".join(decode_words(match[1].decode("utf-8", "replace")).split())
    return f"{subject[:80]}.eml" if part.content_type == "message/rfc822" else ""


def _safe_name(name: str, kind: str) -> str:
    """A file name without path, control or direction-changing characters; made from the type where there is none."""
    name = _UNSAFE_NAME.sub("_", clean(name.replace("\\", "/").rpartition("/")[2] or name)).strip(" .")
    if name:
        return name[:255]
    major, _, minor = kind.partition("/")
    extension = _EXTENSIONS.get(kind) or ("." + re.sub(r"\W", "", minor.removeprefix("x-"))[:10])
    return ("message" if major == "message" else "attachment") + extension


def _take_uuencoded(data: bytes, files: list[AttachmentPart], limits: Limits, problems: list[str]) -> bytes:
    """Files written into the text with uuencode become attachments."""

    def take(match: re.Match[bytes]) -> bytes:
        name = _safe_name(decode(match[1].strip(), ""), "application/octet-stream")
        files.append(
            _file(name, "application/octet-stream", uudecode(match[0], problems), ("", False), limits, problems)
        )
        return b"\n"

    return _UU.sub(take, data)
