"""What a worker does now and then, one thing after the other, on one connection."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from django.db import DatabaseError, connection

from rapport.conversations import presence, snoozing, spreading, tallying
from rapport.core import audit
from rapport.core.errors import RapportError
from rapport.inbound import faults
from rapport.insight import days, summing
from rapport.notices import rounds
from rapport.outbound import unseen, uploads
from rapport.ownership.handing import turns
from rapport.ownership.simulate import jobs as whatif
from rapport.people import proving
from rapport.people.directory import lapsing
from rapport.people.exchange import desk

log = logging.getLogger(__name__)
_AGAIN_S = 5.0


@dataclass(frozen=True)
class Job:
    """Something short that may be done by any worker at any time, also by two at once."""

    every_s: float
    run: Callable[[], object]


JOBS = [
    Job(0.5, audit.seal_waiting),
    Job(5.0, snoozing.wake_due),
    Job(10.0, tallying.fold),
    Job(5.0, proving.settle),
    Job(5.0, days.close_some),
    Job(15.0, unseen.sweep),
    Job(60.0, spreading.catch_up),
    Job(300.0, summing.keep),
    Job(600.0, presence.sweep),
    Job(3600.0, uploads.sweep),
    Job(3600.0, desk.sweep),
    Job(3600.0, lapsing.lapse),
    Job(3600.0, whatif.sweep),
    Job(3600.0, turns.sweep),
    Job(3600.0, rounds.sweep),
]


def run(stopping: Event) -> None:
    """Do what is due until stopped. A fault of one job holds up no other: it is logged, told of (`faults`), and the job
    done again at its pace.

    Raises what a job does where the database is away.
    """
    due = dict.fromkeys(range(len(JOBS)), 0.0)
    while not stopping.is_set():
        for number, job in enumerate(JOBS):
            if time.monotonic() >= due[number]:
                due[number] = time.monotonic() + job.every_s
                if not _did(job):
                    due[number] = max(due[number], time.monotonic() + _AGAIN_S)
        stopping.wait(max(0.1, min(due.values()) - time.monotonic()))


def _did(job: Job) -> bool:
    try:
        job.run()
    except Exception as error:
        if connection.connection is None or not connection.is_usable():
            raise
        faults.failed("upkeep", error)
        if isinstance(error, DatabaseError | RapportError):
            log.warning("upkeep: %s", error)
        else:
            log.exception("upkeep failed")
        return False
    return True
