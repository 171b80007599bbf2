"""Which stretch of time a report is about, and the days, weeks or months of it. Pure.

Days are those of the reader's time zone: the night in which the clock changes makes one of 23 or 25 hours, and every
moment lies in exactly one of them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rapport.core.errors import Invalid

PRESETS = ("today", "last-7", "last-30", "this-month", "last-month", "last-90", "this-year", "custom")
GRAINS = ("day", "week", "month")
DAYS_MAX = 5 * 366
BUCKETS_MAX = 100
_YEARS = range(1900, 3000)
"""Far from where a calendar begins and ends: the period before has to lie in it, too, in any time zone."""


@dataclass(frozen=True)
class Period:
    """From the beginning of `first` to the end of `last`, both days of `zone`."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The first moment of it."""
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return midnight(self.last + timedelta(days=1), self.zone)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Bucket:
    """One day, week or month of a period, cut to it."""

    first: date
    start: datetime
    end: datetime


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins there, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def preset(name: str, today: date, zone: ZoneInfo) -> Period:
    """One of PRESETS but "custom", seen from `today`."""
    month = today.replace(day=1)
    spans = {
        "today": (today, today),
        "last-7": (today - timedelta(days=6), today),
        "last-30": (today - timedelta(days=29), today),
        "last-90": (today - timedelta(days=89), today),
        "this-month": (month, today),
        "last-month": ((month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)),
        "this-year": (today.replace(month=1, day=1), today),
    }
    if name not in spans:
        raise Invalid("There is no such period.", "Choose one from the list.")
    return Period(*spans[name], zone)


def latest(days: int, today: date, zone: ZoneInfo) -> Period:
    """The last so many days, of which today is one."""
    return Period(today - timedelta(days=days - 1), today, zone)


def custom(first: date, last: date, zone: ZoneInfo) -> Period:
    """From one day to another, both counted. Raises Invalid for what is backwards or endless."""
    if last < first:
        raise Invalid("The period ends before it begins.", "Choose a later end.")
    if (last - first).days >= DAYS_MAX:
        raise Invalid("The period is longer than five years.", "Choose a shorter one.")
    if first.year not in _YEARS or last.year not in _YEARS:
        raise Invalid("The period is too far from today.", "Choose one between the years 1900 and 2999.")
    return Period(first, last, zone)


def before(period: Period) -> Period:
    """What to compare with: the whole month before a whole month, else as many days directly before."""
    day_before = period.first - timedelta(days=1)
    if period.first.day == 1 and (period.last + timedelta(days=1)).day == 1 and period.days <= 31:
        return Period(day_before.replace(day=1), day_before, period.zone)
    return Period(period.first - timedelta(days=period.days), day_before, period.zone)


def grain_for(period: Period, wanted: str = "") -> str:
    """Days, weeks or months: what is wanted as long as the picture can be read, else what suits the length."""
    suits = "day" if period.days <= 35 else "week" if period.days <= 200 else "month"
    lengths = {"day": 1, "week": 7, "month": 28}
    fits = wanted in GRAINS and period.days / lengths[wanted] <= BUCKETS_MAX
    return wanted if fits else suits


def buckets(period: Period, grain: str) -> list[Bucket]:
    """The days, weeks (from Monday) or months of a period, in order and without gaps."""
    found: list[Bucket] = []
    day = period.first
    while day <= period.last:
        until = min(_next(day, grain), period.last + timedelta(days=1))
        found.append(Bucket(day, midnight(day, period.zone), midnight(until, period.zone)))
        day = until
    return found


def _next(day: date, grain: str) -> date:
    if grain == "day":
        return day + timedelta(days=1)
    if grain == "week":
        return day + timedelta(days=7 - day.weekday())
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
