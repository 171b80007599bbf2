"""Clocks of promises: exact to the minute, over daylight saving, holidays and pauses."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rapport.staff.clocks import (
    CLOCKS,
    FIRST_ANSWER,
    HAPPENINGS,
    NEXT_ANSWER,
    RESOLUTION,
    SNOOZED,
    WAITING,
    Happening,
    Phase,
    Reading,
    Run,
    Situation,
    Terms,
    begun,
    moment,
    moved,
    read,
    replayed,
)
from rapport.staff.hours import ALWAYS, Hours, add_business_time, business_before, business_elapsed, is_open, make_hours

MINUTE = timedelta(minutes=1)
#: Days on which clocks jump, and days around holidays.
DAYS = (
    ("Europe/Berlin", date(2026, 3, 28)), ("Europe/Berlin", date(2026, 10, 24)), ("America/New_York", date(2026, 3, 7)),
    ("America/New_York", date(2026, 10, 31)), ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("Asia/Kathmandu", date(2026, 5, 1)), ("America/Santiago", date(2026, 9, 5)),
)  # fmt: skip
TWO_BLOCKS = [[day, *block] for day in range(7) for block in (("09:00", "12:00"), ("13:15", "17:45"))]
AT_NIGHT = [[day, "22:00", "06:00"] for day in range(7)]
WORKDAYS = [[day, "08:30", "17:00"] for day in range(5)]
PAUSES = frozenset({WAITING, SNOOZED})


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Hours, datetime]:
    """Business hours and a whole minute near a day on which something happens to the clock."""
    zone, day = draw(st.sampled_from(DAYS))
    blocks = draw(st.sampled_from([TWO_BLOCKS, AT_NIGHT, WORKDAYS, [[6, "00:30", "03:30"], [0, "09:00", "10:00"]]]))
    hours = make_hours(zone, blocks, draw(st.sampled_from(["", "DE", "US"])))
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return hours, midnight + draw(st.integers(0, 3 * 24 * 60)) * MINUTE


SPANS = st.integers(1, 40 * 60).map(lambda minutes: minutes * MINUTE)
WAITS = st.integers(0, 4 * 24 * 60).map(lambda minutes: minutes * MINUTE)


def open_minutes(start: datetime, end: datetime, hours: Hours) -> int:
    """Counted one by one, the slow and certain way."""
    return sum(is_open(start + n * MINUTE, hours) for n in range((end - start) // MINUTE))


def shown(terms: Terms, run: Run, at: datetime) -> Reading:
    found = read(terms, run, at)
    assert found.left >= timedelta(0)
    assert found.late >= timedelta(0)
    return found


@settings(max_examples=25, deadline=None)
@given(worlds(), st.integers(1, 300), st.lists(st.integers(0, 900), min_size=4, max_size=4))
def test_it_is_the_minute_that_counting_minutes_gives(
    world: tuple[Hours, datetime], span: int, waits: list[int]
) -> None:
    hours, began = world
    terms = Terms(RESOLUTION, span * MINUTE, hours, PAUSES)
    run = begun(terms, began)
    marks = [began]
    for minutes in waits:
        marks.append(marks[-1] + minutes * MINUTE)
    situations = [Situation(asked=began, snoozed=snoozed) for snoozed in (True, False, True, False)]
    for at, situation in zip(marks[1:], situations, strict=True):
        run = moved(terms, run, situation, at)
    left = span - open_minutes(began, marks[1], hours)
    if left > 0:
        left -= open_minutes(marks[2], marks[3], hours)
    assert run.due is not None
    if left > 0:
        assert open_minutes(marks[4], run.due, hours) == left
    else:
        assert run.due <= marks[4]


@settings(max_examples=60, deadline=None)
@given(worlds(), SPANS, WAITS, WAITS)
def test_a_pause_moves_the_end_by_exactly_the_open_time_it_took(
    world: tuple[Hours, datetime], span: timedelta, before: timedelta, pause: timedelta
) -> None:
    hours, began = world
    terms = Terms(RESOLUTION, span, hours, PAUSES)
    first = begun(terms, began)
    stands, goes_on = began + before, began + before + pause
    assert first.due is not None
    assume(stands < first.due)
    answered = Situation(answered=stands)
    halted = moved(terms, first, answered, stands)
    assert shown(terms, halted, goes_on).phase is Phase.PAUSED
    assert shown(terms, halted, goes_on) == shown(terms, halted, stands)
    resumed = moved(terms, halted, Situation(answered=stands, asked=goes_on), goes_on)
    assert resumed.due is not None
    assert business_elapsed(first.due, resumed.due, hours) == business_elapsed(stands, goes_on, hours)
    assert business_elapsed(began, stands, hours) + business_elapsed(goes_on, resumed.due, hours) == span


@settings(max_examples=60, deadline=None)
@given(
    worlds(), SPANS, st.sampled_from(CLOCKS),
    st.lists(st.tuples(st.integers(0, 5000), st.sampled_from(HAPPENINGS)), max_size=8), st.randoms(),
)  # fmt: skip
def test_in_whatever_order_it_is_told_the_clock_is_the_same(
    world: tuple[Hours, datetime], span: timedelta, name: str, told: list[tuple[int, str]], chance: object
) -> None:
    hours, began = world
    terms = Terms(name, span, hours, PAUSES)
    happenings = [Happening(began + minutes * MINUTE, what) for minutes, what in told]
    run = replayed(terms, began, happenings)
    chance.shuffle(happenings)  # type: ignore[attr-defined]
    assert replayed(terms, began, happenings) == run
    for at in (began, began + timedelta(hours=30), began + timedelta(days=20)):
        shown(terms, run, at)
    if run.due and run.began:
        assert run.due > run.began


@settings(max_examples=60, deadline=None)
@given(worlds(), st.integers(0, 3000).map(lambda minutes: minutes * MINUTE))
def test_going_back_is_the_reverse_of_going_on(world: tuple[Hours, datetime], length: timedelta) -> None:
    hours, at = world
    back = business_before(at, length, hours)
    assert business_elapsed(back, at, hours) == length
    if length:
        assert business_elapsed(back + MINUTE, at, hours) < length
        assert add_business_time(back, length, hours) <= at


@settings(max_examples=40, deadline=None)
@given(worlds(), SPANS, st.integers(-3000, 3000).map(lambda minutes: minutes * MINUTE))
def test_a_step_comes_so_much_open_time_from_the_end(
    world: tuple[Hours, datetime], span: timedelta, offset: timedelta
) -> None:
    hours, began = world
    run = begun(Terms(FIRST_ANSWER, span, hours), began)
    at = moment(run, offset, hours)
    assert at is not None
    assert run.due is not None
    assert at >= began
    if offset >= timedelta(0):
        assert business_elapsed(run.due, at, hours) == offset
    elif -offset < span:
        assert business_elapsed(at, run.due, hours) == -offset
    else:
        assert business_elapsed(began, at, hours) == timedelta(0)


def at(text: str) -> datetime:
    """A moment in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


