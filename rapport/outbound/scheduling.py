"""When something is to be sent: the choices offered, and what somebody typed. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from rapport.core.errors import Invalid

_MORNING = time(9)
_LONGEST = timedelta(days=366)
_MONDAY = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """A time one may choose by name."""

    key: str
    label: str
    at: datetime


def choices(now: datetime, zone: ZoneInfo) -> list[Choice]:
    """What the menu offers, in the member's zone."""
    here = now.astimezone(zone)
    tomorrow = datetime.combine(here.date() + timedelta(days=1), _MORNING, zone)
    ahead = (_MONDAY - here.weekday()) % 7 or 7
    monday = datetime.combine(here.date() + timedelta(days=ahead), _MORNING, zone)
    found = [
        Choice("hour", _("In an hour"), now + timedelta(hours=1)),
        Choice("tomorrow", _("Tomorrow at 9:00"), tomorrow),
    ]
    return found if monday == tomorrow else [*found, Choice("monday", _("Monday at 9:00"), monday)]


def chosen(key: str, typed: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The time somebody chose by name, or typed as 2026-11-23T09:00; None for at once. Raises Invalid for no time.

    A time that a change of clocks skips is the one as long after midnight as the clocks would have said.
    """
    if not key:
        return None
    by_name = {"monday": None} | {one.key: one.at for one in choices(now, zone)}
    if key == "monday" and by_name[key] is None:
        return by_name["tomorrow"]
    if key in by_name:
        return by_name[key]
    return _typed(typed, now, zone)


def _typed(typed: str, now: datetime, zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(typed.strip())
    except ValueError as error:
        raise Invalid(_("This is no time to send at."), _("Choose a day and a time.")) from error
    # There and back, so that a time the clocks skip is written as the one they show.
    at = at if at.tzinfo else at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    if at <= now:
        raise Invalid(_("That time has passed."), _("Choose a later one, or send it now."))
    if at - now > _LONGEST:
        raise Invalid(_("That is more than a year away."), _("Choose an earlier time."))
    return at
