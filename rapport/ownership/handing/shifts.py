"""When somebody is there and when they leave, from business hours and absences. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rapport.staff.hours import Hours, Interval

BREAK = timedelta(hours=4)
"""Who is away for less has a break: a lunch is no end of a shift."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """That somebody leaves at a moment, and when they are back (None: not within what was looked at)."""

    at: datetime
    back_at: datetime | None


def spells(hours: Hours, away: Iterable[Interval], since: datetime, until: datetime) -> list[Interval]:
    """The spells of work that touch the span, in order: open time without absences, breaks bridged.

    A spell is whole even where it reaches beyond the span by some days; further it is cut.
    """
    days = (until - since).days + 5
    first = since.date() - timedelta(days=2)
    opened = sorted(one for ahead in range(days) for one in hours.on(first + timedelta(days=ahead)))
    there = [piece for one in opened for piece in _without(one, sorted(away))]
    return [one for one in _bridged(there) if one[1] > since and one[0] < until]


def leaving(worked: Sequence[Interval], after: datetime, until: datetime) -> list[Leaving]:
    """Each end of a spell in (after, until], with the beginning of the next."""
    starts = [start for start, _ in worked[1:]]
    ends = [end for _, end in worked]
    return [
        Leaving(end, starts[place] if place < len(starts) else None)
        for place, end in enumerate(ends)
        if after < end <= until
    ]


def next_leaving(worked: Sequence[Interval], at: datetime) -> Leaving:
    """When who is there leaves, and is back; who is not there has left already."""
    ahead = [one for one in worked if one[1] > at]
    if ahead and ahead[0][0] <= at:
        return Leaving(ahead[0][1], ahead[1][0] if len(ahead) > 1 else None)
    return Leaving(at, ahead[0][0] if ahead else None)


def there_from(worked: Sequence[Interval], at: datetime) -> datetime | None:
    """The first moment from `at` on at which somebody works; `at` itself where they do now."""
    return next((max(start, at) for start, end in worked if end > at), None)


def next_edge(worked: Sequence[Interval], after: datetime, before_end: timedelta) -> datetime | None:
    """The next moment at which somebody comes, leaves, or is `before_end` from leaving."""
    edges = [edge for start, end in worked for edge in (start, end - before_end, end) if edge > after]
    return min(edges, default=None)


def _without(one: Interval, away: Sequence[Interval]) -> list[Interval]:
    """What is left of an interval when absences (sorted by their beginning) are taken out."""
    start, end = one
    left = []
    for begins, ends in away:
        if ends <= start or begins >= end:
            continue
        if begins > start:
            left.append((start, begins))
        start = max(start, ends)
    return [*left, (start, end)] if start < end else left


def _bridged(pieces: Iterable[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for start, end in sorted(pieces):
        if joined and start - joined[-1][1] < BREAK:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
