"""Header blocks: split, unfold and decode them (RFC 5322 section 2.2, RFC 2047, RFC 2231), leniently and fast."""

from __future__ import annotations

import binascii
import re
from urllib.parse import unquote_to_bytes

from rapport.channels.kinds.email.charset import clean, codec_for, decode

_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:((?:.*)(?:\n[ \t].*)*)\n?", re.MULTILINE)
_FIELD_START = re.compile(rb"[!-9;-~]+[ \t]*:")
_END = re.compile(rb"\n[ \t\r]*\n")
_WORD = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]{0,200}){0,4}?)\?=")
_FOLD = re.compile(r"[ \t]*\r*\n[ \t]*|\r")
_PARAM = re.compile(r";\s*([^\s=;\"]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^;]*)")


class Headers:
    """The fields of one header block, by lower-case name, each with its raw values in order."""

    __slots__ = ("_fields", "charset")

    def __init__(self, fields: dict[str, list[bytes]], charset: str = "") -> None:
        self._fields = fields
        self.charset = charset

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def raw(self, name: str) -> str:
        """The first value of a field, unfolded, bytes as Latin-1; "" when absent."""
        values = self._fields.get(name)
        return unfold(values[0]) if values else ""

    def text(self, name: str) -> str:
        """The first value of a field, decoded to the text a person should read; "" when absent."""
        values = self._fields.get(name)
        return decode_value(values[0], self.charset) if values else ""

    def texts(self, name: str) -> list[str]:
        """All values of a field, decoded."""
        return [decode_value(value, self.charset) for value in self._fields.get(name, ())]

    def unicode(self, name: str) -> list[str]:
        """All values of a field as Unicode, unfolded, encoded words left as they are (addresses are split first)."""
        return [to_unicode(value, self.charset) for value in self._fields.get(name, ())]

    def is_raw_8bit(self) -> bool:
        """Whether a value holds bytes that are neither ASCII nor UTF-8."""
        return any(not _is_utf8(v) for values in self._fields.values() for v in values)

    def count(self, name: str) -> int:
        return len(self._fields.get(name, ()))


def _is_utf8(value: bytes) -> bool:
    if value.isascii():
        return True
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def split(raw: bytes, limit: int, problems: list[str] | None = None) -> tuple[Headers, bytes]:
    """(headers, body) of an entity with LF line ends. A block over `limit` bytes is cut there."""
    if raw[:1] == b"\n":
        return Headers({}), raw[1:]
    if raw.startswith((b"From ", b">From ")):  # an envelope line left on by a careless export
        raw = raw[raw.find(b"\n") + 1 :] if b"\n" in raw else b""
    end = _END.search(raw, 0, limit + 2)
    stop, start = (end.start() + 1, end.end()) if end else (len(raw), len(raw))
    if stop > limit:
        stop = start = limit
        if problems is not None:
            problems.append(f"header block longer than {limit} bytes")
    fields, used = _fields_of(raw[:stop])
    if used < stop and raw[:stop].strip():
        cut = _body_without_blank_line(raw, stop)
        if cut < stop:
            fields, _ = _fields_of(raw[:cut])
            start = cut
            if problems is not None:
                problems.append("no empty line between header and body")
        elif problems is not None:
            problems.append("line in the header that is no header field")
    return Headers(fields), raw[start:]


def _fields_of(block: bytes) -> tuple[dict[str, list[bytes]], int]:
    fields: dict[str, list[bytes]] = {}
    used = 0
    for match in _FIELD.finditer(block):
        name = match[1].lower().decode("ascii")
        used += match.end() - match.start()
        if name in fields:
            fields[name].append(match[2])
        else:
            fields[name] = [match[2]]
    return fields, used


def _body_without_blank_line(raw: bytes, stop: int) -> int:
    """Where the body begins when lines that are no fields follow the last field; `stop` when fields follow them."""
    position, last = 0, 0
    while position < stop:
        end = raw.find(b"\n", position, stop)
        end = stop if end < 0 else end + 1
        first = raw[position : position + 1]
        if _FIELD_START.match(raw, position, end) or (first in (b" ", b"\t") and last == position):
            last = end
        position = end
    return last


def unfold(value: bytes) -> str:
    """One line of Latin-1 text from a raw field value."""
    text = value.decode("latin-1")
    return (_FOLD.sub(" ", text) if "\n" in text or "\r" in text else text).strip()


def to_unicode(value: bytes, charset: str = "") -> str:
    """One line of text from a raw field value; 8-bit bytes are UTF-8, else the mail's own charset."""
    if value.isascii():
        return clean(unfold(value))
    codec = "utf-8" if _is_utf8(value) else (charset if codec_for(charset) else "")
    return _FOLD.sub(" ", decode(value, codec)).strip()


def decode_value(value: bytes, charset: str = "") -> str:
    """A field value as a person should read it: unfolded, encoded words (RFC 2047) decoded."""
    text = to_unicode(value, charset)
    return decode_words(text) if "=?" in text else text


def decode_words(text: str) -> str:
    """`text` with its encoded words decoded; space between two of them drops out, and broken ones stay as written."""
    if "=?" not in text:
        return text
    out: list[str] = []
    pending, label, end = b"", "", 0
    for match in _WORD.finditer(text):
        gap = text[end : match.start()]
        word = _word_bytes(match[2], match[3])
        charset = match[1].partition("*")[0].lower()
        if pending and not gap.strip() and charset == label:
            pending += word  # a multibyte character may be cut between two words
        else:
            out.append(decode(pending, label) if pending else "")
            if not (pending and not gap.strip()):
                out.append(gap)
            pending, label = word, charset
        end = match.end()
    out.append(decode(pending, label) if pending else "")
    out.append(text[end:])
    return clean("".join(out).replace("\r", " ").replace("\n", " "))


def _word_bytes(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)
    return base64_lenient(data)


_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def base64_lenient(data: bytes) -> bytes:
    """Base64 with whatever alphabet, padding or length errors it has; as many bytes as can be had."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        pass
    data = _NOT_BASE64.sub(b"", data)
    data = data[: len(data) - 1] if len(data) % 4 == 1 else data
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def parse_params(value: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=x` as ("text/plain", {"charset": "x"}); RFC 2231 continuations and charsets undone."""
    head, separator, _ = value.partition(";")
    kind = head.strip().lower()
    if not separator:
        if " " not in kind:
            return kind, {}
        kind, _, _ = kind.partition(" ")  # "text/plain charset=us-ascii", seen in the wild
        value = f"{kind};{value.strip()[len(kind) :]}"
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAM.finditer(value):
        name, text = match[1].lower(), _unquote(match[2])
        if "*" not in name:
            plain.setdefault(name, text)
            continue
        base, _, index = name.partition("*")
        encoded = name.endswith("*")
        number = index.strip("*")
        pieces.setdefault(base, []).append((int(number) if number.isdigit() else 0, encoded, text))
    for base, found in pieces.items():
        plain[base] = _join_2231(found)
    return kind.split(" ")[0].strip(), plain


def _unquote(value: str) -> str:
    value = value.strip()
    if value.startswith('"'):
        value = value[1:-1] if value.endswith('"') and len(value) > 1 else value[1:]
        return re.sub(r"\\([\"\\])", r"\1", value)
    return value


def _join_2231(pieces: list[tuple[int, bool, str]]) -> str:
    pieces.sort(key=lambda piece: piece[0])
    charset, data = "", b""
    for position, (_, encoded, text) in enumerate(pieces):
        if encoded and position == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decode(data, charset)
