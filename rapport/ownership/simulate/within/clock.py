"""Somebody's open time as seconds since 1970: what is open when, how much of it lies between two moments. Pure."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from math import inf

from rapport.staff.hours import Hours

Span = tuple[float, float]


class Clock:
    """The open spans of somebody, in order and apart. Behind the last it is never open again."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.starts: list[float] = []
        self._ends: list[float] = []
        for start, end in sorted(spans):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            elif start < end:
                self.starts.append(start)
                self._ends.append(end)
        self._before, passed = [], 0.0
        for start, end in zip(self.starts, self._ends, strict=True):
            self._before.append(passed)
            passed += end - start
        self._all = passed

    def spans(self) -> list[Span]:
        """All of it."""
        return list(zip(self.starts, self._ends, strict=True))

    def is_open(self, at: float) -> bool:
        """Whether `at` lies in an open span; its first moment does, its last does not."""
        place = bisect_right(self.starts, at) - 1
        return place >= 0 and at < self._ends[place]

    def passed(self, at: float) -> float:
        """The open seconds before `at`."""
        place = bisect_right(self.starts, at) - 1
        return self._before[place] + min(at, self._ends[place]) - self.starts[place] if place >= 0 else 0.0

    def between(self, start: float, end: float) -> float:
        """The open seconds between two moments."""
        return self._all - self.passed(start) if end == inf else self.passed(end) - self.passed(start)

    def after(self, start: float, seconds: float) -> float:
        """The moment at which `seconds` of open time have passed since `start`; `inf` where it is not so long open."""
        target = self.passed(start) + seconds
        if target > self._all or not self.starts:
            return inf
        place = bisect_right(self._before, target) - 1
        # What ends with a span is done then, not when the next one opens.
        if place and self._before[place] == target and seconds:
            place -= 1
        return max(start, self.starts[place] + target - self._before[place])


def clock_of(hours: Hours, days: tuple[date, date], away: Iterable[Span] = ()) -> Clock:
    """Business hours between two days, both included, less the absences."""
    first, last = days
    open_ = [
        (begins.timestamp(), ends.timestamp())
        for number in range((last - first).days + 1)
        for begins, ends in hours.on(first + timedelta(days=number))
    ]
    for gone, back in away:
        open_ = [part for span in open_ for part in _without(span, gone, back)]
    return Clock(open_)


def _without(span: Span, gone: float, back: float) -> list[Span]:
    if back <= span[0] or gone >= span[1]:
        return [span]
    return [part for part in ((span[0], gone), (back, span[1])) if part[0] < part[1]]
