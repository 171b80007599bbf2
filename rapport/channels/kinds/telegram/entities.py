"""Telegram counts text in UTF-16 code units, and keeps links and mentions beside it as stretches ("entities"). Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapport.channels.kinds.telegram.values import number, obj, rows, text

_ENTITIES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """One entity, with its place in characters of Python rather than in UTF-16 code units."""

    kind: str
    start: int
    end: int
    url: str = ""
    user: int | None = None


def units(words: str) -> int:
    """How long a text is in UTF-16 code units: what lies outside the basic plane counts twice."""
    return len(words) + sum(1 for one in words if ord(one) > 0xFFFF)


def stretches(words: str, entities: Any) -> Sequence[Stretch]:
    """The entities that lie inside the text, in order. What is no entity, or reaches beyond, is left out or cut."""
    found = []
    places = _places(words)
    for one in rows(entities, _ENTITIES_MAX):
        offset, length = number(one.get("offset")), number(one.get("length"))
        if offset is None or length is None or length <= 0 or not 0 <= offset < len(places):
            continue
        end = places[min(offset + length, len(places) - 1)]
        user = number(obj(one.get("user")).get("id"))
        found.append(Stretch(text(one.get("type")), places[offset], end, text(one.get("url"), 2_000), user))
    return sorted(found, key=lambda one: (one.end, one.start))


def with_links(words: str, found: Sequence[Stretch]) -> str:
    """The text with the address behind each linked word in brackets after it, unless it is the word itself."""
    out: list[str] = []
    at = 0
    for one in found:
        shown = words[one.start : one.end]
        if one.kind != "text_link" or not one.url.startswith(("http://", "https://")):
            continue
        if one.url.rstrip("/") in (shown.rstrip("/"), f"https://{shown}", f"http://{shown}"):
            continue
        out += [words[at : one.end], f" ({one.url})"]
        at = one.end
    return "".join([*out, words[at:]])


def mentions(words: str, found: Sequence[Stretch], own: Mapping[str, Any]) -> bool:
    """Whether we are meant: our @name, a link to us, or a command that is for us or for any bot."""
    name = f"@{own.get('username') or ''}".lower()
    for one in found:
        shown = words[one.start : one.end].lower()
        if one.kind == "mention" and len(name) > 1 and shown == name:
            return True
        if one.kind == "text_mention" and one.user is not None and str(one.user) == str(own.get("id", "")):
            return True
        if one.kind == "bot_command" and ("@" not in shown or shown.endswith(name)):
            return True
    return False


def split(words: str, most: int) -> Sequence[str]:
    """The text in pieces of at most `most` UTF-16 code units, broken at a line, else at a space, else between letters.

    Nothing but the white space at the breaks is lost.
    """
    return list(_pieces(words.strip(), most))


def _pieces(words: str, most: int) -> Iterator[str]:
    while units(words) > most:
        fits = _fitting(words, most)
        cut = max(words.rfind("\n", fits // 2, fits + 1), 0) or max(words.rfind(" ", fits // 2, fits + 1), 0) or fits
        piece = words[:cut].rstrip()
        if piece:
            yield piece
        words = words[cut:].lstrip()
    if words:
        yield words


def _fitting(words: str, most: int) -> int:
    """How many characters from the start have at most `most` units."""
    count = used = 0
    for one in words:
        used += 2 if ord(one) > 0xFFFF else 1
        if used > most:
            break
        count += 1
    return max(count, 1)


def _places(words: str) -> Sequence[int]:
    """For each UTF-16 code unit (and the end) which character it belongs to; the second half belongs to the next."""
    if words.isascii() or max(map(ord, words)) <= 0xFFFF:
        return range(len(words) + 1)
    places: list[int] = []
    for index, one in enumerate(words):
        places.append(index)
        if ord(one) > 0xFFFF:
            places.append(index + 1)
    places.append(len(words))
    return places
