"""Address lists (RFC 5322 section 3.4) as they really are: what can be answered is kept, what is odd is named."""

from __future__ import annotations

import re

from rapport.channels.kinds.email.charset import clean
from rapport.channels.kinds.email.headers import decode_words
from rapport.channels.kinds.email.model import Address

_SIMPLE = r"[\w+\-=%']+(?:\.[\w+\-=%']+)*@\w[\w\-]*(?:\.\w[\w\-]*)*"
_NAME_ANGLE = re.compile(rf"\s*(\"[^\"\\<>]*\"|[^\"<>,;:()\\@]*)\s*<({_SIMPLE})>\s*")
_BARE_COMMENT = re.compile(rf"\s*({_SIMPLE})(?:\s+\(([^()\\]*)\))?\s*")
_TOKEN = re.compile(
    r"\"(?:[^\"\\]|\\.)*(?:\"|\\?$)"  # an unclosed quote or comment runs to the end, so that scanning stays linear
    r"|<(?:\"(?:[^\"\\]|\\.){0,300}\"|[^<>\"]|\"(?=[^<>\"]*>))*>?"
    r"|[,;:(]|\s+|[^\s\"(),;:<>]+|.",
    re.DOTALL,
)
_ATEXT = r"[^\x00-\x20()<>\[\]:;@\\,.\"\x7f]+"
_STRICT = re.compile(
    rf"(?:{_ATEXT}(?:\.{_ATEXT})*|\"(?:[^\"\\\x00-\x08]|\\.)+\")@"
    rf"(?:[^\W_](?:[\w\-!]*\w)?(?:\.[^\W_](?:[\w\-!]*\w)?)*|[^\W_][\w\u0900-\u097f\-]*(?:\.[\w\u0900-\u097f]+)*"
    r"|\[[\w.:\-]+\])"
)
_USABLE = re.compile(
    r"(?:[^\s@<>()\[\],;:\"\\]+|\"(?:[^\"\\]|\\.)+\")@[^\s@<>()\[\],;:\"\\.][^\s@<>()\[\],;:\"\\]*"
)
_LITERAL = re.compile(r"(?:[^\s@<>()\[\],;:\"\\]+)@\[[\w.:\-]+\]")
_MAX_TEXT = 100_000


def parse_addresses(
    values: list[str], limit: int = 1_000, problems: list[str] | None = None
) -> tuple[Address, ...]:
    """All mailboxes in the values of one field (unfolded Unicode, encoded words still encoded), in order.

    Groups are flattened. An address that breaks the grammar but can be answered is kept and named in `problems`;
    what holds no address is left out and named too.
    """
    found: list[Address] = []
    notes = problems if problems is not None else []
    for value in values:
        found.extend(_parse_one(value[:_MAX_TEXT], notes))
    if len(found) > limit:
        notes.append(f"{len(found)} addresses, the first {limit} kept")
        del found[limit:]
    return tuple(found)


def is_valid(address: str) -> bool:
    """Whether an address keeps to RFC 5322/6531 (dot-atom or quoted local part, host name) and 5321's lengths."""
    local, _, domain = address.rpartition("@")
    if not local or len(local) > 64 + 26 or len(address) > 320:
        return False
    return bool(_STRICT.fullmatch(address)) and not _bad_labels(domain)


def _bad_labels(domain: str) -> bool:
    labels = domain.split(".")
    return any(len(label) > 63 for label in labels) or any(_bad_punycode(label) for label in labels)


def _bad_punycode(label: str) -> bool:
    if not label.lower().startswith("xn--"):
        return False
    try:
        return not label[4:].encode("ascii").decode("punycode")[:1].isalnum() or label[4:].isalpha()
    except UnicodeError:
        return True


def _parse_one(value: str, problems: list[str]) -> list[Address]:
    simple = _NAME_ANGLE.fullmatch(value)
    if simple and len(simple[2]) <= 254 and "xn--" not in simple[2]:
        return [Address(_name_beside(simple[1], simple[2]), simple[2])]
    simple = _BARE_COMMENT.fullmatch(value)
    if simple and len(simple[1]) <= 254 and "xn--" not in simple[1]:
        return [Address(_name_beside(simple[2] or "", simple[1]), simple[1])]
    if not value.strip():
        return []
    found, held = _parse_list(value, problems)
    if not found and "=?" in value:  # some programs encode the whole field, address and all
        decoded = decode_words(value)
        if decoded != value:
            found, held = _parse_list(decoded, problems)
    if not found and held:
        problems.append(f"no usable address in {clean(value)[:100]!r}")
    return found


