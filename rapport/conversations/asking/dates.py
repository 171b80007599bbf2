"""Dates as people write them: 2026-10-01, 2026-10, 2026, 7d, yesterday, last-week, and spans a..b. Pure."""

import re
from datetime import date, timedelta

Span = tuple[date | None, date | None]
"""The first day, and the day after the last; None: open on that side."""

_AGO = re.compile(r"(\d{1,4})([dwmy])")
_PARTS = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
NAMED = ("today", "yesterday", "this-week", "last-week", "this-month", "last-month", "this-year", "last-year")


def span_of(written: str, today: date) -> Span | None:
    """The days meant; None when it is no date. A number of days, weeks, months or years reaches until now."""
    first, dots, last = written.partition("..")
    if not dots:
        return _one(written, today)
    start, end = _one(first, today) if first else (None, None), _one(last, today) if last else (None, None)
    if start is None or end is None or (not first and not last):
        return None
    return start[0], end[1]


def _one(written: str, today: date) -> Span | None:
    try:
        return _named(written, today) or _ago(written, today) or _parts(written)
    except (ValueError, OverflowError):
        return None


def _named(written: str, today: date) -> Span | None:
    if written not in NAMED:
        return None
    if written in ("today", "yesterday"):
        day = today - timedelta(days=written == "yesterday")
        return day, day + timedelta(days=1)
    which, _, unit = written.partition("-")
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + 7 * (which == "last"))
        return monday, monday + timedelta(days=7)
    if unit == "month":
        first = today.replace(day=1)
        return ((first - timedelta(days=1)).replace(day=1), first) if which == "last" else (first, _next_month(first))
    year = today.year - (which == "last")
    return date(year, 1, 1), date(year + 1, 1, 1)


def _ago(written: str, today: date) -> Span | None:
    found = _AGO.fullmatch(written)
    return (today - timedelta(days=int(found[1]) * _DAYS[found[2]]), None) if found else None


def _parts(written: str) -> Span | None:
    found = _PARTS.fullmatch(written)
    if not found:
        return None
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    first = date(year, month, day)
    if found[3]:
        return first, first + timedelta(days=1)
    return first, _next_month(first) if found[2] else date(year + 1, 1, 1)


def _next_month(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)
