"""When a hub is asked, and again: everything that no real hub does on our asking."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from rapport.channels.base import Hook, HookRefused
from rapport.channels.kinds.feeds import websub
from rapport.channels.kinds.feeds.connector import FeedsConnector
from rapport.channels.kinds.feeds.settings import Subscription
from rapport.channels.kinds.feeds.state import State, state_of
from rapport.channels.testing import MemorySource, Reply, ScriptedServer
from rapport.core.clock import now
from tests.channels.feeds.feeds import AT, URL, Post, account_of, atom, collecting, served, until

HOOK = "https://rapport.example.org/hooks/7"
TOPIC = websub.Topic(URL, URL, URL)


def question(account_hook: str = HOOK, **query: str) -> Hook:
    """A hub's question about the feed."""
    account = account_of(URL, hook_url=account_hook)
    callback = websub.callback_for(account, TOPIC)
    asked = {f"hub.{name}": value for name, value in {"topic": URL, "challenge": "abc", **query}.items()}
    return Hook("GET", callback, callback.removeprefix(account_hook), asked, {}, b"", AT)


def test_a_question_is_answered_with_its_challenge() -> None:
    received = FeedsConnector().receive(account_of(URL, hook_url=HOOK), question(mode="subscribe", lease_seconds="5"))
    assert (received.status, received.body, received.items) == (200, b"abc", ())
    assert received.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    "query",
    [{"mode": "subscribe", "topic": "https://other.example/"}, {"mode": "unsubscribe"}, {"mode": "publish"}, {},
     {"mode": "subscribe", "challenge": ""}, {"mode": "subscribe", "challenge": "x" * 5_000}],
)  # fmt: skip
def test_what_we_did_not_ask_for_is_not_confirmed(query: dict[str, str]) -> None:
    with pytest.raises(HookRefused) as refused:
        FeedsConnector().receive(account_of(URL, hook_url=HOOK), question(**query))
    assert refused.value.status == 404


def test_an_end_is_confirmed_when_the_feed_is_not_wanted_any_more() -> None:
    other = account_of("https://other.example/", hook_url=HOOK)
    assert FeedsConnector().receive(other, question(mode="unsubscribe")).body == b"abc"
    with pytest.raises(HookRefused):
        FeedsConnector().receive(other, question(mode="subscribe"))


def test_a_denial_is_heard() -> None:
    assert FeedsConnector().receive(account_of(URL, hook_url=HOOK), question(mode="denied")).status == 200


@pytest.mark.parametrize("path", ["", "/", ".", "x.y", "é.é", "a" * 5_000])
def test_a_path_that_we_gave_to_nobody_is_refused(path: str) -> None:
    with pytest.raises(HookRefused) as refused:
        FeedsConnector().receive(account_of(URL, hook_url=HOOK), replace(question(mode="subscribe"), path=path))
    assert refused.value.status == 401


def test_without_a_secret_nothing_is_believed_and_nothing_asked() -> None:
    bare = replace(account_of(URL, hook_url=HOOK), secrets={})
    assert not websub.can_reach_us(bare, "https://hub.example/")
    path = websub.callback_for(bare, TOPIC).removeprefix(HOOK)
    with pytest.raises(HookRefused):
        FeedsConnector().receive(bare, replace(question(mode="subscribe"), path=path))


@pytest.mark.parametrize(
    ("hook_url", "hub", "can"),
    [
        (HOOK, "https://hub.example/", True), ("", "https://hub.example/", False),
        ("http://127.0.0.1:8000/hooks/7", "https://hub.example/", False),
        ("http://localhost:8000/hooks/7", "https://hub.example/", False),
        ("http://10.1.2.3/hooks/7", "https://hub.example/", False), ("http://rapport/h", "https://hub.example/", False),
        ("http://127.0.0.1:8000/hooks/7", "http://127.0.0.1:9000/hub", True),
    ],
)  # fmt: skip
def test_a_hub_that_cannot_reach_us_is_not_asked(hook_url: str, hub: str, can: bool) -> None:
    assert websub.can_reach_us(account_of(URL, hook_url=hook_url), hub) is can


def feed_with_hub(server: ScriptedServer) -> None:
    more = f'<link rel="hub" href="{server.url}/hub"/><link rel="self" href="{server.url}/topic"/>'
    server.on("GET", "/feed", served(atom(Post(), more=more), ETag='"a"'), Reply(304))


def subscribed(
    server: ScriptedServer, state: State | None = None, heard: Callable[[State], bool] = lambda _: True, **config: bool
) -> tuple[MemorySource, str]:
    """Collect the feed and hear what its hub is asked, and its answer, if that is `heard` by the feed's state."""
    account = account_of(f"{server.url}/feed", hook_url="http://127.0.0.1:9/hooks/7", days=0, **config)
    name = Subscription(f"{server.url}/feed").cursor
    source = MemorySource(cursors={name: state.as_cursor()} if state else {})
    before = len(server.asked)
    with collecting(account, source):
        until(lambda: len(server.asked) > before and (source.items or state) and source.figures)
        if config.get("websub", True):
            until(lambda: any(one.path == "/hub" for one in server.asked[before:]))
            until(lambda: heard(state_of(source.cursors().get(name))))
    return source, name


def test_a_hub_is_asked_for_the_topic_with_a_secret_and_a_lease() -> None:
    with ScriptedServer() as server:
        feed_with_hub(server)
        server.on("POST", "/hub", Reply(202))
        source, name = subscribed(server)
    (asked,) = (parse_qs(one.body.decode()) for one in server.asked if one.path == "/hub")
    assert asked["hub.mode"] == ["subscribe"]
    assert asked["hub.topic"] == [f"{server.url}/topic"]
    assert asked["hub.callback"][0].startswith("http://127.0.0.1:9/hooks/7/")
    assert len(asked["hub.secret"][0]) == 64
    assert int(asked["hub.lease_seconds"][0]) == websub.LEASE_S
    assert now().timestamp() - source.cursors()[name]["subscribed_at"] < 60


def test_nothing_is_asked_of_a_hub_where_the_setting_says_so() -> None:
    with ScriptedServer() as server:
        feed_with_hub(server)
        subscribed(server, websub=False)
    assert [one.path for one in server.asked] == ["/feed"]


@pytest.mark.parametrize("age_s", [websub.RENEW_S + 1.0, -10_000_000.0])
def test_a_subscription_is_renewed_long_before_it_ends_and_after_a_clock_jumped(age_s: float) -> None:
    with ScriptedServer() as server:
        feed_with_hub(server)
        server.on("POST", "/hub", Reply(202))
        source, name = subscribed(server)
        state = state_of(source.cursors()[name])
        assert not websub.is_due(account_of(URL, hook_url="http://127.0.0.1:9/h"), state, now().timestamp())
        old = replace(state, subscribed_at=now().timestamp() - age_s, next_at=1.0)
        subscribed(server, old)
    assert [one.path for one in server.asked] == ["/feed", "/hub"] * 2


def test_a_hub_that_fails_is_asked_again_within_the_hour_and_the_feed_polled_meanwhile() -> None:
    with ScriptedServer() as server:
        feed_with_hub(server)
        server.on("POST", "/hub", Reply(500))
        account = account_of(URL, hook_url="http://127.0.0.1:9/h")
        source, name = subscribed(server, heard=lambda one: websub.is_due(account, one, now().timestamp() + 3_700))
    state = state_of(source.cursors()[name])
    assert not state.trouble
    assert state.next_at > now().timestamp()
    assert not websub.is_due(account, state, now().timestamp())
    assert websub.is_due(account, state, now().timestamp() + 3_700)
