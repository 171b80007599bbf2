"""Reading lists back to where they were read before, whatever comes between."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from rapport.channels.base import ChannelError, Incoming, TooFast, deletion_of
from rapport.channels.kinds.bluesky.collect import Collector, Pace
from rapport.channels.kinds.bluesky.connector import BlueskyConnector
from rapport.channels.testing import MemorySource, Reply, ScriptedServer
from rapport.core.clock import travel
from tests.channels.bluesky.samples import ANN, CID, OTHER_CID, OURS, THEIRS, US, account, post

LIST = "/xrpc/app.bsky.notification.listNotifications"
SEARCH = "/xrpc/app.bsky.feed.searchPosts"
POSTS = "/xrpc/app.bsky.feed.getPosts"
RECORD = "/xrpc/com.atproto.repo.getRecord"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SESSION = {"accessJwt": "a.b.c", "refreshJwt": "d.e.f", "did": US, "handle": "brand.example.org"}
MARK = {"since": "", "until": "2026-03-02T08:00:00+00:00"}


class Rounds(MemorySource):
    """Stops the collector after so many rounds, or pages kept; counts what is kept."""

    def __init__(self, rounds: int = 1, keeps: int = 0, cursors: Mapping[str, Any] | None = None) -> None:
        super().__init__(cursors={"own": {"since": "", "until": ""}, **(cursors or {})})
        self.kept: list[list[Incoming]] = []
        self._rounds, self._keeps = rounds, keeps

    def keep(self, items: Sequence[Incoming], cursors: Mapping[str, Any]) -> None:
        """Counted."""
        super().keep(items, cursors)
        self.kept.append(list(items))
        if len(self.kept) == self._keeps:
            self.stopping.set()

    def measured(self, figures: Mapping[str, Any]) -> None:
        """Called at the end of each round."""
        super().measured(figures)
        if "way" in figures:
            self._rounds -= 1
            if self._rounds <= 0:
                self.stopping.set()


class Patient(BlueskyConnector):
    """Rounds without pauses; old posts are looked at in the first."""

    pace = Pace(every_s=0.01, searches_s=0.0, look_s=3600.0)


def like(number: int, at: str) -> dict[str, Any]:
    """A notification of a like, indexed at a minute of eight o'clock."""
    return {
        "uri": f"at://{ANN}/app.bsky.feed.like/{number}", "cid": f"cid{number}", "reason": "like",
        "author": {"did": ANN, "handle": "ann.example.org"}, "indexedAt": f"2026-03-02T08:{at}Z",
        "record": {"$type": "app.bsky.feed.like", "subject": {"uri": OURS, "cid": CID}},
    }  # fmt: skip


def page(*likes: dict[str, Any], cursor: str = "", **headers: str) -> Reply:
    return Reply.of({"notifications": list(likes), **({"cursor": cursor} if cursor else {})}, **headers)


def collect(server: ScriptedServer, source: Rounds, **config: Any) -> Rounds:
    server.on("POST", "/xrpc/com.atproto.server.createSession", Reply.of(SESSION))
    server.on("GET", "/xrpc/app.bsky.feed.getAuthorFeed", Reply.of({"feed": []}))
    server.on("GET", "/xrpc/app.bsky.actor.getProfiles", Reply.of({"profiles": [{"did": ANN, "followersCount": 5}]}))
    with travel(NOW):
        Patient().collect(account(service=server.url, **config), source)
    return source


def pages_asked(server: ScriptedServer) -> list[str]:
    """The cursor of each call of the list."""
    asked = [urlsplit(one.path) for one in server.asked]
    return [parse_qs(one.query).get("cursor", [""])[0] for one in asked if one.path == LIST]


def test_a_backlog_is_read_back_and_the_mark_moves_when_all_of_it_is_kept() -> None:
    with ScriptedServer() as server:
        server.on("GET", LIST, page(like(4, "04:00"), cursor="a"), page(like(3, "03:00"), cursor="b"),
                  page(like(2, "02:00"), like(0, "00:00"), like(1, "00:00"), like(9, "59:00"), cursor="c"))  # fmt: skip
        source = collect(server, Rounds(cursors={"notifications": {**MARK, "until": "2026-03-02T08:01:00+00:00"}}))
        assert pages_asked(server) == ["", "a", "b"]
    assert [len(one) for one in source.kept] == [1, 1, 4]
    assert source.cursors()["notifications"]["until"] == "2026-03-02T08:59:00+00:00"