HALF_DAYS = (("09:00", "12:00"), ("13:00", "17:00"))
BERLIN = make_hours("Europe/Berlin", [[day, *half] for day in range(5) for half in HALF_DAYS], "DE")


def test_holidays_weekends_and_the_lunch_break_do_not_count() -> None:
    terms = Terms(FIRST_ANSWER, timedelta(hours=4), BERLIN)
    assert begun(terms, at("2026-04-02T15:00")).due == at("2026-04-07T11:00")  # Good Friday to Easter Monday are none
    assert begun(terms, at("2026-04-07T11:30")).due == at("2026-04-07T16:30")


def test_the_first_answer_is_kept_by_answering_and_runs_on_when_the_answer_is_taken_back() -> None:
    terms = Terms(FIRST_ANSWER, timedelta(hours=2), ALWAYS)
    start = at("2026-05-04T09:00")
    run = begun(terms, start)
    kept = moved(terms, run, Situation(answered=start + timedelta(hours=1)), start + timedelta(hours=1))
    assert read(terms, kept, start + timedelta(days=9)).phase is Phase.KEPT
    back = moved(terms, kept, Situation(asked=start), start + timedelta(hours=1, minutes=1))
    assert back == run
    late = moved(terms, run, Situation(answered=start + timedelta(hours=3)), start + timedelta(hours=3))
    assert read(terms, late, start + timedelta(days=9)) == Reading(Phase.BROKEN, run.due, late=timedelta(hours=1))


