"""What is between two values, by key, is the key's own matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.insight.counting import Piece, Times, alike, quantiles

_SHARES = (0.5, 0.9)
_VALUES = st.lists(st.sampled_from([0.0, 60.0, 4440.0, 15600.0, 28800.0]), min_size=1, max_size=8)


def of(*keyed: tuple[int, list[float]]) -> dict[int, Times]:
    values = np.asarray([value for _, values in keyed for value in values])
    keys = np.asarray([key for key, values in keyed for _ in values])
    return quantiles(values, [keys], _SHARES)[0]


@given(_VALUES, st.lists(_VALUES, max_size=30))
def test_a_median_is_the_same_to_the_last_digit_whoever_else_is_counted_before_it(
    mine: list[float], others: list[list[float]]
) -> None:
    alone = of((0, mine))[0]
    assert of(*enumerate(others), (len(others), mine))[len(others)] == alone


@given(_VALUES)
def test_what_lies_between_two_values_is_drawn_straight(mine: list[float]) -> None:
    assert np.allclose(of((0, mine))[0], np.quantile(mine, _SHARES), rtol=1e-12)
    assert of((-1, mine)) == {}


def piece(values: list[int], names: str, codes: bytes) -> Piece:
    return Piece(len(values), np.asarray(values, ">i8").tobytes(), b"", b"", (names,), (codes,))


_HERE, _OTHERS = piece([5, 7, 7], "a\x1fb", b"\0\1\0\0\0\1"), piece([1], "b", b"\0\0")


@pytest.mark.parametrize(
    ("some", "same"),
    [
        ([_OTHERS, piece([7, 5, 7], "c\x1fb\x1fa", b"\0\2\0\1\0\1")], True),
        ([piece([7, 5, 7, 1], "b\x1fa", b"\0\0\0\0" + bytes([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]))], True),
        ([piece([7], "a", b""), piece([7, 1], "b", b""), piece([5], "b", b"\0\0\0\0")], True),
        ([piece([7, 7], "a", b""), piece([5, 1], "b", b"")], False),
        ([_HERE], False),
        ([_HERE, piece([1], "b", b"\0\7")], False),
        ([_HERE, piece([1], "b", b"\0\0\0")], False),
        ([], False),
    ],
)
def test_columns_are_alike_that_hold_the_same_however_they_are_packed(some: list[Piece], same: bool) -> None:
    assert alike([_HERE, _OTHERS], some, ["team"]) is same
    assert alike(some, [_HERE, _OTHERS], ["team"]) is same


def test_nothing_is_like_nothing() -> None:
    assert alike([], [], ["team"])
