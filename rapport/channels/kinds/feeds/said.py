"""One entry of a feed as a message. Pure and total."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from rapport.channels.base import Author, Edited, Incoming, Media, Message, NothingSaid, Said, Unreadable
from rapport.channels.kinds.feeds import plaintext
from rapport.channels.kinds.feeds.dates import instant

_URL_MAX = 2_000
_ID_MAX = 2_000
_HANDLE_MAX = 320
_FILES_MAX = 20
_AHEAD = timedelta(days=1)
#: Addresses that blog software writes for everybody: nobody's.
_NOBODY = ("noreply", "no-reply", "donotreply", "do-not-reply", "nobody", "no_reply", "robot")
_ADDRESS = re.compile(r"""[^\s<>()\[\],;:"]{1,64}@[^\s<>()\[\],;:"]{1,250}""")


@dataclass(frozen=True, slots=True)
class _Entry:
    """The parts of a raw item, each of the type it should have."""

    feed: Mapping[str, Any]
    entry: Mapping[str, Any]
    key: str
    shared: bool


def said(item: Incoming) -> Sequence[Said]:
    """The entry as a message, or as an edited one. Raises Unreadable or NothingSaid, nothing else."""
    read = _read(item.body)
    feed_url = _text(item.envelope, "feed")
    message = _message(read, feed_url, item)
    return [Edited(message) if item.envelope.get("changed") is True else message]


def _read(body: bytes) -> _Entry:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("This is no entry of a feed.") from error
    if not isinstance(given, dict) or not isinstance(given.get("entry"), dict) or not _text(given, "key"):
        raise Unreadable("This is no entry of a feed.")
    feed = given.get("feed")
    return _Entry(
        feed if isinstance(feed, dict) else {}, given["entry"], _text(given, "key"), given.get("shared") is True
    )


def _message(read: _Entry, feed_url: str, item: Incoming) -> Message:
    entry = read.entry
    subject = plaintext.line(_plain(entry, "title"))
    url = _link(entry, "link")
    text = _plain(entry, "content") or _plain(entry, "summary") or subject or url
    if not text:
        raise NothingSaid("The entry has neither title, text nor link.")
    author = _author(read, feed_url)
    at, edited_at = instant(entry.get("published_at")), instant(entry.get("updated_at"))
    latest = item.received_at + _AHEAD if item.received_at else None
    email = author.value if author.kind == "email" else ""
    return Message(
        external_id=plaintext.line(f"feed:{feed_url} {read.key}", _ID_MAX),
        author=author,
        text=text,
        at=_not_after(at or edited_at, latest),
        subject=subject,
        recipients={"from": [(author.name, author.written or author.value)]},
        public=True,
        origin="feed",
        url=url,
        language=_language(entry, read.feed),
        found_by=plaintext.line(_text(item.envelope, "found_by") or feed_url, 200),
        files=_files(entry),
        has_html=entry.get("content_type") == "text/html" or entry.get("summary_type") == "text/html",
        edited_at=_edited_at(item, at, _not_after(edited_at, latest)),
        problems=("Its date is in the future.",) if _is_ahead(at, latest) else (),
        answer={"url": url, "email": email},
    )


def _author(read: _Entry, feed_url: str) -> Author:
    """An address of theirs where one is given; else the site they write on, with their name where several do."""
    own, feeds = _person(read.entry), _person(read.feed)
    name = own["name"] or (feeds["name"] if not own["email"] else "")
    is_feeds = not own["name"] or own["name"].casefold() == feeds["name"].casefold()
    email = own["email"] or (feeds["email"] if is_feeds else "")
    title = plaintext.line(_plain(read.feed, "title"), 200)
    home = _link(read.feed, "link") or feed_url
    url = own["url"] or (feeds["url"] if is_feeds else "")
    if email:
        return Author("email", email.lower(), email, name or title, url or home)
    site = site_of(url or home) or "feed"
    if read.shared and not own["url"]:
        value = f"{site}#{' '.join(name.casefold().split())}"[:_HANDLE_MAX]
        return Author("site", value, _short(home, site), name, home)
    return Author("site", site[:_HANDLE_MAX], _short(url or home, site), name or title or site, url or home)


def _short(url: str, site: str) -> str:
    """An address as people write it, if it fits."""
    return url if 0 < len(url) <= _HANDLE_MAX else site[:_HANDLE_MAX]


def site_of(url: str) -> str:
    """A home page as a handle: host and path, without what differs between ways to write it."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        return ""
    path = parts.path.rstrip("/")
    for name in ("/index.html", "/index.htm", "/index.php"):
        path = path.removesuffix(name)
    shown = f"{host}:{port}" if port and port not in (80, 443) else host
    return plaintext.line(unquote(shown + path, errors="replace").replace(" ", "%20"), _HANDLE_MAX)


