"""Dates of mails (RFC 5322 section 3.3), and the ones people's machines write instead."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?")
_ORDINARY = re.compile(
    r"(?:[A-Za-z]{3},\s*)?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)(?:\s*\([^()]*\))?"
)
_ZONE = re.compile(r"[+-]\d{2}:?\d{2}|[A-Za-z]{1,5}\W*$|\)\s*$")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
EARLIEST, LATEST = 1980, 2060


def parse_date(value: str, problems: list[str]) -> datetime | None:
    """The aware moment a Date field names; None when no date can be read. Improbable years are kept and named."""
    if not value:
        return None
    parsed = _ordinary(value) or _lenient(value, problems) or _iso(value)
    if parsed is None or not _convertible(parsed):
        problems.append(f"unreadable date {value[:60]!r}")
        return None
    if not EARLIEST <= parsed.year <= LATEST:
        problems.append(f"improbable date: the year {parsed.year}")
    return parsed


def _ordinary(value: str) -> datetime | None:
    match = _ORDINARY.fullmatch(value)
    month = _MONTHS.get(match[2].lower()) if match else None
    if match is None or month is None:
        return None
    offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
    try:
        zone = timezone(-offset if match[7] == "-" else offset) if offset else UTC
        return datetime(
            int(match[3]), month, int(match[1]), int(match[4]), int(match[5]), int(match[6]), tzinfo=zone
        )
    except ValueError:
        return None


def _lenient(value: str, problems: list[str]) -> datetime | None:
    try:
        fields = parsedate_tz(value[:200])
    except (ValueError, IndexError, TypeError, AttributeError, OverflowError):
        return None  # the standard library's reader stumbles over some torn dates
    if fields is None:
        return None
    year, month, day, hour, minute, second = fields[:6]
    offset = fields[9]
    zone: timezone = UTC
    if offset is None or not _ZONE.search(value):
        problems.append("date without a time zone: taken as UTC")
    elif abs(offset) < 24 * 3600:
        zone = timezone(timedelta(seconds=offset))
    else:
        problems.append("date with an impossible time zone: taken as UTC")
    try:
        return datetime(
            year, month, day, hour % 24 if hour == 24 else hour, minute, min(second, 59), tzinfo=zone
        )
    except (ValueError, OverflowError, TypeError):
        return None


def _iso(value: str) -> datetime | None:
    match = _ISO.search(value)
    if match is None:
        return None
    zone: timezone = UTC
    if match[7] and match[7] != "Z":
        minutes = int(match[7][1:3]) * 60 + int(match[7][-2:])
        zone = (
            timezone(timedelta(minutes=-minutes if match[7][0] == "-" else minutes)) if minutes < 1440 else UTC
        )
    try:
        parts = [int(match[n] or 0) for n in range(1, 7)]
        return datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], tzinfo=zone)
    except ValueError:
        return None


def _convertible(moment: datetime) -> bool:
    """Whether the moment survives conversion to UTC and back to any zone (the database and pages do that)."""
    return 1 < moment.year < 9999
