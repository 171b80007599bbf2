"""Reviews: what they say, how they are collected, how they are answered."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import jwt
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import (
    ChannelError,
    Edited,
    Incoming,
    Invalid,
    Message,
    MessageRefused,
    NothingSaid,
    Unreadable,
)
from rapport.channels.kinds.reviews import keys, poll
from rapport.channels.kinds.reviews.connector import AppStoreReviews, GooglePlayReviews
from rapport.channels.testing import MemorySource, Reply, ScriptedServer, draft_for
from tests.channels.reviews.samples import APP, PACKAGE, Shelf, apple, apple_at, google, google_at, items, key

APPLE, GOOGLE = AppStoreReviews(), GooglePlayReviews()
_GOOGLE_LIST = f"/androidpublisher/v3/applications/{PACKAGE}/reviews"


def messages(connector: Any, found: list[Incoming]) -> list[Message]:
    """All that the items say."""
    account = apple_at("https://x") if connector is APPLE else google_at("https://x")
    said = [one for each in found for one in connector.parse(account, each)]
    return [one.message if isinstance(one, Edited) else one for one in said]


def test_a_review_of_the_app_store_has_its_stars_title_and_text() -> None:
    (one,) = messages(APPLE, items("appstore", apple()))
    assert one.external_id == f"appstore:{APP}/0001"
    assert one.text == "2 of 5 stars\n\nIt crashes when I open it.\n\n(USA)"
    assert (one.subject, one.public, one.answer) == ("Crashes", True, {"review": "0001", "stars": 2})
    assert one.at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert one.author is not None
    assert one.author.name == "Ann E."


def test_a_review_of_google_play_has_its_title_before_the_tab() -> None:
    (one,) = messages(GOOGLE, items("googleplay", google()))
    assert (one.subject, one.language) == ("Crashes", "en")
    assert one.text == "3 of 5 stars\n\nIt closes at once.\n\n(1.2.3, trltecan)"
    assert one.url == f"https://play.google.com/store/apps/details?id={PACKAGE}&reviewId=gp:AOq0"
    (plain,) = messages(GOOGLE, items("googleplay", google(text="Nice")))
    assert (plain.subject, plain.text.split("\n")[2]) == ("", "Nice")


def test_two_people_of_one_name_stay_two() -> None:
    one, two = messages(APPLE, items("appstore", apple("0001"), apple("0002")))
    assert one.author != two.author


@pytest.mark.parametrize(("connector", "kind", "make"), [(APPLE, "appstore", apple), (GOOGLE, "googleplay", google)])
def test_an_answer_that_stands_there_is_our_own(connector: Any, kind: str, make: Any) -> None:
    review, answer = messages(connector, items(kind, make(answer="Thank  you.")))
    assert answer.origin == "own"
    assert answer.refers_to == (review.external_id,)
    assert answer.external_id.startswith(f"{review.external_id}/answer/")


def test_what_was_seen_is_not_kept_again_and_what_changed_is() -> None:
    source = MemorySource()
    shelf = Shelf([apple("0001"), apple("0002")])
    poll.once("appstore", shelf, source)
    poll.once("appstore", shelf, source)
    assert len(source.items) == 2
    shelf.shown = [[apple("0001", "Better now."), apple("0002", answer="Thank you.")]]
    poll.once("appstore", shelf, source)
    said = [APPLE.parse(apple_at("https://x"), one)[0] for one in list(source.items.values())[2:]]
    assert [type(one) for one in said] == [Edited, Message]
    assert isinstance(said[1], Message)
    assert said[1].origin == "own"


def test_votes_do_not_change_a_review() -> None:
    source = MemorySource()
    poll.once("googleplay", Shelf([google()]), source)
    poll.once("googleplay", Shelf([google(thumbsUpCount=11)]), source)
    assert len(source.items) == 1


def test_pages_are_read_until_nothing_is_new() -> None:
    shelf = Shelf([apple("3")], [apple("2")], [apple("1")])
    source = MemorySource()
    poll.once("appstore", shelf, source)
    assert shelf.read == 3
    shelf.shown.insert(0, [apple("4")])
    poll.once("appstore", shelf, source)
    assert shelf.read == 5
    assert len(source.items) == 4


def test_when_a_look_breaks_off_the_next_one_finds_all() -> None:
    class Breaking(Shelf):
        def pages(self) -> Any:
            yield self.shown[0]
            raise ChannelError("gone", permanent=False)

    source = MemorySource()
    with pytest.raises(ChannelError):
        poll.once("appstore", Breaking([apple("2")], [apple("1")]), source)
    assert source.cursors() == {}
    poll.once("appstore", Shelf([apple("2")], [apple("1")]), source)
    assert len(source.items) == 2


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "SEEN_MAX", 3)
    source = MemorySource()
    poll.once("appstore", Shelf([apple(str(one)) for one in range(9)]), source)
    assert list(source.cursors()["seen"]) == ["0", "1", "2"]


def test_apple_is_asked_with_a_token_of_the_team() -> None:
    whole = apple("0001", answer="Thank you.")
    with ScriptedServer() as server:
        here = f"/v1/apps/{APP}/customerReviews"
        following = {"next": f"{server.url}{here}?cursor=2"}
        first = {"data": [whole["review"]], "included": [whole["response"]], "links": following}
        last = {"data": [apple("0002")["review"]], "links": {"next": "https://elsewhere.example.org/steal"}}
        server.on("GET", here, Reply.of(first), Reply.of(last))
        source = MemorySource(enough=3)
        APPLE.collect(apple_at(server.url), source)
    assert len(source.items) == 3
    assert parse_qs(server.asked[0].path.partition("?")[2])["sort"] == ["-createdDate"]
    token = server.asked[0].headers["authorization"].removeprefix("Bearer ")
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "2X9R4HXF34", "typ": "JWT"}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == "appstoreconnect-v1"
    assert 0 < claims["exp"] - claims["iat"] <= 1_200


def test_google_is_asked_for_a_token_first() -> None:
    with ScriptedServer() as server:
        server.on("POST", "/token", Reply.of({"access_token": "made-up"}))
        server.on("GET", _GOOGLE_LIST,
                  Reply.of({"reviews": [google("1")["review"]], "tokenPagination": {"nextPageToken": "more"}}),
                  Reply.of({"reviews": [google("2")["review"]]}))  # fmt: skip
        source = MemorySource(enough=2)
        GOOGLE.collect(google_at(server.url, f"{server.url}/token"), source)
    assert len(source.items) == 2
    assert parse_qs(server.asked[2].path.partition("?")[2])["token"] == ["more"]
    form = parse_qs(server.asked[0].body.decode())
    claims = jwt.decode(form["assertion"][0], options={"verify_signature": False})
    assert claims["scope"] == "https://www.googleapis.com/auth/androidpublisher"
    assert server.asked[1].headers["authorization"] == "Bearer made-up"


def test_a_collector_stops_when_told() -> None:
    source = MemorySource()
    with ScriptedServer() as server:
        server.always(Reply.of({"data": [apple()["review"]]}))
        thread = threading.Thread(target=APPLE.collect, args=(apple_at(server.url), source), daemon=True)
        thread.start()
        while not source.wells:
            thread.join(0.02)
        source.stopping.set()
        thread.join(60)
    assert not thread.is_alive()


def test_an_answer_to_an_app_store_review_is_known_again_when_it_is_seen() -> None:
    with ScriptedServer() as server:
        server.on(
            "POST", "/v1/customerReviewResponses", Reply.of({"data": {"attributes": {"state": "PENDING_PUBLISH"}}}, 201)
        )
        account = apple_at(server.url)
        outgoing = APPLE.prepare(account, draft_for("Please update.", {"review": "0001"}))
        told: list[bool] = []
        sent = APPLE.send(account, outgoing, lambda: told.append(True))
    assert told == [True]
    data = orjson.loads(server.asked[0].body)["data"]
    assert data["attributes"] == {"responseBody": "Please update.\n\n— Mara Lind"}
    assert data["relationships"]["review"]["data"] == {"type": "customerReviews", "id": "0001"}
    assert "day" in sent.words
    _, seen = messages(APPLE, items("appstore", apple("0001", answer="Please update.\n\n— Mara Lind")))
    assert sent.external_ids == [seen.external_id]


def test_an_answer_in_google_play_is_signed_with_initials_and_known_again() -> None:
    with ScriptedServer() as server:
        server.on("POST", "/token", Reply.of({"access_token": "made-up"}))
        server.on("POST", f"{_GOOGLE_LIST}/gp%3AAOq0:reply", Reply.of({"result": {"replyText": "x"}}))
        account = google_at(server.url, f"{server.url}/token")
        sent = GOOGLE.send(
            account, GOOGLE.prepare(account, draft_for("Please update.", {"review": "gp:AOq0"})), lambda: None
        )
    assert orjson.loads(server.asked[1].body) == {"replyText": "Please update. ^ML"}
    assert GOOGLE.parts(account, draft_for("Please update.", {"review": "gp:AOq0"})) == ["Please update. ^ML"]
    _, seen = messages(GOOGLE, items("googleplay", google(answer="Please update. ^ML")))
    assert sent.external_ids == [seen.external_id]


def test_an_answer_that_is_too_long_is_said_so_with_its_signature_counted() -> None:
    account = google_at("https://x")
    assert GOOGLE.prepare(account, draft_for("x" * 346, {"review": "1"}))
    with pytest.raises(Invalid) as error:
        GOOGLE.prepare(account, draft_for("x" * 347, {"review": "1"}))
    assert "350" in error.value.message


def test_what_apple_says_of_a_refusal_is_passed_on() -> None:
    with ScriptedServer() as server:
        server.always(
            Reply.of({"errors": [{"status": "409", "code": "STATE_ERROR", "detail": "The review is gone."}]}, 409)
        )
        account = apple_at(server.url)
        with pytest.raises(MessageRefused) as error:
            APPLE.send(account, APPLE.prepare(account, draft_for("Hello", {"review": "1"})), lambda: None)
    assert "The review is gone." in error.value.message


def test_a_key_that_was_taken_back_stops_the_channel() -> None:
    told: list[bool] = []
    with ScriptedServer() as server:
        server.always(Reply.of({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400))
        account = google_at(server.url, f"{server.url}/token")
        with pytest.raises(ChannelError) as error:
            GOOGLE.send(
                account, GOOGLE.prepare(account, draft_for("Hello", {"review": "1"})), lambda: told.append(True)
            )
    assert error.value.permanent
    assert not isinstance(error.value, MessageRefused)
    assert not told


def test_a_key_may_lose_its_lines_on_the_way() -> None:
    whole = key("ec")
    for lost in (whole.replace("\n", " "), whole.replace("\n", "\\n"), f"  {whole}\r\n"):
        assert keys.pem(lost) == whole
    with pytest.raises(Invalid):
        keys.pem("abc")


def test_wrong_settings_are_said_so() -> None:
    good = apple_at("https://x")
    for config, secrets in (({"app": "org.example"}, {}), ({}, {"key": "none"})):
        with pytest.raises(Invalid):
            APPLE.check(replace(good, config={**good.config, **config}, secrets={**good.secrets, **secrets}))
    with pytest.raises(Invalid):
        GOOGLE.check(replace(google_at("https://x"), secrets={"key": '{"client_email": "a"}'}))
    unusable = replace(good, secrets={"key": key("rsa")})
    with pytest.raises(ChannelError) as error:
        APPLE.test(unusable)
    assert error.value.permanent


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6) | st.just("9" * 13) | st.just("2026-03-02T01"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
        "review", "response", "id", "reviewId", "attributes", "rating", "body", "createdDate", "comments", "text",
        "userComment", "developerComment", "lastModified", "seconds", "starRating", "responseBody",
    ]), inner, max_size=6),
    max_leaves=25,
)  # fmt: skip


@given(_JSON, st.booleans())
def test_parsing_and_marking_are_total(whole: Any, is_answer: bool) -> None:
    item = Incoming("x", orjson.dumps(whole), {"answer": is_answer})
    for connector, account in ((APPLE, apple_at("https://x")), (GOOGLE, google_at("https://x"))):
        try:
            assert connector.parse(account, item)
        except (Unreadable, NothingSaid):
            continue
    for one in items("appstore", whole if isinstance(whole, dict) else {}):
        assert 0 < len(one.external_id) <= 200
