"""The feed that a home page names: `<link rel="alternate">` (RFC 8288 in HTML), or a Link header. Pure."""

import html
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urljoin, urlsplit

_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/json",
          "application/rdf+xml", "application/xml", "text/xml")  # fmt: skip
_PAGE_MAX = 1_000_000
_LINKS_MAX = 500
_TAG_MAX = 2_000
_URL_MAX = 1_500
_TAG = re.compile(r"<(link|base)\b([^<>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,30})\s{0,9}=\s{0,9}("[^"]*"|'[^']*'|[^\s"'<>]+)""")
_HEADER = re.compile(r"<([^<>]{1,1500})>([^<>]{0,500})")
# Feeds of what readers say, not of what is written there.
_COMMENTS = ("comment", "kommentar", "commentaire", "comentario", "replies")


def feed_of(page: str, url: str) -> str:
    """The address of the first feed a page names that is not one of comments, or ""."""
    base, named = url, []
    for tag, given in _tags(page):
        if tag == "base" and given.get("href"):
            base = _joined(url, given["href"]) or base
        elif tag == "link" and _is_feed(given):
            named.append((_joined(base, given["href"]), f"{given.get('title', '')} {given['href']}".lower()))
    good = [(address, words) for address, words in named if address]
    posts = [address for address, words in good if not any(one in words for one in _COMMENTS)]
    return (posts or [address for address, _ in good] or [""])[0]


def links(headers: Mapping[str, str], url: str) -> dict[str, str]:
    """The addresses of a Link header by relation (RFC 8288); the first of each."""
    found: dict[str, str] = {}
    for match in _HEADER.finditer(headers.get("link", "")[:20_000]):
        for name, value in _ATTRIBUTE.findall(match[2]):
            if name.lower() == "rel":
                for rel in value.strip("\"'").lower().split():
                    found.setdefault(rel, _joined(url, match[1]))
    return found


def _tags(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    for count, match in enumerate(_TAG.finditer(page[:_PAGE_MAX])):
        if count >= _LINKS_MAX:
            return
        pairs = _ATTRIBUTE.findall(match[2][:_TAG_MAX])
        yield match[1].lower(), {name.lower(): html.unescape(value.strip("\"'")).strip() for name, value in pairs}


def _is_feed(given: Mapping[str, str]) -> bool:
    kind = given.get("type", "").partition(";")[0].strip().lower()
    return "alternate" in given.get("rel", "").lower().split() and kind in _TYPES and bool(given.get("href"))


def _joined(base: str, href: str) -> str:
    try:
        whole = urljoin(base, href.strip())
        return whole if urlsplit(whole).scheme in ("http", "https") and len(whole) <= _URL_MAX else ""
    except ValueError:
        return ""
