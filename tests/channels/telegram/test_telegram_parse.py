"""What updates say."""

import base64
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import Author, Deleted, Edited, Incoming, Message, NothingSaid, Unreadable
from rapport.channels.kinds.telegram import parse
from tests.channels.telegram.samples import CHANNEL, FORUM, account_at, item, said
from tests.peers.telegram.emulator import ANN, BEN, BOT, GROUP, PLAIN, PRIVATE

ACCOUNT = account_at("https://api.telegram.org")


def message(kind: str = "message", all_messages: bool = False, **raw: Any) -> Message:
    """The one message of an update."""
    account = account_at("https://api.telegram.org", all_messages=all_messages)
    one = parse.parse(account, item(1, **{kind: raw}))[0]
    if isinstance(one, Edited):
        return one.message
    assert isinstance(one, Message)
    return one


def in_group(text: str = "@hub_bot hello", **more: Any) -> dict[str, Any]:
    """A message in the garden club that names us."""
    named = [{"type": "mention", "offset": 0, "length": 8}] if text.startswith("@hub_bot") else []
    return {"message_id": 40, "from": ANN, "chat": GROUP, "date": 1772442001, "text": text, "entities": named, **more}


def test_a_private_chat_is_one_conversation() -> None:
    first, second = message(**said(17)), message(**said(18, reply_to_message=said(12, **{"from": BOT})))
    assert first.external_id == "telegram:666:8/17"
    assert first.refers_to == ("telegram:666:8",)
    assert second.refers_to == ("telegram:666:8", "telegram:666:8/12")
    assert first.at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert not first.public
    assert first.answer == {"chat": 8, "message": 17, "public": False}
    assert first.author == Author("telegram", "8", "@ann_example", "Ann Example", url="https://t.me/ann_example")


def test_two_bots_that_ann_writes_to_do_not_share_message_names() -> None:
    other = account_at("https://api.telegram.org", own={"id": "777", "username": "other_bot"})
    one = parse.parse(other, item(1, message=said(17)))[0]
    assert one.external_id == "telegram:777:8/17"


def test_a_supergroup_has_one_name_for_every_bot() -> None:
    assert message(**in_group()).external_id == "telegram:-1001234567890/40"
    assert message(**in_group(chat=PLAIN)).external_id == "telegram:666:-4321/40"


def test_an_edit_is_a_message_as_it_is_now() -> None:
    raw = said(edit_date=1772442060, text="Where are they?")
    one = parse.parse(ACCOUNT, item(2, edited_message=raw))[0]
    assert isinstance(one, Edited)
    assert one.message.external_id == "telegram:666:8/17"
    assert one.message.edited_at == datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
    assert item(1, message=said()).external_id != item(2, edited_message=raw).external_id


def test_in_a_group_only_what_is_to_us_is_heard() -> None:
    assert message(**in_group()).origin == "addressed"
    assert message(**in_group("Hello", reply_to_message={"message_id": 3, "from": BOT})).origin == "addressed"
    with pytest.raises(NothingSaid):
        message(**in_group("Nice day."))
    assert message(**in_group("Nice day."), all_messages=True).origin == "feed"


def test_in_a_group_each_person_has_a_conversation_until_they_answer_another() -> None:
    ann, ben = message(**in_group()), message(**in_group(**{"from": BEN}))
    assert ann.refers_to == ("telegram:-1001234567890..8",)
    assert ben.refers_to == ("telegram:-1001234567890..9",)
    answering = in_group(reply_to_message={"message_id": 39, "from": ANN}, message_thread_id=38)
    assert message(**answering).refers_to == ("telegram:-1001234567890/38", "telegram:-1001234567890/39")
    assert ann.public
    assert ann.url == "https://t.me/garden_club/40"
    assert not message(**in_group(chat=PLAIN)).public


