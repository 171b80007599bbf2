from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from rapport.outbound import retry


def test_the_pause_doubles_from_half_a_minute_to_four_hours() -> None:
    assert retry.pause(1, 0.5) == timedelta(seconds=30)
    assert retry.pause(2, 0.5) == timedelta(seconds=60)
    assert retry.pause(15, 0.5) == timedelta(hours=4)


def test_it_is_given_up_after_about_two_days() -> None:
    pauses = [retry.pause(n, 0.5) for n in range(1, retry.GIVE_UP_ATTEMPTS)]
    total = sum((p for p in pauses if p), timedelta())
    assert timedelta(hours=36) < total < timedelta(hours=60)
    assert retry.pause(retry.GIVE_UP_ATTEMPTS, 0.5) is None


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_pause_is_always_bounded(attempts: int, chance: float) -> None:
    pause = retry.pause(attempts, chance)
    assert pause is None or timedelta(seconds=20) < pause <= timedelta(hours=5)
    assert 0.7 < retry.reconnect_seconds(attempts, chance) <= 375
