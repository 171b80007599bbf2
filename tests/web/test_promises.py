"""What is left of a promise counts in business hours: several blocks a day, holidays, nights of a clock change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from rapport.staff.hours import ALWAYS, Hours, add_business_time, make_hours
from rapport.web import snoozes
from rapport.web.promises import Left, time_left

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
#: Two blocks a day, Monday to Friday.
OFFICE = make_hours(
    "Europe/Berlin", [[day, *block] for day in range(5) for block in (("09:00", "12:00"), ("13:00", "17:00"))], "DE"
)
#: Through the night of every day.
NIGHT = make_hours("Europe/Berlin", [[day, "22:00", "06:00"] for day in range(7)])
#: Any minute of two years.
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def at(zone: ZoneInfo, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=zone)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("now", "due", "hours", "left"),
    [
        # Over lunch: half an hour before and half an hour behind it.
        (at(BERLIN, 2026, 11, 24, 11, 30), at(BERLIN, 2026, 11, 24, 13, 30), OFFICE, timedelta(hours=1)),
        # Over a weekend.
        (at(BERLIN, 2026, 11, 27, 16, 0), at(BERLIN, 2026, 11, 30, 10, 0), OFFICE, timedelta(hours=2)),
        # Christmas is no working day in Germany, nor is the day behind it.
        (at(BERLIN, 2025, 12, 24, 16, 0), at(BERLIN, 2025, 12, 29, 10, 0), OFFICE, timedelta(hours=2)),
        # Late, seen from another time zone.
        (at(NEW_YORK, 2026, 11, 24, 10, 0), at(BERLIN, 2026, 11, 24, 14, 0), OFFICE, timedelta(hours=-2)),
        # The clock goes forward: the night of eight hours by the clock has seven.
        (at(BERLIN, 2026, 3, 28, 22, 0), at(BERLIN, 2026, 3, 29, 6, 0), NIGHT, timedelta(hours=7)),
        # The clock goes back: it has nine.
        (at(BERLIN, 2026, 10, 24, 22, 0), at(BERLIN, 2026, 10, 25, 6, 0), NIGHT, timedelta(hours=9)),
        (at(BERLIN, 2026, 10, 25, 6, 0), at(BERLIN, 2026, 10, 24, 22, 0), NIGHT, timedelta(hours=-9)),
        (at(BERLIN, 2026, 10, 24, 22, 0), at(BERLIN, 2026, 10, 25, 6, 0), ALWAYS, timedelta(hours=9)),
    ],
)
def test_time_left_counts_open_time_only(now: datetime, due: datetime, hours: Hours, left: timedelta) -> None:
    assert time_left(due, hours, now)[0] == left


def test_a_promise_given_in_the_night_of_the_clock_change_has_all_its_time_left() -> None:
    for now in (at(BERLIN, 2026, 3, 29, 1, 30), at(BERLIN, 2026, 10, 25, 2, 30)):
        due = add_business_time(now, timedelta(hours=3), NIGHT)
        assert time_left(due, NIGHT, now)[0] == timedelta(hours=3)


def test_a_promise_broken_outside_business_hours_is_broken_all_the_same() -> None:
    left, *_ = time_left(at(BERLIN, 2026, 11, 24, 17, 0), OFFICE, at(BERLIN, 2026, 11, 24, 21, 0))
    assert timedelta(minutes=-1) < left < timedelta(0)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (-timedelta(seconds=1), "overdue"), (-timedelta(seconds=59), "overdue"), (-timedelta(minutes=1), "1 min late"),
        (timedelta(seconds=59), "0 mins left"), (timedelta(hours=2), "2 hrs left"),
    ],
)  # fmt: skip
def test_what_is_broken_with_no_working_time_since_is_not_zero_minutes_late(left: timedelta, words: str) -> None:
    assert Left(datetime(2026, 11, 28, 12, tzinfo=UTC), True, left, 480, ()).words == words


def test_what_is_months_away_counts_by_the_calendar() -> None:
    now = at(BERLIN, 2026, 11, 24, 12, 0)
    assert time_left(now - timedelta(days=200), OFFICE, now)[0] == timedelta(days=-200)


@given(
    MOMENTS,
    st.integers(0, 60 * 24 * 5),
    st.integers(0, 60 * 12),
)
def test_what_the_page_counts_down_is_what_the_server_would_say_later(now: datetime, ahead: int, later: int) -> None:
    """The page subtracts the open time that has passed; the server asked anew must say the same."""
    due, then = now + timedelta(minutes=ahead), now + timedelta(minutes=later)
    left, _day, spans = time_left(due, OFFICE, now)
    passed = sum((max(min(end, then) - start, timedelta(0)) for start, end in spans), timedelta(0))
    assert abs((left - passed) - time_left(due, OFFICE, then)[0]) <= timedelta(seconds=1)


def test_snoozing_until_tomorrow_morning_is_nine_by_the_clock_also_when_it_changes() -> None:
    with timezone.override("Europe/Berlin"):
        for now in (at(BERLIN, 2026, 3, 28, 21, 0), at(BERLIN, 2026, 10, 24, 21, 0)):
            tomorrow = next(one for one in snoozes.choices(now) if one.label == "Tomorrow morning")
            moment = snoozes.moment_of(tomorrow.value)
            assert moment is not None
            assert (moment.astimezone(BERLIN).hour, moment.astimezone(BERLIN).date() - now.date()) == (
                9,
                timedelta(days=1),
            )


@given(MOMENTS)
def test_every_time_offered_lies_ahead_and_none_twice(now: datetime) -> None:
    with timezone.override("Pacific/Auckland"):
        offered = [snoozes.moment_of(one.value) for one in snoozes.choices(now)]
    assert len(set(offered)) == len(offered)
    assert all(one is None or one > now for one in offered)
