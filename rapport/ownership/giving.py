"""What the policy promises becomes the clocks of a conversation."""

import logging
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from rapport.conversations.clocks import Given, Steps
from rapport.ownership.directory import Company
from rapport.ownership.engine import Verdict
from rapport.ownership.policy import Promise
from rapport.ownership.promising import length_of, planned
from rapport.ownership.world import hours_name, hours_of
from rapport.staff.clocks import CLOCKS, FIRST_ANSWER, NEXT_ANSWER, RESOLUTION, Run, Terms, begun
from rapport.staff.hours import Hours, HoursError

_log = logging.getLogger(__name__)
_MINUTE = timedelta(minutes=1)


def promised(conversation_id: UUID, verdict: Verdict, here: Company, at: datetime) -> tuple[Given, ...]:
    """The clocks of a conversation that came at a moment, as its verdict promises them; none where it does not."""
    promise = verdict.promise
    if promise is None:
        return ()
    hours = hours_of(promise, verdict.owner, here.directory, here.hours)
    name = hours_name(promise, verdict.owner, here.directory)
    found = []
    for terms, steps in _given(promise, hours):
        run = _run(terms, at)
        if run:
            found.append(Given(conversation_id, terms, name, steps, run))
    return tuple(found)


def first_answer_due(verdict: Verdict, here: Company, at: datetime) -> datetime | None:
    """When a first answer would be due by a verdict that was not acted on."""
    if verdict.promise is None:
        return None
    hours = hours_of(verdict.promise, verdict.owner, here.directory, here.hours)
    first = next((terms for terms, _ in _given(verdict.promise, hours) if terms.name == FIRST_ANSWER), None)
    run = _run(first, at) if first else None
    return run.due if run else None


@lru_cache(maxsize=256)
def _given(promise: Promise, hours: Hours) -> tuple[tuple[Terms, Steps], ...]:
    """The terms of each clock with its steps: the same for every conversation that is promised this."""
    found = []
    for clock in CLOCKS:
        span = promise.span(clock)
        if span is not None:
            pause = frozenset(promise.pause if clock == RESOLUTION else ())
            steps = tuple((one.offset // _MINUTE, one.do, one.to) for one in planned(promise, clock, hours))
            found.append((Terms(clock, length_of(span, hours), hours, pause), steps))
    return tuple(found)


def _run(terms: Terms, at: datetime) -> Run | None:
    """The next answer waits for a question; the others begin at once."""
    if terms.name == NEXT_ANSWER:
        return Run()
    try:
        return begun(terms, at)
    except HoursError as error:
        _log.warning("a promise of %s cannot be given: %s", terms.span, error.message)
        return None
