"""Dates, numbers and spans of time as the reader's language writes them (Unicode CLDR, by Babel)."""

from datetime import date, datetime, time
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from babel.units import format_unit
from django.utils import timezone, translation
from django.utils.translation import gettext as _

_KB = 1000
_CLOCKS_MAX = 10_000


def locale() -> Locale:
    """The reader's locale."""
    # Where English has two ways, the surface keeps the one with the day before the month and 24 hours.
    return _locale(translation.get_language() or "en")


@lru_cache(maxsize=64)
def _locale(code: str) -> Locale:
    return Locale.parse("en-GB" if code == "en" else code, sep="-")


def live_words() -> dict[str, str]:
    """What the page's own clock says as time goes by, by the name of a data attribute; %(span)s stands for a time."""
    return {
        "now": _("now"),
        "late": _("%(span)s late"),
        "overdue": _("overdue"),
        "left": _("%(span)s left"),
        "goes": _("Goes out in %(span)s"),
        "waits": _("Waiting to be sent"),
        "live": _("Live"),
        "lost": _("Reconnecting"),
        "broken": _("That did not work, and nothing was changed. Try again."),
    }


def language_code(written: str) -> str | None:
    """The code of a language from its code ("de", "pt-BR") or its name in English or the reader's language."""
    main, sign, region = written.replace("_", "-").partition("-")
    if main.lower() in _locale("en").languages and len(main) < 4:
        there = region.title() if len(region) == 4 else region.upper()
        return main.lower() + (f"-{there}" if sign and region.isalnum() and len(region) < 5 else "")
    for names in (locale().languages, _locale("en").languages):
        found = next((code for code, name in names.items() if name.casefold() == written.casefold()), None)
        if found:
            return str(found).replace("_", "-")
    return None


def number(value: float) -> str:
    """12345.6 -> "12,345.6"."""
    return _number(value, locale())


@lru_cache(maxsize=4096)
def _number(value: float, locale: Locale) -> str:
    return str(format_decimal(value, locale=locale))


def compact(value: float) -> str:
    """A figure that fits a badge: 12345 -> "12K"."""
    return number(value) if value < 1000 else _compact(value, locale())


@lru_cache(maxsize=4096)
def _compact(value: float, locale: Locale) -> str:
    return str(format_compact_decimal(value, format_type="short", locale=locale, fraction_digits=value < 10_000))


def percent(share: float) -> str:
    """0.153 -> "15%"."""
    return str(format_percent(share, locale=locale()))


def likely(probability: float) -> str:
    """A probability in words: what was learned is never certain, so 99 % is the most it is called."""
    return percent(min(probability, 0.99))


def span(seconds: float, day_minutes: int = 1440) -> str:
    """The length of a time in one short unit; its sign does not count. A working day may be shorter than a day."""
    minutes = int(abs(seconds) // 60)
    if minutes < 60:
        return _unit(minutes, "minute")
    if minutes < 60 * 36:
        return _unit(round(minutes / 60), "hour")
    days = round(minutes / day_minutes)
    if days < 60:
        return _unit(days, "day")
    return _unit(round(days / 30.4), "month") if days < 700 else _unit(round(days / 365), "year")


def size(count: int) -> str:
    """A number of bytes, in units of a thousand."""
    value, unit = float(count), "byte"
    for larger in ("kilobyte", "megabyte", "gigabyte"):
        if value < _KB:
            break
        value, unit = value / _KB, larger
    rounded = round(value, 1) if unit != "byte" and value < 10 else round(value)
    return _unit(rounded, f"digital-{unit}")


def day(at: date | datetime) -> str:
    """A date: "23 Nov 2026"."""
    local = _local(at)
    return _medium_day(local.date() if isinstance(local, datetime) else local, locale())


def weekday(at: date | datetime) -> str:
    """A date of these weeks: "Mon 23 Nov"."""
    return str(format_skeleton("MMMEd", _local(at), locale=locale()))


def initial(at: date) -> str:
    """The day of the week of a date in its fewest letters: "M"."""
    return str(locale().days["stand-alone"]["narrow"][at.weekday()])


def clock(at: datetime) -> str:
    """A time of day in the reader's zone: "14:05"."""
    zoned = _zoned(at)
    return _short_clock(zoned.hour, zoned.minute, locale())


def moment(at: datetime) -> str:
    """A point in time in the reader's zone: "23 Nov 2026, 14:05"."""
    return _glued(day(at), clock(at), "medium")


def full(at: datetime) -> str:
    """A point in time with its weekday and zone."""
    zoned = _zoned(at)
    return _glued(_full_day(zoned.date(), locale()), _clock_with_zone(zoned), "full")


# A list says forty of them, and the same day or the same minute of a day is said again and again.
@lru_cache(maxsize=4096)
def _medium_day(at: date, locale: Locale) -> str:
    return str(format_date(at, "medium", locale=locale))


@lru_cache(maxsize=4096)
def _short_clock(hour: int, minute: int, locale: Locale) -> str:
    return str(format_time(time(hour, minute), "short", locale=locale))


@lru_cache(maxsize=4096)
def _full_day(at: date, locale: Locale) -> str:
    return str(format_date(at, "full", locale=locale))


_clocks_said: dict[tuple[object, ...], str] = {}


def _clock_with_zone(at: datetime) -> str:
    key = (at.hour, at.minute, at.utcoffset(), at.tzinfo, locale())
    if key not in _clocks_said:
        if len(_clocks_said) > _CLOCKS_MAX:
            _clocks_said.clear()
        _clocks_said[key] = str(format_time(at, "HH:mm z", locale=locale()))
    return _clocks_said[key]


def _glued(day: str, time: str, length: str) -> str:
    return _glue(length, locale()).format(time, day)


@lru_cache(maxsize=64)
def _glue(length: str, locale: Locale) -> str:
    return str(locale.datetime_formats[length]).replace("'", "")


def _unit(value: float, name: str) -> str:
    return _unit_in(value, name, locale())


@lru_cache(maxsize=4096)
def _unit_in(value: float, name: str, locale: Locale) -> str:
    prefix = "" if name.startswith("digital") else "duration-"
    # English has "5 byte" for its short form.
    return str(format_unit(value, prefix + name, length="long" if name == "digital-byte" else "short", locale=locale))


def _local(at: date | datetime) -> date | datetime:
    return _zoned(at) if isinstance(at, datetime) else at


def _zoned(at: datetime) -> datetime:
    return at.astimezone(timezone.get_current_timezone())
