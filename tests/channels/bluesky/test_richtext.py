"""Facets point by bytes: ours always at the words they mean, others' wherever they like without doing harm."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.kinds.bluesky import richtext
from rapport.channels.kinds.bluesky.compose import facets
from rapport.channels.kinds.bluesky.split import BYTES_MAX, GRAPHEMES_MAX, fits, split
from tests.channels.bluesky.samples import ANN, facet

FAMILY = "👩🏽‍❤️‍💋‍👨🏿 "
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
WORDS = st.sampled_from(
    ["hello", "日本", FAMILY, "é", "e\u0301", "مرحبا", "@ann.example.org", "#chairs", "#日本",
     "https://example.org/a?b=c", "@nobody.example.com", "\u200d", "🇩🇪", "…"]
)  # fmt: skip


def shown(text: str, *given: Any) -> str:
    return richtext.written_out(text, richtext.spans(list(given)))


@given(st.lists(WORDS, max_size=30))
def test_what_a_facet_of_ours_points_at_is_what_it_means(words: list[str]) -> None:
    text = " ".join(words)
    found, unknown = facets(text, {}, {"ann.example.org": ANN})
    whole = text.encode()
    for one in [*found, *unknown]:
        pointed = whole[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode()
        kind = one["features"][0] if "features" in one else {"unknown": one["handle"]}
        meant = {"uri": "{}", "tag": "#{}", "unknown": "@{}"}
        for name, form in meant.items():
            if name in kind:
                assert pointed == form.format(kind[name])
        if kind.get("did"):
            assert (pointed, kind["did"]) == ("@ann.example.org", ANN)
    assert len(unknown) == text.split().count("@nobody.example.com")


@given(TEXTS, TEXTS, TEXTS)
def test_the_words_that_a_facet_covers_are_found_again_by_bytes(before: str, words: str, after: str) -> None:
    text = before + words + after
    start = len(before.encode())
    span = richtext.Span(start, start + len(words.encode()), "tag", "x")
    for fitting in richtext.fitting_spans(text, [span]):
        assert richtext.words_of(text, fitting) == words


@given(TEXTS, st.lists(st.tuples(st.integers(-5, 400), st.integers(-5, 400)), max_size=6))
def test_links_wherever_they_point_lose_neither_text_nor_address(text: str, places: list[tuple[int, int]]) -> None:
    given = [
        {"index": {"byteStart": start, "byteEnd": end},
         "features": [{"$type": "app.bsky.richtext.facet#link", "uri": f"https://example.org/{number}"}]}
        for number, (start, end) in enumerate(places)
    ]  # fmt: skip
    found = shown(text, *given)
    assert all(f"https://example.org/{number}" in found for number in range(len(places)))
    assert not places or len(found) >= len(text)


def test_a_shortened_link_is_written_out() -> None:
    text = "See example.org/orders/… please"
    link = facet(text, "example.org/orders/…", uri="https://www.example.org/orders/4711")
    assert shown(text, link) == "See https://www.example.org/orders/4711 please"


def test_words_that_lead_elsewhere_say_where() -> None:
    text = "Our bank.example.org is safe"
    assert shown(text, facet(text, "bank.example.org", uri="https://evil.example/x")) == (
        "Our bank.example.org (https://evil.example/x) is safe"
    )


def test_a_facet_that_cuts_a_character_of_many_in_two_changes_nothing_in_it() -> None:
    text = f"Hi {FAMILY}there"
    cut = {"index": {"byteStart": 3, "byteEnd": 7}, **_link("https://example.org/")}
    inside = {"index": {"byteStart": 4, "byteEnd": 6}, **_link("https://example.org/2")}
    assert len(FAMILY.strip()) > 8
    assert shown(text, cut, inside) == f"{text}\nhttps://example.org/\nhttps://example.org/2"


def test_links_that_are_none_are_not_shown() -> None:
    text = "Click here"
    for address in ("javascript:alert(1)", "https://", "http://[", "data:text/html,x", "https://exa mple.org", "", 7):
        assert shown(text, {"index": {"byteStart": 0, "byteEnd": 5}, **_link(address)}) == text


def test_overlapping_links_are_each_shown_once() -> None:
    text = "one two"
    first = facet(text, "one two", uri="https://example.org/1")
    second = facet(text, "two", uri="https://example.org/2")
    assert shown(text, first, second) == "one two (https://example.org/1)\nhttps://example.org/2"


@given(st.lists(WORDS | st.text(max_size=400), max_size=60), st.sampled_from(["", " ^ML", " ^日"]))
def test_parts_hold_all_words_in_order_and_each_fits(words: list[str], ending: str) -> None:
    text = " ".join(words)
    parts = split(text, ending)
    assert all(fits(part) for part in parts)
    assert "".join("".join(parts).split()) == "".join((text + ending).split())
    assert parts[-1].endswith(ending.strip())


def test_a_word_is_not_cut_where_the_text_has_spaces() -> None:
    parts = split("A sentence that ends here. " + "and some words more " * 30)
    assert len(parts) > 1
    assert " ".join(parts).split() == ["A", "sentence", "that", "ends", "here."] + ["and", "some", "words", "more"] * 30


def test_three_hundred_characters_as_people_see_them_are_one_post() -> None:
    assert split("e\u0301" * GRAPHEMES_MAX) == ["e\u0301" * GRAPHEMES_MAX]
    heavy = FAMILY.strip() * 200
    assert len(split(heavy)) > 1
    assert all(len(part.encode()) <= BYTES_MAX for part in split(heavy))


def _link(address: Any) -> dict[str, Any]:
    return {"features": [{"$type": "app.bsky.richtext.facet#link", "uri": address}]}
