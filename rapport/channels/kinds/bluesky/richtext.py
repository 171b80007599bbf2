"""Rich text as it comes: facets point at words by UTF-8 bytes (https://docs.bsky.app/docs/advanced-guides/post-richtext).

What people see must say where a link really leads, so a shortened link is written out. Who made the facets is not to be
trusted: those that point beside the text, or into the middle of a character as people see it, change nothing in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import regex  # type: ignore[import-untyped,unused-ignore]

FACETS_MAX = 100
_LINK_MAX = 2_000
# Posts have at most 3,000 bytes; the offsets of anything much longer are nobody's.
_TEXT_MAX = 20_000
_CLUSTER = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end` of the text: a "link", "mention" or "tag", with its address, DID or word."""

    start: int
    end: int
    what: str
    value: str


def clusters(text: str) -> list[str]:
    """The characters as people see them (extended grapheme clusters, UAX 29)."""
    return list(_CLUSTER.findall(text))


def spans(facets: Any) -> list[Span]:
    """The facets that can be understood, in order of their place; whether they fit a text is not asked yet."""
    found = []
    for facet in facets[:FACETS_MAX] if isinstance(facets, list) else ():
        index = facet.get("index") if isinstance(facet, dict) else None
        features = facet.get("features") if isinstance(facet, dict) else None
        if not isinstance(index, dict) or not isinstance(features, list):
            continue
        start, end = index.get("byteStart"), index.get("byteEnd")
        if type(start) is not int or type(end) is not int:
            continue
        for feature in features[:3]:
            if what := _feature(feature):
                found.append(Span(start, end, *what))
    return sorted(found, key=lambda one: (one.start, one.end))


def written_out(text: str, found: Sequence[Span]) -> str:
    """The text with each link's whole address; an address that has no place in it stands at the end."""
    links = [one for one in found if one.what == "link"]
    if not links:
        return text
    whole, fitting = text.encode(), set(map(id, fitting_spans(text, links)))
    pieces, at, homeless = [], 0, []
    for link in links:
        if id(link) not in fitting or link.start < at:
            homeless.append(link.value)
            continue
        pieces += [whole[at : link.start].decode(), _shown(whole[link.start : link.end].decode(), link.value)]
        at = link.end
    shown = "".join([*pieces, whole[at:].decode()])
    missing = [one for one in dict.fromkeys(homeless) if one not in shown]
    return "\n".join([shown, *missing]) if missing else shown


def fitting_spans(text: str, found: Sequence[Span]) -> list[Span]:
    """Those that lie inside the text and begin and end between two characters as people see them."""
    if len(text) > _TEXT_MAX:
        return []
    edges, at = {0}, 0
    for cluster in clusters(text):
        at += len(cluster.encode())
        edges.add(at)
    return [one for one in found if one.start < one.end and one.start in edges and one.end in edges]


def words_of(text: str, span: Span) -> str:
    """What a fitting span covers."""
    return text.encode()[span.start : span.end].decode()


def is_web(address: str) -> bool:
    """Whether an address is one of the web, whole and without anything that could mislead about where it leads."""
    try:
        parts = urlsplit(address)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and address.isprintable() and " " not in address
        )
    except ValueError:
        return False


def _feature(feature: Any) -> tuple[str, str] | None:
    if not isinstance(feature, dict):
        return None
    for what, name in (("link", "uri"), ("mention", "did"), ("tag", "tag")):
        value = feature.get(name)
        if feature.get("$type") == f"app.bsky.richtext.facet#{what}" and isinstance(value, str):
            good = len(value) <= _LINK_MAX and (what != "link" or is_web(value))
            return (what, value) if good else None
    return None


def _shown(words: str, address: str) -> str:
    """Links are often shown without https:// and cut; other words keep their place beside the address."""
    bare = address.partition("://")[2]
    cut = words.removesuffix("…").removesuffix("...").partition("://")
    start = (cut[2] or cut[0]).lower()
    if words == address or (start and (bare.lower().startswith(start) or bare.lower().startswith(f"www.{start}"))):
        return address
    return f"{words} ({address})"
