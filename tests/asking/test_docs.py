"""The language is documented, from its own source."""

from pathlib import Path

from rapport.conversations.asking.dates import NAMED
from rapport.conversations.asking.language import LENGTH_MAX, PARTS_MAX
from rapport.conversations.asking.operators import ALIASES
from rapport.conversations.asking.words import help_table

PAGE = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")


def test_every_operator_stands_in_the_documentation_as_it_is() -> None:
    assert help_table() in PAGE


def test_other_words_dates_and_bounds_stand_there_too() -> None:
    for said, meant in ALIASES.items():
        assert f"`{said}:` is `{meant}:`" in PAGE
    assert all(f"`{name}`" in PAGE for name in NAMED)
    assert f"{LENGTH_MAX:,} characters" in PAGE
    assert f"{PARTS_MAX} words and filters" in PAGE
