"""What is between two values, by key, is the key's own matter."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rapport.insight.counting import Times, quantiles

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
