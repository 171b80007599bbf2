"""Ids are in the order of time, and say it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.core.clock import now
from rapport.core.ids import new_id


@pytest.fixture(autouse=True)
def _by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made here while the clock travels must not put the ids of other tests ahead."""
    monkeypatch.setattr("rapport.core.ids._last", 0)


def _said(at_ms: int | None = None) -> datetime:
    return datetime.fromtimestamp((new_id(at_ms).int >> 80) / 1000, UTC)


def test_those_of_one_process_are_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(5_000)]
    assert made == sorted(set(made))
    assert all(one.version == 7 for one in made)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, (1 << 48) - 1))
def test_an_id_of_a_moment_says_that_moment(at_ms: int) -> None:
    assert new_id(at_ms).int >> 80 == at_ms
    assert new_id(at_ms).version == 7


def test_a_clock_put_right_by_little_changes_no_order() -> None:
    with time_machine.travel(now() + timedelta(seconds=4), tick=False):
        ahead = new_id()
    assert new_id() > ahead


def test_after_a_clock_that_was_far_ahead_ids_say_the_time_again() -> None:
    with time_machine.travel(now() + timedelta(days=7), tick=False):
        assert _said() > now() - timedelta(seconds=1)
    before = now()
    assert abs(_said() - before) < timedelta(seconds=5)
    made = [new_id() for _ in range(100)]
    assert made == sorted(set(made))
