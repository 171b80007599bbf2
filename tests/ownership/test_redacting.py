"""Before a message leaves the house nothing is left in it that says who wrote it, whatever it looks like."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.ownership.second.redacting import LENGTH_MAX, parts_of, redacted

NAMES = parts_of(["Ann Smith-O'Hara", "Łukasz Żółć"]) | {"王伟", "Acme Kettles", "acme.example", "annie_77"}
_WORDS = st.sampled_from([
    "the kettle", "ANN", "Smith", "Ann Smith-O'Hara", "łukasz", "我是王伟的", "Acme  Kettles", "at acme.example",
    "annie_77",
    "ann@example.org", "<Ann.S+x@mail.example.org>", "ann [at] example.org", "@ann", "a@b", "＠",
    "+49 (30) 901-820", "0049.30.901820", "４１１１ 1111 1111 1111", "DE89 3704 0044 0532 0130 00",
    "gb29nwbk60161331926819",
    "1\u200b2\u200b3\u200b4\u200b5", "1-2-3-4-5", "12 34 5", "AB-12345-X", "12/34/5678",
    "https://shop.example/reset?token=abc&x=1#y", "www.shop.example/?q=1", "shop.example/a?b=c", "ftp://u:p@h.example/x",
    "\n> quoted words", "\n-- \nAnn", "\n", "12", "2026",
])  # fmt: skip


def digits_in_a_row(text: str) -> bool:
    return re.search(r"\d(?:[^\w\n]{0,3}\d){4,}", text) is not None


@given(st.lists(st.one_of(_WORDS, st.text(max_size=12)), max_size=30), st.sampled_from(["", " ", ", "]))
def test_no_name_address_number_or_query_is_left_of_any_text(parts: list[str], between: str) -> None:
    told = redacted(between.join(parts), NAMES)
    assert len(told) <= LENGTH_MAX
    assert "@" not in told
    assert "＠" not in told
    assert not re.search(r"[a-z]{2}://\S|token=", told)
    assert not digits_in_a_row(told)
    for name in NAMES:
        edge = "" if name == "王伟" else r"\b"
        assert not re.search(edge + re.escape(name) + edge, told, re.IGNORECASE), name
    assert not re.search(r"^[ \t]{0,3}>", told, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("My kettle is broken.\n\n> on Monday you wrote\n\nThank you\n-- \nAnn Smith\nAcme",
         "My kettle is broken.\nThank you"),
        ("Call me: +49 30 901820, or write to ann@example.org", "Call me: [number], or write to [address]"),
        ("Ann here, annie_77 in the shop: see https://shop.example/order/9?key=abc",
         "[name] here, [name] in the shop: see [link]"),
        ("-----Original Message-----\nFrom: somebody", ""),
        ("Broken.\nOn Monday Ann <ann@example.org> wrote:\nwhat I said", "Broken."),
        ("two kettles, 2 cups, room 12", "two kettles, 2 cups, room 12"),
        ("Anna and the annual report", "Anna and the annual report"),
        ("card\n4111\n1111\n1111\n1111\nthanks", "card\n[number]\nthanks"),
        ("I live at 17 Baker Street, by the way", "I live at [address], by the way"),
        ("Lieferung: Lange Straße 5a, nicht Am Kirchweg 12", "Lieferung: [address], nicht [address]"),
        ("abito in Via Giuseppe Verdi, 12 a Roma", "abito in [address] a Roma"),
        ("Adresim: Gül Sokak No: 4, merci, 12 rue de la Paix", "Adresim: [address], merci, [address]"),
        ("我住在南京路100号", "[address]"),
        ("It is 2 days on the way, in 3 ways via mail at 12", "It is 2 days on the way, in 3 ways via mail at 12"),
    ],
)  # fmt: skip
def test_what_it_is_about_stays(text: str, told: str) -> None:
    assert redacted(text, NAMES) == told


def test_it_is_cut_between_words_and_five_megabytes_take_no_time_to_speak_of() -> None:
    told = redacted("kettle " * 10_000)
    assert len(told) <= LENGTH_MAX
    assert told.endswith("kettle")
    for nasty in ("a", "1 ", "@", "a-", "[at] ", ".", "a.", "www", "(", "A1", "A ", "1 A ", "Via A "):
        assert len(redacted(nasty * 1_000_000, NAMES)) <= LENGTH_MAX