def test_a_restart_in_the_middle_of_a_backlog_goes_on_there() -> None:
    with ScriptedServer() as server:
        server.on("GET", LIST, page(like(4, "04:00"), cursor="a"))
        before = collect(server, Rounds(keeps=1, cursors={"notifications": MARK}))
    assert before.cursors()["notifications"] == {**MARK, "top": "2026-03-02T08:04:00+00:00", "page": "a"}
    with ScriptedServer() as server:
        server.on("GET", LIST, page(like(3, "03:00"), like(8, "00:00"), cursor="b"), page(cursor="c"))
        after = collect(server, Rounds(cursors=before.cursors()))
        assert pages_asked(server) == ["a", "b"]
    assert after.cursors()["notifications"] == {"since": "", "until": "2026-03-02T08:04:00+00:00"}


def test_a_place_that_the_service_has_forgotten_is_not_insisted_on() -> None:
    forgotten = {**MARK, "top": "2026-03-02T08:04:00+00:00", "page": "gone"}
    with ScriptedServer() as server:
        server.on("GET", LIST, Reply.of({"error": "InvalidRequest"}, 400), page(like(5, "05:00")))
        source = collect(server, Rounds(cursors={"notifications": forgotten}))
        assert pages_asked(server) == ["gone", ""]
    assert len(source.items) == 1
    assert source.cursors()["notifications"]["until"] == "2026-03-02T08:05:00+00:00"


def test_where_nothing_new_came_nothing_is_kept() -> None:
    with ScriptedServer() as server:
        server.on("GET", LIST, page(like(2, "02:00"), like(1, "01:00"), cursor="a"), page(),
                  page(like(2, "02:00"), like(1, "01:00"), cursor="a"))  # fmt: skip
        source = collect(server, Rounds(rounds=6))
        assert pages_asked(server) == ["", "a", "", "", "", "", ""]
    assert len(source.kept) == 2
    assert len(source.items) == 2


def test_one_that_was_dated_back_is_taken_all_the_same() -> None:
    with ScriptedServer() as server:
        server.on("GET", LIST, page(like(2, "02:00")), page(like(2, "02:00"), like(3, "01:30"), like(1, "00:01")))
        source = collect(server, Rounds(rounds=2))
    assert len(source.items) == 3


def test_the_first_look_takes_a_week_and_no_more() -> None:
    old = {**like(1, "00:00"), "indexedAt": (NOW - timedelta(days=8)).isoformat()}
    with ScriptedServer() as server:
        server.on("GET", LIST, page(like(2, "02:00"), old, cursor="a"))
        source = collect(server, Rounds())
        assert pages_asked(server) == [""]
    assert [one.envelope["why"] for one in source.items.values()] == ["like"]


def test_a_search_takes_what_is_new_and_says_how_many_follow() -> None:
    old, new = post("old"), post("new", uri=f"{THEIRS}n", indexedAt="2026-03-02T08:30:00Z")
    ours = {**post("ours", uri=OURS), "author": {"did": US}}
    with ScriptedServer() as server:
        server.on("GET", LIST, page())
        server.on("GET", SEARCH, Reply.of({"posts": [old]}), Reply.of({"posts": [new, ours, old]}))
        source = collect(server, Rounds(rounds=2), searches="chairs\n")
    (item,) = source.items.values()
    assert item.envelope == {"why": "search", "found_by": "chairs", "reach": 5}
    assert b'"new"' in item.body


