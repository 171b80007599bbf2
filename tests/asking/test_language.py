"""The language of search and filters: what is read, what is said about oddities, and that writing reads back."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.conversations.asking.dates import NAMED, span_of
from rapport.conversations.asking.language import (
    LENGTH_MAX,
    PARTS_MAX,
    Asked,
    Filter,
    Term,
    bounds,
    read,
    written,
)
from rapport.conversations.asking.operators import ALIASES, OPERATORS

_PIECES = st.sampled_from(
    [*(f"{name}:" for name in (*OPERATORS, *ALIASES)), '"', "-", " ", ",", ":", "..", "\0", "返品", "مرحبا", "🙂",
     "\u202e",     "late", "open", "7d", "2026-13-45", "x", "\ud800", "“", "http://a.b", "tema:", "\u3000"]
)  # fmt: skip


def codes(text: str) -> list[str]:
    return [problem.code for problem in read(text).problems]


def test_words_phrases_minus_and_operators_are_told_apart() -> None:
    asked = read('refund "never  arrived" -parcel -"by train" team:"Customer Service" -is:late IS:Open')
    assert asked == Asked(
        (Term("refund"), Term("never arrived", True), Term("parcel", negated=True), Term("by train", True, True)),
        (Filter("team", "Customer Service"), Filter("is", "late", True), Filter("status", "open")),
    )
    assert asked.problems == ()
    assert asked.words == ["refund", "never arrived"]


def test_a_list_behind_an_operator_is_several_filters() -> None:
    assert read("team:hr,press").filters == (Filter("team", "hr"), Filter("team", "press"))
    assert read('team:"hr, press"').filters == (Filter("team", "hr, press"),)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("tema:hr", "unknown"), ("colour:red", "unknown"), ("team:", "empty"), ('team:""', "empty"),
        ("date:soon", "date"),
        ("after:2026-02-30", "date"), ("is:lte", "choice"), ("has:money", "choice"), ('"half', "quote"), ("-", "minus"),
        ("- x", "minus"), ("a\0b", "nul"), ("team:hr -team:HR", "contrary"), ("refund -refund", "contrary"),
        ("status:resolved is:late", "never_late"), ("after:2026-10-02 before:2026-10-01", "no_days"),
        ("x" * 5000, "long"), ("a " * 20, ""),
        ("", ""), ("   ", ""),
    ],
)  # fmt: skip
def test_every_oddity_has_its_problem(text: str, code: str) -> None:
    assert (code in codes(text)) if code else codes(text) == []


def test_an_unknown_operator_is_searched_as_words_and_the_likely_one_named() -> None:
    asked = read("tema:hr")
    assert asked.terms == (Term("tema:hr"),)
    assert [(one.what, one.hint) for one in asked.problems] == [("tema", "team")]


@pytest.mark.parametrize(
    "text", ["http://shop.example/a", "12:30", "re:", "::", "c++", "a&b|!c", "🙂", "مرحبا", "50%_\\"]
)
def test_what_only_looks_like_the_language_is_words(text: str) -> None:
    assert read(text).terms == (Term(text),)
    assert read(text).filters == ()


def test_too_many_parts_are_cut_and_said() -> None:
    asked = read(" ".join(f"w{number}" for number in range(PARTS_MAX + 5)))
    assert len(asked.terms) == PARTS_MAX
    assert [one.code for one in asked.problems] == ["many"]


@given(st.lists(st.one_of(_PIECES, st.text(max_size=8)), max_size=40).map("".join))
def test_reading_never_raises_and_what_is_written_reads_the_same(text: str) -> None:
    asked = read(text)
    again = read(written(asked))
    assert again == asked
    assert written(again) == written(asked)


@given(st.text(min_size=LENGTH_MAX, max_size=LENGTH_MAX + 200))
def test_long_texts_are_bounded(text: str) -> None:
    asked = read(text)
    assert len(asked.terms) + len(asked.filters) <= 2 * PARTS_MAX
    assert len(written(asked)) <= LENGTH_MAX * 2


@given(st.text(max_size=14), st.dates(min_value=date(1, 1, 1)))
def test_dates_never_raise(text: str, today: date) -> None:
    for one in (text, f"{text}..", f"..{text}", *NAMED, "9999y", "0001", "9999-12-31", "9999-12", "9999"):
        span_of(one, today)


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("2026-10-01", (2026, 10, 1), (2026, 10, 2)), ("2026-12", (2026, 12, 1), (2027, 1, 1)),
        ("2026", (2026, 1, 1), (2027, 1, 1)), ("7d", (2026, 11, 16), None), ("2w", (2026, 11, 9), None),
        ("yesterday", (2026, 11, 22), (2026, 11, 23)), ("last-week", (2026, 11, 16), (2026, 11, 23)),
        ("last-month", (2026, 10, 1), (2026, 11, 1)), ("2026-10-01..2026-10-03", (2026, 10, 1), (2026, 10, 4)),
        ("..2026-10", None, (2026, 11, 1)), ("yesterday..", (2026, 11, 22), None),
    ],
)  # fmt: skip
def test_dates_mean_days(text: str, first: tuple[int, int, int] | None, end: tuple[int, int, int] | None) -> None:
    found = span_of(text, date(2026, 11, 23))
    assert found == (date(*first) if first else None, date(*end) if end else None)


def test_bounds_gather_what_was_said_of_dates() -> None:
    asked = read("after:2026-10-05 before:2026-11-01 date:2026-10")
    assert bounds(asked, date(2026, 11, 23)) == (date(2026, 10, 5), date(2026, 11, 1))


def test_parts_are_added_and_taken_away() -> None:
    asked = read("refund team:hr")
    assert written(asked.plus("is", "late")) == "refund team:hr is:late"
    assert asked.plus("team", "hr") == asked
    assert written(asked.minus(Filter("team", "hr"))) == "refund"
    assert written(asked.minus(Term("refund"))) == "team:hr"
