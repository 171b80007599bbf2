"""The times that are offered when a conversation is put aside, in the member's time zone."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from rapport.core.errors import Invalid
from rapport.web import locales

UNTIL_THEY_ANSWER = "answer"
_MORNING = time(9)
_EVENING_HOUR = 20
_MONDAY = 0


@dataclass(frozen=True)
class Choice:
    """One time: what is sent for it, how it is called, and when it is in words."""

    value: str
    label: str
    when: str = ""


def choices(at: datetime) -> list[Choice]:
    """What is offered at `at`."""
    local = at.astimezone(timezone.get_current_timezone())
    offered = [Choice(UNTIL_THEY_ANSWER, _("Until they answer"))]
    later = local + timedelta(hours=3)
    if later.hour < _EVENING_HOUR and later.date() == local.date():
        offered.append(_choice(_("In three hours"), later))
    offered.append(_choice(_("Tomorrow morning"), _morning(local, 1)))
    until_monday = (_MONDAY - local.weekday()) % 7 or 7
    if until_monday > 1:
        offered.append(_choice(_("Next Monday"), _morning(local, until_monday)))
    if until_monday != 7:
        offered.append(_choice(_("In a week"), _morning(local, 7)))
    offered.append(_choice(_("In four weeks"), _morning(local, 28)))
    return offered


def moment_of(given: str) -> datetime | None:
    """The time behind a value: None for until they answer. One without a zone is meant in the member's.

    Raises Invalid for what is no time.
    """
    if given == UNTIL_THEY_ANSWER:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError as error:
        raise Invalid(_("That is no time."), _("Choose one of those offered.")) from error
    return found if found.tzinfo else found.replace(tzinfo=timezone.get_current_timezone())


def _morning(local: datetime, days: int) -> datetime:
    # By the calendar and not by adding hours: the night of a clock change is shorter or longer.
    return datetime.combine(local.date() + timedelta(days=days), _MORNING, timezone.get_current_timezone())


def _choice(label: str, when: datetime) -> Choice:
    return Choice(when.isoformat(timespec="minutes"), label, f"{locales.weekday(when)}, {locales.clock(when)}")
