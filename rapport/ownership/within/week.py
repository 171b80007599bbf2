"""How much working time somebody had in a span. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from rapport.staff.hours import Hours

SEVEN_DAYS = timedelta(days=7)
Away = tuple[datetime, datetime]
"""When an absence begins and ends."""


def working_minutes(hours: Hours, since: datetime, until: datetime, away: Iterable[Away] = ()) -> float:
    """The minutes of `hours` from `since` to `until` (both aware) outside every absence; 0 where there are none."""
    absences = sorted(away)
    minutes = 0.0
    # A day more on either side: the days of the hours' time zone reach into those of UTC.
    first, days = since.astimezone(UTC).date() - timedelta(days=1), (until - since).days + 4
    for ahead in range(days):
        for begins, ends in hours.on(first + timedelta(days=ahead)):
            minutes += _outside(max(begins, since), min(ends, until), absences)
    return minutes


def _outside(begins: datetime, ends: datetime, absences: list[Away]) -> float:
    """The minutes of a span that lie in none of the absences, which are sorted."""
    minutes = 0.0
    for starts, stops in absences:
        if stops <= begins or starts >= ends:
            continue
        minutes += max(0.0, (starts - begins).total_seconds() / 60)
        begins = max(begins, stops)
    return minutes + max(0.0, (ends - begins).total_seconds() / 60)
