"""Arithmetic of business hours, exact over daylight-saving changes. Pure.

A block is read as two marks on the wall clock of its time zone. A mark that the clock skips in spring stands
for the moment of the change; one that it shows twice in autumn stands for the first time. So two blocks that
touch on the clock touch in time too, and never overlap.
"""

from bisect import bisect_right
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from rapport.core.errors import Invalid

HORIZON_DAYS = 5 * 366
"""How far ahead a promise is worked out before its hours are called empty."""
_DAYS_KEPT_MAX = 4096
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Interval = tuple[datetime, datetime]


class HoursError(Invalid):
    """Business hours that cannot be used: badly written, or never open."""


@dataclass(frozen=True)
class Hours:
    """When somebody answers: by weekday (Monday first) the open blocks, as minutes since midnight, sorted
    and apart.

    `holidays` is an ISO country code, with a subdivision if wanted ("DE", "DE-BY"), or empty.
    """

    time_zone: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    holidays: str = ""
    _days: dict[date, tuple[Interval, ...]] = field(default_factory=dict, compare=False, repr=False)

    def on(self, day: date) -> tuple[Interval, ...]:
        """The open intervals, in UTC, that begin on `day` of the time zone."""
        intervals = self._days.get(day)
        if intervals is None:
            if len(self._days) >= _DAYS_KEPT_MAX:
                self._days.clear()
            intervals = self._days[day] = self._worked_out(day)
        return intervals

    def _worked_out(self, day: date) -> tuple[Interval, ...]:
        blocks = self.week[day.weekday()]
        if not blocks or (self.holidays and day in _calendar(self.holidays)):
            return ()
        zone = ZoneInfo(self.time_zone)
        marks = ((instant(day, start, zone), instant(day, end, zone)) for start, end in blocks)
        return tuple((start, end) for start, end in marks if start < end)

    @cached_property
    def minutes_a_day(self) -> int:
        """The length of a working day: the open minutes of a week over its open days. 0 when never open."""
        lengths = [sum(end - start for start, end in blocks) for blocks in self.week if blocks]
        return sum(lengths) // len(lengths) if lengths else 0


ALWAYS = Hours("UTC", (((0, 24 * 60),),) * 7)
"""Open day and night."""


def make_hours(time_zone: str, blocks: Iterable[Sequence[object]], holidays: str = "") -> Hours:
    """Hours from `[weekday 0-6, "09:00", "17:30"]` blocks; one that ends before it starts runs past midnight.

    Raises HoursError naming the block, the time zone or the country that cannot be used.
    """
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise HoursError(f"There is no time zone {time_zone!r}.", "Use a name such as Europe/Berlin.") from error
    if holidays:
        _calendar(holidays)
    week: list[list[tuple[int, int]]] = [[] for _ in _WEEKDAYS]
    for block in blocks:
        for weekday, start, end in _split(block):
            week[weekday].append((start, end))
    return Hours(time_zone, tuple(_merged(day) for day in week), holidays)


def stored_hours(time_zone: str, blocks: object, holidays: str) -> Hours:
    """Hours as a row has them (`blocks` as JSON does), made once: the same again is the same object.

    Raises HoursError as `make_hours` does.
    """
    return _stored(time_zone, orjson.dumps(blocks), holidays)


@lru_cache(maxsize=256)
def _stored(time_zone: str, blocks: bytes, holidays: str) -> Hours:
    return make_hours(time_zone, orjson.loads(blocks), holidays)


def is_open(at: datetime, hours: Hours) -> bool:
    """Whether `at` (aware) lies in an open block; the first minute does, the last does not."""
    day = at.astimezone(ZoneInfo(hours.time_zone)).date()
    return any(start <= at < end for near in _around(day) for start, end in hours.on(near))


def add_business_time(start: datetime, duration: timedelta, hours: Hours) -> datetime:
    """The moment (UTC) at which `duration` of open time has passed since `start` (aware).

    Nothing to pass means the first open moment. Raises HoursError when it lies more than HORIZON_DAYS ahead,
    which hours that are never open lead to as well.
    """
    left = max(duration, timedelta(0))
    for begins, ends in _open_from(start, hours):
        if begins + left <= ends and (left or begins < ends):
            return begins + left
        left -= ends - begins
    raise HoursError(
        "These business hours are too seldom open to keep this promise.",
        "Give them at least one open block a week.",
    )


