"""The ways in and out of Slack: its requests, names, and answers."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import orjson
import pytest

from rapport.channels.base import (
    Account,
    ChannelError,
    HookRefused,
    Invalid,
    Message,
    MessageRefused,
    OutcomeUnknown,
    Sent,
    TooFast,
)
from rapport.channels.kinds.slack.connector import LENGTH, SlackConnector
from rapport.channels.testing import Reply, ScriptedServer, draft_for
from tests.channels.slack.samples import ACCOUNT, OWN, TS, delivery, item, signed, spoken

CONNECTOR = SlackConnector()
CHANNEL = {"channel": "C1", "thread": TS, "public": True, "user": "U1"}


def at(server: ScriptedServer, **config: Any) -> Account:
    """An account of its own, since names are remembered by account."""
    return replace(ACCOUNT, id=uuid4(), config={"own": OWN, "names": False, "server": server.url, **config})


def send(account: Account, answering: dict[str, Any], **given: Any) -> Sent:
    outgoing = CONNECTOR.prepare(account, draft_for("2 < 3, @here", answering, **given))
    told: list[bool] = []
    try:
        return CONNECTOR.send(account, outgoing, lambda: told.append(True))
    finally:
        assert told == [True]


def test_slack_is_told_that_the_address_is_ours() -> None:
    body = orjson.dumps({"type": "url_verification", "token": "t", "challenge": "3eZbrw1aB"})
    received = CONNECTOR.receive(ACCOUNT, signed(body))
    assert (received.body, received.items) == (b"3eZbrw1aB", ())
    with pytest.raises(HookRefused):
        CONNECTOR.receive(ACCOUNT, replace(signed(body), body=body.replace(b"3eZ", b"4eZ")))


def test_an_event_that_slack_sends_again_is_the_same() -> None:
    body = orjson.dumps(delivery(spoken()))
    retried = {**signed(body).headers, "x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
    again = replace(signed(body), headers=retried)
    first, second = (CONNECTOR.receive(ACCOUNT, hook).items[0] for hook in (signed(body), again))
    assert first.external_id == second.external_id == "slack Ev1"


def test_names_are_asked_for_once_and_come_along() -> None:
    with ScriptedServer() as server:
        ann = {"name": "ann", "profile": {"display_name": "", "real_name": "Ann B"}}
        server.on("GET", "/users.info", Reply.of({"ok": True, "user": ann}))
        account = at(server, names=True)
        body = orjson.dumps(delivery(spoken(text="Hello")))
        for _ in range(2):
            (one,) = CONNECTOR.receive(account, signed(body)).items
        assert [asked.path for asked in server.asked] == ["/users.info?user=U1"]
    (message,) = CONNECTOR.parse(account, one)
    assert isinstance(message, Message)
    assert message.author
    assert message.author.name == "Ann B"


def test_a_mention_in_a_private_channel_is_known_to_be_private() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/users.info", Reply.of({"ok": False, "error": "user_not_found"}))
        server.on("GET", "/conversations.info", Reply.of({"ok": True, "channel": {"is_private": True}}))
        mention = {name: value for name, value in spoken(type="app_mention").items() if name != "channel_type"}
        body = orjson.dumps(delivery({**mention, "user": None, "text": "Hello"}))
        (one,) = CONNECTOR.receive(at(server, names=True), signed(body)).items
    assert one.envelope == {"private": True}


def test_an_event_is_taken_also_when_names_cannot_be_had() -> None:
    with ScriptedServer() as server:
        server.always(Reply(500, b"oops"))
        account = at(server, names=True)
        for number in range(3):
            hook = signed(orjson.dumps(delivery(spoken(user=f"U{number}", text="Hello"))))
            assert CONNECTOR.receive(account, hook).items
        assert len(server.asked) == 1


def test_an_answer_goes_into_the_thread_and_is_known_again() -> None:
    with ScriptedServer() as server:
        server.on("POST", "/chat.postMessage", Reply.of({"ok": True, "channel": "C1", "ts": "1772447400.000300"}))
        sent = send(at(server), CHANNEL)
    (asked,) = server.asked
    assert parse_qs(asked.body.decode()) == {
        "channel": ["C1"], "text": ["2 &lt; 3, @here\n\n— Mara Lind"], "mrkdwn": ["false"], "thread_ts": [TS],
    }  # fmt: skip
    assert asked.headers["authorization"] == "Bearer xoxb-of-the-tests"
    echo = spoken(user="U0US", bot_id="B0US", ts="1772447400.000300", thread_ts=TS)
    (own,) = CONNECTOR.parse(ACCOUNT, item(echo))
    assert isinstance(own, Message)
    assert ([own.external_id], own.origin, own.url) == (sent.external_ids, "own", sent.url)


def test_the_member_can_be_the_sender() -> None:
    with ScriptedServer() as server:
        account = at(server, customize=True)
        outgoing = CONNECTOR.prepare(account, draft_for("Hello", CHANNEL))
    assert orjson.loads(outgoing.body) == {
        "channel": "C1", "text": "Hello", "mrkdwn": "false", "thread_ts": TS, "username": "Mara Lind",
    }  # fmt: skip


def test_what_was_asked_in_public_can_be_answered_in_private_and_goes_on_there() -> None:
    with ScriptedServer() as server:
        server.on("POST", "/chat.postMessage", Reply.of({"ok": True, "channel": "D7", "ts": "1772447400.000300"}))
        sent = send(at(server), CHANNEL, public=False)
    assert parse_qs(server.asked[0].body.decode())["channel"] == ["U1"]
    assert sent.external_ids == ["slack:D7/1772447400.000300", "slack:D7"]
    (later,) = CONNECTOR.parse(ACCOUNT, item(spoken(channel="D7", channel_type="im")))
    assert isinstance(later, Message)
    assert set(later.refers_to) & set(sent.external_ids)
    assert sent.answer == {"channel": "D7", "thread": "", "public": False, "user": ""}


@pytest.mark.parametrize(
    ("error", "raised", "permanent"),
    [
        ("invalid_auth", ChannelError, True), ("token_revoked", ChannelError, True),
        ("missing_scope", ChannelError, True), ("account_inactive", ChannelError, True),
        ("ratelimited", TooFast, False),
        ("service_unavailable", ChannelError, False), ("fatal_error", OutcomeUnknown, False),
        ("channel_not_found", MessageRefused, True), ("msg_too_long", MessageRefused, True),
        ("is_archived", MessageRefused, True), ("something_new", MessageRefused, True), ("", OutcomeUnknown, False),
    ],
)  # fmt: skip
def test_what_slack_says_no_to_is_told_apart(error: str, raised: type[ChannelError], permanent: bool) -> None:
    with ScriptedServer() as server:
        server.always(Reply.of({"ok": False, "error": error}))
        with pytest.raises(ChannelError) as found:
            send(at(server), CHANNEL)
    assert type(found.value) is raised
    assert found.value.permanent == permanent
    assert len(server.asked) == 1


def test_a_text_that_slack_would_cut_is_refused_here() -> None:
    assert CONNECTOR.prepare(ACCOUNT, draft_for("x" * (LENGTH - 20), CHANNEL))
    for draft in (draft_for("<" * (LENGTH // 4), CHANNEL), draft_for(" ", CHANNEL), draft_for("Hello", {})):
        with pytest.raises(Invalid):
            CONNECTOR.prepare(ACCOUNT, draft)
    with pytest.raises(Invalid):
        CONNECTOR.prepare(ACCOUNT, draft_for("Hello", {**CHANNEL, "user": ""}, public=False))


def test_the_token_is_tried_with_its_scopes() -> None:
    me = {"ok": True, "team": "Acme", "user": "acme", **OWN}
    with ScriptedServer() as server:
        server.on("GET", "/auth.test", Reply.of(me, X_OAuth_Scopes="chat:write,channels:history"))
        account = at(server, names=True)
        lines = CONNECTOR.test(account)
        assert lines[0] == "Signed in as @acme in Acme."
        assert "users:read" in lines[1]
        assert CONNECTOR.identify(account) == {**OWN, "address": "@acme", "team": "Acme"}
        with pytest.raises(ChannelError) as error:
            CONNECTOR.test(at(server, customize=True))
        assert error.value.permanent
        server.on("GET", "/auth.test", Reply.of({"ok": False, "error": "invalid_auth"}))
        with pytest.raises(ChannelError) as error:
            CONNECTOR.test(account)
        assert error.value.permanent
