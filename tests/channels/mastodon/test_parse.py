"""What posts and notifications say: who, to whom, in public or not, with what."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import Deleted, Edited, Incoming, Message, NothingSaid, Reaction, Unreadable, deletion_of
from rapport.channels.kinds.mastodon import items
from rapport.channels.kinds.mastodon.parse import full_handle, parse
from tests.channels.mastodon.samples import ACCOUNT, HOST, account, item, notification, status


def message(said: dict[str, Any] | None = None, **envelope: Any) -> Message:
    (one,) = parse(account(), item(said or notification("mention"), **envelope))
    assert isinstance(one, Message)
    return one


def test_a_toot_that_mentions_us_is_a_message() -> None:
    one = message()
    assert one.external_id == "mastodon:social.example/1001"
    assert one.text == "@brand my order 4711 never came!\n\nWhat now?\nAnn"
    assert (one.public, one.origin, one.language) == (True, "addressed", "en")
    assert one.url == "https://elsewhere.example/@ann/5"
    assert one.recipients == {"from": [("Ann", "@Ann@Elsewhere.example")], "to": [("", "@brand@social.example")]}


def test_its_author_is_known_by_handle_reach_and_what_the_server_verified() -> None:
    author = message().author
    assert author is not None
    assert (author.kind, author.value) == ("fediverse", "ann@elsewhere.example")
    assert (author.written, author.name, author.reach) == ("@Ann@Elsewhere.example", "Ann", 1200)
    assert author.verified == ("ann.example",)
    assert not author.automated


@pytest.mark.parametrize(
    ("visibility", "public", "answered"),
    [
        ("public", True, "public"), ("unlisted", True, "unlisted"), ("private", False, "private"),
        ("direct", False, "direct"), ("mutuals_only", False, "direct"), (None, False, "direct"),
    ],
)  # fmt: skip
def test_visibility_decides_what_is_public(visibility: Any, public: bool, answered: str) -> None:
    one = message(notification("mention", visibility=visibility))
    assert (one.public, one.answer["visibility"]) == (public, answered)


def test_a_local_account_gets_the_name_of_its_server() -> None:
    one = message(notification("mention", account={**ACCOUNT, "acct": "Bob"}))
    assert one.author is not None
    assert one.author.value == "bob@social.example"
    assert one.answer["acct"] == "Bob"


def test_a_reply_refers_to_the_root_and_to_its_parent() -> None:
    reply = notification("mention", in_reply_to_id="1000")
    assert message(reply, root="990").refers_to == ("mastodon:social.example/990", "mastodon:social.example/1000")
    assert message(reply).refers_to == ("mastodon:social.example/1000",)
    assert message(reply, root="1000").refers_to == ("mastodon:social.example/1000",)


def test_a_mention_its_echo_edit_and_deletion_have_one_name() -> None:
    said = status(edited_at="2026-03-02T10:00:00.000Z")
    mention, edit = items.notified(HOST, {"id": "9", "type": "mention", "status": said, "account": ACCOUNT})
    (gone,) = items.deleted(HOST, "1001")
    names = [one.external_id for one in (mention, edit, gone)]
    assert len(set(names)) == 3
    assert names[2] == deletion_of("mastodon:social.example/1001")
    (told,), (changed,), (deleted,) = (parse(account(), one) for one in (mention, edit, gone))
    assert isinstance(told, Message)
    assert isinstance(changed, Edited)
    assert isinstance(deleted, Deleted)
    assert told.external_id == changed.message.external_id == deleted.external_id


def test_what_we_said_elsewhere_is_our_own() -> None:
    (one,) = items.own(HOST, status(account={**ACCOUNT, "id": "7", "acct": "brand"}))
    (said,) = parse(account(), one)
    assert isinstance(said, Message)
    assert said.origin == "own"


def test_what_a_hashtag_brought_says_so() -> None:
    (one,) = items.found(HOST, status(), "#tea")
    (said,) = parse(account(), one)
    assert isinstance(said, Message)
    assert (said.origin, said.found_by) == ("search", "#tea")
    assert items.found(HOST, status(reblog=status()), "#tea") == []


@pytest.mark.parametrize(("kind", "sign"), [("favourite", "like"), ("reblog", "boost")])
def test_favours_and_boosts_are_reactions(kind: str, sign: str) -> None:
    (one,) = parse(account(), item(notification(kind)))
    assert isinstance(one, Reaction)
    assert (one.external_id, one.sign, one.author.value) == (
        "mastodon:social.example/1001", sign, "ann@elsewhere.example",
    )  # fmt: skip


def test_pictures_come_with_what_they_show() -> None:
    media = [
        {"id": "1", "type": "image", "url": "https://files.example/a/b.jpg", "description": "A broken \u202ecup"},
        {"id": "2", "type": "video", "url": None, "remote_url": "https://far.example/c.mp4", "description": None},
        {"id": "3", "type": "unknown", "url": None, "remote_url": None}, {"url": "javascript:alert(1)"},
    ]  # fmt: skip
    files = message(notification("mention", media_attachments=media)).files
    assert [(one.filename, one.content_type, one.description) for one in files] == [
        ("b.jpg", "image/jpeg", "A broken cup"), ("c.mp4", "video/mp4", ""),
    ]  # fmt: skip


def test_a_content_warning_a_poll_and_a_quote_are_told() -> None:
    quoted = {"state": "accepted", "quoted_status": status(url="https://q.example/@x/1")}
    poll = {"options": [{"title": "Yes"}, {"title": "No"}]}
    one = message(notification("mention", spoiler_text="food", poll=poll, quote=quoted, content="<p>Well?</p>"))
    assert one.warning == "food"
    assert one.text == "Well?\n\n( ) Yes\n( ) No\n\nhttps://q.example/@x/1"


def test_a_post_that_mentions_ten_thousand_is_taken_with_a_hundred() -> None:
    crowd = [{"id": str(n), "acct": f"u{n}@x.example", "username": f"u{n}", "url": ""} for n in range(10_000)]
    assert len(message(notification("mention", mentions=crowd)).recipients["to"]) == 100


def test_names_that_turn_the_line_are_put_straight() -> None:
    name = "Ann\u202e\u2066 \U0001f469\u200d\U0001f4bb\n"
    one = message(notification("mention", account={**ACCOUNT, "display_name": name}))
    assert one.author is not None
    assert one.author.name == "Ann \U0001f469\u200d\U0001f4bb"


def test_a_post_that_is_gone_says_nothing_and_one_without_author_cannot_be_read() -> None:
    with pytest.raises(NothingSaid):
        parse(account(), item({"id": "1", "type": "mention", "account": ACCOUNT, "status": None}))
    with pytest.raises(Unreadable):
        parse(account(), item(notification("mention", account=None)))
    with pytest.raises(Unreadable):
        parse(account(), item(notification("mention", id="../../etc")))


@pytest.mark.parametrize(
    ("acct", "handle"),
    [
        ("ann", "ann@social.example"), ("@ann@b.example", "ann@b.example"), ("a@b@c", ""), ("", ""), (None, ""),
        ("ann bob", ""), ("@", ""), ("x" * 400, ""),
    ],
)  # fmt: skip
def test_handles_are_whole_or_none(acct: Any, handle: str) -> None:
    assert full_handle(acct, "social.example") == handle


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["mention", "favourite", "update"]), st.sampled_from([*status(), "account.acct"]), _JSON)
def test_no_value_anywhere_breaks_it(kind: str, field: str, value: Any) -> None:
    changed = {"account": {**ACCOUNT, "acct": value}} if "." in field else {field: value}
    with suppress(Unreadable, NothingSaid):
        for one in parse(account(), item(notification(kind, **changed))):
            said = one.message if isinstance(one, Edited) else one
            assert len(said.external_id) < 200


@given(st.binary(max_size=300), st.sampled_from(["notification", "status", "edit", "delete", "conversation", "?"]))
def test_no_bytes_break_it(body: bytes, taken: str) -> None:
    with suppress(Unreadable, NothingSaid):
        parse(account(), Incoming("x", body, {"as": taken}))


def test_posts_as_servers_really_serve_them_are_understood(shared_data: Path) -> None:
    """From mastodon.social, icosahedron.website, Bonfire, Bridgy Fed and others, of many versions."""
    rows = (shared_data / "social-mastodon" / "statuses.jsonl").read_bytes().splitlines()
    understood = 0
    for row in rows:
        said = orjson.loads(row)
        if said.get("reblog"):
            assert items.found(HOST, said, "x") == []
            continue
        for one in items.found(HOST, said, "x"):
            (heard,) = parse(account(), one)
            heard = heard.message if isinstance(heard, Edited) else heard
            assert isinstance(heard, Message)
            assert heard.author is not None
            assert heard.author.value == heard.author.value.lower()
            assert heard.text or heard.files or not said["content"]
            assert "<" not in heard.text or "&lt;" in said["content"]
            assert heard.at is not None
            understood += 1
    assert understood > 300
