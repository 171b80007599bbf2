"""What posts, notifications and records say."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import Account, Incoming, Message, NothingSaid, Reaction, Said, Unreadable
from rapport.channels.kinds.bluesky.connector import BlueskyConnector
from tests.channels.bluesky.samples import (
    ANN,
    CID,
    OURS,
    QUOTED,
    THEIRS,
    US,
    account,
    facet,
    item,
    pictures,
    post,
    reply_to,
)

CONNECTOR = BlueskyConnector()
OUR_ACCOUNT: Account = replace(account(), secrets={})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20) | st.just(THEIRS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["uri", "cid", "record", "text", "facets", "index", "byteStart", "byteEnd", "features", "$type",
                         "embed", "media", "images", "items", "author", "handle", "did", "reply", "root", "labels"]),
        inner, max_size=6,
    ),
    max_leaves=25,
)  # fmt: skip


def read(body: dict[str, Any], **envelope: Any) -> Message:
    (said,) = CONNECTOR.parse(OUR_ACCOUNT, item(body, **envelope))
    assert isinstance(said, Message)
    return said


def test_a_mention_is_a_message_to_us() -> None:
    text = "@brand.example.org and @bob.bsky.social, hello"
    bob = "did:plc:bob4567abcdefghijklmnopqr"
    mentions = [facet(text, "@brand.example.org", did=US), facet(text, "@bob.bsky.social", did=bob)]
    found = read(post(text, *mentions), why="mention", reach=12)
    assert (found.external_id, found.origin, found.public, found.language) == (THEIRS, "addressed", True, "en")
    assert found.at == datetime(2026, 3, 2, 8, 0, 1, tzinfo=UTC)
    assert found.url == "https://bsky.app/profile/ann.example.org/post/3kaheyt6vpc33"
    assert found.author is not None
    assert (found.author.kind, found.author.value, found.author.written) == ("bluesky", ANN, "@ann.example.org")
    assert (found.author.reach, found.author.verified) == (12, ("ann.example.org",))
    assert found.recipients == {
        "from": [("Ann", "@ann.example.org")],
        "to": [("", "@brand.example.org"), ("", "@bob.bsky.social")],
    }
    assert found.answer["handles"] == {"ann.example.org": ANN}
    assert found.answer["parent"] == found.answer["root"] == {"uri": THEIRS, "cid": CID}


@pytest.mark.parametrize(
    ("handle", "written", "verified"),
    [
        ("ann.bsky.social", "@ann.bsky.social", ()),
        ("ann.example.org", "@ann.example.org", ("ann.example.org",)),
        ("handle.invalid", ANN, ()),
        ("notbsky.social", "@notbsky.social", ("notbsky.social",)),
        ("ann.pds.example.net", "@ann.pds.example.net", ()),
        ("ann.example.social.ap.brid.gy", "@ann.example.social.ap.brid.gy", ()),
        ("no handle", ANN, ()),
        (None, ANN, ()),
    ],
)
def test_only_a_domain_of_their_own_is_proven(handle: Any, written: str, verified: tuple[str, ...]) -> None:
    ours = replace(account(service="https://pds.example.net"), secrets={})
    (found,) = CONNECTOR.parse(ours, item(post("Hi", author={"did": ANN, "handle": handle})))
    assert isinstance(found, Message)
    assert found.author is not None
    assert (found.author.written, found.author.verified) == (written, verified)


def test_the_author_is_whose_repository_it_is_in() -> None:
    found = read(post("Hi", author={"did": US, "handle": "brand.example.org"}))
    assert found.author is not None
    assert found.author.value == ANN
    assert found.origin == "addressed"


def test_a_reply_names_root_and_parent_and_is_answered_in_its_thread() -> None:
    found = read(post("And?", record=reply_to(OURS, QUOTED)), why="reply")
    assert found.refers_to == (OURS, QUOTED)
    assert found.answer["root"] == {"uri": OURS, "cid": CID}
    assert found.answer["parent"] == {"uri": THEIRS, "cid": CID}


def test_a_quote_refers_to_what_it_quotes_with_and_without_pictures() -> None:
    quote = {"$type": "app.bsky.embed.record", "record": {"uri": OURS, "cid": CID}}
    assert read(post("This", record={"embed": quote})).refers_to == (OURS,)
    both = {"$type": "app.bsky.embed.recordWithMedia", "record": quote, "media": pictures()["record"]["embed"]}
    found = read(post("This", record={"embed": both}))
    assert found.refers_to == (OURS,)
    assert found.files[0].description == "A broken chair"


def test_pictures_have_their_words_type_size_and_place() -> None:
    (found,) = read(post("Look", **pictures())).files
    assert (found.url, found.description) == ("https://cdn.example.org/f/1", "A broken chair")
    assert (found.content_type, found.size) == ("image/jpeg", 4711)


def test_a_card_below_the_text_is_written_out_once() -> None:
    card = {"$type": "app.bsky.embed.external", "external": {"uri": "https://example.org/x", "title": "X"}}
    assert read(post("Read this", record={"embed": card})).text == "Read this\nhttps://example.org/x"
    assert read(post("https://example.org/x", record={"embed": card})).text == "https://example.org/x"


def test_a_search_hit_is_one_unless_it_speaks_to_us() -> None:
    found = read(post("chairs"), why="search", found_by="chairs")
    assert (found.origin, found.found_by) == ("search", "chairs")
    text = "@brand.example.org chairs"
    spoken = read(post(text, facet(text, "@brand.example.org", did=US)), why="search", found_by="chairs")
    assert (spoken.origin, spoken.found_by) == ("addressed", "")
    assert read(post("x", record=reply_to(OURS, OURS)), why="search", found_by="x").origin == "addressed"
    assert read(post("x"), why="subscribed-post").origin == "feed"
    assert read({**post("x"), "uri": OURS}, why="search", found_by="x").origin == "own"


def test_labels_are_a_warning_and_bots_are_automated() -> None:
    labels = [{"val": "graphic-media"}, {"val": "!no-unauthenticated"}]
    by = {"did": ANN, "handle": "ann.example.org", "labels": [{"val": "bot"}]}
    found = read(post("x", labels=labels, author=by, record={"labels": {"values": [{"val": "nudity"}]}}))
    assert found.warning == "graphic-media, nudity"
    assert found.author is not None
    assert found.author.automated


def test_times_that_are_none_do_no_harm() -> None:
    for at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday", "", 5, None):
        assert read(post("x", indexedAt=at)).at == datetime(2026, 3, 2, 8, tzinfo=UTC)
        assert read(post("x", indexedAt=at, record={"createdAt": at})).at is None


@given(JSON)
def test_whatever_comes_is_understood_or_refused_in_words(value: Any) -> None:
    for body in (value, {"uri": THEIRS, "record": value}, {"uri": THEIRS, "cid": CID, **post("x"), "embed": value}):
        assert said(Incoming("x", orjson.dumps(body)))


def said(one: Incoming) -> list[Said] | str:
    try:
        found = list(CONNECTOR.parse(OUR_ACCOUNT, one))
    except (Unreadable, NothingSaid) as error:
        return type(error).__name__ if str(error) else ""
    for message in found:
        if isinstance(message, Message):
            message.text.encode()
            orjson.dumps(dict(message.answer))
    return found


def test_real_records_are_understood(shared_data: Path) -> None:
    """What the SDK's own tests are made of: records as repositories hold them, and a thread."""
    found: dict[str, Any] = {}
    for path in sorted((shared_data / "social-atproto").rglob("*.json")):
        body = orjson.loads(path.read_bytes())
        body = body["thread"]["post"] if "thread" in body else body
        found[path.stem] = said(Incoming(path.stem, orjson.dumps(body)))
    posts = ("post_record", "extended_post_record", "thread_view_post_with_embed_media")
    assert all(isinstance(found[name][0], Message) for name in posts)
    assert all(isinstance(found[name][0], Reaction) for name in ("like_record", "extended_like_record"))
    assert found["thread_view_post_with_embed_media"][0].files
    assert found["feed_record"] == found["custom_record"] == "NothingSaid"
    assert found["did_doc"] == found["get_follows"] == found["resolve_handle"] == "Unreadable"
