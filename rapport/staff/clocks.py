"""The clocks of a promise: what is left of them, and when they run out, by what happened. Pure.

A clock counts open time only. It stops when what was promised is done, halts while the conversation is closed or
waits for the other side, and then goes on with what was left: halting moves its end by exactly the open time it stood.
What is broken stays broken, also while it stands.

- *first answer* runs from the first message until we answer.
- *next answer* runs, once we have answered, from each message of theirs that nobody has answered yet. Further messages
  do not begin it anew.
- *resolution* runs until it is resolved. Opened again it goes on with what was left. It alone can pause.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rapport.staff.hours import Hours, add_business_time, business_before, business_elapsed

FIRST_ANSWER, NEXT_ANSWER, RESOLUTION = "first_answer", "next_answer", "resolution"
CLOCKS = (FIRST_ANSWER, NEXT_ANSWER, RESOLUTION)
WAITING, SNOOZED = "waiting", "snoozed"
PAUSES = (WAITING, SNOOZED)
"""What may pause the resolution: the last word is ours and they have not answered; snoozed until a date."""
_NOTHING = timedelta(0)


class Phase(StrEnum):
    """How a clock stands."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    KEPT = "kept"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Terms:
    """What was promised: which clock, how much open time, in which hours, and what pauses it."""

    name: str
    span: timedelta
    hours: Hours
    pause: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Run:
    """How far a clock is: since when it counts, when it runs out, since when it stands, when it was done with.

    While it stands (`halted`), `due` is when it would have run out.
    """

    began: datetime | None = None
    due: datetime | None = None
    halted: datetime | None = None
    stopped: datetime | None = None

    @property
    def runs(self) -> bool:
        """Whether time is passing."""
        return self.began is not None and self.halted is None and self.stopped is None


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a conversation stands. `answered`: when we first spoke; `asked`: since when somebody waits for an answer.

    `closed` is spam, or merged into another. `snoozed` only counts until a date.
    """

    answered: datetime | None = None
    asked: datetime | None = None
    resolved: datetime | None = None
    closed: bool = False
    snoozed: bool = False

    @property
    def is_open(self) -> bool:
        """Whether anybody is to do anything."""
        return self.resolved is None and not self.closed


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock shows: `left` of open time, nothing of what is broken or done; `late` since it was broken."""

    phase: Phase
    due: datetime | None = None
    left: timedelta = _NOTHING
    late: timedelta = _NOTHING


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that moves clocks; `what` is one of HAPPENINGS."""

    at: datetime
    what: str


HAPPENINGS = ("asked", "answered", "snoozed", "woken", "resolved", "reopened", "merged")
"""In this order where several happen at one moment."""


def begun(terms: Terms, at: datetime) -> Run:
    """A clock that begins to count. Raises HoursError where its hours are too seldom open."""
    return Run(at, add_business_time(at, terms.span, terms.hours))


def started(terms: Terms, at: datetime) -> Run:
    """A clock as a conversation that comes begins it: the next answer waits for a question. Raises as `begun` does."""
    return Run() if terms.name == NEXT_ANSWER else begun(terms, at)


def moved(terms: Terms, run: Run, now: Situation, at: datetime) -> Run:
    """The clock as the situation since `at` makes it; the same again changes nothing."""
    return _MOVES[terms.name](terms, run, now, at)


def phase_of(run: Run, at: datetime) -> Phase:
    """How a clock stands at a moment."""
    if run.began is None or run.due is None:
        return Phase.IDLE
    if run.stopped is not None:
        return Phase.KEPT if run.stopped <= run.due else Phase.BROKEN
    if run.halted is not None:
        return Phase.BROKEN if run.halted > run.due else Phase.PAUSED
    return Phase.BROKEN if at > run.due else Phase.RUNNING


def read(terms: Terms, run: Run, at: datetime) -> Reading:
    """What the clock shows at a moment."""
    phase = phase_of(run, at)
    if run.due is None or phase is Phase.IDLE:
        return Reading(phase)
    until = run.stopped or run.halted or at
    if phase is Phase.BROKEN:
        return Reading(phase, run.due, late=business_elapsed(run.due, until, terms.hours))
    if phase is Phase.KEPT:
        return Reading(phase, run.due)
    return Reading(phase, run.due, left=business_elapsed(until, run.due, terms.hours))


def moment(run: Run, offset: timedelta, hours: Hours) -> datetime | None:
    """When a step comes that is `offset` of open time after the end (negative: before it), never before the beginning.

    None while the clock does not run.
    """
    if not run.runs or run.due is None or run.began is None:
        return None
    if offset < _NOTHING:
        return max(business_before(run.due, -offset, hours), run.began)
    return add_business_time(run.due, offset, hours) if offset else run.due


def replayed(terms: Terms, began: datetime, happenings: Iterable[Happening]) -> Run:
    """The clock after all that happened since the first message, in whatever order it is told."""
    now = Situation(asked=began)
    run = started(terms, began)
    for one in sorted(happenings, key=lambda one: (one.at, HAPPENINGS.index(one.what))):
        now = _after(now, one)
        run = moved(terms, run, now, one.at)
    return run


def _after(now: Situation, one: Happening) -> Situation:
    if one.what == "asked":
        return replace(now, asked=now.asked or one.at, resolved=None, snoozed=False)
    if one.what == "answered":
        return replace(now, answered=now.answered or one.at, asked=None)
    if one.what in ("snoozed", "woken"):
        return replace(now, snoozed=one.what == "snoozed" and now.is_open)
    if one.what == "resolved":
        return replace(now, resolved=now.resolved or one.at, asked=None, snoozed=False)
    return replace(now, resolved=None) if one.what == "reopened" else replace(now, closed=True, asked=None)


def _first_answer(terms: Terms, run: Run, now: Situation, at: datetime) -> Run:
    if now.answered is not None:
        return _stopped(terms, run, now.answered)
    run = _unstopped(run)  # the answer was taken back: it was none
    return _going(terms, run, at) if now.is_open else _halted(run, at)


def _next_answer(terms: Terms, run: Run, now: Situation, at: datetime) -> Run:
    if now.closed or now.answered is None:
        return replace(run, stopped=run.stopped or at) if now.closed and run.began else Run()
    if now.asked is None:
        return _stopped(terms, run, now.resolved or at)
    if run.began is None or (run.stopped is not None and now.asked > run.stopped):
        return begun(terms, now.asked)
    return _unstopped(run)


def _resolution(terms: Terms, run: Run, now: Situation, at: datetime) -> Run:
    if now.resolved is not None:
        return _stopped(terms, run, now.resolved)
    if run.stopped is not None:  # opened again
        run = Run(run.began, run.due, run.stopped)
    waits = WAITING in terms.pause and now.answered is not None and now.asked is None
    sleeps = SNOOZED in terms.pause and now.snoozed
    return _halted(run, at) if now.closed or waits or sleeps else _going(terms, run, at)


_MOVES = {FIRST_ANSWER: _first_answer, NEXT_ANSWER: _next_answer, RESOLUTION: _resolution}


def _halted(run: Run, at: datetime) -> Run:
    if run.began is None or run.halted is not None or run.stopped is not None:
        return run
    return Run(run.began, run.due, at)


def _unstopped(run: Run) -> Run:
    return Run(run.began, run.due, run.halted) if run.stopped is not None else run


def _going(terms: Terms, run: Run, at: datetime) -> Run:
    if run.halted is None or run.due is None:
        return run
    if run.halted >= run.due:
        return Run(run.began, run.due, None, run.stopped)
    left = business_elapsed(run.halted, run.due, terms.hours)
    return Run(run.began, add_business_time(max(at, run.halted), left, terms.hours), None, run.stopped)


def _stopped(terms: Terms, run: Run, at: datetime) -> Run:
    if run.began is None or run.stopped is not None:
        return run
    going = _going(terms, run, at)
    return Run(going.began, going.due, going.halted, at)
