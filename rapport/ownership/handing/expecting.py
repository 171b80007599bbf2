"""How long until it is taken, from what the team really did lately: an honest range, or none. Pure.

Waits are counted in the team's open time. What waited before at a place like this one, waited so long: the range holds
for eight of ten. What was taken at once tells nothing of a queue and does not count. A queue in which nothing moves for
longer than any past wait says nothing, either.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from rapport.staff.hours import Hours

SHARE = 0.8
"""In how many of cases like it the range is to hold."""
LEAST = 20
"""With fewer past waits nothing is said."""
_ALIKE = 60
_AT_ONCE = 0.5
_NEAR = 2.0
_TRIED, _TRIED_LEAST = 80, 15
_STRETCH, _CAREFUL = 1.5, 0.86

Key = tuple[int, float, float]
"""The order of a queue: minus priority, the promise (a moment), the beginning (a moment); the smaller is first."""


@dataclass(frozen=True, slots=True)
class Past:
    """One that waited: from when to when, in minutes of open time, and its place in the order."""

    since: float
    until: float
    key: Key


@dataclass(frozen=True, slots=True)
class Wait:
    """How long was waited at a place (1 is the head of the queue), from when to when, in minutes of open time."""

    place: int
    since: float
    until: float

    @property
    def minutes(self) -> float:
        """How long it took."""
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class Range:
    """In minutes of open time, from now."""

    low: float
    high: float


def order_key(priority: int, due_at: datetime | None, created_at: datetime) -> Key:
    """As the queue is sorted: what matters most, what is promised soonest, what is oldest."""
    return -priority, due_at.timestamp() if due_at else float("inf"), created_at.timestamp()


class OpenClock:
    """Counts the minutes of open time since a moment; each day is worked out once."""

    def __init__(self, hours: Hours, since: datetime, until: datetime) -> None:
        first, days = since.date() - timedelta(days=2), (until.date() - since.date()).days + 5
        opened = sorted(one for ahead in range(days) for one in hours.on(first + timedelta(days=ahead)))
        self._starts = [start for start, _ in opened]
        self._lengths = [(end - start).total_seconds() / 60 for start, end in opened]
        self._before = [0.0, *accumulate(self._lengths)]

    def minutes(self, at: datetime) -> float:
        """The open minutes up to `at`, from some days before the beginning on."""
        place = bisect_right(self._starts, at) - 1
        if place < 0:
            return 0.0
        within = (at - self._starts[place]).total_seconds() / 60
        return self._before[place] + min(within, self._lengths[place])


def waits(past: Sequence[Past]) -> list[Wait]:
    """At which place each came and how long it then waited, for those that had to wait at all.

    The place is counted among those that waited when it came; who overtook it later made it wait longer, as it will be.
    """
    found = []
    waiting: list[Past] = []
    for one in sorted(past, key=lambda one: one.since):
        waiting = [other for other in waiting if other.until > one.since]
        if one.until - one.since >= _AT_ONCE:
            found.append(Wait(1 + sum(other.key <= one.key for other in waiting), one.since, one.until))
            waiting.append(one)
    return found


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a queue: past waits, and by how much ranges made of them have to be stretched to hold."""

    waits: list[Wait]
    stretch: float


def expected(place: int, known: Known, quiet: float = 0.0) -> Range | None:
    """The range for a place now; None where the past does not say.

    `quiet`: the open minutes since something was last taken from this queue while it waited.
    """
    found = _between(place, known.waits)
    if found is None:
        return None
    wide = Range(found.low / known.stretch, found.high * known.stretch)
    longest = max((one.minutes / one.place for one in known.waits), default=0.0)
    return None if quiet > max(wide.high, longest) else wide


def known(past: Sequence[Past]) -> Known:
    """The waits of the past, and the stretch that ranges made as they came would have needed.

    For each of the latest the range is made of what was over when it came, and compared with what it then waited. A
    queue that grows, or in which waits hang together, would else be promised too narrowly.
    """
    found = waits(past)
    scores = []
    for one in found[-_TRIED:]:
        said = _between(one.place, [other for other in found if other.until <= one.since])
        if said is not None:
            scores.append(max(said.low / one.minutes, one.minutes / said.high))
    if len(scores) < _TRIED_LEAST:
        return Known(found, _STRETCH)
    return Known(found, max(1.0, sorted(scores)[min(len(scores) - 1, int((len(scores) + 1) * _CAREFUL))]))


def _between(place: int, of: Sequence[Wait]) -> Range | None:
    """The middle SHARE of what the nearest waits say of this place: twice as far back is twice as long."""
    far = sorted((max(one.place, place) / min(one.place, place), -number) for number, one in enumerate(of))
    near = [number for ratio, number in far if ratio <= _NEAR][:_ALIKE]
    chosen = [of[-number] for number in (near if len(near) >= LEAST else [number for _, number in far[:_ALIKE]])]
    if len(chosen) < LEAST:
        return None
    ordered = sorted(one.minutes * place / one.place for one in chosen)
    low = int((len(ordered) + 1) * (1 - SHARE) / 2)
    return Range(ordered[max(0, low - 1)], ordered[min(len(ordered) - 1, len(ordered) - low)])
