"""JSON Feed 1.0 and 1.1 (jsonfeed.org) in the plain form that all feeds get here. Pure."""

from collections.abc import Mapping
from typing import Any

import orjson

from rapport.channels.kinds.feeds.dates import instant

_AUTHORS_MAX = 20
_LIST_MAX = 100


def understood(body: bytes) -> dict[str, Any] | None:
    """The feed and its entries, or None where the JSON is something else."""
    try:
        given = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("items"), list) or not _is_feed(given.get("version")):
        return None
    entries = [_entry(item) for item in given["items"] if isinstance(item, dict)]
    return {
        "feed": {
            "title": _text(given.get("title")), "title_type": "text/plain", "link": _text(given.get("home_page_url")),
            "language": _text(given.get("language")), "authors": _authors(given), "version": "json",
        },
        "entries": entries,
        "hub": _hub(given.get("hubs")),
        "topic": _text(given.get("feed_url")),
        "expired": given.get("expired") is True,
    }  # fmt: skip


def _is_feed(version: Any) -> bool:
    return isinstance(version, str) and ("jsonfeed.org/version/" in version or version in ("1", "1.0", "1.1"))


def _entry(item: Mapping[str, Any]) -> dict[str, Any]:
    html = _text(item.get("content_html"))
    published, updated = _text(item.get("date_published")), _text(item.get("date_modified"))
    return {
        "id": _text(item.get("id")), "link": _text(item.get("url")) or _text(item.get("external_url")),
        "title": _text(item.get("title")), "title_type": "text/plain",
        "content": html or _text(item.get("content_text")), "content_type": "text/html" if html else "text/plain",
        "summary": _text(item.get("summary")), "summary_type": "text/plain",
        "published": published, "published_at": _iso(published), "updated": updated, "updated_at": _iso(updated),
        "authors": _authors(item), "enclosures": _enclosures(item.get("attachments")),
        "tags": [_text(tag) for tag in _list(item.get("tags")) if _text(tag)], "language": _text(item.get("language")),
    }  # fmt: skip


def _authors(given: Mapping[str, Any]) -> list[dict[str, str]]:
    listed = _list(given.get("authors")) or [given.get("author")]
    found = []
    for one in listed[:_AUTHORS_MAX]:
        if isinstance(one, dict):
            url = _text(one.get("url"))
            email = url[7:] if url.lower().startswith("mailto:") else ""
            found.append({"name": _text(one.get("name")), "email": email, "url": "" if email else url})
    return [one for one in found if any(one.values())]


def _enclosures(given: Any) -> list[dict[str, Any]]:
    return [
        {"href": _text(one.get("url")), "type": _text(one.get("mime_type")), "length": one.get("size_in_bytes") or 0,
         "title": _text(one.get("title"))}
        for one in _list(given) if isinstance(one, dict)
    ]  # fmt: skip


def _hub(given: Any) -> str:
    hubs = [one for one in _list(given) if isinstance(one, dict) and _text(one.get("type")).lower() == "websub"]
    return _text(hubs[0].get("url")) if hubs else ""


def _list(value: Any) -> list[Any]:
    return value[:_LIST_MAX] if isinstance(value, list) else []


def _text(value: Any) -> str:
    """JSON Feed says texts; ids come as numbers too."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def _iso(written: str) -> str:
    found = instant(written)
    return found.isoformat() if found else ""