def test_a_search_that_finds_too_much_goes_back_so_far_and_no_further() -> None:
    words = [post(str(number), uri=f"{THEIRS}{number}") for number in range(3)]
    with ScriptedServer() as server:
        server.on("GET", LIST, page())
        pages = [Reply.of({"posts": words, "cursor": str(number)}) for number in range(20)]
        server.on("GET", SEARCH, Reply.of({"posts": []}), *pages)
        source = collect(server, Rounds(rounds=2), searches=["chairs"])
        assert len([one for one in server.asked if one.path.startswith(SEARCH)]) == 11
    (stand,) = [one for name, one in source.cursors().items() if name.startswith("search:")]
    assert stand == {"since": "", "until": "2026-03-02T08:00:01+00:00"}


def test_a_search_that_is_refused_stops_nothing_else() -> None:
    with ScriptedServer() as server:
        server.on("GET", LIST, page(like(1, "01:00")))
        server.on("GET", SEARCH, Reply.of({"error": "BadQueryString", "message": "no such operator"}, 400))
        source = collect(server, Rounds(), searches=["a:b", "c"], hashtags=["#d"])
        assert len([one for one in server.asked if one.path.startswith(SEARCH)]) == 3
    assert source.troubles == ["Search a:b: 127.0.0.1 refused: no such operator"]
    assert source.wells == 0
    assert len(source.items) == 1


@pytest.mark.parametrize(
    ("record", "items"),
    [
        (Reply.of({"error": "RecordNotFound"}, 400), [deletion_of(THEIRS)]),
        (Reply.of({"uri": THEIRS, "cid": CID, "value": {}}), []),
        (Reply.of({"error": "SomethingElse"}, 400), []),
    ],
    ids=["deleted", "blocked", "unclear"],
)
def test_a_post_that_is_missing_was_deleted_only_if_its_record_is(record: Reply, items: list[str]) -> None:
    with ScriptedServer() as server:
        server.on("GET", LIST, page()).on("GET", POSTS, Reply.of({"posts": []})).on("GET", RECORD, record)
        source = collect(server, Rounds(cursors={"watch": [[THEIRS, CID]]}))
    assert list(source.items) == items


def test_a_post_that_is_another_now_was_edited() -> None:
    with ScriptedServer() as server:
        server.on("GET", LIST, page()).on("GET", POSTS, Reply.of({"posts": [post("now", cid=OTHER_CID)]}))
        source = collect(server, Rounds(cursors={"watch": [[THEIRS, CID]]}))
    (item,) = source.items.values()
    assert item.envelope == {"edited": NOW.isoformat()}
    assert source.cursors()["watch"] == [[THEIRS, OTHER_CID]]


def test_what_is_left_of_the_rate_limit_is_shown() -> None:
    limits = {"ratelimit_remaining": "2998", "ratelimit_reset": "1772442300"}
    with ScriptedServer() as server:
        server.on("GET", LIST, page(like(1, "01:00"), **limits))
        source = collect(server, Rounds())
    assert source.figures == {"way": "polling", "limit_left": 2998, "limit_resets_at": "2026-03-02T09:05:00+00:00",
                              "lag_s": 3540.0}  # fmt: skip


def test_where_little_is_left_it_waits_for_more() -> None:
    with ScriptedServer() as server:
        limits = {"ratelimit_remaining": "3", "ratelimit_reset": str(int(NOW.timestamp()) + 90)}
        server.on("GET", LIST, page(**limits))
        waiting = Collector(account(service=server.url), MemorySource(), Patient.pace)
        server.on("POST", "/xrpc/com.atproto.server.createSession", Reply.of(SESSION))
        waiting.session.query("app.bsky.notification.listNotifications")
    with travel(NOW):
        assert waiting._pause() == 90
    with travel(NOW + timedelta(seconds=200)):
        assert waiting._pause() == Patient.pace.every_s


def test_being_asked_to_wait_ends_the_run() -> None:
    with ScriptedServer() as server:
        server.on("GET", LIST, Reply.of({}, 429, Retry_After="7"))
        with pytest.raises(TooFast):
            collect(server, Rounds())


def test_a_service_that_is_down_is_tried_again() -> None:
    with ScriptedServer() as server:
        server.on("GET", LIST, Reply(502, b"<html>"))
        with pytest.raises(ChannelError) as error:
            collect(server, Rounds())
    assert not error.value.permanent
