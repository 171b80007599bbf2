"""The entries of a feed as raw items: what makes an entry itself, and what makes it a changed one. Pure."""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import Incoming, item_id
from rapport.channels.kinds.feeds import plaintext
from rapport.channels.kinds.feeds.dates import instant
from rapport.channels.kinds.feeds.document import Document

_KEY_MAX = 1_000
# An author who wrote this much of a feed is taken for the feed's own person.
_MOST = 2 / 3


@dataclass(frozen=True, slots=True)
class Found:
    """One entry: its key within its feed, and the hashes of the key and of what it says."""

    key: str
    entry: Mapping[str, Any]
    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Where:
    """The feed that entries come from: the address that stays its name, what found them, when, and whether its hub
    pushed them.
    """

    url: str
    found_by: str
    at: datetime
    pushed: bool = False


def found(document: Document) -> list[Found]:
    """The entries in the order of the feed, each with a key that no other one there has."""
    plain = [_text(one, "id") or _text(one, "link") for one in document.entries]
    several = {key for key, count in Counter(plain).items() if count > 1 or not key}
    made: dict[str, Found] = {}
    for key, entry in zip(plain, document.entries, strict=True):
        said = _said(entry)
        whole = key if key not in several else f"{key} {_text(entry, 'link')} {_hash(said, 9)}".strip()
        short = whole if len(whole) <= _KEY_MAX else f"{whole[:200]} {_hash(whole, 18)}"
        made.setdefault(short, Found(short, entry, _hash(whole, 9), _hash(said, 3)))
    return list(made.values())


def incoming(document: Document, chosen: Sequence[Found], where: Where, changed: frozenset[str]) -> Iterator[Incoming]:
    """The raw items of chosen entries; `changed` are the keys of those that may have come before, otherwise."""
    main = _main_author(document)
    for one in chosen:
        own = {"key": one.key, "shared": _is_shared(document, one.entry, main), "entry": one.entry}
        yield Incoming(
            item_id("feed", where.url, one.key, one.content),
            _dumped({"feed": document.feed, **own}),
            {"feed": where.url, "found_by": where.found_by, "changed": one.key in changed, "pushed": where.pushed},
            where.at,
        )


def is_recent(entry: Mapping[str, Any], at: datetime, days: int) -> bool:
    """Whether an entry is no older than `days` (0: any age); one without a date is."""
    written = instant(entry.get("updated_at")) or instant(entry.get("published_at"))
    return not days or written is None or written >= at - timedelta(days=days)


def _said(entry: Mapping[str, Any]) -> str:
    """What a reader would notice if it changed."""
    content = _text(entry, "content") or _text(entry, "summary")
    return "\x1f".join((_text(entry, "link"), plaintext.bare(_text(entry, "title")), plaintext.bare(content)))


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value.strip() if isinstance(value, str) else ""


def _hash(text: str, size: int) -> str:
    """Short, without characters that a JSON text would have to escape."""
    return b64encode(sha256(text.encode("utf-8", "replace")).digest()[:size], b"-_").decode()


def _name(entry: Mapping[str, Any]) -> str:
    authors = entry.get("authors") or ()
    return str(authors[0].get("name", "")).casefold().strip() if authors else ""


def _main_author(document: Document) -> str:
    names = Counter(name for one in document.entries if (name := _name(one)))
    if not names:
        return ""
    name, count = names.most_common(1)[0]
    return name if count >= _MOST * names.total() else ""


def _is_shared(document: Document, entry: Mapping[str, Any], main: str) -> bool:
    """Whether the entry's author is one of several who write there, so that the site alone does not say who it is."""
    name = _name(entry)
    return bool(name) and name not in (main, _name(document.feed))


def _dumped(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):  # half a character, which the loose parser lets through
        return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")
