"""Feeds made to harm: each is said to be what it is, and the others of the channel come as ever."""

import gzip
import threading
import time
from collections.abc import Iterator

import pytest

from rapport.channels.base import Account
from rapport.channels.kinds.feeds import document, fetch, poll
from rapport.channels.kinds.feeds.document import NoFeed
from rapport.channels.kinds.feeds.lanes import Lanes
from rapport.channels.kinds.feeds.plaintext import from_html
from rapport.channels.testing import MemorySource, Reply, ScriptedServer
from rapport.channels.testing.server import Asked
from tests.channels.feeds.feeds import QUICK, Post, account_of, collecting, heard, messages, rss, served, until

HEAD = b'<?xml version="1.0"?><rss version="2.0"><channel>'
MANY = 200_000


def bomb(size: int) -> bytes:
    """`size` bytes of a feed that never ends, packed a thousandfold."""
    return gzip.compress(HEAD + b" " * size)


LARGE = Reply(200, b"", {"Content-Type": "application/xml", "Content-Length": str(200 * 1024 * 1024)})
HARM = {
    "endless": (Reply(200, HEAD + b" " * 65_536, endless=True), "larger than 8 MB"),
    "200 MB": (Reply(200, bytes(1024) * 9 * 1024), "larger than 8 MB"),
    "gzip bomb": (Reply(200, bomb(200 * 1024 * 1024), {"Content-Encoding": "gzip"}), "larger than 8 MB"),
    "bomb in a bomb": (
        Reply(200, gzip.compress(bomb(50 * 1024 * 1024)), {"Content-Encoding": "gzip, gzip"}), "larger than 8 MB"
    ),
    "not gzip": (Reply(200, rss(Post()), {"Content-Encoding": "gzip"}), "does not answer"),
    "private": (Reply(302, b"", {"Location": "http://10.1.2.3/feed"}), "private address"),
    "metadata": (Reply(301, b"", {"Location": "http://169.254.169.254/latest"}), "private address"),
    "file": (Reply(302, b"", {"Location": "file:///etc/passwd"}), "does not answer"),
    "endless redirect": (Reply(302, b"x" * 65_536, {"Location": "/harm"}, endless=True), "in a circle"),
    "html": (Reply(200, b"<!doctype html><html><body>Hello</body></html>"), "web page"),
    "nothing": (Reply(200, b""), "empty"),
    "words": (Reply(200, b"Service is down for maintenance"), "no feed"),
    "json": (Reply(200, b'{"error": "no"}'), "JSON, but no feed"),
    "picture": (Reply(200, bytes(range(256)) * 40, {"Content-Type": "image/png"}), "no feed"),
    "teapot": (Reply(418), "answers 418"),
}  # fmt: skip


@pytest.mark.parametrize("name", HARM)
def test_a_feed_that_harms_is_named_and_the_others_come(name: str) -> None:
    reply, words = HARM[name]
    with ScriptedServer() as server:
        server.on("GET", "/harm", reply)
        server.on("GET", "/well", served(rss(Post())))
        source = MemorySource()
        with collecting(account_of(f"{server.url}/harm Harm", f"{server.url}/well"), source) as raised:
            until(lambda: source.items and source.troubles)
        assert not raised
    assert len(source.items) == 1
    assert words in source.troubles[0]
    assert source.troubles[0].startswith("1 of 2 feeds cannot be had. Harm: ")
    assert len(server.asked) < 10


def test_a_bomb_is_not_unpacked_whole() -> None:
    """Two hundred megabytes packed into two hundred kilobytes: not more is unpacked than would be taken."""
    import tracemalloc

    with ScriptedServer() as server:
        server.always(HARM["gzip bomb"][0])
        tracemalloc.start()
        try:
            with pytest.raises(fetch.Trouble, match="larger"):
                fetch.fetch(f"{server.url}/feed")
            assert tracemalloc.get_traced_memory()[1] < 40 * 1024 * 1024
        finally:
            tracemalloc.stop()


def test_a_length_that_is_announced_is_believed_before_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "BYTES_MAX", 100)
    monkeypatch.setattr(fetch, "_read", lambda *_: pytest.fail("it was read"))
    with ScriptedServer() as server:
        server.always(served(rss(Post())))
        with pytest.raises(fetch.Trouble):
            fetch.fetch(f"{server.url}/feed")


def test_an_answer_that_drips_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps every timeout of a socket from striking."""
    monkeypatch.setattr(fetch, "WHOLE_S", 0.3)
    with ScriptedServer() as server:
        server.always(Reply(200, b" ", endless=True))
        with pytest.raises(fetch.Trouble, match="does not come to an end"):
            fetch.fetch(f"{server.url}/feed")


def test_a_server_that_never_answers_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that hang are replaced: as many feeds hang here as may be asked at a time."""
    from dataclasses import replace

    real, let_go = fetch.fetch, threading.Event()

    def slow(url: str, etag: str = "", modified: str = "") -> fetch.Fetched:
        if "hang" in url:
            let_go.wait(60)
        return real(url, etag, modified)

    monkeypatch.setattr(poll.fetch, "fetch", slow)
    with ScriptedServer() as server:
        server.always(served(rss(Post())))
        source = MemorySource()
        account = account_of("http://localhost:9/hang", "http://[::1]:9/hang", f"{server.url}/feed")
        with collecting(account, source, replace(QUICK, lanes=2, stuck_s=0.3)) as raised:
            try:
                until(lambda: source.items)
            finally:
                let_go.set()
        assert not raised


