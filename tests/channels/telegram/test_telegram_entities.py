"""Stretches of text that Telegram counts in UTF-16 code units."""

import re

from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.kinds.telegram.entities import mentions, split, stretches, units, with_links

_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["type", "offset", "length", "url"]), inner),
    max_leaves=8,
)  # fmt: skip


def test_a_link_behind_a_word_stands_after_it() -> None:
    words = "🌻🌻 see here, please"
    found = stretches(words, [{"type": "text_link", "offset": 9, "length": 4, "url": "https://example.org/a"}])
    assert with_links(words, found) == "🌻🌻 see here (https://example.org/a), please"


def test_a_link_that_is_its_own_word_is_not_said_twice() -> None:
    words = "example.org/a"
    found = stretches(words, [{"type": "text_link", "offset": 0, "length": 13, "url": "https://example.org/a"}])
    assert with_links(words, found) == words


def test_only_web_addresses_are_shown() -> None:
    found = stretches("click", [{"type": "text_link", "offset": 0, "length": 5, "url": "javascript:alert(1)"}])
    assert with_links("click", found) == "click"


def test_we_are_meant_by_name_by_link_and_by_command() -> None:
    own = {"id": "666", "username": "hub_bot"}

    def meant(words: str, kind: str, **more: object) -> bool:
        found = stretches(words, [{"type": kind, "offset": 0, "length": units(words), **more}])
        return mentions(words, found, own)

    assert meant("@Hub_Bot", "mention")
    assert meant("/help", "bot_command")
    assert meant("/help@hub_bot", "bot_command")
    assert meant("Hub", "text_mention", user={"id": 666})
    assert not meant("@hub_bottle", "mention")
    assert not meant("/help@other_bot", "bot_command")
    assert not meant("Ann", "text_mention", user={"id": 8})
    assert not mentions("", stretches("", []), {})


@given(_WORDS, st.data())
def test_a_stretch_is_what_its_utf_16_code_units_say(words: str, data: st.DataObject) -> None:
    encoded = words.encode("utf-16-le")
    whole = len(encoded) // 2
    offset = data.draw(st.integers(0, whole))
    length = data.draw(st.integers(1, whole + 3))
    for one in stretches(words, [{"type": "bold", "offset": offset, "length": length}]):
        halves = encoded[2 * offset : 2 * (offset + length)].decode("utf-16-le", "ignore")
        assert words[one.start : one.end].startswith(halves) or halves in words[one.start - 1 : one.end + 1]
        assert 0 <= one.start <= one.end <= len(words)


@given(_WORDS, _ANYTHING)
def test_no_entities_whatever_they_are_do_harm(words: str, entities: object) -> None:
    shown = with_links(words, stretches(words, entities))
    assert len(shown) >= len(words)
    shown.encode("utf-8")


@given(_WORDS)
def test_units_are_those_of_utf_16(words: str) -> None:
    assert units(words) == len(words.encode("utf-16-le")) // 2


@given(st.text(st.sampled_from("ab 🌻\n"), max_size=200), st.integers(2, 30))
def test_pieces_fit_and_lose_nothing_but_space(words: str, most: int) -> None:
    pieces = split(words, most)
    assert all(0 < units(one) <= most for one in pieces)
    assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", words)


def test_a_text_is_broken_at_lines_before_spaces() -> None:
    assert split("one two\nthree four", 12) == ["one two", "three four"]
    assert split("one two three", 9) == ["one two", "three"]
    assert split("onetwothree", 4) == ["onet", "woth", "ree"]
