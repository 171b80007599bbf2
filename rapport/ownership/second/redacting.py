"""What is taken out of a message before it leaves the house: who wrote it, how to reach them, numbers, quotes. Pure.

Rather too much than too little: an order's number goes as a card's does, and of a link nothing but that there was one.
"""

import re
import unicodedata
from collections.abc import Iterable

LENGTH_MAX = 2_000
_READ_MAX = 20_000
_NAME_LEAST = 3
_DIGITS_LEAST = 5
NAME, ADDRESS, LINK, NUMBER = "[name]", "[address]", "[link]", "[number]"

_QUOTED = re.compile(r"^[ \t]{0,3}[>|].*$", re.MULTILINE)
_ENDS = re.compile(
    r"^[ \t]{0,3}(?:--|—|–|__)[ \t]*$|^[ \t*>]{0,4}(?:-{2,}|_{3,}|={3,})[ \t]?[^\W\d_][^\n\-_=]{3,50}"
    r"[ \t]?(?:-{2,}|_{3,}|={3,})|^[^\n]{0,200}[<\[(][^\s@]{1,80}@[^\s@]{1,120}[>\])][^\n:]{0,40}:[ \t]*$",
    re.MULTILINE,
)
"""A signature, "-----Original message-----", and "... Ann <ann@example.org> wrote:"."""
_AT = re.compile(r"[ \t]{0,3}[\[({][ \t]?(?:at|ät|arroba)[ \t]?[\])}][ \t]{0,3}", re.IGNORECASE)
_TOGETHER = re.compile(r"\S+")
_LINK = re.compile(
    r"[a-z][a-z0-9+.-]{0,20}://|(?<![a-z0-9])www\.|(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}[/?#]", re.IGNORECASE
)
_CODE = re.compile(r"\w+(?:-\w+)*")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \t-]?[A-Z0-9]{2,4}){3,8}\b", re.IGNORECASE)
_NUMBER = re.compile(r"[+(]?\d(?:[^\w\n]{0,3}\d){4,}")


def redacted(text: str, names: Iterable[str] = (), limit: int = LENGTH_MAX) -> str:
    """A text without names (those given), addresses, links, long numbers, quotes and signature; at most so long."""
    cut = _plain(text[:_READ_MAX])[:_READ_MAX]
    cut = _QUOTED.sub("", cut)
    end = _ENDS.search(cut)
    cut = cut[: end.start()] if end else cut
    known = _pattern(names)
    cut = known.sub(NAME, cut) if known else cut
    cut = _TOGETHER.sub(_unreachable, _AT.sub("@", cut))
    cut = _CODE.sub(_without_code, _NUMBER.sub(NUMBER, _IBAN.sub(NUMBER, cut)))
    # A name may have stood right beside what was taken out.
    cut = known.sub(NAME, cut) if known else cut
    return _shortened("\n".join(line for part in cut.split("\n") if (line := part.strip())), limit)


def parts_of(names: Iterable[str]) -> set[str]:
    """Names of people, and each word of them that is long enough to say who it is."""
    whole = _whole(names)
    words = {word for one in whole for word in re.findall(r"\w+", one)}
    return whole | {one for one in words if len(one) >= _NAME_LEAST or _has_no_case(one)}


def _whole(names: Iterable[str]) -> set[str]:
    found = (" ".join(_plain(one).split()) for one in names)
    return {one for one in found if len(one) > 1 or _has_no_case(one)}


def _plain(text: str) -> str:
    """Letters as everybody writes them, without signs that cannot be seen: else a number hides behind either."""
    whole = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in whole if unicodedata.category(sign) not in ("Cf", "Cc", "Cs") or sign in "\n\t")


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    found = sorted(_whole(names), key=lambda one: (-len(one), one))
    whole = [re.escape(one).replace(r"\ ", r"\s+") for one in found]
    alone = [one if _has_no_case(name) else rf"(?<!\w){one}(?!\w)" for name, one in zip(found, whole, strict=True)]
    return re.compile("|".join(alone), re.IGNORECASE) if alone else None


def _has_no_case(name: str) -> bool:
    """Written in a script without capitals, and so perhaps without spaces between words."""
    return not name.isascii() and name.lower() == name.upper()


def _unreachable(found: re.Match[str]) -> str:
    """A run of signs without spaces, without the link or the address in it."""
    whole = found[0]
    link = _LINK.search(whole)
    if link:
        return _without_address(whole[: link.start()]) + LINK
    return _without_address(whole)


def _without_address(whole: str) -> str:
    return ADDRESS if "@" in whole else whole


def _without_code(found: re.Match[str]) -> str:
    return NUMBER if sum(sign.isdecimal() for sign in found[0]) >= _DIGITS_LEAST else found[0]


def _shortened(text: str, limit: int) -> str:
    """Cut between words, so that no half name or number is left at the end."""
    if len(text) <= limit:
        return text
    return text[: limit + 1].rpartition(" ")[0][:limit].rstrip() or text[:limit]
