"""The MIME tree (RFC 2045/2046) as a flat list of its leaves, without recursion and within bounds."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from rapport.channels.kinds.email import headers as heads
from rapport.channels.kinds.email.headers import Headers, base64_lenient, parse_params
from rapport.channels.kinds.email.model import Limits

_GUESS_BOUNDARY = re.compile(rb"^--([!-~](?:[ -~]{0,68}[!-~])?)[ \t]*\n(?:[!-9;-~]+:|\n)", re.MULTILINE)
_TYPE = re.compile(r"[\w!#$&^.+\-]+/[\w!#$&^.+\-]+")


@dataclass(slots=True)
class Part:
    """One leaf: its headers, type and still encoded body; `group` is the multipart/alternative it is a choice of."""

    headers: Headers
    content_type: str
    params: dict[str, str]
    body: bytes
    group: int
    in_report: bool = False
    in_related: bool = False


@dataclass(slots=True)
class _Entity:
    headers: Headers
    body: bytes
    depth: int
    group: int = 0
    default_type: str = "text/plain"
    in_report: bool = False
    in_related: bool = False


def leaves(top: Headers, body: bytes, limits: Limits, problems: list[str]) -> list[Part]:
    """The leaf parts of a message in order, message/* parts among them. Bounded by `limits`."""
    found: list[Part] = []
    stack = [_Entity(top, body, 0)]
    groups = opened = 0
    while stack:
        entity = stack.pop()
        kind, params = content_type(entity.headers, entity.default_type, problems)
        if not kind.startswith("multipart/"):
            found.append(_leaf(entity, kind, params))
            continue
        if entity.depth >= limits.depth:
            problems.append(f"MIME parts nested deeper than {limits.depth}")
            found.append(_leaf(entity, "application/octet-stream", {}))
            continue
        pieces = _split(entity.body, params.get("boundary", ""), limits.parts - opened, problems)
        if not pieces:
            if entity.body.strip() or entity.depth == 0:
                found.append(_leaf(entity, "text/plain", params))
            continue
        opened += len(pieces)
        if kind == "multipart/alternative":
            groups += 1
        group = groups if kind == "multipart/alternative" else entity.group
        for piece in reversed(pieces):
            stack.append(_child(entity, kind, piece, group, limits))
    return found


def _leaf(entity: _Entity, kind: str, params: dict[str, str]) -> Part:
    return Part(entity.headers, kind, params, entity.body, entity.group, entity.in_report, entity.in_related)


def _child(parent: _Entity, kind: str, piece: bytes, group: int, limits: Limits) -> _Entity:
    headers, body = heads.split(piece, limits.header_bytes)
    headers.charset = parent.headers.charset
    return _Entity(
        headers,
        body,
        parent.depth + 1,
        group,
        "message/rfc822" if kind == "multipart/digest" else "text/plain",
        parent.in_report or kind == "multipart/report",
        parent.in_related or kind == "multipart/related",
    )


def content_type(headers: Headers, default: str, problems: list[str]) -> tuple[str, dict[str, str]]:
    """The media type and its parameters; `default` where there is none that can be read."""
    raw = headers.raw("content-type")
    if not raw:
        return default, {}
    if not raw.isascii():
        raw = headers.unicode("content-type")[0]
    kind, params = parse_params(raw)
    if _TYPE.fullmatch(kind):
        return kind, params
    if kind in ("text", "plain", "html"):
        return ("text/html" if kind == "html" else "text/plain"), params
    if "boundary" in params:
        return "multipart/mixed", params
    problems.append(f"unreadable content type {raw[:80]!r}")
    return default, params


def _split(body: bytes, boundary: str, room: int, problems: list[str]) -> list[bytes]:
    """The parts between the delimiter lines; empty when there are none."""
    mark = b"--" + boundary.strip().encode("utf-8", "replace")
    if len(mark) == 2 or (body.find(mark) < 0):
        guess = _GUESS_BOUNDARY.search(body)
        if guess is None:
            problems.append("multipart without a part" if boundary else "multipart without a boundary")
            return []
        problems.append("multipart boundary missing or wrong: taken from the body")
        mark = b"--" + guess[1]
    pieces: list[bytes] = []
    start, closed = -1, False
    position = 0 if body.startswith(mark) else body.find(b"\n" + mark) + 1 or -1
    while position >= 0:
        end = body.find(b"\n", position)
        end = len(body) if end < 0 else end
        tail = body[position + len(mark) : end].strip()
        if tail in (b"", b"--"):
            if start >= 0:
                pieces.append(body[start : max(start, position - 1)])
            start = end + 1
            closed = tail == b"--"
            if closed or len(pieces) >= room:
                break
        following = body.find(b"\n" + mark, end)
        position = following + 1 if following >= 0 else -1
    if len(pieces) >= room and not closed:
        problems.append("more MIME parts than are looked at")
    elif start >= 0 and not closed:
        problems.append("multipart without its closing boundary")
        pieces.append(body[start:])
    return pieces


def decoded(part: Part, problems: list[str]) -> bytes:
    """The body of a leaf with its transfer encoding undone; what is broken is undone as far as it goes."""
    encoding = part.headers.raw("content-transfer-encoding").lower().partition(";")[0].strip(" \"'")
    if encoding in ("", "7bit", "8bit", "binary"):
        return part.body
    if encoding == "base64":
        return _base64(part.body, problems)
    if encoding in ("quoted-printable", "quotedprintable", "quoted_printable", "quoted printable"):
        return binascii.a2b_qp(part.body)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        return uudecode(part.body, problems)
    if encoding not in (
        "7-bit",
        "8-bit",
        "7bits",
        "8bits",
        "7-bits",
        "8-bits",
        "plain",
        "none",
        "us-ascii",
        "utf-8",
    ):
        problems.append(f"unknown transfer encoding {encoding[:40]!r}: body left as it is")
    return part.body


def _base64(body: bytes, problems: list[str]) -> bytes:
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        problems.append("broken base64: decoded as far as it goes")
        return base64_lenient(body)


def uudecode(body: bytes, problems: list[str]) -> bytes:
    """The files between `begin` and `end` lines, as far as they can be decoded; what cannot is told in `problems`."""
    out: list[bytes] = []
    inside, broken = False, False
    for line in body.split(b"\n"):
        if not inside:
            inside = line.startswith(b"begin ")
            continue
        line = line.rstrip(b"\r")
        if line in (b"end", b"", b"`"):
            if line == b"end":
                break
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            broken = True
            out.append(_uu_short_line(line))
    if broken or not inside:
        problems.append("broken uuencode: decoded as far as it goes")
    return b"".join(out) if inside else body


def _uu_short_line(line: bytes) -> bytes:
    """A line some encoders pad wrongly: as many characters as its length byte asks for."""
    wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(line[:wanted])
    except binascii.Error:
        return b""
