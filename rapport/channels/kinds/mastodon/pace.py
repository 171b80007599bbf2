"""When to ask a server what: intervals, and how far the server's limit stretches them. Pure but for the clock given."""

from collections.abc import Iterable
from dataclasses import dataclass, field

# Requests left for answers and for whoever else uses the account.
RESERVE = 40
STRETCH_MAX = 60.0
BACKOFF_S = 5.0
_BACKOFF_MAX_S = 300.0


@dataclass(slots=True)
class Task:
    """One thing to ask for. `streamed_s` is its interval while a stream brings the same; `failed` counts in a row."""

    name: str
    polled_s: float
    streamed_s: float
    due: float = 0.0
    failed: int = 0

    def interval(self, streamed: bool) -> float:
        """Seconds from one time to the next."""
        return self.streamed_s if streamed else self.polled_s

    def done(self, at: float, streamed: bool, stretch: float) -> None:
        """It was asked and answered."""
        self.failed = 0
        self.due = at + self.interval(streamed) * stretch

    def put_off(self, at: float, least_s: float = 0.0) -> None:
        """It failed: twice as long each time, five minutes at most, but at least `least_s`."""
        self.failed = min(self.failed + 1, 20)
        self.due = at + max(min(BACKOFF_S * 2 ** (self.failed - 1), _BACKOFF_MAX_S), least_s)


@dataclass(slots=True)
class Schedule:
    """All tasks of an account."""

    tasks: list[Task] = field(default_factory=list)

    def next(self, at: float) -> Task | None:
        """The task that is due longest; None where none is."""
        due = [one for one in self.tasks if one.due <= at]
        return min(due, key=lambda one: one.due, default=None)

    def hurry(self, names: Iterable[str]) -> None:
        """Make tasks due now."""
        wanted = set(names)
        for one in self.tasks:
            if one.name in wanted:
                one.due = 0.0


def stretch(per_second: float, left: int | None, resets_in_s: float | None) -> float:
    """How many times longer the intervals must be so that `left` requests last until the limit is reset.

    `per_second` is what would be asked without any limit.
    """
    if left is None or resets_in_s is None or resets_in_s <= 0 or per_second <= 0:
        return 1.0
    allowed = max(left - RESERVE, 0) / resets_in_s
    return min(max(1.0, per_second / allowed), STRETCH_MAX) if allowed > 0 else STRETCH_MAX