def _parse_list(value: str, problems: list[str]) -> tuple[list[Address], bool]:
    """The mailboxes of one list, and whether there was any text that should have been one."""
    found: list[Address] = []
    held = False
    item = _Item()
    position = 0
    while position < len(value):
        match = _TOKEN.match(value, position)
        if match is None:  # cannot be: the last alternative takes any character
            break
        piece, position = match[0], match.end()
        if piece == "(":
            comment, position = _comment(value, position)
            item.comment(comment, item.glued)
        elif piece in (",", ";"):
            held |= item.flush(found, problems)
            item = _Item()
        elif piece == ":" and not any("@" in held_piece for held_piece in item.pieces) and item.angle is None:
            if item.pieces and item.pieces[-1].lower() == "mailto":
                item.pieces.pop()
                item.glued = False
            else:
                item = _Item()  # the name of a group (RFC 5322 section 3.4)
        else:
            item.add(piece)
    held |= item.flush(found, problems)
    return found, held


def _comment(value: str, position: int) -> tuple[str, int]:
    """The comment that opened just before `position`, nested ones inside, and where the text goes on."""
    depth, start = 1, position
    while position < len(value) and depth:
        char = value[position]
        if char == "\\":
            position += 1
        elif char in "()":
            depth += 1 if char == "(" else -1
        position += 1
    return value[start : position - (0 if depth else 1)], position


class _Item:
    """The tokens of one mailbox, gathered between two commas."""

    __slots__ = ("angle", "comments", "glued", "pieces", "split", "trimmed")

    def __init__(self) -> None:
        self.pieces: list[str] = []  # runs without white space between them
        self.comments: list[str] = []
        self.angle: str | None = None
        self.glued = False
        self.trimmed = False  # something odd was taken off to make it an address
        self.split = False  # a comment stood in the middle of a word

    def comment(self, text: str, closed_before: bool) -> None:
        """A comment, and whether a word touched its opening."""
        self.comments.append(text)
        self.split |= closed_before and bool(self.pieces) and "@" not in self.pieces[-1]

    def add(self, token: str) -> None:
        if token.isspace():
            self.glued = False
        elif token.startswith("<"):
            if self.angle is None or "@" in token:
                if self.angle is not None:
                    self.pieces.append(self.angle)
                self.angle = token.strip("<>").strip()
            self.glued = False
        elif self.glued:
            self.pieces[-1] += token
        else:
            self.pieces.append(token)
            self.glued = True

    def flush(self, found: list[Address], problems: list[str]) -> bool:
        """Add the mailbox to `found` when there is one; True when there was text at all."""
        if self.angle is None and not self.pieces:
            return False
        if self.angle == "" and not self.pieces:
            return False  # the null sender, <>
        address = self._address()
        if not address:
            problems.append(f"no usable address in {clean(' '.join([*self.pieces, self.angle or '']))[:100]!r}")
            return False
        if not is_valid(address) or self.trimmed or self.split:
            problems.append(f"odd address {clean(address)[:100]!r}")
        found.append(Address(self._display(address), clean(address)))
        return True

    def _address(self) -> str:
        if self.angle is not None:
            candidates = [_route_less(self.angle), *self.pieces]
        elif len(self.pieces) > 1 and any(p.startswith("@") or p.endswith("@") for p in self.pieces):
            candidates = ["".join(self.pieces)]  # "first.last @host", "1234 @ local.example" (obsolete syntax)
        else:
            candidates = self.pieces
        for candidate in candidates:
            trimmed = candidate if _usable(candidate) else candidate.strip("<>[]'.,;:\"")
            if _usable(trimmed):
                if self.angle is None:
                    self.trimmed = trimmed != candidate
                    self.pieces = [piece for piece in self.pieces if piece != candidate]
                return trimmed
        return ""

    def _display(self, address: str) -> str:
        name = _name(" ".join(self.pieces)) or _name(" ".join(self.comments))
        return "" if name == address else name


def _route_less(angle: str) -> str:
    angle = angle.removeprefix("mailto:").removeprefix("MAILTO:").strip()
    if angle.startswith("@") and ":" in angle:  # obsolete source route, <@a,@b:user@host>
        angle = angle.rpartition(":")[2]
    return angle.replace(" ", "") if '"' not in angle else angle


def _usable(address: str) -> bool:
    return len(address) <= 400 and bool(_USABLE.fullmatch(address) or _LITERAL.fullmatch(address))


def _name_beside(text: str, address: str) -> str:
    """The display name, unless it only says the address again."""
    name = _name(text)
    return "" if name == address else name


def _name(text: str) -> str:
    """A display name as people read it: unquoted, decoded, one line."""
    text = text.strip()
    if '"' in text:
        text = re.sub(r"\"((?:[^\"\\]|\\.)*)(?:\"|\\?$)", r"\1", text)
    if "\\" in text:
        text = re.sub(r"\\(.)", r"\1", text)
    if "=?" in text:
        text = decode_words(text)
    text = " ".join(text.split())
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1]
    return text[:500]
