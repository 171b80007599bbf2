"""RSS, RDF and Atom by the library feedparser, kept from running away on documents made to harm.

The library is imported with this module, so import this module where it is used.
"""

import io
import re
import time
import xml.sax
import xml.sax.handler
import xml.sax.xmlreader
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from feedparser import api
from feedparser.sanitizer import replace_doctype

from rapport.channels.kinds.feeds.dates import instant
from rapport.channels.kinds.feeds.document import ENTRIES_MAX, ROOT, Document
from rapport.channels.kinds.feeds.settings import MOST_S

_SECONDS_MAX = 10.0
_TAGS_MAX = 2_000_000
_LOOSE_MAX = 1_500_000
_HEAD_MAX = 64 * 1024
_AUTHOR_MAX = 500
_LIST_MAX = 100
# Two or more spaces: the library's own search for the document type is quadratic in them.
_WIDE = re.compile(r"[ \t\r\n]{2,}")
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
#: What the library raises on documents that its authors did not foresee.
_UNFORESEEN = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, RecursionError, OverflowError,
)  # fmt: skip


class _Enough(Exception):
    """The document has more than we take: entries, tags, or time."""


class _Bounded:
    """What both parsers of the library get: limits, and no search in authors that are whole books."""

    tags = 0
    until = 0.0
    begun = 0

    def unknown_starttag(self, tag: str, attrs: Any) -> None:
        """Counted; stops the parser where it has enough."""
        self.tags += 1
        if self.tags > _TAGS_MAX or (self.tags % 500 == 0 and time.monotonic() > self.until):
            raise _Enough
        self.begun += tag in ("item", "entry", "product")
        if self.begun > ENTRIES_MAX:
            raise _Enough
        super().unknown_starttag(tag, attrs)  # type: ignore[misc]

    def _sync_author_detail(self, key: str = "author") -> None:
        """An author in one text stays whole: the library looks for an address in it by a pattern that takes hours for
        a long text without one, and cuts off top-level domains of more than four letters.
        """
        context = self._get_context()  # type: ignore[attr-defined]
        people = dict.get(context, f"{key}s") or [{}]
        author = dict.get(context, key)
        if people[-1] or not isinstance(author, str):
            super()._sync_author_detail(key)  # type: ignore[misc]
        elif author:
            people[-1]["name"] = author[:_AUTHOR_MAX]


# What names an entry is compared as written (RFC 4287, 4.2.6.1), never made whole by the feed's address.
_RELATIVE = api.StrictFeedParser.can_be_relative_uri - {"id"}


class _Strict(_Bounded, api.StrictFeedParser):  # type: ignore[misc]
    """For XML that is well-formed."""

    can_be_relative_uri = _RELATIVE


class _Loose(_Bounded, api.LooseFeedParser):  # type: ignore[misc]
    """For what should have been."""

    can_be_relative_uri = _RELATIVE


def understood(text: str, url: str) -> Document | None:
    """The feed in a text that begins with its first tag, or None. Links are made whole by `url`."""
    start = _first_element(text)
    if start > _HEAD_MAX:
        return None
    head = _WIDE.sub(lambda run: "\n" if "\n" in run[0] else " ", text[:start])
    version, data, entities = replace_doctype((head + text[start:]).encode("utf-8", "replace"))
    until = time.monotonic() + _SECONDS_MAX
    parsed = _strict(data, url, until)
    problems: tuple[str, ...] = ()
    if parsed is None and len(data) <= _LOOSE_MAX:
        parsed = _loose(data, url, entities, until)
        problems = ("The feed is not well-formed XML.",) if parsed else ()
    if parsed is None or not (version or parsed.version or parsed.entries or ROOT.match(text, start)):
        return None
    return _document(parsed, problems, url)


def _first_element(text: str) -> int:
    found = re.search(r"<\w", text)
    return found.start() if found else 0


def _strict(data: bytes, url: str, until: float) -> Any:
    parser = _ready(_Strict(url, None, "utf-8"), until)
    # No entity gets here: `replace_doctype` took all but plain ones out, and none is fetched.
    reader = xml.sax.make_parser()  # noqa: S317
    reader.setFeature(xml.sax.handler.feature_namespaces, 1)
    reader.setFeature(xml.sax.handler.feature_external_ges, 0)
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    source = xml.sax.xmlreader.InputSource()
    source.setByteStream(io.BytesIO(data))
    try:
        reader.parse(source)
    except _Enough:
        return parser
    except (xml.sax.SAXException, *_UNFORESEEN):
        return None
    return parser


def _loose(data: bytes, url: str, entities: Any, until: float) -> Any:
    parser = _ready(_Loose(url, None, "utf-8", entities), until)
    try:
        parser.feed(data.decode("utf-8", "replace"))
    except _Enough:
        return parser
    except _UNFORESEEN:
        return parser if parser.entries else None
    return parser


def _ready(parser: Any, until: float) -> Any:
    parser.until = until
    parser.resolve_relative_uris = False
    parser.sanitize_html = False  # it is made plain text later, never shown as HTML
    return parser