def test_a_topic_of_a_forum_is_kept_apart_and_answered_there() -> None:
    one = message(**in_group(chat=FORUM, is_topic_message=True, message_thread_id=7))
    assert one.refers_to == ("telegram:-1001234567890/topic7..8",)
    assert one.answer["topic"] == 7


def test_posts_of_our_channel_are_our_own() -> None:
    one = message("channel_post", message_id=3, sender_chat=CHANNEL, chat=CHANNEL, date=1772442006, text="New shop.")
    assert one.origin == "own"
    assert one.author is not None
    assert one.author.name == "Example news"


def test_a_picture_has_its_caption_and_where_it_was_fetched_its_bytes() -> None:
    sizes = [{"file_id": name, "width": width, "file_size": 9} for name, width in (("a", 90), ("c", 1280), ("b", 320))]
    raw = {"message_id": 19, "from": ANN, "chat": PRIVATE, "date": 1772442004, "caption": "Broken", "photo": sizes}
    (left,) = message(**raw).files
    assert (left.content_type, left.data, left.size, left.too_large, left.url) == ("image/jpeg", b"", 9, True, "")
    whole = {"update": {"update_id": 5, "message": raw}, "files": {"c": base64.b64encode(b"picture").decode()}}
    one = parse.parse(ACCOUNT, Incoming("x", orjson.dumps(whole)))[0]
    assert isinstance(one, Message)
    assert one.text == "Broken"
    assert [(each.data, each.size, each.too_large) for each in one.files] == [(b"picture", 7, False)]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({"sticker": {"file_id": "s", "emoji": "👍"}}, "👍"),
        ({"contact": {"first_name": "Ben", "phone_number": "+4930123"}}, "Ben\n+4930123"),
        ({"poll": {"question": "When?", "options": [{"text": "Now"}, {"text": "Later"}]}}, "When?\n- Now\n- Later"),
        ({"venue": {"title": "Shop", "address": "1 Main St", "location": {}}}, "Shop\n1 Main St"),
        ({"checklist": {"title": "To do", "tasks": [{"text": "Water"}]}}, "To do\n- Water"),
        ({"rich_message": {"blocks": [
            {"type": "paragraph", "text": ["a ", {"text": "b"}]}, {"type": "footer", "text": "c"},
        ]}}, "a b\nc"),
    ],
)  # fmt: skip
def test_other_kinds_of_message_have_words(raw: dict[str, Any], text: str) -> None:
    assert message(message_id=5, chat=PRIVATE, date=1, **{"from": ANN}, **raw).text == text


def test_a_place_has_a_map() -> None:
    one = message(message_id=5, chat=PRIVATE, date=1, location={"latitude": 52.5, "longitude": 13.4}, **{"from": ANN})
    assert one.text == "52.50000, 13.40000\nhttps://www.openstreetmap.org/?mlat=52.50000&mlon=13.40000"


def test_the_bot_token_is_in_nothing_that_is_understood() -> None:
    assert "emulated-token" not in repr(message(**said()))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(
            ["message_id", "chat", "from", "id", "type", "text", "entities", "photo", "date", "rich_message", "blocks"]
        ),
        inner, max_size=6,
    ), max_leaves=30,
)  # fmt: skip


@given(st.sampled_from(["message", "edited_message", "channel_post", "message_reaction"]), _JSON)
def test_parsing_is_total(kind: str, raw: object) -> None:
    try:
        body = orjson.dumps({"update_id": 1, kind: raw})
    except TypeError:  # whole numbers beyond 64 bits
        return
    try:
        found = parse.parse(ACCOUNT, Incoming("x", body))
    except (NothingSaid, Unreadable):
        return
    assert found
    assert not any(isinstance(one, Deleted) for one in found)


@given(st.binary(max_size=200))
def test_bytes_are_understood_or_refused(body: bytes) -> None:
    with pytest.raises((NothingSaid, Unreadable)):
        parse.parse(ACCOUNT, Incoming("x", body))
