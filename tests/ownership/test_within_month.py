"""The simulated month: it agrees with what queueing theory knows, and keeps to what it says of itself."""

from collections.abc import Sequence
from datetime import date, timedelta
from math import factorial, inf
from random import Random
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.core.errors import Invalid
from rapport.ownership.simulate.within.clock import Clock, clock_of
from rapport.ownership.simulate.within.judging import gini, judge
from rapport.ownership.simulate.within.month import Arrival, Asked, Desk, Month, Standing, Worker, simulate
from rapport.ownership.simulate.within.recorded import compare, month_of, plain_of, told
from rapport.ownership.simulate.within.strategies import STRATEGIES, least_loaded, round_robin, weighed
from rapport.staff.hours import make_hours

ALWAYS = Clock([(0.0, 1e12)])
HOUR = 3600.0


def uuid(number: int) -> UUID:
    return UUID(int=number)


def month(arrivals: Sequence[Arrival], workers: Sequence[Worker], **more: object) -> Month:
    desk = Desk(ALWAYS, tuple(one.id for one in workers))
    return Month({one.id: one for one in workers}, {"a": desk}, arrivals, **more)  # type: ignore[arg-type]


def random_arrivals(count: int, rate: float, seed: int = 7) -> list[Arrival]:
    random, at, found = Random(seed), 0.0, []
    for _ in range(count):
        at += random.expovariate(rate)
        found.append(Arrival(at, "a", random.expovariate(1.0)))
    return found


def mean_wait(found: Month, strategy: str) -> float:
    done = simulate(found, STRATEGIES[strategy]())
    return sum(one.answered - one.arrival.at - one.arrival.work for one in done) / len(done)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.6), (3, 0.7), (8, 0.85)])
def test_members_with_room_for_one_wait_as_long_as_erlang_says(servers: int, load: float) -> None:
    offered = servers * load
    last = offered**servers / factorial(servers) / (1 - load)
    waits = last / (sum(offered**k / factorial(k) for k in range(servers)) + last)
    expected = waits / (servers - offered)
    workers = [Worker(uuid(n), f"M{n}", ALWAYS, capacity=1) for n in range(servers)]
    found = mean_wait(month(random_arrivals(6_000, offered), workers), "least_loaded")
    assert found == pytest.approx(expected, rel=0.15)


def test_in_turn_each_member_is_a_queue_of_their_own_as_theory_has_it() -> None:
    servers, rate = 3, 2.1
    sigma = 0.5
    for _ in range(200):  # an Erlang-3 arrival at each of three: sigma = (rate / (rate + 1 - sigma)) ** 3
        sigma = (rate / (rate + 1 - sigma)) ** servers
    workers = [Worker(uuid(n), f"M{n}", ALWAYS) for n in range(servers)]
    found = mean_wait(month(random_arrivals(6_000, rate), workers), "round_robin")
    assert found == pytest.approx(sigma / (1 - sigma), rel=0.15)


def test_nobody_is_given_anything_while_they_are_away_and_what_waits_is_given_when_they_come() -> None:
    away = Worker(uuid(1), "Ann", Clock([(10 * HOUR, 18 * HOUR)]))
    (done,) = simulate(month([Arrival(8 * HOUR, "a", HOUR)], [away]), weighed("load")())
    assert (done.member, done.taken, done.answered) == (away.id, 10 * HOUR, 11 * HOUR)


def test_work_goes_on_after_the_night() -> None:
    worker = Worker(uuid(1), "Ann", Clock([(10 * HOUR, 18 * HOUR), (34 * HOUR, 42 * HOUR)]))
    (done,) = simulate(month([Arrival(17.5 * HOUR, "a", HOUR)], [worker]), round_robin())
    assert done.answered == 34.5 * HOUR


def test_what_nobody_has_room_for_waits_and_the_soonest_promise_goes_first() -> None:
    worker = Worker(uuid(1), "Ann", ALWAYS, capacity=1)
    arrivals = [Arrival(0, "a", 10), Arrival(1, "a", 10, due=90.0), Arrival(2, "a", 10, due=50.0)]
    done = simulate(month(arrivals, [worker]), least_loaded())
    assert [one.answered for one in done] == [10, 30, 20]


def test_a_place_is_held_until_it_is_settled_and_what_was_open_before_holds_one_too() -> None:
    worker = Worker(uuid(1), "Ann", ALWAYS, capacity=1)
    arrivals = [Arrival(0, "a", 10, stays=100), Arrival(1, "a", 10)]
    done = simulate(month(arrivals, [worker], busy={worker.id: [(1.0, 50.0)]}), weighed("load")())
    assert [one.taken for one in done] == [50, 160]


def test_who_answered_a_person_before_is_known_once_they_have() -> None:
    worker = Worker(uuid(1), "Ann", ALWAYS)
    arrivals = [Arrival(at, "a", 10, person="p") for at in (0.0, 5.0, 50.0)]
    done = simulate(month(arrivals, [worker]), weighed("load")())
    assert [(one.could_know, one.knew) for one in done] == [(False, False), (False, False), (True, True)]


def test_a_team_where_nobody_works_answers_nothing_and_the_figures_say_so() -> None:
    found = month([Arrival(0, "a", 10, due=100.0)], [Worker(uuid(1), "Ann", Clock([]))])
    done = simulate(found, round_robin())
    assert done[0].answered == inf
    judged = judge(found, {"round_robin": done})["round_robin"]
    assert (judged.unanswered, judged.kept.value) == (1, 0.0)


