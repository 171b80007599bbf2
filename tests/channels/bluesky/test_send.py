"""From a draft to posts, and what becomes of them when the service falters."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from rapport.channels.base import ChannelError, Draft, File, Invalid, MessageRefused, OutcomeUnknown, Sent, TooFast
from rapport.channels.kinds.bluesky.connector import BlueskyConnector
from rapport.channels.kinds.bluesky.pictures import size
from rapport.channels.kinds.bluesky.send import cid_of
from rapport.channels.testing import Reply, ScriptedServer, draft_for
from tests.channels.bluesky.samples import ANN, CID, OTHER_CID, THEIRS, US, account

CONNECTOR = BlueskyConnector()
ANSWERING = {"parent": {"uri": THEIRS, "cid": CID}, "root": {"uri": THEIRS, "cid": CID}, "handles": {}}
SESSION = {"accessJwt": "access-1", "refreshJwt": "refresh-1", "did": US, "handle": "brand.example.org"}
WRITE = "/xrpc/com.atproto.repo.applyWrites"
GET = "/xrpc/com.atproto.repo.getRecord"
SIGN_IN = "/xrpc/com.atproto.server.createSession"
REFRESH = "/xrpc/com.atproto.server.refreshSession"


def prepared(draft: Draft) -> list[dict[str, Any]]:
    return list(orjson.loads(CONNECTOR.prepare(account(), draft).body)["posts"])


def serving(server: ScriptedServer) -> ScriptedServer:
    """A service that signs us in and takes every post."""
    made = {"results": [{"uri": "at://x", "cid": OTHER_CID}]}
    server.on("POST", SIGN_IN, Reply.of(SESSION)).on("POST", WRITE, Reply.of(made))
    return server


def send(server: ScriptedServer, text: str = "Thank you.", **given: Any) -> tuple[Sent, list[bool]]:
    ours = account(service=server.url)
    outgoing = CONNECTOR.prepare(ours, draft_for(text, **{"answering": ANSWERING, **given}))
    told: list[bool] = []
    return CONNECTOR.send(ours, outgoing, lambda: told.append(True)), told


def asked(server: ScriptedServer, path: str) -> list[Any]:
    return [one for one in server.asked if one.path.partition("?")[0] == path]


def written(server: ScriptedServer, number: int = 0) -> list[Mapping[str, Any]]:
    return list(orjson.loads(asked(server, WRITE)[number].body)["writes"])


def test_a_reply_names_root_and_parent_and_the_member_signs() -> None:
    with serving(ScriptedServer()) as server:
        sent, told = send(server)
        (write,) = written(server)
    assert told == [True]
    assert write["value"]["text"] == "Thank you. ^ML"
    assert write["value"]["reply"] == {"root": ANSWERING["root"], "parent": ANSWERING["parent"]}
    assert write["value"]["createdAt"] == "2026-03-02T09:00:00.000Z"
    assert sent.external_ids == [f"at://{US}/app.bsky.feed.post/{write['rkey']}"]
    assert sent.url == f"https://bsky.app/profile/brand.example.org/post/{write['rkey']}"
    assert sent.answer["parent"] == {"uri": sent.external_ids[0], "cid": OTHER_CID}
    assert sent.answer["root"] == ANSWERING["root"]


def test_each_part_of_a_long_text_answers_the_one_before() -> None:
    with serving(ScriptedServer()) as server:
        sent, _ = send(server, "word " * 100)
        first, second = written(server)
    assert second["value"]["reply"]["parent"] == {"uri": sent.external_ids[0], "cid": cid_of(first["value"])}
    assert second["value"]["reply"]["root"] == ANSWERING["root"]
    assert first["value"]["createdAt"] < second["value"]["createdAt"]
    assert first["rkey"] < second["rkey"]


def test_keys_are_those_of_the_delivery() -> None:
    draft = draft_for("Hello")
    keys = {
        prepared(one)[0]["rkey"]
        for one in (
            draft,
            replace(draft, text="Hello again"),
            replace(draft, key="another"),
            replace(draft, at=draft.at + timedelta(milliseconds=1)),
        )
    }
    assert len(keys) == 3
    assert all(len(key) == 13 and key[0] in "234567abcdefghij" for key in keys)
    many = {prepared(replace(draft, key=str(UUID(int=number))))[0]["rkey"] for number in range(300)}
    assert len(many) > 298


def test_known_people_are_mentioned_without_asking_and_others_are_asked_for() -> None:
    text = "@ann.example.org and @bob.example.org and @nobody.example.org"
    with serving(ScriptedServer()) as server:
        found, none = Reply.of({"did": "did:plc:bob"}), Reply.of({"error": "HandleNotFound"}, 400)
        server.on("GET", "/xrpc/com.atproto.identity.resolveHandle", found, none)
        send(server, text, answering={**ANSWERING, "handles": {"ann.example.org": ANN}})
        (write,) = written(server)
        handles = [one.path for one in server.asked if "resolveHandle" in one.path]
    assert [one["features"][0]["did"] for one in write["value"]["facets"]] == [ANN, "did:plc:bob"]
    assert len(handles) == 2


def test_a_post_that_begins_something_mentions_those_it_is_for() -> None:
    (post,) = prepared(draft_for("News for you", to=[("Ann", "@ann.example.org"), ("Bob", "@bob.example.org")]))
    assert post["record"]["text"] == "@ann.example.org @bob.example.org News for you ^ML"
    (post,) = prepared(draft_for("News for @Ann.example.org", to=[("Ann", "@ann.example.org")]))
    assert post["record"]["text"] == "News for @Ann.example.org ^ML"


def test_a_very_long_link_is_shown_short_and_leads_all_the_way() -> None:
    link = "https://example.org/" + "a" * 400
    (post,) = prepared(draft_for(f"See {link}."))
    (found,) = post["record"]["facets"]
    assert found["features"][0]["uri"] == link
    assert post["record"]["text"].endswith("aaa…. ^ML")


def test_pictures_go_up_first_with_their_words() -> None:
    red = File("red.png", "image/png", b"png", description="A red dot")
    blob = {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/png", "size": 3}
    with serving(ScriptedServer()) as server:
        server.on("POST", "/xrpc/com.atproto.repo.uploadBlob", Reply.of({"blob": blob}))
        send(server, "", files=[red])
        (write,) = written(server)
    assert write["value"]["embed"]["images"] == [{"alt": "A red dot", "image": blob}]
    assert write["value"]["text"] == "^ML"


@pytest.mark.parametrize(
    "given",
    [
        {"text": " "},
        {"text": "x " * 4_000},
        {"text": "x", "files": [File("a.pdf", "application/pdf", b"x")]},
        {"text": "x", "files": [File("a.png", "image/png", b"x" * 1_000_001)]},
        {"text": "x", "files": [File("a.png", "image/png", b"x")] * 5},
        {"text": "x", "answering": {"parent": {"uri": THEIRS}, "root": {"uri": THEIRS}}},
        {"text": "x", "answering": {**ANSWERING, "closed": True}},
    ],
    ids=["empty", "too many posts", "no picture", "too large", "too many", "no hash", "closed"],
)
def test_what_cannot_be_posted_is_said_before(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        prepared(draft_for(**given))


def test_a_second_attempt_finds_the_first_ones_post() -> None:
    """The service answers 500 when a key is taken."""
    with serving(ScriptedServer()) as server:
        first, _ = send(server)
        value = written(server)[0]["value"]
        server.on("POST", WRITE, Reply.of({"error": "InternalServerError"}, 500))
        server.on("GET", GET, Reply.of({"uri": "at://x", "cid": OTHER_CID, "value": value}))
        again, told = send(server)
    assert again == first
    assert told == [True]


def test_a_key_that_is_anothers_is_refused() -> None:
    with serving(ScriptedServer()) as server:
        server.on("POST", WRITE, Reply.of({"error": "InternalServerError"}, 500))
        server.on("GET", GET, Reply.of({"uri": "at://x", "cid": OTHER_CID, "value": {"text": "Something else"}}))
        with pytest.raises(MessageRefused):
            send(server)


def test_a_post_that_did_not_arrive_is_tried_again() -> None:
    with serving(ScriptedServer()) as server:
        server.on("POST", WRITE, Reply.of({"error": "UpstreamFailure"}, 502))
        server.on("GET", GET, Reply.of({"error": "RecordNotFound"}, 400))
        with pytest.raises(OutcomeUnknown) as error:
            send(server)
    assert not error.value.permanent


def test_being_asked_to_wait_says_until_when() -> None:
    with serving(ScriptedServer()) as server:
        server.on("POST", WRITE, Reply.of({"error": "RateLimitExceeded"}, 429, ratelimit_reset="4102444800"))
        with pytest.raises(TooFast) as error:
            send(server)
    assert error.value.retry_after == 3600


def test_an_expired_token_is_renewed_once_and_the_call_repeated() -> None:
    expired = Reply.of({"error": "ExpiredToken", "message": "Token has expired"}, 400)
    renewed = {**SESSION, "accessJwt": "access-2", "refreshJwt": "refresh-2"}
    with serving(ScriptedServer()) as server:
        server.on("POST", WRITE, expired, Reply.of({"results": []})).on("POST", REFRESH, Reply.of(renewed))
        send(server)
        tokens = [one.headers["authorization"] for one in asked(server, WRITE)]
        assert asked(server, REFRESH)[0].headers["authorization"] == "Bearer refresh-1"
        assert len(asked(server, SIGN_IN)) == 1
    assert tokens == ["Bearer access-1", "Bearer access-2"]


def test_a_revoked_password_asks_a_person_to_act() -> None:
    expired = Reply.of({"error": "ExpiredToken", "message": "Token has been revoked"}, 400)
    no = Reply.of({"error": "AuthenticationRequired", "message": "Invalid identifier or password"}, 401)
    with serving(ScriptedServer()) as server:
        server.on("POST", WRITE, expired).on("POST", REFRESH, expired)
        server.on("POST", SIGN_IN, Reply.of(SESSION), no)
        with pytest.raises(ChannelError) as error:
            send(server)
    assert error.value.permanent
    assert "app password" in error.value.hint
    assert "mnop" not in f"{error.value.message} {error.value.hint}"


def test_a_handle_that_changed_hands_is_not_posted_to() -> None:
    with serving(ScriptedServer()) as server:
        server.on("POST", SIGN_IN, Reply.of({**SESSION, "did": ANN}))
        with pytest.raises(ChannelError) as error:
            send(server)
        assert not asked(server, WRITE)
    assert error.value.permanent


def test_a_data_server_that_is_gone_is_not_asked_again() -> None:
    with serving(ScriptedServer()) as server:
        with ScriptedServer() as gone:  # inside, or the other might be given its port
            document = {"service": [{"id": "#atproto_pds", "serviceEndpoint": gone.url}]}
        server.on("POST", SIGN_IN, Reply.of({**SESSION, "didDoc": document}))
        with pytest.raises(OutcomeUnknown):
            send(server)
        sent, _ = send(server)
    assert sent.external_ids


def test_a_picture_says_how_wide_and_high_it_is() -> None:
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x10"
    jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\0\x10\0\x20\x03"
    assert [size(one) for one in (png, jpeg, b"GIF89a\x20\0\x10\0")] == [(32, 16)] * 3
    assert {size(one[:end]) for one in (png, jpeg) for end in range(16)} == {None}


def test_a_data_server_without_encryption_is_not_believed() -> None:
    document = {"service": [{"id": "#atproto_pds", "serviceEndpoint": "http://192.0.2.1"}]}
    with serving(ScriptedServer()) as server:
        server.on("POST", SIGN_IN, Reply.of({**SESSION, "didDoc": document}))
        sent, _ = send(server)
    assert sent.external_ids
