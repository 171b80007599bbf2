"""Regular expressions that always end: read by RE2, whose time grows with the text and never faster. Pure.

RE2 builds an automaton and goes through the text once, so there is no pattern on which it runs for ever; what only
looking back could find (back-references, what stands around) it does not know, and is refused here in words.

Both sides are read alike: digits of every script as 0 to 9, every kind of space as a space, without invisible signs.
So `\\d` and `\\s` mean what a person means by them. `\\w` is a letter or digit of any script. `\\b` RE2 knows for a to
z alone: beside other letters it is refused.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import re2

from rapport.ownership.words import CHARACTERS_READ_MAX

LENGTH_MAX = 500
"""Characters of one pattern."""
DIFFERENT_MAX = 1000
"""Different patterns of one policy: about 5 µs each for an ordinary mail, and at worst 0.2 MB."""
_MEMORY_MAX = 1 << 20

#: People who write ^ and $ think of a line of the mail.
_LINES = "(?m)"
_WORD = r"\p{L}\p{M}\p{N}_"
_LOOKING = "it may not look at what stands around (?=, ?!, ?<=, ?<!): ask for both with two conditions, or use not"
_BACK = "it may not refer back to a group (\\1): write out what may stand there"
_GREED = "a quantifier is written once (*, +, ? or {2,4}), and ? behind it takes as little as possible"
_AT_ONCE = "groups are written ( ) or (?: ); comments, conditions and groups kept at once ((?>) are unknown"
_GROUPS = {
    "(?=": _LOOKING, "(?!": _LOOKING, "(?<=": _LOOKING, "(?<!": _LOOKING, "(?P=": _BACK, "(?>": _AT_ONCE,
    "(?(": _AT_ONCE, "(?#": _AT_ONCE, "(?R": _AT_ONCE, "(?&": _AT_ONCE, "(?|": _AT_ONCE,
}  # fmt: skip
_ESCAPES = {
    "Z": "\\Z is unknown: write \\z for the end of the whole text, $ for the end of a line",
    "G": "\\G is unknown: a pattern is looked for anywhere",
    "K": "\\K is unknown: a pattern only says whether it is there",
    "Q": "\\Q is unknown: put \\ before each sign that is meant as itself",
    "C": "\\C is unknown: write . for any character",
    "R": "\\R is unknown: write \\s for the end of a line or a space",
    "X": "\\X is unknown: write . for any character",
    "h": "\\h is unknown: write \\s for a space",
    "k": _BACK, "g": _BACK,
}  # fmt: skip
_INSIDE_NOT = "\\W does not stand within [ ]: write \\P{L} for what is no letter, or [^\\w] by itself"
_BORDER = "\\b knows the letters a to z only: beside others write (?:^|\\W) before and (?:$|\\W) behind, or use words"


class NoExpression(ValueError):
    """Why a pattern cannot be used, and what to write instead."""


#: What is read otherwise: a digit or space of any script, and what cannot be seen.
_ODD = re.compile("[^\\D0-9]|[^\\S \t\n\r\f\v]|[\u00ad\u200b-\u200d\u2060\ufeff]")


def _as_read(found: re.Match[str]) -> str:
    sign = found.group()
    if sign.isdigit():
        return str(unicodedata.digit(sign))
    return ("\n" if sign in "\u0085\u2028\u2029" else " ") if sign.isspace() else ""


def _read(text: str) -> str:
    if not text.isascii():
        # A letter and its accent may come as one sign or as two; a lone surrogate is no text at all.
        text = _ODD.sub(_as_read, unicodedata.normalize("NFC", text)).encode("utf-8", "replace").decode()
    return text.replace("\r\n", "\n")


class Readable:
    """A message made ready for expressions, once, with the answers so far: many rules may ask the same."""

    __slots__ = ("_subject", "_text", "_whole", "known")

    def __init__(self, subject: str, text: str) -> None:
        self._subject, self._text = subject[:CHARACTERS_READ_MAX], text[:CHARACTERS_READ_MAX]
        self._whole: dict[str, bytes] = {}
        self.known: dict[tuple[str, str], bool] = {}

    def part(self, where: str) -> bytes:
        """What is read of "subject", "text" or "" (both, the subject as a line of its own)."""
        if where not in self._whole:
            parts = {"subject": self._subject, "text": self._text}
            whole = parts[where] if where else f"{self._subject}\n{self._text}"[:CHARACTERS_READ_MAX]
            self._whole[where] = _read(whole).encode()
        return self._whole[where]


@dataclass(frozen=True)
class Expression:
    """One pattern, as it was written."""

    written: str

    @cached_property
    def _compiled(self) -> Any:
        return _compiled(self.written)

    def check(self) -> None:
        """Raise NoExpression, in words, where it cannot be used."""
        if all(self._compiled.search(one) for one in (b"", b"x", b"0 - 0")):
            raise NoExpression("it finds something in every message: use always, or ask for at least one sign")

    def is_in(self, message: Readable, where: str = "") -> bool:
        """Whether the message, or its "subject" or "text" alone, has it. Linear in the text."""
        asked = (self.written, where)
        if asked not in message.known:
            message.known[asked] = self._compiled.search(message.part(where)) is not None
        return message.known[asked]

    def found_in(self, text: str) -> str | None:
        """What it finds first, for who tries it out; None where there is nothing."""
        found = self._compiled.search(_read(text[:CHARACTERS_READ_MAX]).encode())
        return None if found is None else found.group().decode("utf-8", "replace")


def _compiled(written: str) -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY_MAX
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    try:
        return re2.compile(f"{_LINES}{_translated(_read(written))}", options)
    except re2.error as error:
        raise NoExpression(_in_words(error.args[0])) from None


def _in_words(given: bytes | str) -> str:
    said = (given.decode("utf-8", "replace") if isinstance(given, bytes) else given).replace(_LINES, "")
    if "too large" in said or "repetition size" in said:
        return "it is too large: repeat less often, or write + or * for any number"
    return _GREED if "bad repetition" in said else said


_PART = re.compile(
    r"\\[pP](?:\{[^}]*\}|.)|\\x(?:\{[0-9A-Fa-f]*\}|..)|\\.|\[:\^?\w+:\]|\(\?(?:<[=!]|P=|.)|.", re.DOTALL
)
_QUANTIFIER = re.compile(r"(?:[*+?]|\{\d*,?\d*\})\+")


def _translated(written: str) -> str:
    r"""The pattern as RE2 is to have it: `\w` of any script. Raises NoExpression for what it does not know."""
    inside, opened, made = False, -1, []
    foreign = not written.isascii() and any(sign.isalpha() and not sign.isascii() for sign in written)
    for found in _PART.finditer(written):
        part = found.group()
        if part[0] == "\\" and len(part) == 2:
            made.append(_escape(part[1], inside=inside, foreign=foreign))
            continue
        if not inside:
            if part in _GROUPS:
                raise NoExpression(_GROUPS[part])
            if part in "*+?{" and _QUANTIFIER.match(written, found.start()):
                raise NoExpression(_GREED)
            if part == "[":
                inside, opened = True, found.end() + (written[found.end() : found.end() + 1] == "^")
        elif part == "]" and found.start() != opened:  # one that stands first is meant as itself
            inside = False
        made.append(part)
    return "".join(made)


def _escape(sign: str, *, inside: bool, foreign: bool) -> str:
    if sign in "123456789":
        raise NoExpression(_BACK)
    if sign in _ESCAPES:
        raise NoExpression(_ESCAPES[sign])
    if sign in "bB" and foreign:
        raise NoExpression(_BORDER)
    if sign == "W" and inside:
        raise NoExpression(_INSIDE_NOT)
    if sign in "wW":
        return _WORD if inside else f"[{'^' if sign == 'W' else ''}{_WORD}]"
    return f"\\{sign}"
