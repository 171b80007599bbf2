"""How often feeds are asked and whose turn it is: true of any times and any number of feeds."""

from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.kinds.feeds.schedule import Turns, after_failure, next_interval, remaining, spread
from rapport.channels.kinds.feeds.settings import LEAST_S, MOST_S

SECONDS = st.floats(0, 10 * MOST_S)


@given(SECONDS, st.booleans(), SECONDS)
def test_an_interval_keeps_its_bounds_whatever_a_feed_asks_for(interval: float, has_news: bool, least: float) -> None:
    wait = next_interval(interval, has_news, least)
    assert LEAST_S <= wait <= MOST_S
    assert wait >= min(least, MOST_S)


@given(SECONDS, SECONDS)
def test_news_never_make_a_feed_wait_longer(interval: float, least: float) -> None:
    assert next_interval(interval, True, least) <= next_interval(interval, False, least)


@given(st.floats(LEAST_S, MOST_S), st.floats(LEAST_S, MOST_S))
def test_a_quiet_feed_comes_to_a_day_and_a_busy_one_to_the_least(interval: float, least: float) -> None:
    quiet = busy = interval
    for _ in range(20):
        quiet, busy = next_interval(quiet, False, least), next_interval(busy, True, least)
    assert quiet == MOST_S
    assert busy == least


@given(st.lists(st.booleans(), max_size=40))
def test_an_interval_between_news_and_quiet_stays_in_bounds(history: list[bool]) -> None:
    wait = 4.0 * LEAST_S
    for has_news in history:
        before, wait = wait, next_interval(wait, has_news)
        assert wait <= before if has_news else wait >= before


@given(SECONDS, st.integers(0, 10_000), SECONDS)
def test_failures_make_rarer_and_never_rarer_than_a_day(interval: float, failures: int, asked: float) -> None:
    wait = after_failure(interval, failures, asked)
    assert LEAST_S <= wait <= MOST_S
    assert wait >= min(asked, MOST_S)
    assert after_failure(interval, failures + 1, asked) >= wait


@given(st.floats(0, 1e11), st.floats(0, 1e11))
def test_no_clock_makes_a_feed_wait_more_than_a_day_and_a_bit(planned: float, now: float) -> None:
    assert 0 <= remaining(planned, now) <= MOST_S * 1.1


@given(st.floats(LEAST_S, MOST_S), st.text(max_size=40))
def test_feeds_drift_apart_by_a_twentieth_at_most(interval: float, name: str) -> None:
    assert 0.94 * interval <= spread(interval, name) <= 1.06 * interval
    assert spread(interval, name) == spread(interval, name)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 50)), max_size=40),
    st.floats(0, 5),
    st.lists(st.tuples(st.floats(0.1, 3), st.floats(0, 4), st.floats(0, 10)), min_size=1, max_size=20),
)
def test_a_host_is_asked_one_at_a_time_with_pauses_and_nobody_is_forgotten(
    feeds: list[tuple[str, float]], pause: float, steps: list[tuple[float, float, float]]
) -> None:
    turns: Turns[int] = Turns(pause)
    for number, (host, due) in enumerate(feeds):
        turns.add(host, due, number)
    clock, ends, free = 0.0, {}, dict.fromkeys("abc", 0.0)
    taken: list[int] = []
    # Forty of one host, each four seconds under way and ten at rest, looked at ten times a second, need six thousand.
    for round_ in range(10_000):
        tick, takes, peace = steps[round_ % len(steps)]
        clock += tick
        for host in [host for host, end in ends.items() if end <= clock]:
            del ends[host]
            turns.release(host, clock, peace)
            free[host] = clock + max(peace, pause)
        while turn := turns.take(clock):
            host, due, number = turn
            assert host not in ends
            assert feeds[number] == (host, due)
            assert clock >= max(due, free[host])
            ends[host] = clock + takes
            taken.append(number)
        if len(taken) == len(feeds):
            break
    assert sorted(taken) == list(range(len(feeds)))
    for host in "abc":
        dues = [feeds[number][1] for number in taken if feeds[number][0] == host]
        assert dues == sorted(dues)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_the_wait_is_until_the_first_that_is_due(dues: list[float]) -> None:
    turns: Turns[str] = Turns(1.0)
    for number, due in enumerate(dues):
        turns.add(f"host{number}", due, "x")
    assert turns.wait(0.0) == min(dues)
    assert turns.take(min(dues)) is not None
