"""Business hours as arrays in which the database finds the open time before any moment by binary search. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rapport.staff.hours import ALWAYS, Hours


@dataclass(frozen=True)
class Worktime:
    """The open blocks in order, as seconds since 1970: beginnings, ends, and the open seconds before each.

    The first block stands for all time before: it is empty, so that every moment has a block at or before it.
    """

    starts: Sequence[float]
    ends: Sequence[float]
    before: Sequence[float]


def worktime(hours: Hours, first: date, last: date) -> Worktime:
    """The blocks of `hours` between two days. Time outside of them does not count."""
    starts, ends, before, passed = [0.0], [0.0], [0.0], 0.0
    if hours == ALWAYS:
        return Worktime([0.0, 1.0], [0.0, 1e11], [0.0, 0.0])
    for number in range((last - first).days + 1):
        for begins, until in hours.on(first + timedelta(days=number)):
            starts.append(begins.timestamp())
            ends.append(until.timestamp())
            before.append(passed)
            passed += (until - begins).total_seconds()
    return Worktime(starts, ends, before)
