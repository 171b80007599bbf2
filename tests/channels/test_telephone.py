"""Numbers in one form, and a call as a message."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels import telephone


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("+49 30 1234567", "", "+49301234567"), ("+49 (30) 123-4567", "49", "+49301234567"),
        ("0049301234567", "", "+49301234567"), ("0301234567", "49", "+49301234567"), ("0301234567", "", ""),
        ("49301234567", "49", "+49301234567"), ("201", "49", ""), ("4930", "49", ""),
        ("5550100199", "1", "+15550100199"),
        ("1 555 010 0199", "1", "+15550100199"), ("011 49 30 1234567", "1", "+49301234567"), ("911", "1", ""),
        ("tel:+15550100199;ext=3", "", "+15550100199"), ("anonymous", "49", ""), ("", "49", ""), ("+", "", ""),
        ("+0491234567", "", ""), ("+1234567890123456", "", ""),
        ("\u0661\u0662\u0663\u0664\u0665\u0666\u0667", "49", ""),
    ],
)  # fmt: skip
def test_a_number_has_one_form(written: str, country: str, number: str) -> None:
    """However it is written; what may be something else is left alone."""
    assert telephone.e164(written, country) == number


@given(st.text(max_size=40), st.sampled_from(["", "1", "49", "420"]))
def test_what_comes_out_is_a_number_or_nothing(written: str, country: str) -> None:
    """And the same when it goes in again."""
    number = telephone.e164(written, country)
    assert not number or (number[0] == "+" and number[1:].isdigit() and number.isascii() and 8 <= len(number) <= 16)
    assert telephone.e164(number, country) == number


@given(st.text(), st.text(), st.text())
def test_a_caller_is_somebody_or_nobody(written: str, host: str, name: str) -> None:
    """Whatever a telephone says of them."""
    found = telephone.caller(written, host, name, "49")
    if found is not None:
        assert found.kind in ("phone", "sip")
        assert 0 < len(found.value) <= 320
        assert "\0" not in found.value + found.name


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (25, "25 s"), (60, "1 min"), (65, "1 min 5 s"), (3600, "1 h"), (3725, "1 h 2 min"), (-4, "0 s")],
)
def test_a_duration_reads_as_people_say_it(seconds: int, words: str) -> None:
    """Two units at most."""
    assert telephone.duration(seconds) == words


def test_a_call_that_we_made_is_ours() -> None:
    """From us, to them, in the same conversation as theirs to us."""
    ann = telephone.caller("+49301234567", name="Ann Example")
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    made = telephone.said(telephone.Call("x:1", ann, "+4930999000", at, incoming=False, seconds=65, note=" Agreed. "))
    got = telephone.said(telephone.Call("x:2", ann, "+4930999000", at, seconds=5))
    assert made.text == "Call to +49301234567, 1 min 5 s\n\nAgreed."
    assert made.origin == "own"
    assert made.author is not None
    assert made.author.value == "+4930999000"
    assert made.recipients == {"from": [("", "+4930999000")], "to": [("Ann Example", "+49301234567")]}
    assert made.refers_to == got.refers_to == ("call:+49301234567..+4930999000",)
    assert got.author == ann
    assert got.kind == "call"
