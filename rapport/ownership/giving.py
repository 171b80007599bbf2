"""What the policy promises becomes the clocks of a conversation."""

import logging
from datetime import datetime
from uuid import UUID

from rapport.conversations.clocks import Given
from rapport.ownership.directory import Company
from rapport.ownership.engine import Verdict
from rapport.ownership.promising import terms_of
from rapport.ownership.world import hours_name, hours_of
from rapport.staff.clocks import FIRST_ANSWER, Run, Terms, started
from rapport.staff.hours import HoursError

_log = logging.getLogger(__name__)


def promised(conversation_id: UUID, verdict: Verdict, here: Company, at: datetime) -> tuple[Given, ...]:
    """The clocks of a conversation that came at a moment, as its verdict promises them; none where it does not."""
    promise = verdict.promise
    if promise is None:
        return ()
    hours = hours_of(promise, verdict.owner, here.directory, here.hours)
    name = hours_name(promise, verdict.owner, here.directory)
    found = []
    for terms, steps in terms_of(promise, hours):
        run = _run(terms, at)
        if run:
            found.append(Given(conversation_id, terms, name, steps, run))
    return tuple(found)


def first_answer_due(verdict: Verdict, here: Company, at: datetime) -> datetime | None:
    """When a first answer would be due by a verdict that was not acted on."""
    if verdict.promise is None:
        return None
    hours = hours_of(verdict.promise, verdict.owner, here.directory, here.hours)
    first = next((terms for terms, _ in terms_of(verdict.promise, hours) if terms.name == FIRST_ANSWER), None)
    run = _run(first, at) if first else None
    return run.due if run else None


def _run(terms: Terms, at: datetime) -> Run | None:
    try:
        return started(terms, at)
    except HoursError as error:
        _log.warning("a promise of %s cannot be given: %s", terms.span, error.message)
        return None
