"""Reddit: what things say, how they are collected, how they are answered."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import (
    Author,
    ChannelError,
    Deleted,
    Edited,
    Incoming,
    Invalid,
    Message,
    MessageRefused,
    NothingSaid,
    OutcomeUnknown,
    Sent,
    TooFast,
    Unreadable,
    deletion_of,
)
from rapport.channels.kinds.reddit import collect, parse
from rapport.channels.kinds.reddit.api import Reddit
from rapport.channels.kinds.reddit.connector import RedditConnector
from rapport.channels.testing import MemorySource, Reply, ScriptedServer, draft_for
from tests.channels.reddit.samples import OWN, account_at, comment, item, listing, post, private

CONNECTOR = RedditConnector()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as one:
        one.on("POST", "/api/v1/access_token", Reply.of({"access_token": "made-up", "expires_in": 86400}))
        yield one


def page(*things: dict[str, Any], after: str | None = None) -> Reply:
    """A page of a listing as an answer."""
    headers = {"Content-Type": "application/json", "X-Ratelimit-Remaining": "97.0", "X-Ratelimit-Reset": "120"}
    return Reply(200, listing(*things, after=after), headers)


def message(thing: dict[str, Any], found_by: str = "") -> Message:
    """The one message of an item."""
    one = parse.parse(account_at(), item(thing, found_by=found_by))[0]
    assert isinstance(one, Message)
    return one


def test_an_answer_in_the_inbox_belongs_to_its_post_and_to_what_it_answers() -> None:
    one = message(comment())
    assert one.external_id == "reddit:t1_c1"
    assert one.refers_to == ("reddit:t3_p1", "reddit:t1_ours")
    assert one.author == Author(
        "reddit", "annexample", "u/AnnExample", "AnnExample", url="https://www.reddit.com/user/AnnExample"
    )
    assert one.at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert (one.public, one.origin, one.subject) == (True, "addressed", "Tulips")
    assert one.url == "https://www.reddit.com/r/gardening/comments/p1/tulips/c1/"


def test_an_answer_to_the_post_itself_names_it_once() -> None:
    assert message(comment(parent_id="t3_p1")).refers_to == ("reddit:t3_p1",)


def test_a_private_message_is_private() -> None:
    first = message(private())
    second = message(private("t4_m2", first_message_name="t4_m1", parent_id="t4_m1"))
    assert (first.public, first.subject, first.refers_to) == (False, "A question", ())
    assert second.refers_to == ("reddit:t4_m1",)


def test_a_post_that_a_search_found_says_which() -> None:
    one = message(post(), "tulip parcels")
    assert (one.origin, one.found_by, one.subject) == ("search", "tulip parcels", "Tulip parcels")
    linked = message(post(is_self=False, selftext="", url="https://example.org/tulips"), "tulip")
    assert linked.text == "https://example.org/tulips"


def test_what_our_own_account_says_is_our_own() -> None:
    assert message(comment(author="tuliphub")).origin == "own"


def look(server: ScriptedServer, source: MemorySource, *pages: Reply) -> None:
    """One look at the inbox."""
    server.on("GET", "/message/inbox", *pages)
    collect.look(Reddit(account_at(server.url)), source, "/message/inbox", {}, "")


def test_what_is_new_edited_and_deleted_is_noticed_once(server: ScriptedServer) -> None:
    source = MemorySource()
    look(server, source, page(comment("t1_a"), comment("t1_b"), comment("t1_c")))
    changed = page(
        comment("t1_a"), comment("t1_b", "Where are they?", edited=1772442060.0), comment("t1_c", "[deleted]")
    )
    look(server, source, changed)
    look(server, source, changed)
    said = [parse.parse(account_at(), one)[0] for one in source.items.values()]
    assert [type(one) for one in said] == [Message, Message, Message, Edited, Deleted]
    assert deletion_of("reddit:t1_c") in source.items


def test_votes_are_no_edits(server: ScriptedServer) -> None:
    source = MemorySource()
    look(server, source, page(comment("t1_a")))
    look(server, source, page(comment("t1_a", score=99)))
    assert len(source.items) == 1


def test_pages_are_read_until_nothing_is_new(server: ScriptedServer) -> None:
    source = MemorySource()
    look(server, source, page(comment("t1_a"), after="t1_a"))
    asked = len(server.asked)
    look(
        server,
        source,
        page(comment("t1_c"), after="t1_c"),
        page(comment("t1_b"), after="t1_b"),
        page(comment("t1_a"), after="t1_a"),
    )
    assert set(source.items) == {"reddit t1_a", "reddit t1_b", "reddit t1_c"}
    assert len(server.asked) == asked + 4
    assert parse_qs(server.asked[-1].path.partition("?")[2])["after"] == ["t1_b"]


def test_searches_are_kept_apart_and_may_stay_in_one_community() -> None:
    assert collect.request("tulip parcels")[0] == "/search"
    assert collect.request("r/gardening tulip") == (
        "/r/gardening/search", {"sort": "new", "type": "link", "t": "week", "q": "tulip", "restrict_sr": "1"}
    )  # fmt: skip
    assert collect.request("r/gardening") == ("/r/gardening/new", {})
    assert collect.request("r/../secret x")[0] == "/search"
    assert collect.searches_of(account_at(searches=["a", " ", "b", "a"])) == ["a", "b"]


def test_the_collector_reads_inbox_and_searches_until_told(server: ScriptedServer) -> None:
    server.on("GET", "/message/inbox", page(comment()))
    server.on("GET", "/r/gardening/search", page(post()))
    source, account = MemorySource(), account_at(server.url, searches="r/gardening tulip")
    thread = threading.Thread(target=CONNECTOR.collect, args=(account, source), daemon=True)
    thread.start()
    while not source.wells:
        thread.join(0.02)
    source.stopping.set()
    thread.join(60)
    assert not thread.is_alive()
    assert {one.envelope.get("found_by") for one in source.items.values()} == {None, "r/gardening tulip"}
    assert source.figures["limit_left"] == 97.0
    assert server.asked[0].headers["authorization"] == f"Basic {b64encode(b'made-up-app:made-up-secret').decode()}"
    assert server.asked[1].headers["authorization"] == "Bearer made-up"
    assert server.asked[1].headers["user-agent"] == "server:rapport-hub:v1 (by /u/TulipHub)"


def test_a_token_that_ended_is_asked_for_again(server: ScriptedServer) -> None:
    server.on("GET", "/api/v1/me", Reply.of({}, 401), Reply.of({"name": "TulipHub"}))
    assert CONNECTOR.identify(account_at(server.url)) == OWN
    assert [one.path for one in server.asked].count("/api/v1/access_token") == 2


def test_a_wrong_password_needs_a_person() -> None:
    with ScriptedServer() as server:
        server.always(Reply.of({"error": "invalid_grant"}))
        with pytest.raises(ChannelError) as error:
            CONNECTOR.test(account_at(server.url))
    assert error.value.permanent
    assert "made-up-password" not in f"{error.value} {error.value.__cause__}"


def answer(server: ScriptedServer, text: str = "It comes today.") -> Sent:
    """Prepare and send, and see that the house was told once."""
    told: list[bool] = []
    account = account_at(server.url)
    try:
        return CONNECTOR.send(
            account, CONNECTOR.prepare(account, draft_for(text, {"thing": "t1_c1"})), lambda: told.append(True)
        )
    finally:
        assert told == [True]


def test_an_answer_is_a_comment_under_what_it_answers(server: ScriptedServer) -> None:
    made = {"name": "t1_new", "permalink": "/r/gardening/comments/p1/tulips/new/"}
    server.on(
        "POST", "/api/comment", Reply.of({"json": {"errors": [], "data": {"things": [{"kind": "t1", "data": made}]}}})
    )
    sent = answer(server, "It comes\ntoday.")
    form = parse_qs(server.asked[-1].body.decode())
    assert form["thing_id"] == ["t1_c1"]
    assert form["text"] == ["It comes  \ntoday.\n\n— Mara Lind"]
    assert sent.external_ids == ["reddit:t1_new"]
    assert CONNECTOR.parts(account_at(), draft_for("It comes\ntoday.", {"thing": "t1_c1"})) == form["text"]
    assert sent.url == "https://www.reddit.com/r/gardening/comments/p1/tulips/new/"


@pytest.mark.parametrize(
    ("errors", "more", "kind"),
    [
        ([["RATELIMIT", "Take a break for 5 minutes.", "ratelimit"]], {"ratelimit": 300.5}, TooFast),
        ([["THREAD_LOCKED", "Comments are locked.", "parent"]], {}, MessageRefused),
        ([["USER_REQUIRED", "Please log in.", None]], {}, ChannelError),
        ([None], {}, MessageRefused),
        ([], {}, OutcomeUnknown),
    ],
)
def test_errors_come_with_a_good_status(
    server: ScriptedServer, errors: list[Any], more: dict[str, Any], kind: type[ChannelError]
) -> None:
    server.on("POST", "/api/comment", Reply.of({"json": {"errors": errors, **more}}))
    with pytest.raises(ChannelError) as error:
        answer(server)
    assert type(error.value) is kind
    if isinstance(error.value, TooFast):
        assert error.value.retry_after == 300.5


def test_what_cannot_be_sent_is_said_before() -> None:
    for draft in (
        draft_for("Hello", {}),
        draft_for(" ", {"thing": "t1_c1"}),
        draft_for("x" * 10_000, {"thing": "t1_c1"}),
        draft_for("Between us", {"thing": "t1_c1"}, public=False),
    ):
        with pytest.raises(Invalid):
            CONNECTOR.prepare(account_at(), draft)
    with pytest.raises(Invalid):
        CONNECTOR.check(account_at(username="https://reddit.com/user/x"))


_NAMES = ["data", "name", "body", "author", "title", "selftext", "url", "parent_id", "context", "created_utc", "edited"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=6) | st.just("t1_a"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=8),
    max_leaves=25,
)  # fmt: skip


@given(_JSON, st.booleans())
def test_parsing_is_total(whole: object, edited: bool) -> None:
    try:
        assert parse.parse(account_at(), Incoming("x", orjson.dumps({"data": whole}), {"edited": edited}))
    except (NothingSaid, Unreadable):
        return
