"""A home page leads to its feed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.kinds.feeds.connector import FeedsConnector
from rapport.channels.kinds.feeds.discover import feed_of, links
from rapport.channels.testing import MemorySource, Reply, ScriptedServer
from tests.channels.feeds.feeds import Post, account_of, atom, collecting, heard, served, until

HERE = "https://blog.example.org/about/"
LINK = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'


@pytest.mark.parametrize(
    ("page", "address"),
    [
        (LINK, "https://blog.example.org/feed.xml"),
        ("<LINK HREF=feed.json TYPE='application/feed+json' REL='alternate home'>", HERE + "feed.json"),
        ('<base href="https://other.example/x/"><link rel=alternate type=application/atom+xml href=atom>',
         "https://other.example/x/atom"),
        ('<link rel="alternate" type="application/rss+xml" title="Comments" href="/c">' + LINK,
         "https://blog.example.org/feed.xml"),
        ('<link rel="alternate" type="application/rss+xml" href="/comments/feed">',
         "https://blog.example.org/comments/feed"),
        ('<link rel="alternate" type="application/rss+xml" href="/f?a=1&amp;b=2">',
         "https://blog.example.org/f?a=1&b=2"),
        ('<link rel="stylesheet" type="text/css" href="/s.css"><link rel="alternate" hreflang="de" href="/de">', ""),
        ('<link rel="alternate" type="application/rss+xml" href="javascript:x()">', ""),
        ('<link rel="alternate" type="application/rss+xml" href="http://[">', ""),
        ("", ""), ("<link" * 1_000, ""),
    ],
)  # fmt: skip
def test_the_feed_of_a_page(page: str, address: str) -> None:
    assert feed_of(f"<html><head>{page}</head></html>", HERE) == address


@given(st.text("<link relatnypfd=\"'/:>&;", max_size=200))
def test_any_page_names_a_web_address_or_none(page: str) -> None:
    assert feed_of(page, HERE).partition(":")[0] in ("", "http", "https")


def test_a_link_header_names_hub_and_topic() -> None:
    header = '<https://hub.example/>; rel="hub", </feed>; rel="self alternate"; title="a, b", <x>; rel=hub'
    assert links({"link": header}, HERE) == {
        "hub": "https://hub.example/", "self": "https://blog.example.org/feed",
        "alternate": "https://blog.example.org/feed",
    }  # fmt: skip


def test_a_home_page_is_enough_to_collect_its_feed() -> None:
    with ScriptedServer() as server:
        page = f"<!doctype html><title>x</title>{LINK}".encode()
        server.on("GET", "/", Reply(200, page, {"Content-Type": "text/html"}))
        server.on("GET", "/feed.xml", served(atom(Post())))
        source = MemorySource(enough=1)
        with collecting(account_of(f"{server.url}/ Ann's blog", days=0), source):
            until(lambda: source.items)
        message = heard(list(source.items.values()))[0]
        lines = FeedsConnector().test(account_of(f"{server.url}/"))
    assert message.external_id == f"feed:{server.url}/feed.xml 1"
    assert message.found_by == "Ann's blog"
    assert [one.path for one in server.asked[:2]] == ["/", "/feed.xml"]
    assert lines == [f"{server.url}/: Ann writes at {server.url}/feed.xml, 1 entries."]


def test_a_page_that_names_itself_or_another_page_is_no_feed() -> None:
    page = b"<!doctype html><link rel=alternate type=text/xml href=/other>"
    with ScriptedServer() as server:
        server.always(Reply(200, page, {"Content-Type": "text/html"}))
        source = MemorySource()
        with collecting(account_of(f"{server.url}/"), source):
            until(lambda: source.troubles)
    assert "web page, no feed" in source.troubles[0]
    assert [one.path for one in server.asked] == ["/", "/other"]
    assert not source.items


def test_of_many_feeds_those_that_are_well_are_told_with_those_that_are_not() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/a", served(atom(Post(), more='<link rel="hub" href="https://hub.example/"/>')))
        lines = FeedsConnector().test(account_of(f"{server.url}/a", f"{server.url}/b"))
    assert lines == [
        f"{server.url}/a: Ann writes, 1 entries. Its hub can push.", f"{server.url}/b: Nothing is there (404).",
    ]  # fmt: skip
