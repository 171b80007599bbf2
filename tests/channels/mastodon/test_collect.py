"""Collecting: streams and what stands in for them, servers of other makes, limits, and tokens that die."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rapport.channels.base import Deleted, Edited, Message, deletion_of
from rapport.channels.kinds.mastodon import collect, pace
from rapport.channels.kinds.mastodon.client import Client, budget_of
from rapport.channels.kinds.mastodon.connector import MastodonConnector
from rapport.channels.kinds.mastodon.stream import EVENT_BYTES_MAX, events
from rapport.channels.testing import MemorySource, draft_for
from tests.channels.mastodon.fake import FakeServer
from tests.channels.mastodon.running import Running, collecting
from tests.channels.mastodon.samples import account

CONNECTOR = MastodonConnector()
GOTOSOCIAL = "0.19.1+git-4bbfa5b"
TAKAHE = "takahe/0.11.0"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits five seconds here."""
    monkeypatch.setattr(collect, "POLL_S", 0.2)
    monkeypatch.setattr(collect, "STREAM_AGAIN_S", 0.2)
    monkeypatch.setattr(pace, "BACKOFF_S", 0.2)


def way(wanted: str) -> Any:
    return lambda running: running.source.figures.get("way") == wanted


def texts(running: Running) -> list[str]:
    return [one.text for one in running.said() if isinstance(one, Message)]


@pytest.mark.parametrize(("streams", "version"), [("sse", "4.4.0"), ("websocket", GOTOSOCIAL)])
def test_what_came_before_the_stream_and_what_it_brings_arrives_once(streams: str, version: str) -> None:
    with FakeServer(streams, version) as server:
        server.mention(1, "before", told=False)
        with collecting(account(server.url)) as running:
            running.wait(way("stream"))
            running.message("before")
            asked = server.asked.count("/api/v1/notifications")
            server.mention(2, "after")
            running.message("after")
            assert server.asked.count("/api/v1/notifications") - asked <= 1
    assert texts(running) == ["before", "after"]


def test_a_server_without_streams_is_polled() -> None:
    with FakeServer("", TAKAHE) as server, collecting(account(server.url)) as running:
        running.wait(lambda r: r.source.wells)
        server.mention(1, "polled", told=False)
        running.message("polled")
        assert running.source.figures["way"] == "polling"
        assert not running.source.troubles


def test_a_page_where_the_stream_should_be_is_no_stream() -> None:
    with FakeServer() as server:
        server.broken["/api/v1/streaming/user"] = (200, b"<html>our app</html>")
        server.mention(1, "polled all the same", told=False)
        with collecting(account(server.url)) as running:
            running.message("polled all the same")
    assert running.source.figures["way"] == "polling"


def test_a_stream_that_breaks_off_loses_nothing() -> None:
    with FakeServer("sse") as server, collecting(account(server.url)) as running:
        running.wait(way("stream"))
        running.wait(lambda _: server.open)
        server.mention(1, "unheard", told=False)
        server.hang_up()
        running.message("unheard")
        running.wait(lambda _: server.open > 1)
        running.wait(way("stream"))
        server.mention(2, "heard again")
        running.message("heard again")


def test_a_token_that_is_revoked_in_mid_stream_stops_the_channel() -> None:
    with FakeServer("sse") as server, collecting(account(server.url)) as running:
        running.wait(lambda _: server.open)
        server.revoked = True
        server.hang_up()
        running.wait(lambda r: r.error)
        assert running.error is not None
        assert running.error.permanent
        assert running.error.hint


def test_deletions_and_edits_come_by_stream() -> None:
    with FakeServer("sse") as server, collecting(account(server.url)) as running:
        running.wait(lambda _: server.open)
        server.mention(1, "frist", edited_at=None)
        first = running.message("frist")
        server.push("status.update", '{"id":"1001","edited_at":"2026-03-02T10:00:00Z","content":"first",'
                    '"account":{"acct":"ann@b.example"},"visibility":"public"}')  # fmt: skip
        edits = running.wait(lambda r: [one for one in r.said() if isinstance(one, Edited)])
        assert edits[0].message.external_id == first.external_id
        server.push("delete", "1001")
        gone = running.wait(lambda r: [one for one in r.said() if isinstance(one, Deleted)])
        assert gone == [Deleted(first.external_id)]
        assert deletion_of(first.external_id) in running.source.items


def test_the_home_timeline_is_not_taken_nor_what_is_no_event() -> None:
    with FakeServer("sse") as server, collecting(account(server.url)) as running:
        running.wait(lambda _: server.open)
        for name, data in [
            ("update", '{"id":"5","account":{"id":"99","acct":"x"},"content":"lunch"}'), ("update", "{"),
            ("delete", "../"), ("notification", '{"type":"follow","id":"1"}'), ("filters_changed", "x"),
            ("notification", "[]"),
        ]:  # fmt: skip
            server.push(name, data)
        server.mention(1, "last")
        running.message("last")
    assert len(running.source.items) == 1


