"""What Slack's events say, and what they do not."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import (
    Deleted,
    Edited,
    Incoming,
    Message,
    NothingSaid,
    Reaction,
    Said,
    Unreadable,
    deletion_of,
)
from rapport.channels.kinds.slack.connector import SlackConnector
from rapport.channels.kinds.slack.mrkdwn import escaped, mentioned, plain, text_of
from tests.channels.slack import samples
from tests.channels.slack.samples import ACCOUNT, EDITED, LATER, TS, changed, delivery, item, reaction, signed, spoken

CONNECTOR = SlackConnector()


def said(one: Incoming) -> Said:
    (found,) = CONNECTOR.parse(ACCOUNT, one)
    return found


def message(event: dict[str, Any], **envelope: Any) -> Message:
    found = said(item(event, **envelope))
    assert isinstance(found, Message)
    return found


def test_what_is_said_in_a_channel_is_a_public_message() -> None:
    one = message(spoken(), names={"U1": "Ann", "U0US": "acme"})
    assert (one.external_id, one.text, one.refers_to) == (f"slack:C1/{TS}", "The kettle & the pot @acme", ())
    assert one.author
    assert (one.author.kind, one.author.value, one.author.name) == ("slack", "U1", "Ann")
    assert one.at == datetime(2026, 3, 2, 8, 30, 0, 100, UTC)
    assert (one.public, one.origin) == (True, "addressed")
    assert one.url == "https://acme.slack.com/archives/C1/p1772440200000100"
    assert one.answer == {"channel": "C1", "thread": TS, "public": True, "user": "U1"}


def test_an_answer_in_a_thread_belongs_to_its_first_message_which_is_answered() -> None:
    one = message(spoken(thread_ts="1772440000.000001"))
    assert one.refers_to == ("slack:C1/1772440000.000001",)
    assert one.answer["thread"] == "1772440000.000001"
    assert message(spoken(thread_ts=TS)).refers_to == ()


@pytest.mark.parametrize(("channel", "kind"), [("D1", "im"), ("D1", None), ("G1", "mpim")])
def test_all_of_a_direct_conversation_is_one(channel: str, kind: str | None) -> None:
    one = message(spoken(channel=channel, channel_type=kind))
    assert (one.refers_to, one.public, one.answer["thread"]) == ((f"slack:{channel}",), False, "")


def test_a_channel_is_public_only_where_everybody_may_read_it() -> None:
    mention = {name: value for name, value in spoken(type="app_mention").items() if name != "channel_type"}
    assert message(mention).public
    assert not message(mention, private=True).public
    assert not message(spoken(channel_type="group")).public
    assert not message(spoken(channel="G1", channel_type=None)).public


@pytest.mark.parametrize("given", [{"user": "U0US"}, {"user": None, "bot_id": "B0US", "subtype": "bot_message"}])
def test_what_we_say_ourselves_is_our_own(given: dict[str, Any]) -> None:
    assert message(spoken(**given)).origin == "own"


def test_machines_are_machines() -> None:
    one = message(spoken(subtype="bot_message", user=None, bot_id="B2", username="Alarm"))
    assert one.author
    assert (one.author.automated, one.author.name, one.origin) == (True, "Alarm", "addressed")


def test_an_edit_says_what_it_is_now_and_when() -> None:
    one = said(item(EDITED))
    assert isinstance(one, Edited)
    assert (one.message.external_id, one.message.text) == (f"slack:C1/{TS}", "The kettle only.")
    assert one.message.edited_at == datetime(2026, 3, 2, 9, 30, 0, 200, UTC)


@pytest.mark.parametrize(
    "event",
    [
        changed(spoken(attachments=[{"from_url": "https://x.example", "text": "A page"}]), spoken()),
        changed(spoken(edited={"user": "U1", "ts": LATER}), spoken()), changed(spoken(reply_count=2)),
        spoken(subtype="channel_topic"), {"type": "pin_added", "channel": "C1"}, reaction(item={"type": "file"}),
    ],
)  # fmt: skip
def test_what_changes_no_words_says_nothing(event: dict[str, Any]) -> None:
    with pytest.raises(NothingSaid):
        said(item(event))


@pytest.mark.parametrize(
    "event", [samples.deleted(), changed({"subtype": "tombstone", "user": "USLACKBOT", "ts": TS, "text": "gone"})]
)
def test_a_deletion_is_called_after_the_message_also_as_an_item(event: dict[str, Any]) -> None:
    found = said(item(event))
    assert isinstance(found, Deleted)
    assert found.external_id == f"slack:C1/{TS}"
    (one,) = CONNECTOR.receive(ACCOUNT, signed(orjson.dumps(delivery(event)))).items
    assert one.external_id == deletion_of(f"slack:C1/{TS}")


def test_a_reaction_is_to_a_message_and_may_be_taken_back() -> None:
    one, gone = said(item(reaction())), said(item(reaction("reaction_removed", reaction="wave::skin-tone-2")))
    assert isinstance(one, Reaction)
    assert isinstance(gone, Reaction)
    assert (one.external_id, one.sign, one.removed, one.author.value) == (f"slack:C1/{TS}", "👍", False, "U1")
    assert (gone.sign, gone.removed) == (":wave:", True)


def test_files_are_shown_where_they_are() -> None:
    one = message(spoken(files=[{"name": "a.pdf", "mimetype": "application/pdf", "permalink": "https://x.example/a"}]))
    (file,) = one.files
    assert (file.filename, file.url, file.data) == ("a.pdf", "https://x.example/a", b"")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@U1> and <@U2|ben>", "@Ann and @ben"), ("<@U9>", "@U9"), ("<#C1|general> <#C2>", "#general #C2"),
        ("<http://x.example|x.example>", "http://x.example"), ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<https://x.example/a?b=1&amp;c=2>", "https://x.example/a?b=1&c=2"),
        ("<https://x.example|our page>", "our page (https://x.example)"),
        ("<!here> <!channel|channel>", "@here @channel"), ("<!subteam^S1|@care>", "@care"), ("<!subteam^S1>", "@S1"),
        ("<!date^1392734382^{date}|18 Feb 2014>", "18 Feb 2014"), ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt;", "&lt;"), ("a < b", "a < b"), ("<>", "<>"), ("", ""),
    ],
)  # fmt: skip
def test_slacks_way_of_writing_is_read(written: str, read: str) -> None:
    assert plain(written, {"U1": "Ann"}) == read


@given(st.text())
def test_words_that_are_sent_are_read_as_they_were_written(words: str) -> None:
    assert plain(escaped(words), {"U1": "Ann"}) == words
    assert mentioned(escaped(words)) == []


@given(st.text(alphabet="<>@#!|^&ampltg;U1 ab\n", max_size=60))
def test_any_text_is_read(written: str) -> None:
    assert isinstance(plain(written, {}), str)


def test_a_message_of_blocks_or_attachments_only_has_words() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Alarm"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "Pot <@U1>"}, "fields": [{"text": "*hot*"}]},
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "elements": [
            {"type": "rich_text_section", "elements": [
                {"type": "link", "url": "https://x.example", "text": "page"}, {"type": "emoji", "name": "wave"}]}]}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Press"}}]},
    ]  # fmt: skip
    assert text_of({"blocks": blocks}, {"U1": "Ann"}) == "Alarm\nPot @Ann\n*hot*\npage (https://x.example):wave:"
    attached = [{"title": "Build", "text": "failed"}, {"fallback": "only this"}, {"from_url": "x", "text": "preview"}]
    assert text_of({"attachments": attached}, {}) == "Build\nfailed\n\nonly this"
    assert text_of({"text": "said", "blocks": blocks}, {}) == "said"


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.text(max_size=20) | st.just(TS) | st.just("U1"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "type", "elements"]), inner),
    max_leaves=6,
)
_NAMES = ("subtype", "channel", "user", "ts", "text", "blocks", "attachments", "files", "message", "item", "edited")


@given(
    st.sampled_from([spoken(), EDITED, samples.deleted(), reaction()]),
    st.fixed_dictionaries({}, optional=dict.fromkeys(_NAMES, _VALUES)),
)
def test_whatever_comes_is_said_or_refused_in_words(event: dict[str, Any], odd: dict[str, Any]) -> None:
    with suppress(NothingSaid, Unreadable):
        assert said(item({**event, **odd}))
