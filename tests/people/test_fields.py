"""What custom fields take, and what they say to the rest."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.core.errors import Invalid
from rapport.people.directory.asked import Asked, asked_of
from rapport.people.directory.conditions import letters_of, pattern_of
from rapport.people.fields import choices_of, key_of, value_of


@dataclass
class Some:
    kind: str
    key: str = "some"
    label: str = "Some"
    choices: list[str] = field(default_factory=list)


@pytest.mark.parametrize(
    ("kind", "given_", "kept"),
    [
        ("text", "  a  b ", "a b"), ("text", "", ""), ("number", "12,50", "12.5"), ("number", "-0", "-0"),
        ("number", "1e3", "1000"), ("date", "2026-11-28", "2026-11-28"), ("date", "2026-11-28T10:00", "2026-11-28"),
        ("yes", "Ja", "yes"), ("yes", "0", "no"), ("choice", "gold", "Gold"),
    ],
)  # fmt: skip
def test_values_are_kept_in_one_form(kind: str, given_: str, kept: str) -> None:
    assert value_of(Some(kind, choices=["Gold"]), given_) == kept


@pytest.mark.parametrize(
    ("kind", "given_"),
    [
        ("text", "x" * 501), ("number", "many"), ("number", "nan"), ("number", "1e99"), ("date", "28.11.2026"),
        ("date", "2026-02-30"), ("yes", "perhaps"), ("choice", "lead"),
    ],
)  # fmt: skip
def test_what_a_field_does_not_take_is_said_so(kind: str, given_: str) -> None:
    with pytest.raises(Invalid) as told:
        value_of(Some(kind, choices=["Gold"]), given_)
    assert "Some" in told.value.message


@given(st.sampled_from(["text", "number", "date", "yes", "choice"]), st.text())
def test_a_value_that_is_kept_is_taken_again_as_it_is(kind: str, text: str) -> None:
    one = Some(kind, choices=["Gold", "x y"])
    try:
        kept = value_of(one, text)
    except Invalid:
        return
    assert value_of(one, kept) == kept


def test_keys_are_plain_and_each_once() -> None:
    assert key_of("Größe & Co.", []) == "gr_e_co"
    assert key_of("Tier", ["tier", "tier_2"]) == "tier_3"
    assert key_of("級", []) == "field"


def test_choices_are_lines() -> None:
    assert choices_of(" Gold \n\nSilver\nGold") == ["Gold", "Silver"]
    for text in ("", "\n", "\n".join(map(str, range(101)))):
        with pytest.raises(Invalid):
            choices_of(text)


@given(st.dictionaries(st.sampled_from(["q", "relation", "heard", "since", "f_tier", "sort", "holder"]), st.text()))
def test_what_is_asked_is_the_same_once_written_and_read(query: dict[str, str]) -> None:
    asked, _wrong = asked_of(query, ["partner"], ["tier"])
    assert asked_of(asked.query(), ["partner"], ["tier"]) == (asked, [])


def test_conditions_are_taken_away_one_by_one() -> None:
    asked = Asked(q="ann", relation="partner", custom={"tier": "gold"})
    assert asked.without("f_tier").custom == {}
    assert asked.without("relation").query() == {"q": "ann", "f_tier": "gold"}


@given(st.text(alphabet="abcü王伟 ", min_size=1), st.integers(0, 20), st.integers(1, 6))
def test_whatever_stands_in_a_word_has_its_letters(text: str, start: int, length: int) -> None:
    """The keys of a part are among the keys of the whole, as the database makes those."""
    for word in text.split():
        part = word[start : start + length]
        if not part or (len(part) < 3 and start and ord(part[0]) < 0x2E80):
            continue
        made = {word[at : at + 3] for at in range(len(word) - 2)} | {f"^{word[:1]}", f"^{word[:2]}"}
        made |= {f".{letter}" for letter in word}
        if len(part) >= 3 or all(ord(one) >= 0x2E80 for one in part) or word.startswith(part):
            assert set(letters_of(part)) <= made
            assert pattern_of(part).strip("%").strip() in f" {word}"
