"""Feeds as a test needs them, and short ways to what the connector makes of them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from time import monotonic, sleep
from typing import Any

import orjson

from rapport.channels.base import Account, ChannelError, Edited, Incoming, Message
from rapport.channels.kinds.feeds import document, items, said
from rapport.channels.kinds.feeds.collect import Collection, Pace
from rapport.channels.testing import MemorySource, Reply, account_for

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
URL = "https://blog.example.org/feed.xml"
SECRETS = {"hook_secret": "a secret of thirty-two characters"}
QUICK = Pace(lanes=4, pause_s=0.0, stuck_s=30.0, commit_s=0.05)


@dataclass(frozen=True)
class Post:
    """One entry, as a test thinks of it."""

    id: str = "1"
    title: str = "A kettle, tried"
    text: str = "<p>It boils.</p>"
    link: str = "https://blog.example.org/kettle"
    more: str = ""


def rss(*posts: Post, more: str = "", title: str = "Ann writes", link: str = "https://blog.example.org/") -> bytes:
    """An RSS 2.0 feed; `more` goes into the channel."""
    made = "".join(
        f"<item><title>{escape(p.title)}</title><guid isPermaLink='false'>{escape(p.id)}</guid><link>{p.link}</link>"
        f"<description>{escape(p.text)}</description>{p.more}</item>"
        for p in posts
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        f' xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>{title}</title><link>{link}</link>'
        f"<description>d</description>{more}{made}</channel></rss>"
    ).encode()


def atom(*posts: Post, more: str = "") -> bytes:
    """An Atom feed with an author who has an address."""
    made = "".join(
        f"<entry><id>{escape(p.id)}</id><title>{escape(p.title)}</title><link href='{p.link}'/>"
        f"<updated>2026-03-01T10:00:00Z</updated><content type='html'>{escape(p.text)}</content>{p.more}</entry>"
        for p in posts
    )
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB"><title>Ann writes</title>'
        f'<link href="https://blog.example.org/"/><author><name>Ann Ash</name><email>Ann@blog.example.org</email>'
        f"</author>{more}{made}</feed>"
    ).encode()


def jsonfeed(*posts: Post, **more: Any) -> bytes:
    """A JSON Feed."""
    made = [{"id": p.id, "title": p.title, "url": p.link, "content_html": p.text} for p in posts]
    return orjson.dumps({
        "version": "https://jsonfeed.org/version/1.1", "title": "Ann writes",
        "home_page_url": "https://blog.example.org/", "items": made, **more,
    })  # fmt: skip


def found(body: bytes, url: str = URL, changed: bool = False) -> list[Incoming]:
    """The raw items of a feed."""
    read = document.understood(body, {}, url)
    entries = items.found(read)
    keys = frozenset(one.key for one in entries) if changed else frozenset[str]()
    return list(items.incoming(read, entries, items.Where(url, "Ann's blog", AT), keys))


def messages(body: bytes, url: str = URL) -> list[Message]:
    """What the entries of a feed say."""
    return [message for item in found(body, url) for message in heard([item])]


def heard(given: Sequence[Incoming]) -> list[Message]:
    """What raw items say, edited or not."""
    plain = [one for item in given for one in said.said(item)]
    return [one.message if isinstance(one, Edited) else one for one in plain if isinstance(one, Message | Edited)]


def account_of(*lines: str, **config: Any) -> Account:
    """A channel of these feeds."""
    hook_url = config.pop("hook_url", "")
    return account_for("feeds", config={"feeds": list(lines), **config}, secrets=SECRETS, hook_url=hook_url)


@contextmanager
def collecting(account: Account, source: MemorySource, pace: Pace = QUICK) -> Iterator[list[BaseException]]:
    """The collector runs in a thread while the block does; what it raised is in the list."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            Collection(account, source, pace).run()
        except ChannelError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        source.stopping.set()
        thread.join(60)
        assert not thread.is_alive()


def until(true: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait for something that comes, on a busy machine too."""
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, "it never came"
        sleep(0.02)


def served(body: bytes, status: int = 200, **headers: str) -> Reply:
    """A reply with a body of XML."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, body, {"Content-Type": "application/xml", **given})