def _person(given: Mapping[str, Any]) -> dict[str, str]:
    listed = given.get("authors")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    name, email = plaintext.line(_text(first, "name"), 500), _text(first, "email")
    if not email and (inside := _ADDRESS.search(name)):  # RSS: "ann@example.org (Ann)", "Ann <ann@example.org>"
        email, name = inside[0], name.replace(inside[0], "").replace("mailto:", "")
    return {"name": name.strip(" ()<>[],;\"'")[:200], "email": email_of(email), "url": _link(first, "url")}


def email_of(written: str) -> str:
    """An address that somebody reads, or ""."""
    address = parseaddr(plaintext.line(written.removeprefix("mailto:"), _HANDLE_MAX))[1]
    local, _, domain = address.rpartition("@")
    odd = not local or "." not in domain or any(one.isspace() for one in address) or len(address) > _HANDLE_MAX
    return "" if odd or local.lower() in _NOBODY else address


def _plain(given: Mapping[str, Any], name: str) -> str:
    text = _text(given, name)
    is_html = "html" in str(given.get(f"{name}_type", ""))[:100]
    return plaintext.from_html(text) if is_html else plaintext.plain(text)


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _link(given: Mapping[str, Any], name: str) -> str:
    """A web address, or "": nothing else is shown as a link."""
    url = plaintext.plain(_text(given, name)[: _URL_MAX * 2])
    try:
        urlsplit(url)
    except ValueError:
        return ""
    return url if url.startswith(("http://", "https://")) and len(url) <= _URL_MAX and " " not in url else ""


def _files(entry: Mapping[str, Any]) -> tuple[Media, ...]:
    listed = entry.get("enclosures")
    found = []
    for one in (listed if isinstance(listed, list) else [])[:_FILES_MAX]:
        if isinstance(one, dict) and (url := _link(one, "href")):
            name = plaintext.line(unquote(urlsplit(url).path.rpartition("/")[2]), 200) or "file"
            size = str(one.get("length") or "")
            found.append(
                Media(
                    name, plaintext.line(_text(one, "type"), 100), url, plaintext.line(_text(one, "title"), 200),
                    size=int(size) if size.isascii() and size.isdigit() and len(size) < 15 else 0,
                )
            )  # fmt: skip
    return tuple(found)


def _language(entry: Mapping[str, Any], feed: Mapping[str, Any]) -> str:
    """The primary subtag (RFC 5646): "de" of "de-CH"."""
    tag = (_text(entry, "language") or _text(feed, "language"))[:40].replace("_", "-").partition("-")[0].strip().lower()
    return tag if tag.isascii() and tag.isalpha() and len(tag) in (2, 3) else ""


def _edited_at(item: Incoming, at: datetime | None, written: datetime | None) -> datetime | None:
    """When it was changed; where we saw it change, then is when, since many feeds change an entry and not its date."""
    if item.envelope.get("changed") is True and item.envelope.get("pushed") is not True and item.received_at:
        return item.received_at
    return written if written != at else None


def _is_ahead(at: datetime | None, latest: datetime | None) -> bool:
    return at is not None and latest is not None and at > latest


def _not_after(at: datetime | None, latest: datetime | None) -> datetime | None:
    """A date in the future is the moment we heard of it: a feed must not stay on top for years."""
    return latest - _AHEAD if latest is not None and _is_ahead(at, latest) else at
