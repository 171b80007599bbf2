"""Address lists as people and programs write them."""

from pathlib import Path

import pytest

from rapport.channels.kinds.email.addresses import is_valid, parse_addresses
from rapport.channels.kinds.email.model import Address


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a@b.c", [("", "a@b.c")]),
        ("Ann <a@b.c>", [("Ann", "a@b.c")]),
        ('"Li, Ann" <a@b.c>, d@e.f', [("Li, Ann", "a@b.c"), ("", "d@e.f")]),
        ("a@b.c (Ann Li)", [("Ann Li", "a@b.c")]),
        ("Friends: a@b.c, Bo <d@e.f>;", [("", "a@b.c"), ("Bo", "d@e.f")]),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?q?J=C3=B8rn?= <j@b.c>", [("Jørn", "j@b.c")]),
        ('"=?utf-8?q?J=C3=B8rn?=" <j@b.c>', [("Jørn", "j@b.c")]),
        ("=?utf-8?q?J=C3=B8rn_=3Cj=40b=2Ec=3E?=", [("Jørn", "j@b.c")]),
        ("<@relay.x,@y:a@b.c>", [("", "a@b.c")]),
        ("mailto:a@b.c", [("", "a@b.c")]),
        ("a@b.c; d@e.f", [("", "a@b.c"), ("", "d@e.f")]),
        ("Ann a@b.c", [("Ann", "a@b.c")]),
        ('"a@b.c" <a@b.c>', [("", "a@b.c")]),
        ('Ann "the" Li <a@b.c>', [("Ann the Li", "a@b.c")]),
        ("<>", []),
        ("用户@例子.广告", [("", "用户@例子.广告")]),
    ],
)
def test_lists_are_read(written: str, read: list[tuple[str, str]]) -> None:
    assert list(parse_addresses([written])) == [Address(*pair) for pair in read]


def test_an_address_that_breaks_the_grammar_but_can_be_answered_is_kept_and_named() -> None:
    problems: list[str] = []
    assert parse_addresses(["ann.@docomo.ne.jp"], problems=problems) == (Address("", "ann.@docomo.ne.jp"),)
    assert problems == ["odd address 'ann.@docomo.ne.jp'"]
    assert not is_valid("ann.@docomo.ne.jp")


def test_what_holds_no_address_is_left_out_and_named() -> None:
    problems: list[str] = []
    assert parse_addresses(["nobody in particular"], problems=problems) == ()
    assert len(problems) == 2 or "no usable address" in problems[0]


def test_more_addresses_than_the_limit_are_cut() -> None:
    problems: list[str] = []
    assert len(parse_addresses([", ".join(["a@b.c"] * 50)], 10, problems)) == 10
    assert problems


def _lines(folder: Path, name: str) -> list[tuple[str, bool]]:
    path = folder / "mail-odd/flanker/tests/fixtures" / name
    lines = [line for line in path.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
    # Lines marked so in the list itself are ones a lenient reader may take an address from.
    return [(line.split("  #")[0].rstrip(), "# lax" in line or line.startswith("    ")) for line in lines]


def test_every_valid_address_of_the_list_is_read_without_a_problem(shared_data: Path) -> None:
    for line, _ in _lines(shared_data, "mailbox_valid.txt"):
        problems: list[str] = []
        assert len(parse_addresses([line], problems=problems)) == 1, line
        assert not problems, line


def test_no_invalid_address_of_the_list_passes_unnoticed(shared_data: Path) -> None:
    for line, lenient in _lines(shared_data, "mailbox_invalid.txt"):
        problems: list[str] = []
        found = parse_addresses([line], problems=problems)
        assert lenient or not found or problems, line
