"""Comments on their way to GitHub."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from rapport.channels.base import (
    Account,
    ChannelError,
    Invalid,
    Message,
    MessageRefused,
    OutcomeUnknown,
    Sent,
    TooFast,
)
from rapport.channels.kinds.github.connector import LENGTH, GitHubConnector
from rapport.channels.testing import Reply, ScriptedServer, draft_for
from tests.channels.github.samples import ACCOUNT, US, comment, event, item, opening

CONNECTOR = GitHubConnector()
ISSUE = {"repository": "acme/Kettle", "number": 12}
COMMENTS = "/repos/acme/Kettle/issues/12/comments"


def at(server: ScriptedServer) -> Account:
    return replace(ACCOUNT, config={**ACCOUNT.config, "server": server.url})


def send(server: ScriptedServer, answering: dict[str, Any]) -> Sent:
    outgoing = CONNECTOR.prepare(at(server), draft_for("Thank you.", answering))
    told: list[bool] = []
    try:
        return CONNECTOR.send(at(server), outgoing, lambda: told.append(True))
    finally:
        assert told == [True]


def test_a_comment_is_known_again_when_the_webhook_tells_of_it() -> None:
    made = comment(user=US, body="Thank you.\n\n— Mara Lind")
    with ScriptedServer() as server:
        server.on("POST", COMMENTS, Reply.of(made, 201))
        sent = send(server, ISSUE)
    (asked,) = server.asked
    assert orjson.loads(asked.body) == {"body": "Thank you.\n\n— Mara Lind"}
    assert asked.headers["authorization"] == "Bearer github_pat_of_the_tests"
    (echo,) = CONNECTOR.parse(ACCOUNT, item("issue_comment", event("created", issue=opening(), comment=made)))
    assert isinstance(echo, Message)
    assert ([echo.external_id], echo.origin, echo.url) == (list(sent.external_ids), "own", sent.url)


def test_a_discussion_is_answered_below_the_comment() -> None:
    (message,) = CONNECTOR.parse(
        ACCOUNT, item("discussion_comment", event("created", discussion=opening(), comment=comment()))
    )
    assert isinstance(message, Message)
    made = {"data": {"addDiscussionComment": {"comment": {"id": "DC_1", "databaseId": 101, "url": "https://x.example"}}}}
    with ScriptedServer() as server:
        server.on("POST", "/graphql", Reply.of(made))
        sent = send(server, dict(message.answer))
    given = orjson.loads(server.asked[0].body)["variables"]["input"]
    assert (given["discussionId"], given["replyToId"]) == ("D_kw12", "DC_kw99")
    assert sent.external_ids == ["github:acme/kettle#12/101"]
    assert sent.answer["comment"] == "DC_kw99"


def test_the_graphql_of_an_enterprise_server_is_beside_its_rest() -> None:
    with ScriptedServer() as server:
        made = {"data": {"addDiscussionComment": {"comment": {"databaseId": 1}}}}
        server.on("POST", "/api/graphql", Reply.of(made))
        account = replace(ACCOUNT, config={**ACCOUNT.config, "server": f"{server.url}/api/v3"})
        outgoing = CONNECTOR.prepare(account, draft_for("Yes.", {**ISSUE, "discussion": "D_1"}))
        assert CONNECTOR.send(account, outgoing, lambda: None).external_ids


@pytest.mark.parametrize(
    ("reply", "error", "permanent"),
    [
        (Reply.of({"message": "Unable to create comment because issue is locked."}, 403), MessageRefused, True),
        (Reply.of({"message": "Not Found"}, 404), MessageRefused, True),
        (Reply.of({"message": "gone"}, 410), MessageRefused, True),
        (Reply.of({"message": "You have exceeded a secondary rate limit."}, 403), TooFast, False),
        (Reply.of({"message": "no"}, 403, X_RateLimit_Remaining="0", X_RateLimit_Reset="1"), TooFast, False),
        (Reply.of({"message": "Resource not accessible by personal access token"}, 403), ChannelError, True),
        (Reply(201, b"<html>"), OutcomeUnknown, False),
        (Reply(307, b"", {"Location": "/elsewhere"}), ChannelError, True),
    ],
)  # fmt: skip
def test_what_github_says_no_to_is_told_apart(reply: Reply, error: type[ChannelError], permanent: bool) -> None:
    with ScriptedServer() as server:
        server.always(reply)
        with pytest.raises(ChannelError) as raised:
            send(server, ISSUE)
    assert type(raised.value) is error
    assert raised.value.permanent == permanent
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("errors", "error"),
    [
        ([{"type": "RATE_LIMITED", "message": "slow down"}], TooFast),
        ([{"type": "FORBIDDEN", "message": "Resource not accessible by integration"}], ChannelError),
        ([{"type": "NOT_FOUND", "message": "Could not resolve to a node"}], MessageRefused),
        ([], OutcomeUnknown), ("odd", OutcomeUnknown), (None, OutcomeUnknown),
    ],
)  # fmt: skip
def test_graphql_refuses_with_200(errors: Any, error: type[ChannelError]) -> None:
    with ScriptedServer() as server:
        server.always(Reply.of({"data": {"addDiscussionComment": None}, "errors": errors}))
        with pytest.raises(ChannelError) as raised:
            send(server, {**ISSUE, "discussion": "D_1"})
    assert type(raised.value) is error


def test_a_comment_that_is_too_long_or_begins_something_is_refused_here() -> None:
    for draft in (draft_for("x" * LENGTH, ISSUE), draft_for(" ", ISSUE), draft_for("Hello", {})):
        with pytest.raises(Invalid):
            CONNECTOR.prepare(ACCOUNT, draft)
    with pytest.raises(Invalid):
        CONNECTOR.prepare(ACCOUNT, draft_for("Hello", {"repository": "acme/..", "number": 1}))


def test_the_token_is_tried_and_the_repositories_it_must_reach() -> None:
    limits = {"resources": {"core": {"limit": 5000, "remaining": 4990}}}
    with ScriptedServer() as server:
        server.on("GET", "/rate_limit", Reply.of(limits)).on("GET", "/user", Reply.of({"login": "Acme-Care"}))
        server.on("GET", "/repos/acme/Kettle", Reply.of({"full_name": "acme/Kettle"}))
        account = replace(at(server), config={"server": server.url, "repositories": ["acme/Kettle"]})
        assert CONNECTOR.test(account) == [
            "The token is good; 4990 of 5000 requests are left in this hour.", "acme/Kettle is reached.",
        ]  # fmt: skip
        assert CONNECTOR.identify(account) == {"address": "@Acme-Care", "login": "Acme-Care"}
        unreached = replace(account, config={**account.config, "repositories": ["acme/Other"]})
        with pytest.raises(ChannelError) as error:
            CONNECTOR.test(unreached)
        assert error.value.permanent


def test_an_app_cannot_ask_who_it_is_and_is_told() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/user", Reply.of({"message": "Resource not accessible by integration"}, 403))
        account = replace(at(server), config={"server": server.url, "login": "acme[bot]"})
        assert CONNECTOR.identify(account)["login"] == "acme[bot]"


def test_settings_are_refused_in_words() -> None:
    for config in ({"repositories": "no slash"}, {"server": "github.com"}):
        with pytest.raises(Invalid):
            CONNECTOR.check(replace(ACCOUNT, config=config))
