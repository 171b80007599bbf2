"""A promised clock with the timetable of its steps: how it follows where its conversation stands, what is due of it.

What runs and what is tried on the past both go by this. Pure.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rapport.staff.clocks import Run, Situation, Terms, moment, moved
from rapport.staff.hours import HoursError

Steps = Sequence[tuple[int, str, str]]
"""Minutes of open time after the end of the clock (negative: before it), what to do, and whom it means; in order."""
Due = tuple[tuple[int, str, str], datetime]
"""A step that is due, and when it was meant to come."""
_TICK = timedelta(microseconds=1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A clock as it is kept: its row."""

    conversation_id: UUID
    terms: Terms
    run: Run
    steps: Steps
    step: int
    next_at: datetime | None
    moves: int
    hours: str

    def going_on(self, run: Run, step: int, next_at: datetime | None = None) -> "Kept":
        """The same one further on. Written out: a what-if does it a million times."""
        return Kept(self.conversation_id, self.terms, run, self.steps, step, next_at, self.moves, self.hours)


def scheduled(kept: Kept) -> Kept:
    """With the moment of its next step; none while it does not run, or after the last one."""
    next_at = None
    if kept.step < len(kept.steps):
        try:
            next_at = moment(kept.run, timedelta(minutes=kept.steps[kept.step][0]), kept.terms.hours)
        except HoursError as error:
            _log.warning("a step of a promise cannot be placed: %s", error.message)
    return kept.going_on(kept.run, kept.step, next_at)


def followed(before: Kept, situation: Situation, at: datetime) -> Kept:
    """The clock as its conversation stands since `at`; the same again changes nothing."""
    try:
        run = moved(before.terms, before.run, situation, at)
    except HoursError as error:
        _log.warning("a promise cannot be counted: %s", error.message)
        return before
    if run is before.run or run == before.run:
        return before
    if run.began == before.run.began:
        return scheduled(before.going_on(run, before.step))
    # Another question is another round of its steps, none of which has given it away yet.
    return scheduled(replace(before, run=run, step=0, moves=0))


def stands(row: Mapping[str, Any], run: Run, asked: datetime | None) -> Situation:
    """Where a conversation stands, by its columns; `asked`: since when somebody waits, where that was said just now."""
    since = None
    if row["awaiting_answer"]:
        since = asked or row["last_inbound_at"] or row["created_at"]
        if asked and run.stopped and asked <= run.stopped:
            # It came by before we answered, and was taken in only now: nobody has answered it.
            since = run.stopped + _TICK
    status = row["status"]
    resolved = (row["resolved_at"] or row["last_activity_at"]) if status == "resolved" else None
    return Situation(
        answered=row["first_answered_at"], asked=since, resolved=resolved, closed=status in ("spam", "merged"),
        snoozed=row["snoozed"] and row["snoozed_until"] is not None,
    )  # fmt: skip


def due(kept: Kept, at: datetime) -> tuple[list[Due], Kept]:
    """What is due of a clock at a moment, in order, and the clock with the step after it placed."""
    found: list[Due] = []
    while kept.next_at is not None and kept.next_at <= at:
        found.append((kept.steps[kept.step], kept.next_at))
        kept = scheduled(kept.going_on(kept.run, kept.step + 1))
    return found, kept