def test_a_deleted_mention_is_noticed_by_looking_again() -> None:
    source = MemorySource()
    with FakeServer("", TAKAHE) as server:
        server.mention(1, "soon gone", told=False)
        with collecting(account(server.url), source) as running:
            running.message("soon gone")
        server.notifications[0]["gone"] = True
        with collecting(account(server.url), source) as running:
            running.wait(lambda r: [one for one in r.said() if isinstance(one, Deleted)])
    assert source.cursors()["recent"] == []


def test_a_server_that_answers_with_pages_is_unwell_until_it_is_well() -> None:
    with FakeServer() as server:
        server.broken["/api/v1/notifications"] = (200, b"<html>Down for maintenance</html>")
        server.mention(1, "at last", told=False)
        with collecting(account(server.url)) as running:
            running.wait(lambda r: r.source.troubles)
            assert "text/html" in running.source.troubles[0]
            assert not running.source.items
            del server.broken["/api/v1/notifications"]
            running.message("at last")


def test_a_search_the_token_may_not_make_stops_nothing_else() -> None:
    with FakeServer() as server:
        server.broken["/api/v2/search"] = (403, b'{"error":"This action is outside the authorized scopes"}')
        server.mention(1, "a mention", told=False)
        with collecting(account(server.url, searches=["tea"])) as running:
            running.wait(lambda r: any("outside the authorized scopes" in one for one in r.source.troubles))
            running.message("a mention")
            assert running.error is None


def test_being_asked_to_wait_is_obeyed_and_shown() -> None:
    with FakeServer() as server:
        server.broken["/api/v1/notifications"] = (429, b'{"error":"Too many requests"}')
        resets = datetime.now(UTC) + timedelta(seconds=120)
        server.limits = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": resets.isoformat()}
        with collecting(account(server.url)) as running:
            running.wait(lambda r: r.source.troubles)
            running.wait(lambda r: r.source.figures.get("limit_left") == 0)
    assert running.error is None
    assert server.asked.count("/api/v1/notifications") == 1
    assert running.source.figures["limit_resets_at"] == resets.isoformat()


@pytest.mark.parametrize("version", ["4.4.0", GOTOSOCIAL, TAKAHE])
def test_servers_of_any_make_tell_who_we_are_and_take_an_answer(version: str) -> None:
    with FakeServer("", version) as server:
        own = CONNECTOR.identify(account(server.url))
        assert own["address"] == "@brand@social.example"
        assert own["characters"] == ("500" if version == TAKAHE else "5000")
        assert CONNECTOR.test(account(server.url))
        answer = {"id": "1001", "acct": "ann@b.example", "visibility": "unlisted"}
        outgoing = CONNECTOR.prepare(account(server.url), draft_for("Thanks", answer, to=[("Ann", "@ann@b.example")]))
        sent = CONNECTOR.send(account(server.url), outgoing, lambda: None)
    assert sent.external_ids == [f"mastodon:{server.url.removeprefix('http://')}/901"]
    # Never left to the server: GoToSocial's own choice would be unlisted, whatever was meant.
    assert [one["visibility"] for one in server.posted] == ["unlisted"]


@pytest.mark.parametrize(
    ("left", "resets_in", "factor"),
    [(None, None, 1.0), (300, 300, 1.0), (100, 300, 1.5), (40, 300, 60.0), (0, 10, 60.0), (9, 0, 1.0)],
)
def test_polling_slows_before_the_limit_is_reached(left: int | None, resets_in: float | None, factor: float) -> None:
    assert pace.stretch(0.3, left, resets_in) == pytest.approx(factor)


def test_limits_are_read_as_any_server_writes_them() -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert budget_of({"X-RateLimit-Remaining": "12", "X-RateLimit-Reset": str(int(at.timestamp()))}) == (12, at)
    assert budget_of({"X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "soon"}) == (None, None)
    assert budget_of({}) == (None, None)


def test_a_token_that_is_the_name_of_a_file_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("very secret")
    with FakeServer() as server, Client(replace(account(server.url), secrets={"token": str(secret)})) as client:
        assert client.token == str(secret)


def test_events_are_read_however_they_are_cut() -> None:
    whole = b":ok\n\nevent: update\r\ndata: a\ndata: b\n\ndata: bare\n\nevent:delete\ndata:7\n\nevent: half\ndata: x"
    wanted = [("update", "a\nb"), ("delete", "7")]
    assert list(events(iter([whole]))) == wanted
    assert list(events(iter([bytes([one]) for one in whole]))) == wanted


def test_an_event_without_end_is_left_out_and_the_next_is_heard() -> None:
    endless = [b"x" * 65_536] * (EVENT_BYTES_MAX // 65_536 + 2)
    long = [b"event: update\ndata: ", *endless, b"\n\nevent: delete\ndata: 7\n\n"]
    assert list(events(iter(long))) == [("delete", "7")]
