"""What the policy promises becomes the clocks of a conversation."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from rapport.conversations.clocks import Given
from rapport.ownership.directory import Company
from rapport.ownership.engine import Verdict
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
    for clock in CLOCKS:
        terms = _terms(verdict, clock, hours)
        run = _run(terms, at) if terms else None
        if terms and run:
            steps = [(one.offset // _MINUTE, one.do, one.to) for one in planned(promise, clock, hours)]
            found.append(Given(conversation_id, terms, name, steps, run))
    return tuple(found)


def first_answer_due(verdict: Verdict, here: Company, at: datetime) -> datetime | None:
    """When a first answer would be due by a verdict that was not acted on."""
    if verdict.promise is None:
        return None
    hours = hours_of(verdict.promise, verdict.owner, here.directory, here.hours)
    terms = _terms(verdict, FIRST_ANSWER, hours)
    run = _run(terms, at) if terms else None
    return run.due if run else None


def _terms(verdict: Verdict, clock: str, hours: Hours) -> Terms | None:
    span = verdict.promise.span(clock) if verdict.promise else None
    if span is None or verdict.promise is None:
        return None
    pause = verdict.promise.pause if clock == RESOLUTION else ()
    return Terms(clock, length_of(span, hours), hours, frozenset(pause))


def _run(terms: Terms, at: datetime) -> Run | None:
    """The next answer waits for a question; the others begin at once."""
    if terms.name == NEXT_ANSWER:
        return Run()
    try:
        return begun(terms, at)
    except HoursError as error:
        _log.warning("a promise of %s cannot be given: %s", terms.span, error.message)
        return None
