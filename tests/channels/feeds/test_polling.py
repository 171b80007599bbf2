"""Feeds are asked for what changed, where they are now, as often as they like to be asked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rapport.channels.base import ChannelError, Edited, Message
from rapport.channels.kinds.feeds import said
from rapport.channels.kinds.feeds.fetch import USER_AGENT
from rapport.channels.kinds.feeds.poll import Outcome, poll
from rapport.channels.kinds.feeds.settings import MOST_S, Settings, Subscription
from rapport.channels.kinds.feeds.state import State, state_of
from rapport.channels.testing import MemorySource, Reply, ScriptedServer
from tests.channels.feeds.feeds import AT, Post, account_of, collecting, heard, rss, served, until

PAGE = Reply(200, b"<!DOCTYPE html><html><head><title>Home</title></head></html>", {"Content-Type": "text/html"})


def asked(server: ScriptedServer, state: State | None = None, days: int = 0) -> Outcome:
    """The feed at /feed, asked once."""
    one = Subscription(f"{server.url}/feed", "Ann's blog")
    return poll(one, state or State(), Settings((one,), days=days), AT)


def test_only_what_changed_is_asked_for() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", served(rss(Post()), ETag='"a"', Last_Modified="Mon, 02 Mar 2026 08:00:00 GMT"),
                  Reply(304))  # fmt: skip
        first = asked(server)
        second = asked(server, first.state)
    assert [len(one.items) for one in (first, second)] == [1, 0]
    headers = [one.headers for one in server.asked]
    assert "if-none-match" not in headers[0]
    assert headers[1]["if-none-match"] == '"a"'
    assert headers[1]["if-modified-since"] == "Mon, 02 Mar 2026 08:00:00 GMT"
    assert headers[0]["user-agent"] == USER_AGENT
    assert USER_AGENT.startswith("Rapport/")
    assert second.state.etag == '"a"'


def test_what_a_server_sends_again_is_not_news() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", served(rss(Post())), served(rss(Post())), served(rss(Post(), more="<ttl>5</ttl>")))
        first = asked(server)
        same = asked(server, first.state)
        rewritten = asked(server, same.state)
    assert not same.items
    assert not rewritten.items
    assert first.state.interval_s < same.state.interval_s < rewritten.state.interval_s


def test_new_and_changed_entries_are_kept_and_told_apart() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", served(rss(Post(id="1"), Post(id="2"))),
                  served(rss(Post(id="3"), Post(id="1", text="<p>It leaks.</p>"), Post(id="2"))))  # fmt: skip
        first = asked(server)
        second = asked(server, first.state)
    new, edited = (said.said(one)[0] for one in second.items)
    assert isinstance(new, Message)
    assert new.external_id.endswith(" 3")
    assert isinstance(edited, Edited)
    assert edited.message.external_id == heard(first.items)[0].external_id
    assert (edited.message.text, edited.message.edited_at) == ("It leaks.", AT)
    assert len({one.external_id for one in [*first.items, *second.items]}) == 4


def test_tags_and_spaces_that_change_are_no_edit() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", served(rss(Post(text="<p>It boils.</p><img src='/1.gif'>"))),
                  served(rss(Post(text="<div>It  boils.</div>\n<img src='/2.gif'>"))))  # fmt: skip
        assert not asked(server, asked(server).state).items


def test_an_entry_that_left_and_came_back_is_no_news() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", served(rss(Post(id="1"))), served(rss(Post(id="2"))), served(rss(Post(id="1"))))
        state = asked(server, asked(server).state).state
        assert not asked(server, state).items


def test_old_entries_of_a_new_feed_are_left_out_and_not_taken_for_news_later() -> None:
    old = Post(id="old", more="<pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate>")
    with ScriptedServer() as server:
        server.on("GET", "/feed", served(rss(old, Post(id="undated"))), served(rss(old, Post(id="new"), Post())))
        first = asked(server, days=30)
        second = asked(server, first.state, days=30)
    assert [one.external_id[-1] for one in heard(first.items)] == ["d"]
    assert [one.external_id.rpartition(" ")[2] for one in heard(second.items)] == ["new", "1"]


def test_a_permanent_redirect_is_remembered_and_names_stay() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", served(rss(Post())), Reply(301, b"", {"Location": "/moved"}))
        server.on("GET", "/moved", served(rss(Post(), Post(id="2"))))
        first = asked(server)
        second = asked(server, first.state)
        third = asked(server, second.state)
    assert [one.path for one in server.asked] == ["/feed", "/feed", "/moved", "/moved"]
    assert heard(second.items)[0].external_id == f"feed:{server.url}/feed 2"
    assert not third.items


def test_a_temporary_redirect_is_not() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", Reply(302, b"", {"Location": "/moved"}))
        server.on("GET", "/moved", served(rss(Post())))
        asked(server, asked(server).state)
    assert [one.path for one in server.asked] == ["/feed", "/moved"] * 2


def test_a_feed_that_is_not_where_it_moved_to_is_looked_for_where_it_was() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", Reply(301, b"", {"Location": "/moved"}), served(rss(Post())))
        server.on("GET", "/moved", served(rss(Post())), Reply(410))
        state = asked(server).state
        gone = asked(server, state)
        assert not gone.state.gone
        assert asked(server, gone.state).trouble is None


def test_a_redirect_in_a_circle_ends() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", Reply(301, b"", {"Location": "/feed"}))
        outcome = asked(server)
    assert outcome.state.trouble == "It redirects in a circle."
    assert len(server.asked) == 6


@pytest.mark.parametrize(("status", "words"), [(404, "Nothing is there"), (401, "not open"), (500, "answers 500")])
def test_what_goes_wrong_is_said_and_tried_ever_more_rarely(status: int, words: str) -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", served(rss(Post())), Reply(status), Reply(status), Reply(status), served(rss(Post())))
        outcome, waits = asked(server), []
        for _ in range(3):
            outcome = asked(server, outcome.state)
            assert words in outcome.state.trouble
            waits.append(outcome.wait_s)
        well = asked(server, outcome.state)
    assert waits == sorted(set(waits))
    assert max(waits) <= MOST_S
    assert (well.state.trouble, well.state.failures, len(well.items)) == ("", 0, 0)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_peace_gets_it(status: int) -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", Reply(status, b"", {"Retry-After": "7200"}))
        outcome = asked(server)
    assert outcome.peace_s == 7200
    assert outcome.wait_s >= 7200
    assert outcome.state.next_at >= AT.timestamp() + 7200


def test_peace_is_for_all_feeds_of_a_host() -> None:
    with ScriptedServer() as server:
        server.always(Reply(429, b"", {"Retry-After": "3600"}))
        source = MemorySource()
        lines = [f"{server.url}/{n}" for n in range(5)]
        with collecting(account_of(*lines), source):
            until(lambda: server.asked and source.troubles)
    assert len(server.asked) == 1
    assert "asks us to slow down" in source.troubles[0]


def test_a_feed_that_is_gone_is_asked_no_more_and_the_others_go_on() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/gone", Reply(410))
        server.on("GET", "/well", served(rss(Post())))
        source = MemorySource()
        account = account_of(f"{server.url}/gone Old blog", f"{server.url}/well")
        with collecting(account, source):
            until(lambda: source.items and source.troubles and len(source.cursors()) == 2)
        assert "Old blog: It is gone for good (410)." in source.troubles[0]
        again = MemorySource(cursors=source.cursors())
        before = len(server.asked)
        with collecting(account, again):
            until(lambda: again.troubles)
    assert not [one for one in server.asked[before:] if one.path == "/gone"]


def test_when_every_feed_is_gone_a_person_must_act() -> None:
    with ScriptedServer() as server:
        server.always(Reply(410))
        with collecting(account_of(f"{server.url}/a", f"{server.url}/b"), MemorySource()) as raised:
            until(lambda: raised)
    assert isinstance(raised[0], ChannelError)
    assert raised[0].permanent


def test_a_page_where_there_was_a_feed_changes_nothing() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", served(rss(Post())), PAGE, served(rss(Post())))
        first = asked(server)
        page = asked(server, first.state)
        after = asked(server, page.state)
    assert page.state.trouble == "What stands there is a web page, no feed."
    assert page.state.seen == first.state.seen
    assert not after.items
    assert not after.state.trouble


def test_the_state_of_a_feed_outlives_a_restart_and_stays_small() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/feed", served(rss(*(Post(id=str(n)) for n in range(200))), ETag='"a"'), Reply(304))
        source, again = MemorySource(), MemorySource()
        account = account_of(f"{server.url}/feed", days=0)
        with collecting(account, source):
            until(lambda: len(source.items) == 200 and source.cursors())
        cursor = next(iter(source.cursors().values()))
        assert len(cursor["seen"]) == 200 * 16
        again = MemorySource(cursors={name: {**value, "next_at": 1.0} for name, value in source.cursors().items()})
        with collecting(account, again):
            until(lambda: len(server.asked) == 2)
    assert server.asked[1].headers["if-none-match"] == '"a"'
    assert not again.items


def test_a_feed_taken_out_of_the_settings_is_forgotten() -> None:
    with ScriptedServer() as server:
        server.always(served(rss(Post())))
        source = MemorySource(cursors={"feed:old": {"etag": "x"}})
        with collecting(account_of(f"{server.url}/feed"), source):
            until(lambda: source.items and source.cursors()["feed:old"] == {})


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_silences_no_feed(days: int) -> None:
    """What was planned for a time that is now far away is asked at once, and no feed is asked twice."""
    with ScriptedServer() as server:
        server.always(served(rss(Post())))
        first = asked(server)
        planned = (AT + timedelta(days=days)).timestamp()
        name = Subscription(f"{server.url}/feed").cursor
        cursors = {name: replace(first.state, next_at=planned).as_cursor()}
        source = MemorySource(cursors=cursors)
        with collecting(account_of(f"{server.url}/feed"), source):
            until(lambda: len(server.asked) == 2 and source.cursors()[name] != cursors[name])
        assert not source.items


@pytest.mark.parametrize("cursor", [None, [], "x", {"seen": 7, "next_at": "soon", "gone": "yes", "at": ["x"]}])
def test_a_cursor_that_nobody_understands_is_a_new_beginning(cursor: object) -> None:
    assert state_of(cursor) == State()


def test_feeds_of_other_forms_come_the_same_way() -> None:
    from tests.channels.feeds.feeds import atom, jsonfeed

    with ScriptedServer() as server:
        server.on("GET", "/atom", served(atom(Post())))
        server.on("GET", "/json", Reply(200, jsonfeed(Post()), {"Content-Type": "application/feed+json"}))
        source = MemorySource(enough=2)
        with collecting(account_of(f"{server.url}/atom", f"{server.url}/json", days=0), source):
            until(lambda: len(source.items) == 2)
    assert {one.subject for one in heard(list(source.items.values()))} == {"A kettle, tried"}