def business_before(end: datetime, duration: timedelta, hours: Hours) -> datetime:
    """The latest moment (UTC) from which `duration` of open time passes until `end` (aware); `end` itself for nothing.

    Raises HoursError when it lies more than HORIZON_DAYS back.
    """
    left, end = max(duration, timedelta(0)), end.astimezone(UTC)
    if not left:
        return end
    day = end.astimezone(ZoneInfo(hours.time_zone)).date() + timedelta(days=1)
    for back in range(HORIZON_DAYS):
        for begins, ends in reversed(hours.on(day - timedelta(days=back))):
            ends = min(ends, end)
            if begins < ends:
                if ends - left >= begins:
                    return ends - left
                left -= ends - begins
    raise HoursError("These business hours are too seldom open to look so far back.", "Give them more open blocks.")


def business_elapsed(start: datetime, end: datetime, hours: Hours) -> timedelta:
    """The open time between two moments (aware); negative when `end` comes first, bounded by HORIZON_DAYS."""
    if end < start:
        return -business_elapsed(end, start, hours)
    passed = timedelta(0)
    for begins, ends in _open_from(start, hours):
        if begins >= end:
            break
        passed += min(ends, end) - begins
    return passed


def _open_from(start: datetime, hours: Hours) -> Iterable[Interval]:
    start = start.astimezone(UTC)
    day = start.astimezone(ZoneInfo(hours.time_zone)).date() - timedelta(days=1)
    for ahead in range(HORIZON_DAYS):
        for begins, ends in hours.on(day + timedelta(days=ahead)):
            if ends > start:
                yield max(begins, start), ends


def _around(day: date) -> tuple[date, ...]:
    # A clock turned back over midnight makes a block of one date reach into the next.
    return day - timedelta(days=1), day, day + timedelta(days=1)


def instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The moment (UTC) of a mark on the wall clock, `minutes` after the midnight with which a day begins."""
    day, minutes = day + timedelta(days=minutes // (24 * 60)), minutes % (24 * 60)
    mark = datetime.combine(day, time(minutes // 60, minutes % 60), zone)
    instant = mark.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == mark.replace(tzinfo=None):
        return instant
    return _change_between(mark.replace(fold=1).astimezone(UTC), instant, zone)


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between two at which the clock jumps forward, to the second."""
    offset = after.astimezone(zone).utcoffset()
    seconds = range(int((after - before).total_seconds()) + 1)
    moved = bisect_right(
        seconds, False, key=lambda n: (before + timedelta(seconds=n)).astimezone(zone).utcoffset() == offset
    )
    return before + timedelta(seconds=moved)


def _split(block: Sequence[object]) -> list[tuple[int, int, int]]:
    expected = 'Expected [weekday 0-6, "09:00", "17:30"], Monday being 0.'
    if isinstance(block, str) or len(block) != 3 or not isinstance(block[0], int) or block[0] not in range(7):
        raise HoursError(f"{block!r} is no block of business hours.", expected)
    start, end = _minutes(block[1], expected), _minutes(block[2], expected)
    if start == end:
        raise HoursError(f"{block!r} begins and ends at the same time.", expected)
    if start < end:
        return [(block[0], start, end)]
    return [(block[0], start, 24 * 60), ((block[0] + 1) % 7, 0, end)] if end else [(block[0], start, 24 * 60)]


def _minutes(written: object, expected: str) -> int:
    hour, colon, minute = str(written).partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and int(minute) < 60):
        raise HoursError(f"{written!r} is no time of day.", expected)
    minutes = int(hour) * 60 + int(minute)
    if minutes > 24 * 60:
        raise HoursError(f"{written!r} is no time of day.", expected)
    return minutes


def _merged(blocks: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(blocks):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


@cache
def _calendar(code: str) -> Container[date]:
    # Imported here: 100 ms that a process without holidays need not spend.
    import holidays

    country, _, subdivision = code.upper().partition("-")
    try:
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError as error:
        raise HoursError(f"There is no calendar of holidays {code!r}.", "Use a code such as DE or DE-BY.") from error
