"""One clock of a promise over what really happened: kept or broken, round by round, and which steps came due when.

The clocks and their timetable are those that run live (`staff.clocks`, `staff.timetable`). Pure.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from rapport.ownership.promising import Planned, at_once
from rapport.ownership.simulate.course import Stage
from rapport.staff.clocks import Phase, Terms, phase_of, started
from rapport.staff.hours import HoursError
from rapport.staff.timetable import Kept, Steps, due, followed, scheduled, stands

KEPT, BROKEN, OPEN, NEVER = "kept", "broken", "open", "never"
STATES = (BROKEN, OPEN, KEPT, NEVER)
"""How a clock ended, the worst first; "never": its hours are too seldom open."""
_NOBODY = UUID(int=0)
_STATE = {Phase.KEPT: KEPT, Phase.BROKEN: BROKEN, Phase.RUNNING: OPEN, Phase.PAUSED: OPEN}


class Came(NamedTuple):
    """A step that came due: minutes from the end, deed, whom; when; how the clock ended in that round, and which round
    it was.
    """

    minutes: int
    do: str
    to: str
    at: datetime
    then: str
    round: int


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one clock of one conversation: how many rounds ended how, and the steps that came due.

    `due` is when the worst of them was due. Of the next answer each question is a round.
    """

    states: Mapping[str, int]
    due: datetime | None = None
    steps: tuple[Came, ...] = ()

    @property
    def state(self) -> str:
        """The worst of them; "" where it never began to count."""
        return next((state for state in STATES if self.states.get(state)), "")


def followed_through(terms: Terms, steps: Steps, stages: Sequence[Stage], span: tuple[datetime, datetime]) -> Ended:
    """One clock from the beginning of its conversation, `span`'s first moment, to the last of what is known."""
    began, until = span
    end = max(until, stages[-1].at) if stages else until
    try:
        run = started(terms, began)
    except HoursError:
        return Ended({NEVER: 1})
    through = _Through(scheduled(Kept(_NOBODY, terms, run, steps, 0, None, 0, "")), end)
    for stage in stages:
        through.take(stage)
    return through.ended()


class _Through:
    """A clock as time goes by, with what came due in the round that runs."""

    def __init__(self, kept: Kept, end: datetime) -> None:
        self.kept, self._end = kept, end
        self._states: Counter[str] = Counter()
        self._dues: dict[str, datetime] = {}
        self._round: list[tuple[int, str, str, datetime]] = []
        self._steps: list[Came] = []

    def take(self, stage: Stage) -> None:
        """What is due before it comes first; then the clock follows where the conversation stands."""
        self._do(stage.at, is_last=False)
        after = followed(self.kept, stands(stage.row, self.kept.run, stage.asked), stage.at)
        if after.run.began != self.kept.run.began:
            self._close(is_last=False)
        self.kept = after

    def ended(self) -> Ended:
        """How it all ended."""
        self._do(self._end, is_last=True)
        self._close(is_last=True)
        worst = next((self._dues[state] for state in STATES if state in self._dues), None)
        return Ended(dict(self._states), worst, tuple(self._steps))

    def _do(self, until: datetime, *, is_last: bool) -> None:
        while (at := self.kept.next_at) and (at < until or (is_last and at == until)):
            found, self.kept = due(self.kept, at)
            together = [Planned(timedelta(minutes=minutes), do, to) for (minutes, do, to), _ in found]
            self._round += [(one.offset // _MINUTE, one.do, one.to, at) for one in at_once(together)]

    def _close(self, *, is_last: bool) -> None:
        run, steps = self.kept.run, self._round
        self._round = []
        if run.began is None or (run.stopped is None and not is_last):
            return  # nothing was asked, or what was answered first was taken back
        state = _STATE[phase_of(run, self._end)]
        self._states[state] += 1
        if run.due:
            self._dues.setdefault(state, run.due)
        number = self._states.total()
        self._steps += [Came(*step, state, number) for step in steps]


_MINUTE = timedelta(minutes=1)
