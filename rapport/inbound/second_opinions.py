"""Asking for second opinions, one at a time, beside all other work: a part of the worker. Off unless switched on."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from uuid import UUID

from django.db.models import QuerySet

from rapport.channels.base import TooFast
from rapport.channels.secrets import unseal
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import ChannelError
from rapport.outbound.retry import LONGEST, pause
from rapport.ownership.second import asking, keeping, queue
from rapport.ownership.second.models import Endpoint
from rapport.ownership.second.queue import Question
from rapport.ownership.second.wording import Nonsense

log = logging.getLogger(__name__)

FAILURES_MAX = 3
"""After so many in a row it rests, the longer the more follow."""
WRONG_SETTINGS = timedelta(hours=1)
_LOOK_SECONDS = 5.0
_chance = secrets.SystemRandom()


def run(stopping: Event) -> None:
    """Ask about what waits until told to stop."""
    while not stopping.wait(_LOOK_SECONDS):
        while not stopping.is_set() and work_once():
            pass


def work_once() -> bool:
    """Ask about one conversation, outside any transaction; False where it is off, rests, or nothing waits."""
    with scope.system():
        row = Endpoint.objects.filter(id=1, enabled=True).first()
        if row is None:
            return False
        queue.look(row)
        asked = queue.take()
    if asked is None:
        return False
    with _failing(asked, row):
        reply = asking.ask(row, unseal(bytes(row.secrets)).get("key", ""), asked.choices, asked.message,
                           partial(_reserve, row, asked.conversation_id))  # fmt: skip
        with scope.system():
            keeping.count(tokens=reply.tokens)
            queue.keep(asked, row, reply.said)
            if row.failures or row.problem or row.plain != reply.plain:
                _as_it_was_asked(row).update(failures=0, problem="", rest_until=None, plain=reply.plain)
    return True


def _reserve(row: Endpoint, conversation_id: UUID, characters: int) -> bool:
    """Out of the budget and into the log before anything leaves: also what is never answered is on record."""
    with scope.system():
        # Somebody may have switched it off, or spoken in confidence, since it was taken.
        if not queue.may_still_be_asked(row, conversation_id):
            raise asking.Moot
        if not keeping.reserve(row, characters):
            return False
        data = {"characters": characters, "host": keeping.host_of(row.url), "model": row.model}
        events.record(keeping.ASKED, conversation_id=conversation_id, data=data)
    return True


@contextmanager
def _failing(asked: Question, row: Endpoint) -> Iterator[None]:
    """What goes wrong puts the question off, and after several failures the endpoint rests."""
    try:
        yield
    except asking.Spent:
        with scope.system():
            if queue.set_aside(asked):
                keeping.count(unasked=1)
    except asking.Moot:
        with scope.system():
            # Taken again, it is looked at again by what holds now.
            queue.put_off(asked, now(), counts=False)
    except Nonsense:
        # No opinion; and what never answers with one is not worth asking.
        with scope.system():
            queue.keep(asked, row, {})
            _failed(row, "Its answers are none that can be read.", permanent=False)
    except TooFast as error:
        until = now() + timedelta(seconds=error.retry_after)
        with scope.system():
            queue.put_off(asked, until, counts=False)
            _as_it_was_asked(row).update(rest_until=until, problem=error.message[:400])
    except ChannelError as error:
        log.warning("no second opinion: %s", error.message)
        with scope.system():
            queue.put_off(asked, _again(asked), counts=not error.permanent)
            _failed(row, f"{error.message} {error.hint}".strip(), permanent=error.permanent)


def _again(asked: Question) -> datetime | None:
    wait = pause(asked.attempts, _chance.random()) if asked.attempts < queue.ATTEMPTS_MAX else None
    return now() + wait if wait is not None else None


def _failed(row: Endpoint, problem: str, *, permanent: bool) -> None:
    failures = row.failures + 1
    rest: timedelta | None = WRONG_SETTINGS if permanent else None
    if not permanent and failures >= FAILURES_MAX:
        rest = pause(failures, _chance.random()) or LONGEST
    _as_it_was_asked(row).update(
        failures=min(failures, 1_000), problem=problem[:400], rest_until=now() + rest if rest else row.rest_until
    )


def _as_it_was_asked(row: Endpoint) -> QuerySet[Endpoint]:
    """The row, unless somebody has changed the settings since: then what came of the old says nothing of the new."""
    return Endpoint.objects.filter(id=row.id, changed_at=row.changed_at)