def test_no_arrivals_give_no_figures_and_no_error() -> None:
    found = month([], [Worker(uuid(1), "Ann", ALWAYS)])
    judged = judge(found, {"a": simulate(found, weighed("load")())})["a"]
    assert (judged.kept.value, judged.p50.value, judged.gini.value) == (None, None, None)


def test_a_way_that_is_better_is_seen_to_be_and_not_by_chance() -> None:
    """One of two is there in the mornings only: in turn, half of all is theirs, and some of it waits until tomorrow."""
    days = range(20)
    whole = Worker(uuid(1), "Ann", Clock([((d * 24 + 9) * HOUR, (d * 24 + 17) * HOUR) for d in days]), capacity=2)
    half = Worker(uuid(2), "Ben", Clock([((d * 24 + 9) * HOUR, (d * 24 + 11) * HOUR) for d in days]), capacity=2)
    times = [(d * 24 + 9) * HOUR + n * 300 for d in days for n in range(24)]
    arrivals = [Arrival(at, "a", 1200, due=at + 8 * HOUR) for at in times]
    found = month(arrivals, [whole, half])
    judged = judge(found, {name: simulate(found, STRATEGIES[name]()) for name in ("round_robin", "least_loaded")})
    assert judged["round_robin"].kept_more.value == 0
    more = judged["least_loaded"].kept_more
    assert more.low is not None
    assert more.low > 0.1
    assert sum(judged["least_loaded"].waits) == len(arrivals)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_evenness_lies_between_none_and_all(values: list[float]) -> None:
    assert -1e-9 <= gini(values) <= 1
    assert gini([1.0] * len(values)) == pytest.approx(0)


spans = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 50)), max_size=8)


@given(spans, st.floats(0, 500), st.floats(0.001, 300))
def test_so_much_open_time_lies_between_a_moment_and_the_one_that_much_later(
    given_spans: list[tuple[int, int]], start: float, seconds: float
) -> None:
    clock = Clock([(float(a), float(a + b)) for a, b in given_spans])
    end = clock.after(start, seconds)
    if end < inf:
        assert clock.between(start, end) == pytest.approx(seconds, abs=1e-6)
        assert end >= start
    else:
        assert clock.between(start, inf) < seconds + 1e-6


def test_business_hours_less_absences_are_a_clock_over_the_change_of_the_clocks() -> None:
    hours = make_hours("Europe/Berlin", [[day, "09:00", "17:00"] for day in range(7)])
    first = date(2026, 3, 28)  # the clocks go forward on the 29th
    clock = clock_of(hours, (first, first + timedelta(days=1)))
    assert clock.between(0, inf) == 16 * HOUR
    lunch = [(clock.starts[0] + HOUR, clock.starts[0] + 2 * HOUR)]
    assert clock_of(hours, (first, first), lunch).between(0, inf) == 7 * HOUR


works = st.builds(
    Arrival, st.floats(0, 1000), st.just("a"), st.floats(0.1, 50), st.floats(0, 50), st.sampled_from(["", "p", "q"]),
    st.none() | st.floats(0, 2000),
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(works, max_size=25), st.integers(1, 4), st.sampled_from(sorted(STRATEGIES)))
def test_whatever_comes_all_is_answered_once_and_nobody_who_looks_at_room_exceeds_it(
    arrivals: list[Arrival], members: int, name: str
) -> None:
    workers = [Worker(uuid(n), f"M{n}", ALWAYS, capacity=2) for n in range(members)]
    inner, seen = STRATEGIES[name](), []

    def watching(team: Sequence[Standing], asked: Asked) -> UUID | None:
        found = inner(team, asked)
        seen.extend(one.open for one in team if one.worker.id == found)
        return found

    done = simulate(month(arrivals, workers), watching)
    assert len(done) == len(arrivals)
    assert all(one.arrival.at + one.arrival.work <= one.answered + 1e-6 for one in done)
    assert all(one.answered < inf for one in done)
    if name != "round_robin":
        assert all(held < 2 for held in seen)


def test_a_month_goes_into_a_file_and_comes_out_the_same_without_names() -> None:
    workers = [Worker(uuid(n), f"Name {n}", Clock([(0.0, 1e6)]), 3, languages=("de",)) for n in range(2)]
    arrivals = [Arrival(5.0, "a", 60, 10, "p", 900.0, 2, True, "de", ("tax",))]
    before = month(arrivals, workers, known={"p": {uuid(1): 1.0}}, busy={uuid(0): [(1.0, inf)]})
    plain = orjson.loads(orjson.dumps(plain_of(before)))
    assert "Name" not in str(plain)
    after = month_of(plain)
    assert plain_of(after) == plain_of(before)
    assert told(after, compare(after)) == told(before, compare(before))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "no recorded month"),
        ({"workers": []}, "teams"),
        ({"workers": [{"id": "x", "present": []}], "teams": [], "arrivals": []}, "cannot be read"),
        ({"workers": [], "teams": [{"team": "a", "open": [], "members": [str(uuid(1))]}], "arrivals": []}, "no worker"),
        ({"workers": [], "teams": [], "arrivals": [{"at": 0, "team": "a", "work": -1}]}, "less than 0"),
        ({"workers": [{"id": str(uuid(1)), "present": [], "capacity": 0}], "teams": [], "arrivals": []}, "capacity"),
    ],
)
def test_a_file_that_is_no_month_is_refused_and_says_why(given: object, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        month_of(given)
