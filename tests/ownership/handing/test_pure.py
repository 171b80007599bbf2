"""Shifts, plans and expected times as functions of values."""

import random
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from rapport.ownership.handing import expecting, planning, shifts
from rapport.ownership.handing.choosing import JUST_GIVEN, OTHERS_WAIT, hand, with_one_more
from rapport.ownership.handing.expecting import LEAST, Known, OpenClock, Past, Wait, expected, known, waits
from rapport.ownership.handing.giving import span
from rapport.ownership.handing.planning import Candidate, Held
from rapport.staff.hours import ALWAYS, Interval, business_elapsed, is_open, make_hours
from tests.ownership.makers import member

OFFICE = make_hours(
    "Europe/Berlin", [[day, "09:00", "12:30"] for day in range(5)] + [[day, "13:30", "17:00"] for day in range(5)]
)
WEDNESDAY = datetime(2026, 3, 4, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: Over the change to summer time on 29 March.
moments = st.integers(0, 40 * 24 * 60).map(
    lambda minutes: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
absences = st.lists(
    st.tuples(moments, st.integers(1, 5000)).map(lambda one: (one[0], one[0] + timedelta(minutes=one[1]))), max_size=4
)


def test_a_lunch_is_no_end_of_a_shift() -> None:
    worked = shifts.spells(OFFICE, [], WEDNESDAY, WEDNESDAY + 24 * HOUR)
    assert worked[0] == (WEDNESDAY.replace(hour=8), WEDNESDAY.replace(hour=16))
    leaving = shifts.next_leaving(worked, WEDNESDAY)
    assert leaving == shifts.Leaving(WEDNESDAY.replace(hour=16), WEDNESDAY.replace(day=5, hour=8))


def test_who_always_works_never_leaves() -> None:
    worked = shifts.spells(ALWAYS, [], WEDNESDAY, WEDNESDAY + 24 * HOUR)
    assert shifts.leaving(worked, WEDNESDAY, WEDNESDAY + 24 * HOUR) == []
    assert shifts.there_from(worked, WEDNESDAY) == WEDNESDAY


@given(at=moments, away=absences)
def test_a_spell_has_every_open_moment_without_an_absence(at: datetime, away: list[Interval]) -> None:
    worked = shifts.spells(OFFICE, away, at - 24 * HOUR, at + 24 * HOUR)
    there = is_open(at, OFFICE) and not any(start <= at < end for start, end in away)
    inside = any(start <= at < end for start, end in worked)
    assert inside or not there
    assert all(start < end for start, end in worked)
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(worked)]
    assert all(gap >= shifts.BREAK for gap in gaps)
    if inside:
        assert shifts.there_from(worked, at) == at
    leaving = shifts.next_leaving(worked, at)
    assert leaving.at >= at
    assert leaving.back_at is None or leaving.back_at >= leaving.at


@given(start=moments, minutes=st.integers(0, 20_000))
def test_the_clock_of_open_time_counts_as_promises_do(start: datetime, minutes: int) -> None:
    end = start + timedelta(minutes=minutes)
    clock = OpenClock(OFFICE, start, end)
    assert (
        round(clock.minutes(end) - clock.minutes(start), 6) == business_elapsed(start, end, OFFICE).total_seconds() / 60
    )


def test_who_was_given_enough_at_once_is_passed_over_and_a_queue_comes_first() -> None:
    ann, bob = member(1, at_once=1), member(2, open_count=5, at_once=1)
    assert hand([ann, bob]).member == ann
    once = with_one_more([ann, bob], ann.id, WEDNESDAY)
    assert hand(once).member == bob
    twice = with_one_more(once, bob.id, WEDNESDAY)
    assert hand(twice).reason == JUST_GIVEN
    assert hand([ann], others_wait=True).reason == OTHERS_WAIT
    assert hand([member(1, at_once=0, open_count=20)]).reason == "everyone present has as much as they can take"


@given(
    dues=st.lists(st.none() | st.integers(-5, 40), max_size=12), rooms=st.lists(st.integers(0, 4), max_size=4),
    starts=st.lists(st.integers(-3, 30), min_size=4, max_size=4), back=st.none() | st.integers(1, 24),
)  # fmt: skip
def test_a_plan_keeps_to_room_and_helps_only_by_who_comes_sooner(
    dues: list[int | None], rooms: list[int], starts: list[int], back: int | None
) -> None:
    held = [Held(UUID(int=n), WEDNESDAY + due * HOUR if due is not None else None) for n, due in enumerate(dues)]
    others = [
        Candidate(member(n, capacity=4, open_count=4 - room), WEDNESDAY + start * HOUR)
        for n, (room, start) in enumerate(zip(rooms, starts, strict=False))
    ]
    back_at = WEDNESDAY + back * HOUR if back is not None else None
    moves = planning.plan(held, others, WEDNESDAY, back_at)
    assert [one.id for one in moves] == [one.id for one in held]
    given_to = [one.to.load.id.int for one in moves if one.to]
    assert all(given_to.count(n) <= room for n, room in enumerate(rooms))
    assert all(one.to.there_at < back_at for one in moves if one.to and back_at and one.to.there_at > WEDNESDAY)
    possible = sum(
        room for room, start in zip(rooms, starts, strict=False) if back is None or start <= 0 or start < back
    )
    assert len(given_to) == min(len(held), possible)
    assert all(one.reason for one in moves)


def test_what_is_late_is_not_what_only_waits() -> None:
    leaving = shifts.Leaving(WEDNESDAY + HOUR, WEDNESDAY + 16 * HOUR)
    late, waiting, idle = Held(UUID(int=1), WEDNESDAY + HOUR, True), Held(UUID(int=2), None, True), Held(UUID(int=3))
    assert [planning.why_over(one, leaving, WEDNESDAY) for one in (late, waiting, idle)] == ["late", "waiting", ""]
    goes = {
        mode: [planning.goes_over(one, mode, leaving, WEDNESDAY) for one in (late, waiting, idle)]
        for mode in ("off", "suggest", "late", "waiting")
    }
    soon, over = Held(UUID(int=4), WEDNESDAY + HOUR / 2), Held(UUID(int=5), WEDNESDAY - HOUR)
    assert [planning.why_over(one, leaving, WEDNESDAY) for one in (soon, over)] == ["", "late"]
    assert planning.why_over(late, shifts.Leaving(WEDNESDAY + 9 * HOUR, None), WEDNESDAY) == "waiting", "still there"
    assert goes["off"] == goes["suggest"] == [False] * 3
    assert goes["late"] == [True, False, False]
    assert goes["waiting"] == [True, True, False]


def waited(rows: list[tuple[int, float]]) -> Known:
    """Waits one after the other, as they are told."""
    return Known([Wait(place, n * 1000.0, n * 1000.0 + minutes) for n, (place, minutes) in enumerate(rows)], 1.0)


def test_with_too_little_past_nothing_is_said() -> None:
    assert expected(1, waited([(1, 10.0)] * (LEAST - 1))) is None
    enough = waited([(1, 10.0)] * LEAST)
    assert expected(1, enough) == expecting.Range(10.0, 10.0)
    assert expected(1, enough, quiet=11.0) is None, "nothing moves for longer than ever before"


def test_what_was_taken_at_once_says_nothing_of_a_queue() -> None:
    assert known([Past(n, n, (-1, 0.0, n)) for n in range(50)]).waits == []


@given(st.lists(st.floats(1, 500), min_size=LEAST, max_size=60), st.integers(1, 30))
def test_a_range_is_a_range_and_no_shorter_further_back(minutes: list[float], place: int) -> None:
    alone = waited([(1, one) for one in minutes])
    here, behind = expected(place, alone), expected(place + 1, alone)
    assert here
    assert behind
    assert 0 < here.low <= here.high
    assert behind.low >= here.low
    assert behind.high >= here.high


def test_who_came_later_and_matters_more_is_counted_before_and_others_are_not() -> None:
    past = [
        Past(0, 30, (-1, 0.0, 0)),
        Past(5, 40, (-1, 0.0, 5)),
        Past(10, 20, (-3, 0.0, 10)),
        Past(35, 50, (-1, 0.0, 35)),
    ]
    assert [(one.place, one.minutes) for one in waits(past)] == [(1, 30), (2, 35), (1, 10), (2, 15)]


def simulated(seed: int, gap: float) -> list[Past]:
    """A team of four with arrivals that crowd: some urgent, some in heaps; what each waited."""
    chance = random.Random(seed)
    free = [0.0] * 4
    queue: list[tuple[tuple[int, float, float], float]] = []
    past, arrivals, at = [], [], 0.0
    while len(arrivals) < 800:
        at += chance.expovariate(1 / gap)
        arrivals += [at] * (6 if chance.random() < 0.03 else 1)
    for number, came in enumerate(arrivals):
        heappush(queue, ((-(chance.random() < 0.15), 0.0, float(number)), came))
        until = arrivals[number + 1] if number + 1 < len(arrivals) else float("inf")
        while queue and max(min(free), queue[0][1]) < until:
            key, since = heappop(queue)
            start = max(min(free), since)
            free[free.index(min(free))] = start + chance.lognormvariate(2.9, 0.7)
            past.append(Past(since, start, key))
    return sorted(past, key=lambda one: one.until)


def test_the_range_holds_about_as_often_as_it_says() -> None:
    held = asked = 0
    for seed, gap in ((0, 6.8), (1, 7.2), (2, 8.0)):
        past = simulated(seed, gap)
        for begin in range(300, len(past) - 60, 60):
            so_far = known(past[max(0, begin - 300) : begin])
            for one in past[begin : begin + 60]:
                if one.until - one.since < 0.5 or one.since < past[begin - 1].until:
                    continue
                ahead = sum(other.since < one.since < other.until and other.key < one.key for other in past)
                said = expected(ahead + 1, so_far)
                assert said is not None
                asked += 1
                held += said.low <= one.until - one.since <= said.high
    assert asked > 150
    assert 0.72 <= held / asked <= 0.92, (held, asked)


def test_lengths_in_words() -> None:
    spans = [timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=40), timedelta(hours=3), timedelta(days=3)]
    assert [span(one) for one in spans] == ["less than a minute", "1 minute", "40 minutes", "3 hours", "3 days"]