def test_lanes_that_hang_are_given_up_and_come_back() -> None:
    gate: list[bool] = []

    def work(job: str) -> str:
        until(lambda: job != "hang" or gate)
        return job.upper()

    lanes: Lanes[str, str] = Lanes(work, 1, 0.05)
    lanes.begin("hang")
    assert not lanes.has_room
    until(lambda: lanes.stuck() == ["hang"])
    assert (lanes.has_room, lanes.given_up) == (True, 1)
    lanes.begin("next")
    assert lanes.ended(20) == ("next", "NEXT")
    gate.append(True)
    assert lanes.ended(20) == ("hang", None)
    assert lanes.given_up == 0
    lanes.close()


def documents() -> Iterator[tuple[str, bytes]]:
    """Documents on which a parser could spend hours, by the part of it that would."""
    yield "author", HEAD + b"<item><author>" + b"a." * MANY + b"</author></item></channel></rss>"
    yield "spaces", b'<?xml version="1.0"?>' + b"\n" * MANY + b'<rss version="2.0"><channel></channel></rss>'
    yield "entities", b'<?xml version="1.0"?><!DOCTYPE a [' + b'\n<!ENTITY b "c">' * 2_000 + b"]>" + HEAD[21:]
    yield "declaration", b"<?xml " + b"encoding='" * (MANY // 10)
    yield "items", HEAD + b"<item>" * (MANY // 6)
    yield "depth", HEAD + b"<a>" * (MANY // 6)
    yield "ends", HEAD + b"<item>" + b"</a" * (MANY // 6)
    yield "tags", HEAD + b"<a" * (MANY // 6)
    yield "date", HEAD + b"<item><pubDate>" + b"1-" * MANY + b"</pubDate></item></channel></rss>"
    yield "json", b"[" * MANY
    yield "json depth", b'{"items":' + b"[" * MANY


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in documents()])
def test_no_document_keeps_the_parser_for_long(body: bytes) -> None:
    """The library alone takes hours for the first."""
    try:
        assert len(document.understood(body, {}, "https://blog.example.org/").entries) <= document.ENTRIES_MAX
    except NoFeed:
        return


def test_entities_neither_multiply_nor_reach_files() -> None:
    lol = b"".join(b'<!ENTITY l%d "%s">\n' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    billion = b'<?xml version="1.0"?>\n<!DOCTYPE r [\n<!ENTITY l0 "lol">\n' + lol + b"]>"
    outside = b'<?xml version="1.0"?>\n<!DOCTYPE r [\n<!ENTITY l9 SYSTEM "file:///etc/passwd">\n]>'
    for head in (billion, outside):
        body = head + b'<rss version="2.0"><channel><item><title>Mail: &l9;</title></item></channel></rss>'
        try:
            read = document.understood(body, {}, "https://blog.example.org/")
        except NoFeed:
            continue
        assert all(len(str(entry)) < 10_000 and "root:" not in str(entry) for entry in read.entries)


def test_a_thousand_entries_are_enough() -> None:
    read = document.understood(rss(*(Post(id=str(n)) for n in range(1_200))), {}, "https://blog.example.org/")
    assert len(read.entries) == document.ENTRIES_MAX


@pytest.mark.parametrize("piece", ["<", "<a", "<!--", "<script>", "&", "<pre>", "<p ", "<![CDATA[", "</", "<img alt='"])
def test_html_that_never_closes_is_text_in_no_time(piece: str) -> None:
    assert isinstance(from_html(piece * (MANY // len(piece))), str)


def test_scripts_links_and_controls_do_not_reach_the_text() -> None:
    body = rss(Post(text="<script>alert(1)</script><p>a\x0bb</p><a href='javascript:x()'>c</a>", link="javascript:x()"))
    message = messages(body)[0]
    assert message.text == "a b\n\nc"
    assert message.url == ""


def test_many_feeds_of_one_account_are_one_at_a_time_for_a_host() -> None:
    now: list[int] = []
    most: list[int] = []

    class Counting(ScriptedServer):
        def next(self, asked: Asked) -> Reply:
            now.append(1)
            most.append(len(now))
            time.sleep(0.02)
            now.pop()
            return super().next(asked)

    with Counting() as server:
        server.always(served(rss(Post())))
        account: Account = account_of(*(f"{server.url}/{n}" for n in range(20)))
        source = MemorySource(enough=20)
        with collecting(account, source):
            until(lambda: len(source.items) == 20)
    assert max(most) == 1
    assert len(heard(list(source.items.values()))) == 20
