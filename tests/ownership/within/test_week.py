"""Working time and turns at being on call: exact over absences, time zones and daylight-saving changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.ownership.within.week import working_minutes
from rapport.ownership.within.weights import Weights
from rapport.staff.hours import ALWAYS, make_hours
from rapport.staff.rota import Duty, Rota

OFFICE = make_hours("Europe/Berlin", [[day, "09:00", "17:00"] for day in range(5)])
SUNDAY = datetime(2026, 3, 29, tzinfo=UTC)  # the clock jumps in Berlin
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANN, BO, CY = (UUID(int=number) for number in (1, 2, 3))


def test_a_week_has_its_hours_less_absences_that_may_overlap() -> None:
    since, until = SUNDAY - 7 * DAY, SUNDAY
    assert working_minutes(OFFICE, since, until) == 5 * 8 * 60
    tuesday = datetime(2026, 3, 24, 8, tzinfo=UTC)  # 09:00 in Berlin
    away = [(tuesday + HOUR, tuesday + 3 * HOUR), (tuesday, tuesday + 2 * HOUR), (tuesday - 9 * HOUR, tuesday)]
    assert working_minutes(OFFICE, since, until, away) == (5 * 8 - 3) * 60
    assert working_minutes(OFFICE, until, since) == 0


@settings(max_examples=40)
@given(st.integers(0, 400), st.integers(0, 100), st.integers(0, 100))
def test_an_absence_takes_what_lies_in_it_and_no_more(start: int, first: int, second: int) -> None:
    since = SUNDAY - 5 * DAY + start * HOUR
    middle, until = since + first * HOUR, since + (first + second) * HOUR
    whole = working_minutes(ALWAYS, since, until)
    assert whole == (first + second) * 60
    assert working_minutes(ALWAYS, since, until, [(since, middle)]) == second * 60
    assert working_minutes(OFFICE, since, middle) + working_minutes(OFFICE, middle, until) == working_minutes(
        OFFICE, since, until
    )


ROTA = Rota((ANN, BO, CY), date(2026, 3, 16), 9 * 60, "Europe/Berlin")


@pytest.mark.parametrize(
    ("at", "who"),
    [
        (datetime(2026, 3, 16, 7, 59, tzinfo=UTC), None),
        (datetime(2026, 3, 16, 8, tzinfo=UTC), ANN),
        (datetime(2026, 3, 23, 7, 59, tzinfo=UTC), ANN),
        (datetime(2026, 3, 23, 8, tzinfo=UTC), BO),
        (datetime(2026, 3, 30, 6, 59, tzinfo=UTC), BO),  # summer time by now: nine o'clock is seven in UTC
        (datetime(2026, 3, 30, 7, tzinfo=UTC), CY),
        (datetime(2026, 4, 6, 7, tzinfo=UTC), ANN),
    ],
)
def test_turns_are_handed_over_at_the_same_hour_of_the_clock(at: datetime, who: UUID | None) -> None:
    assert ROTA.on_call(at) == who


def test_who_is_away_is_passed_over_for_the_next() -> None:
    at = datetime(2026, 3, 25, tzinfo=UTC)
    assert ROTA.on_call(at, {BO}) == CY
    assert ROTA.on_call(at, {BO, CY}) == ANN
    assert ROTA.on_call(at, {ANN, BO, CY}) is None
    assert Rota().on_call(at) is None


def test_what_was_entered_by_hand_goes_before_the_rotation_and_the_later_before_the_earlier() -> None:
    at = datetime(2026, 3, 25, tzinfo=UTC)
    rota = replace(ROTA, duties=(Duty(ANN, at - DAY, at + DAY), Duty(CY, at, at + HOUR)))
    assert rota.on_call(at) == CY
    assert rota.on_call(at + HOUR) == ANN
    assert rota.on_call(at + DAY) == BO
    assert rota.on_call(at, {CY, ANN}) == BO


@settings(max_examples=60)
@given(st.integers(0, 500), st.integers(0, 24 * 60 - 1), st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]))
def test_every_moment_belongs_to_the_week_that_began_before_it(hours: int, minutes: int, zone: str) -> None:
    rota = Rota((ANN, BO), date(2026, 3, 16), minutes, zone)
    at = rota.starts(0) + hours * HOUR + timedelta(seconds=1)
    week = rota.week(at)
    assert week is not None
    assert rota.starts(week) <= at < rota.starts(week + 1)
    assert rota.on_call(at) == rota.turn(week)


@settings(max_examples=150)
@given(
    st.sampled_from([
        ("Europe/Berlin", date(2026, 3, 29)), ("Europe/Berlin", date(2026, 10, 25)),
        ("America/New_York", date(2026, 11, 1)), ("America/Havana", date(2026, 11, 1)),
        ("Australia/Lord_Howe", date(2026, 4, 5)), ("Pacific/Apia", date(2011, 12, 30)),
    ]),
    st.integers(0, 210), st.integers(-300, 300), st.integers(0, 2),
)  # fmt: skip
def test_where_the_clock_is_changed_as_it_is_handed_over_nobody_is_on_call_twice(
    there: tuple[str, date], minutes: int, later: int, weeks: int
) -> None:
    zone, day = there
    rota = Rota((ANN, BO, CY), day - timedelta(days=7 * weeks), minutes, zone)
    at = rota.starts(weeks) + timedelta(minutes=later)
    week, after = rota.week(at), rota.week(at + timedelta(minutes=1))
    if at < rota.starts(0):
        assert week is None
    else:
        assert week is not None
        assert rota.starts(week) <= at < rota.starts(week + 1)
        assert after is not None
        assert week <= after


def test_a_mark_that_the_clock_skips_is_the_moment_of_the_change_and_of_two_the_first() -> None:
    spring = Rota((ANN, BO), date(2026, 3, 22), 2 * 60 + 30, "Europe/Berlin")
    assert spring.starts(1) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    autumn = Rota((ANN, BO), date(2026, 10, 18), 2 * 60 + 30, "Europe/Berlin")
    assert autumn.starts(1) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    shown_twice = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert autumn.on_call(shown_twice) == BO


def test_weights_are_multiplied_and_a_channel_by_name_goes_before_its_kind() -> None:
    usual = Weights()
    assert [usual.of("normal"), usual.of("low"), usual.of("urgent", "Phone", "calls")] == [1, 0.5, 4]
    own = Weights({"urgent": 3}, {"calls": 1, "Hotline": 2.5})
    assert [own.of("urgent", "Phone", "calls"), own.of("normal", "Hotline", "calls"), own.of("high")] == [3, 2.5, 1.5]
    assert own.least == 0.5
