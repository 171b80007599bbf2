"""Business hours: exact, also over the nights on which the clock changes, and never without end."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.staff.hours import (
    ALWAYS,
    Hours,
    HoursError,
    add_business_time,
    business_elapsed,
    is_open,
    make_hours,
)

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = make_hours(
    "Europe/Berlin", [[day, *block] for day in range(5) for block in (("09:00", "12:00"), ("13:00", "17:30"))]
)
NIGHT = make_hours("Europe/Berlin", [[day, "22:00", "06:00"] for day in range(7)])
ODD = make_hours("Europe/Berlin", [[6, "01:30", "02:30"], [6, "02:30", "04:00"]])
HOLIDAYS = make_hours("Europe/Berlin", [[day, "09:00", "17:00"] for day in range(5)], "DE-BY")


def berlin(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("hours", "start", "duration", "end"),
    [
        (OFFICE, "2026-03-04T10:00", {"hours": 1}, "2026-03-04T11:00"),
        (OFFICE, "2026-03-04T11:00", {"hours": 2}, "2026-03-04T14:00"),
        (OFFICE, "2026-03-04T11:00", {"hours": 1}, "2026-03-04T12:00"),
        (OFFICE, "2026-03-06T17:00", {"hours": 1}, "2026-03-09T09:30"),
        (OFFICE, "2026-03-07T17:00", {"hours": 0}, "2026-03-09T09:00"),
        (OFFICE, "2026-03-04T12:30", {"minutes": 1}, "2026-03-04T13:01"),
        (OFFICE, "2026-03-04T10:00", {"hours": 0}, "2026-03-04T10:00"),
        (OFFICE, "2026-03-04T12:00", {"hours": 0}, "2026-03-04T13:00"),
        (NIGHT, "2026-03-28T21:00", {"hours": 7}, "2026-03-29T06:00"),
        (NIGHT, "2026-10-24T21:00", {"hours": 9}, "2026-10-25T06:00"),
        (HOLIDAYS, "2026-12-24T16:00", {"hours": 2}, "2026-12-28T10:00"),
        (HOLIDAYS, "2026-01-05T16:00", {"hours": 2}, "2026-01-07T10:00"),
    ],
)
def test_a_promise_ends_when_so_much_open_time_has_passed(
    hours: Hours, start: str, duration: dict[str, int], end: str
) -> None:
    assert add_business_time(berlin(start), timedelta(**duration), hours) == berlin(end)


def test_the_night_the_clock_jumps_forward_has_an_hour_less() -> None:
    start, end = berlin("2026-03-28T22:00"), berlin("2026-03-29T06:00")
    assert business_elapsed(start, end, NIGHT) == timedelta(hours=7)
    assert business_elapsed(berlin("2026-10-24T22:00"), berlin("2026-10-25T06:00"), NIGHT) == timedelta(hours=9)


def test_a_mark_that_the_clock_skips_is_the_moment_of_the_change() -> None:
    before, after = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)
    second = make_hours("Europe/Berlin", [[6, "02:30", "04:00"]])
    assert (is_open(before, second), is_open(after, second)) == (False, True)
    assert business_elapsed(before, after + timedelta(hours=5), second) == timedelta(hours=1)


def test_a_mark_shown_twice_is_the_first_so_that_blocks_touch() -> None:
    touching = [datetime(2026, 10, 24, 23, 30, tzinfo=UTC) + timedelta(minutes=n) for n in range(211)]
    assert all(is_open(at, ODD) for at in touching[:-1])
    assert not is_open(touching[-1], ODD)


BLOCKS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 23), st.integers(0, 59), st.integers(60, 24 * 60 - 1)),
    min_size=1,
    max_size=8,
)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]
)
CHANGES = [
    datetime(2026, month, day, tzinfo=UTC)
    for month, day in ((3, 8), (3, 29), (4, 5), (4, 24), (10, 4), (10, 25), (11, 1))
]
MOMENTS = st.builds(
    lambda at, minutes: at + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-3000, 3000)
)


def hours_of(blocks: list[tuple[int, int, int, int]], zone: str) -> Hours:
    made = []
    for day, hour, minute, length in blocks:
        end = (hour * 60 + minute + length) % (24 * 60)
        made.append([day, f"{hour:02}:{minute:02}", f"{end // 60:02}:{end % 60:02}"])
    return make_hours(zone, made)


@settings(max_examples=60, deadline=None)
@given(BLOCKS, ZONES, MOMENTS, st.integers(1, 6000))
def test_what_is_added_is_what_passes(
    blocks: list[tuple[int, int, int, int]], zone: str, start: datetime, minutes: int
) -> None:
    hours = hours_of(blocks, zone)
    end = add_business_time(start, timedelta(minutes=minutes), hours)
    assert end > start
    assert business_elapsed(start, end, hours) == timedelta(minutes=minutes)
    assert business_elapsed(end, start, hours) == -timedelta(minutes=minutes)
    assert is_open(end - timedelta(seconds=1), hours)


@settings(max_examples=40, deadline=None)
@given(BLOCKS, ZONES, MOMENTS, st.integers(0, 2000), st.integers(0, 2000))
def test_time_passes_piece_by_piece(
    blocks: list[tuple[int, int, int, int]], zone: str, start: datetime, one: int, two: int
) -> None:
    hours = hours_of(blocks, zone)
    middle, end = start + timedelta(minutes=one), start + timedelta(minutes=one + two)
    whole = business_elapsed(start, end, hours)
    assert whole == business_elapsed(start, middle, hours) + business_elapsed(middle, end, hours)
    assert timedelta(0) <= whole <= end - start


@settings(max_examples=15, deadline=None)
@given(BLOCKS, ZONES, MOMENTS)
def test_elapsed_agrees_with_looking_every_minute(
    blocks: list[tuple[int, int, int, int]], zone: str, start: datetime
) -> None:
    hours = hours_of(blocks, zone)
    minutes = [start + timedelta(minutes=n) for n in range(600)]
    looked = sum(is_open(at, hours) for at in minutes)
    assert business_elapsed(start, start + timedelta(minutes=600), hours) == timedelta(minutes=looked)


def test_hours_that_are_never_open_end_in_an_error() -> None:
    never = make_hours("UTC", [])
    with pytest.raises(HoursError, match="too seldom open"):
        add_business_time(datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1), never)
    assert not is_open(datetime(2026, 1, 1, tzinfo=UTC), never)
    assert business_elapsed(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), never) == timedelta(0)
    assert never.minutes_a_day == 0


def test_open_day_and_night_is_plain_time() -> None:
    start = datetime(2026, 3, 28, 5, 7, tzinfo=UTC)
    assert add_business_time(start, timedelta(days=3), ALWAYS) == start + timedelta(days=3)


def test_a_working_day_is_the_average_of_the_open_ones() -> None:
    assert OFFICE.minutes_a_day == 450


@pytest.mark.parametrize(
    ("zone", "blocks", "holidays", "said"),
    [
        ("Europe/Berlon", [], "", "no time zone"),
        ("../etc/passwd", [], "", "no time zone"),
        ("", [], "", "no time zone"),
        ("UTC", [[7, "09:00", "17:00"]], "", "no block"),
        ("UTC", [["Mon", "09:00", "17:00"]], "", "no block"),
        ("UTC", [[1, "09:00"]], "", "no block"),
        ("UTC", ["0900"], "", "no block"),
        ("UTC", [[1, "9", "17:00"]], "", "no time of day"),
        ("UTC", [[1, "09:00", "25:00"]], "", "no time of day"),
        ("UTC", [[1, "09:60", "10:00"]], "", "no time of day"),
        ("UTC", [[1, "09:00", "09:00"]], "", "same time"),
        ("UTC", [], "XX", "no calendar of holidays"),
        ("UTC", [], "DE-QQ", "no calendar of holidays"),
    ],
)
def test_bad_hours_are_refused_by_name(zone: str, blocks: list[list[object]], holidays: str, said: str) -> None:
    with pytest.raises(HoursError, match=said):
        make_hours(zone, blocks, holidays)
