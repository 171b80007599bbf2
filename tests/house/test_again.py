"""What failed by chance may be run once more; what is more than chance may not."""

import pytest

from tests.again import worth_another_run


def test_two_tests_of_a_whole_run_are_run_again() -> None:
    assert worth_another_run(1, ["tests/a.py::test_one", "tests/b.py::test_two[x-1]"])


@pytest.mark.parametrize(
    ("ended", "failed"),
    [
        pytest.param(1, [f"tests/a.py::test_{number}" for number in range(3)], id="three at once are no chance"),
        pytest.param(1, ["tests/a.py"], id="a file that cannot be read"),
        pytest.param(1, [], id="nothing is known of what failed"),
        pytest.param(2, ["tests/a.py::test_one"], id="the run was broken off"),
        pytest.param(3, ["tests/a.py::test_one"], id="pytest itself failed"),
        pytest.param(0, ["tests/a.py::test_one"], id="not even begun"),
    ],
)
def test_what_is_more_than_chance_is_not_run_again(ended: int, failed: list[str]) -> None:
    assert not worth_another_run(ended, failed)
