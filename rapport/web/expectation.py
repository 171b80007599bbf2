"""How long something probably waits, in honest words: a range of open time as the clock will show it."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from rapport.ownership.handing.expecting import Range
from rapport.staff.hours import Hours, HoursError, add_business_time, is_open
from rapport.web import locales

_CLOCK_UNTIL = timedelta(hours=9)


def in_words(found: Range | None, hours: Hours, at: datetime, *, shown: bool = True) -> str:
    """ "40 min to 2 h"; outside of the hours, or beyond them, "between … and …"; without a range what is certain.

    Where it is not `shown` how fast a team is, only that: nothing while it is open.
    """
    try:
        if found is None:
            opens = add_business_time(at, timedelta(0), hours)
            if opens > at:
                return _("Not before %(when)s") % {"when": _near(opens)}
            return _("Cannot be said yet") if shown else ""
        low, high = (add_business_time(at, timedelta(minutes=one), hours) for one in (found.low, found.high))
    except HoursError:
        return _("Cannot be said yet")
    if is_open(at, hours) and high - at <= min(_CLOCK_UNTIL, timedelta(minutes=found.high + 1)):
        return _span(found)
    return _between(_rounded(low), _rounded(high))


def _span(found: Range) -> str:
    first, last = (locales.span(_round(one) * 60) for one in (found.low, found.high))
    if first == last:
        return _("About %(span)s") % {"span": first}
    return _("%(low)s to %(high)s") % {"low": first, "high": last}


def _between(low: datetime, high: datetime) -> str:
    first, last = _near(low), _near(high)
    if first == last:
        return _("About %(when)s") % {"when": first}
    if locales.weekday(low) == locales.weekday(high):
        last = locales.clock(high)
    return _("Between %(low)s and %(high)s") % {"low": first, "high": last}


def _near(at: datetime) -> str:
    return f"{locales.weekday(at)}, {locales.clock(at)}"


def _round(minutes: float) -> int:
    """As exact as such a guess is: to the minute below ten, to five below an hour, then to the quarter of an hour."""
    step = 1 if minutes < 10 else 5 if minutes < 60 else 15
    return max(1, round(minutes / step) * step)


def _rounded(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