def test_each_question_after_our_answer_has_its_own_time_and_more_of_them_do_not_stretch_it() -> None:
    terms, start = Terms(NEXT_ANSWER, timedelta(hours=4), BERLIN), at("2026-05-04T09:00")
    first = [Happening(at("2026-05-04T09:30"), "answered")]
    assert replayed(terms, start, []) == Run()
    assert replayed(terms, start, first) == Run()
    asked = [*first, Happening(at("2026-05-04T10:00"), "asked"), Happening(at("2026-05-04T11:00"), "asked")]
    assert replayed(terms, start, asked).due == at("2026-05-04T15:00")
    answered = [*asked, Happening(at("2026-05-04T14:00"), "answered")]
    assert read(terms, replayed(terms, start, answered), at("2026-06-04T14:00")).phase is Phase.KEPT
    again = replayed(terms, start, [*answered, Happening(at("2026-05-05T09:00"), "asked")])
    assert again.due == at("2026-05-05T14:00")


def test_the_very_moment_of_the_end_is_in_time_and_the_next_is_not() -> None:
    start, tick = at("2026-05-04T09:00"), timedelta(microseconds=1)
    terms = Terms(FIRST_ANSWER, timedelta(hours=2), BERLIN)
    due = replayed(terms, start, []).due
    assert due == at("2026-05-04T11:00")
    for moment_, answered, open_ in ((due, Phase.KEPT, Phase.RUNNING), (due + tick, Phase.BROKEN, Phase.BROKEN)):
        assert read(terms, replayed(terms, start, []), moment_).phase is open_
        done = replayed(terms, start, [Happening(moment_, "answered")])
        assert read(terms, done, at("2026-06-04T09:00")).phase is answered


def test_the_resolution_waits_for_the_other_side_only_where_that_was_said() -> None:
    start, waits = at("2026-05-04T09:00"), [Happening(at("2026-05-04T11:00"), "answered")]
    plain, pausing = (Terms(RESOLUTION, timedelta(hours=6), BERLIN, frozenset(pause)) for pause in ((), (WAITING,)))
    assert replayed(plain, start, waits).runs
    halted = replayed(pausing, start, waits)
    assert read(pausing, halted, at("2026-05-20T11:00")) == Reading(Phase.PAUSED, halted.due, timedelta(hours=4))
    goes_on = replayed(pausing, start, [*waits, Happening(at("2026-05-06T16:00"), "asked")])
    assert goes_on.due == at("2026-05-07T12:00")
    assert read(pausing, goes_on, at("2026-05-06T16:00")).left == timedelta(hours=4)


def test_what_is_opened_again_has_what_was_left_and_what_was_broken_stays_broken() -> None:
    terms, start = Terms(RESOLUTION, timedelta(hours=6), BERLIN), at("2026-05-04T09:00")
    resolved = [Happening(at("2026-05-04T10:00"), "resolved")]
    assert read(terms, replayed(terms, start, resolved), at("2026-06-01T00:00")).phase is Phase.KEPT
    again = replayed(terms, start, [*resolved, Happening(at("2026-05-11T09:00"), "reopened")])
    assert again.due == at("2026-05-11T15:00")
    late = [Happening(at("2026-05-06T10:00"), "resolved"), Happening(at("2026-05-11T09:00"), "reopened")]
    assert read(terms, replayed(terms, start, late), at("2026-05-11T09:00")).phase is Phase.BROKEN


def test_what_is_merged_away_runs_no_more() -> None:
    start = at("2026-05-04T09:00")
    for name in CLOCKS:
        run = replayed(Terms(name, timedelta(hours=6), BERLIN), start, [Happening(start + MINUTE, "merged")])
        assert not run.runs
        assert moment(run, timedelta(0), BERLIN) is None


@pytest.mark.parametrize("name", CLOCKS)
def test_the_same_said_twice_changes_nothing(name: str) -> None:
    start = at("2026-05-04T09:00")
    terms = Terms(name, timedelta(hours=6), BERLIN, PAUSES)
    run = replayed(terms, start, [Happening(start + timedelta(hours=1), "answered")])
    for situation in (Situation(answered=start + timedelta(hours=1)), Situation(asked=start), Situation(closed=True)):
        once = moved(terms, run, situation, start + timedelta(hours=2))
        assert moved(terms, once, situation, start + timedelta(hours=3)) == once
