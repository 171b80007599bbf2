"""Lines of IRC: read, compared, and made of words."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.kinds.irc.line import Line, decoded, fold, names, plain, read, split


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (":irc.x 001 hub :Welcome to it", Line("001", ("hub", "Welcome to it"), "irc.x")),
        ("PING :a b", Line("PING", ("a b",))),
        ("ping", Line("PING")),
        ("", Line("")),
        (":a!b@c PRIVMSG #x ::)", Line("PRIVMSG", ("#x", ":)"), "a", "b@c")),
        (":a!b@c PRIVMSG  #x   hello", Line("PRIVMSG", ("#x", "hello"), "a", "b@c")),
        (r"@time=now;x=a\sb\:c\\;y :a!b@c JOIN #x",
         Line("JOIN", ("#x",), "a", "b@c", {"time": "now", "x": "a b;c\\", "y": ""})),
    ],
)  # fmt: skip
def test_a_line_has_its_parts(text: str, line: Line) -> None:
    assert read(text) == line


@given(st.text(max_size=300))
def test_any_text_is_a_line(text: str) -> None:
    assert isinstance(read(text), Line)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_text(data: bytes) -> None:
    decoded(data).encode()


def test_what_is_no_utf_8_is_read_as_old_clients_write() -> None:
    assert decoded("Grüße".encode("latin-1")) == "Grüße"
    assert decoded("Grüße".encode()) == "Grüße"


def test_colours_and_bold_are_taken_out() -> None:
    assert plain("\x02bold\x0f \x0304,12red\x03 \x1ditalic") == "bold red italic"
    assert plain("5\x0312 items") == "5 items"


@pytest.mark.parametrize(
    ("words", "does"),
    [
        ("hub: hello", True), ("hello, HUB!", True), ("hubs are nice", False), ("git-hub", False), ("thub", False),
        ("refund please", True), ("", False), ("hub_ no, hub yes", True),
    ],
)  # fmt: skip
def test_words_name_us_only_as_words_of_their_own(words: str, *, does: bool) -> None:
    assert names(words, "hub", ("refund", "")) is does


def test_names_are_compared_as_irc_does() -> None:
    assert fold("Ann[a]\\") == fold("aNN{A}|")


@given(st.text(max_size=3_000), st.integers(30, 400))
def test_lines_fit_and_hold_every_word(text: str, limit: int) -> None:
    lines = split(text, limit - 10, limit)
    assert all(0 < len(one.encode()) <= limit for one in lines)
    assert not any(ord(letter) < 32 or ord(letter) == 127 for one in lines for letter in one)
    assert not lines or len(lines[0].encode()) <= limit - 10

    def bare(words: str) -> str:
        return "".join(one for one in words if not one.isspace() and ord(one) >= 32 and ord(one) != 127)

    assert bare("".join(lines)) == bare(text)


@given(st.lists(st.sampled_from(["👩‍👩‍👧‍👦", "e\u0301", "🇩🇪", "x", "ß", "👍🏽"]), min_size=1, max_size=200))
def test_no_character_is_cut_as_people_see_it(characters: list[str]) -> None:
    whole = "".join(characters)
    found = [one for line in split(whole, 60, 60) for one in regex.findall(r"\X", line)]
    assert found == regex.findall(r"\X", whole)


def test_a_character_larger_than_a_line_is_cut_at_a_letter() -> None:
    lines = split("e" + "\u0301" * 900)
    assert "".join(lines) == "e" + "\u0301" * 900
    assert all(len(one.encode()) <= 400 for one in lines)
