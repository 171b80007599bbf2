"""One cell of a table: cleaned, taken apart, put together again. Pure.

Several values stand in one cell with "; " between them; a separator inside a value has a backslash before it.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from rapport.channels.telephone import e164

MANY = ";,|\n"
_SPLIT = re.compile(r"(?:\\[\\;,|\n]|[^;,|\n])+")
_ESCAPED = re.compile(r"\\([\\;,|\n])")
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_YES = frozenset({"1", "yes", "y", "true", "on", "x", "ja", "oui", "si", "sí", "sim", "tak", "given", "opt-in"})
_NO = frozenset({"0", "no", "n", "false", "off", "nein", "non", "nao", "não", "nie", "withdrawn", "opt-out"})
#: No number is written longer than that.
_PHONE_MAX = 200
_KEPT_CONTROLS = frozenset("\n\t")
#: Signs that turn the direction of writing: a name ending in one turns what stands behind it.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_SPAN = re.compile(r"(?P<kind>[\w-]+)(?:\s+(?P<since>[\d-]*)/(?P<until>[\d-]*))?")


def clean(text: str, length: int) -> str:
    """What a database and a page can hold, NFC, trimmed, at most so many characters; line ends as they are."""
    if text.isascii() and text.isprintable():
        return text.strip()[:length].strip()
    text = text[: 4 * length].replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(one for one in text if one in _KEPT_CONTROLS or unicodedata.category(one) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", kept).strip()[:length].strip()


def line(text: str, length: int) -> str:
    """The same on one line: names come with line ends and signs that turn the direction of writing, and must not."""
    if not text.isascii():
        text = "".join(one for one in text[: 4 * length] if one not in _TURNS)
    return " ".join(clean(text, length).split())[:length].strip()


def split(cell: str) -> list[str]:
    """The values of a cell, each once."""
    found = (_ESCAPED.sub(r"\1", one).strip() for one in _SPLIT.findall(cell))
    return list(dict.fromkeys(one for one in found if one))


def joined(values: Iterable[str]) -> str:
    """Several values as one cell, to be taken apart by `split`."""
    return "; ".join(re.sub(r"([\\;,|\n])", r"\\\1", one) for one in values)


def guarded(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before what looks like one."""
    bare = text.lstrip("'").lstrip(" ")
    return f"'{text}" if bare.startswith(_STARTS_A_FORMULA) else text


def unguarded(text: str) -> str:
    """The cell as it was before `guarded`."""
    if text.startswith("'") and text.lstrip("'").lstrip(" ").startswith(_STARTS_A_FORMULA):
        return text[1:]
    return text


def email(written: str) -> str:
    """An address as handles have it: lower case, domains in letters (not punycode); "" where it is none."""
    bare = written.strip().removeprefix("mailto:")
    if bare.endswith(">") and "<" in bare:
        bare = bare.rpartition("<")[2][:-1]
    local, at, domain = bare.strip().lower().rpartition("@")
    domain = _letters(domain.rstrip("."))
    labels = domain.split(".")
    wrong = not local or not at or len(labels) < 2 or not all(0 < len(one) <= 63 for one in labels)
    if wrong or len(local) + len(domain) > 253 or re.search(r"[\s<>()\[\],;:\\@\"\x00-\x20]", local + domain):
        return ""
    return f"{local}@{domain}"


def _letters(domain: str) -> str:
    if "xn--" not in domain:
        return domain
    try:
        return domain.encode("ascii").decode("idna")
    except (UnicodeError, ValueError):
        return domain


def phone(written: str, country: str) -> str:
    """A number as E.164, national ones of the country with that prefix; "" where it is none."""
    # Spaces are made single and the rest is cut first: the pattern takes quadratic time for a long run of them.
    plain = " ".join(written[:_PHONE_MAX].split())
    bare = re.sub(r"(?i) ?(?:ext\.?|x|#|durchwahl) ?\d+$", "", plain).replace("(0)", "")
    return e164("".join(unicodedata.normalize("NFKC", bare).split()), country)


def yes(text: str) -> bool | None:
    """What a cell says to a question; None where it says neither."""
    word = text.strip().lower()
    return True if word in _YES else False if word in _NO else None


def day(text: str) -> date | None:
    """A date: 2020-04-03, 20200403, 3.4.2020, 2020/4/3, 13/4/2020; None where it is none or could be two days."""
    text = text.strip()
    if found := re.fullmatch(r"(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})(?:[T ].*)?", text, re.ASCII):
        return _date(found[1], found[2], found[3])
    if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text, re.ASCII):
        return _date(found[3], found[2], found[1])
    if found := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", text, re.ASCII):
        one, two = int(found[1]), int(found[2])
        if one != two and one <= 12 and two <= 12:
            return None
        return _date(found[3], *((found[2], found[1]) if one > 12 or one == two else (found[1], found[2])))
    return None


def _date(year: str, month: str, of_month: str) -> date | None:
    try:
        return date(int(year), int(month), int(of_month))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Span:
    """A relationship with its days, as one value: "customer", "partner 2020-01-01/", "employee /2022-03-31"."""

    kind: str
    since: date | None = None
    until: date | None = None

    def __str__(self) -> str:
        days = f" {self.since or ''}/{self.until or ''}" if self.since or self.until else ""
        return f"{self.kind}{days}"


def span(text: str) -> Span | None:
    """What `str(Span)` wrote; None where a day is none."""
    found = _SPAN.fullmatch(text.strip().lower())
    if not found:
        return Span(text.strip().lower())
    since, until = found["since"] or "", found["until"] or ""
    days = day(since), day(until)
    if (since and not days[0]) or (until and not days[1]):
        return None
    return Span(found["kind"], *days)
