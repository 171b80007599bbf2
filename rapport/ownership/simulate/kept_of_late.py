"""From which point on what was learned would have acted, had a lead promised otherwise: by what had come of it by then.

As live (`learning.learner`): of the latest 600 suggestions that people have dealt with those of the label, where they
are enough, else all of them. Pure.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

_READ_EVERY = 20


class Came(NamedTuple):
    """What came of a suggestion from a moment on: which of all it was, in order, its label, how sure, and whether
    people chose the same (None: nothing is known of it any more).
    """

    at: datetime
    place: int
    label: str
    sure: float
    right: bool | None


class KeptOfLate:
    """Thresholds of one kind as of any moment; cheapest where moments are asked for in their order."""

    def __init__(self, came: Sequence[Came]) -> None:
        self._came = sorted(came, key=lambda one: (one.at, one.place))
        self._start()

    def _start(self) -> None:
        self._done = 0
        self._known: dict[int, Came] = {}
        self._order: list[int] = []
        self._found: dict[tuple[str, int], tuple[int, float | None]] = {}

    def threshold(self, label: str, promised: int, at: datetime) -> float | None:
        """How sure it had to be; more than one: never. None: too little had come of it by then to say."""
        self._go_to(at)
        key = label, promised
        seen, least = self._found.get(key, (-1, None))
        # With few, each one more may change it; with many it is read anew as often as it is live.
        if seen < 0 or self._done - seen >= min(_READ_EVERY, 1 + len(self._order) // 60):
            least = self._read(label, promised)
            self._found[key] = self._done, least
        return least

    def _go_to(self, at: datetime) -> None:
        if self._done and self._came[self._done - 1].at > at:
            self._start()
        while self._done < len(self._came) and self._came[self._done].at <= at:
            one = self._came[self._done]
            self._done += 1
            if one.right is None:
                if self._known.pop(one.place, None):
                    del self._order[bisect_left(self._order, one.place)]
            else:
                if one.place not in self._known:
                    insort(self._order, one.place)
                self._known[one.place] = one

    def _read(self, label: str, promised: int) -> float | None:
        # numpy takes a while to import, and most what-ifs ask for nothing of this.
        import numpy as np

        from rapport.ownership.learning.calibration import ENOUGH, WINDOW
        from rapport.ownership.learning.calibration import promised as kept

        latest = [self._known[place] for place in self._order[-WINDOW:]]
        own = [one for one in latest if one.label == label]
        used = own if len(own) >= ENOUGH else latest
        if len(used) < ENOUGH:
            return None
        sure, right = np.array([one.sure for one in used]), np.array([bool(one.right) for one in used])
        return kept(sure, right, promised / 100).threshold


Promises = Mapping[str, Mapping[str, int]]
"""By kind and label how many of 100 are promised; "" is each label that is not named."""
