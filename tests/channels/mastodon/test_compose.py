"""What an answer looks like: who may see it, whom it mentions, how long it is, who signed it."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import File, Invalid
from rapport.channels.kinds.mastodon.compose import PARTS_MAX, length, prepare, signed, split
from rapport.channels.testing import draft_for
from tests.channels.mastodon.samples import OWN, account

ANN = [("Ann", "@ann@elsewhere.example")]


def answering(**changed: Any) -> dict[str, Any]:
    usual = {"id": "1001", "acct": "ann@elsewhere.example", "visibility": "public", "warning": "", "language": "en"}
    return {**usual, **changed}


def posts(text: str = "Thank you.", *, config: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    draft = draft_for(text, given.pop("answer", answering()), to=given.pop("to", ANN), **given)
    made: dict[str, Any] = orjson.loads(prepare(account(**(config or {})), draft).body)
    return made


@pytest.mark.parametrize(
    ("asked", "chosen", "becomes"),
    [
        ("public", None, "public"), ("unlisted", None, "unlisted"), ("private", None, "direct"),
        ("direct", None, "direct"), ("public", False, "direct"), ("unlisted", True, "unlisted"),
        ("direct", True, "public"), ("private", True, "public"),
    ],
)  # fmt: skip
def test_an_answer_is_seen_by_whom_it_should_be(asked: str, chosen: bool | None, becomes: str) -> None:
    assert posts(answer=answering(visibility=asked), public=chosen)["visibility"] == becomes


def test_a_channel_that_may_not_speak_in_public_answers_directly_or_says_so() -> None:
    silent = {"public": False}
    assert posts(config=silent)["visibility"] == "direct"
    with pytest.raises(Invalid, match="does not speak in public"):
        posts(config=silent, public=True)
    with pytest.raises(Invalid, match="does not speak in public"):
        posts(config=silent, answer={}, to=[])


def test_what_begins_something_is_direct_to_people_and_public_to_nobody_in_particular() -> None:
    assert posts(answer={})["visibility"] == "direct"
    assert posts(answer={}, to=[], config={"visibility": "unlisted"})["visibility"] == "unlisted"


def test_an_answer_begins_with_its_author_and_ends_with_who_wrote_it() -> None:
    assert posts()["texts"] == ["@ann@elsewhere.example Thank you. ^ML"]
    assert posts()["in_reply_to"] == "1001"


def test_people_of_the_same_server_are_mentioned_without_it_and_we_not_at_all() -> None:
    to = [("", "@Bob@social.example"), ("", "@brand@social.example"), *ANN]
    assert posts(answer=answering(acct="bob"), to=to)["texts"][0].startswith("@bob @ann@elsewhere.example Thank")


def test_no_handle_smuggles_words_in() -> None:
    made = posts(answer=answering(acct="ann@x.example \u202ebuy"), to=[("", "@eve@y.example\nhello")])
    assert made["texts"] == ["Thank you. ^ML"]


def test_a_content_warning_is_handed_on_unless_that_is_off() -> None:
    assert posts(answer=answering(warning="food"))["warning"] == "re: food"
    assert posts(answer=answering(warning="re: food"))["warning"] == "re: food"
    assert posts(answer=answering(warning="food"), config={"warn": False})["warning"] == ""


@pytest.mark.parametrize(
    ("name", "sign"),
    [("Mara Lind", "^ML"), ("mara", "^M"), ("", ""), ("Ann B. Clay", "^AC"), ("\u5c71\u7530 \u592a", "^\u5c71\u592a")],
)
def test_a_member_signs_with_initials(name: str, sign: str) -> None:
    assert signed(name) == sign


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("abc", 3), ("\U0001f469\u200d\U0001f4bb", 1), ("e\u0301", 1), ("@ann@elsewhere.example hi", 7),
        ("see https://a.example/" + "x" * 300, 27), ("HTTPS://A.EXAMPLE/", 23), ("a\r\nb", 3),
    ],
)  # fmt: skip
def test_length_is_what_the_server_counts(text: str, counted: int) -> None:
    assert length(text) == counted


def test_a_long_text_becomes_numbered_posts_that_all_mention() -> None:
    texts = posts(" ".join(["word"] * 300))["texts"]
    assert all(length(one) <= 500 for one in texts)
    assert all(one.startswith("@ann@elsewhere.example ") for one in texts)
    assert [one.rpartition("(")[2] for one in texts] == ["1/4)", "2/4)", "3/4)", "4/4)"]
    assert texts[-1].endswith("^ML (4/4)")
    assert sum(one.count("word") for one in texts) == 300


def test_a_server_with_more_room_gets_one_post() -> None:
    own = {**OWN, "characters": "5000"}
    assert len(posts(" ".join(["word"] * 300), config={"own": own})["texts"]) == 1


def test_more_posts_than_anybody_reads_are_refused() -> None:
    with pytest.raises(Invalid, match=f"{PARTS_MAX} is the most"):
        posts("word " * 5_000)


def test_nothing_and_too_much_are_refused_in_words() -> None:
    with pytest.raises(Invalid, match="nothing to say"):
        posts("  ")
    with pytest.raises(Invalid, match="files"):
        posts(files=[File(f"{n}.png", "image/png", b"x") for n in range(5)])
    with pytest.raises(Invalid, match="people"):
        posts(to=[("", f"@a{n}@b.example") for n in range(11)])


_WORDS = st.text(alphabet=st.sampled_from("ab \n\U0001f469\u200d\U0001f4bbe\u0301@.x"), max_size=800)


@given(_WORDS, st.integers(100, 600))
def test_nothing_is_left_out_but_white_space(text: str, room: int) -> None:
    made = split(text.strip(), "@ann@b.example", "^ML", room, 23)
    if len(made) == 1:
        return
    assert all(length(one) <= room for one in made)
    bodies = [one.removeprefix("@ann@b.example ").rpartition(" (")[0] for one in made]
    bodies[-1] = bodies[-1].removesuffix(" ^ML")
    assert "".join("".join(bodies).split()) == "".join(text.split())