def _document(parsed: Any, problems: tuple[str, ...], url: str) -> Document:
    feed = parsed.feeddata
    links = _links(feed)
    entries = parsed.entries[:ENTRIES_MAX]
    return Document(
        {
            "title": _get(feed, "title"), "title_type": _kind(feed, "title"), "link": _get(feed, "link"),
            "language": _get(feed, "language"), "authors": _authors(feed), "version": str(parsed.version or "rss"),
        },
        tuple(_entry(one, url) for one in entries),
        hub=_rel(links, "hub"),
        topic=_rel(links, "self"),
        least_s=_least(feed),
        problems=problems,
    )  # fmt: skip


def _entry(given: Any, url: str) -> dict[str, Any]:
    content = _best(dict.get(given, "content"))
    published, published_at = _date(given, "published", "created")
    updated, updated_at = _date(given, "updated")
    return {
        "id": _get(given, "id").strip(), "link": _link(given, url),
        "title": _get(given, "title"), "title_type": _kind(given, "title"),
        "content": content[0], "content_type": content[1],
        "summary": _get(given, "summary"), "summary_type": _kind(given, "summary"),
        "published": published, "published_at": published_at, "updated": updated, "updated_at": updated_at,
        "authors": _authors(given), "enclosures": [
            {"href": _get(one, "href"), "type": _get(one, "type"), "length": _get(one, "length")}
            for one in _links(given) if _get(one, "rel") == "enclosure"
        ],
        "tags": [_get(one, "term") for one in (dict.get(given, "tags") or [])[:_LIST_MAX] if _get(one, "term")],
        "language": _get(given, "language") or content[2] or _get(dict.get(given, "title_detail"), "language"),
    }  # fmt: skip


def _get(given: Any, name: str) -> str:
    """The text under exactly this name: the library's own `get` answers with other fields, and warns."""
    value = dict.get(given, name) if isinstance(given, dict) else None
    return value if isinstance(value, str) else ""


def _link(given: Any, url: str) -> str:
    """Where people read it: the link, or the first other one that a browser can follow."""
    own = _get(given, "link").strip()
    if own and not re.match(r"https?://", own[:10]) and "://" in own[:30]:
        others = [_get(one, "href").strip() for one in _links(given) if _get(one, "rel") == "alternate"]
        return next((one for one in others if one.startswith(("http://", "https://"))), own)
    try:
        return urljoin(url, own) if own and "://" not in own[:30] else own
    except ValueError:
        return ""


def _kind(given: Any, name: str) -> str:
    return _get(dict.get(given, f"{name}_detail"), "type") or "text/plain"


def _links(given: Any) -> list[Any]:
    found = dict.get(given, "links")
    return found[:_LIST_MAX] if isinstance(found, list) else []


def _rel(links: list[Any], rel: str) -> str:
    return next((_get(one, "href") for one in links if _get(one, "rel") == rel), "")


def _best(contents: Any) -> tuple[str, str, str]:
    """The longest text of a content (Atom) or content:encoded (RSS), its type and language."""
    given = contents if isinstance(contents, list) else []
    found = [(_get(one, "value"), _get(one, "type") or "text/html", _get(one, "language")) for one in given]
    texts = [one for one in found if one[1].startswith(("text/", "application/xhtml"))]
    return max(texts, key=lambda one: len(one[0]), default=("", "", ""))


def _authors(given: Any) -> list[dict[str, str]]:
    listed = dict.get(given, "authors")
    found = [
        {"name": _get(one, "name"), "email": _get(one, "email"), "url": _get(one, "href") or _get(one, "url")}
        for one in (listed if isinstance(listed, list) else [])[:_LIST_MAX]
    ]
    found = [one for one in found if any(one.values())]
    name = _get(given, "author")
    return found or ([{"name": name, "email": "", "url": ""}] if name else [])


def _date(given: Any, *names: str) -> tuple[str, str]:
    """As written, and as ISO 8601 where it can be read: by the standard library, else by feedparser."""
    for name in names:
        written = _get(given, name)
        parsed = dict.get(given, f"{name}_parsed")
        found = instant(written)
        if found is None and parsed:
            try:
                found = instant(datetime(*parsed[:6]).replace(tzinfo=UTC).isoformat())  # noqa: DTZ001
            except (ValueError, TypeError, OverflowError):
                found = None
        if written or found:
            return written[:100], found.isoformat() if found else ""
    return "", ""


def _least(feed: Any) -> float:
    """RSS `ttl` (minutes) and the syndication module's period and frequency; at most a day."""
    ttl = _get(feed, "ttl").strip()
    period = _PERIODS.get(_get(feed, "sy_updateperiod").strip().lower(), 0)
    times = _get(feed, "sy_updatefrequency").strip()
    frequency = int(times) if times.isdecimal() and len(times) < 6 else 1
    minutes = int(ttl) if ttl.isdecimal() and len(ttl) < 9 else 0
    return float(min(max(minutes * 60, period / max(frequency, 1)), MOST_S))
