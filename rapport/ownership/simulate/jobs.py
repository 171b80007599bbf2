"""What-ifs in the background: asked by a member, run by a worker, looked at and thrown away later."""

import logging
import os
from datetime import datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import RapportError
from rapport.ownership.models import RunState, WhatIf
from rapport.ownership.simulate.past import Asked
from rapport.ownership.simulate.run import Stopped, what_if
from rapport.staff.models import Member

log = logging.getLogger(__name__)

KEPT = timedelta(days=14)
_PAUSE_SECONDS = 1.0
_SILENT = timedelta(minutes=3)
_PROCESSES_MAX = 2
_ALIVE = (RunState.WAITING, RunState.RUNNING)

_CLAIM = """
UPDATE ownership_whatif SET state = 'running', beat_at = %s WHERE id = (
    SELECT id FROM ownership_whatif WHERE state = 'waiting' OR (state = 'running' AND beat_at < %s)
    ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id
"""


def ask(
    member: Member,
    policies: tuple[dict[str, Any], dict[str, Any]],
    names: dict[str, Any],
    span: tuple[datetime, datetime],
) -> WhatIf:
    """Ask for a replay of (base, draft) over a span; what the member asked before and is still waiting for is stopped.

    `names` says what the two are: {"base": number, "draft": number or None}, and with which other setup of the company
    the second is tried, if any: "setup" (`simulate.changed`).
    """
    with scope.system():
        WhatIf.objects.filter(member=member, state__in=_ALIVE).update(state=RunState.STOPPED, finished_at=now())
        return WhatIf.objects.create(
            member=member, base=policies[0], draft=policies[1], names=names, since=span[0], until=span[1]
        )


def sweep() -> int:
    """Throw away what is older than KEPT; how many there were."""
    with scope.system():
        return WhatIf.objects.filter(created_at__lt=now() - KEPT).delete()[0]


def stop(run: WhatIf) -> None:
    """Do not go on with it."""
    with scope.system():
        WhatIf.objects.filter(id=run.id, state__in=_ALIVE).update(state=RunState.STOPPED, finished_at=now())


def run(stopping: Event) -> None:
    """Run what is asked for until told to stop; a part of the worker."""
    while not stopping.is_set():
        if not run_next(stopping):
            stopping.wait(_PAUSE_SECONDS)


def run_next(stopping: Event | None = None) -> bool:
    """Run the one that waits longest, or that a worker left undone; False when there is none."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, [now(), now() - _SILENT])
        row = cursor.fetchone()
        found = WhatIf.objects.get(id=row[0]) if row else None
    if found is None:
        return False
    _run(found, stopping)
    return True


def _run(found: WhatIf, stopping: Event | None) -> None:
    def progress(done: int, total: int) -> bool:
        with scope.system():
            alive = WhatIf.objects.filter(id=found.id, state=RunState.RUNNING)
            going = alive.update(done=done, total=total, beat_at=now())
        return bool(going) and not (stopping and stopping.is_set())

    number, otherwise = found.names.get("base"), found.names.get("setup") or {}
    asked = Asked(found.base, found.draft, found.since, found.until, number, found.member_id, otherwise)
    try:
        told = what_if(asked, progress, min(_PROCESSES_MAX, os.cpu_count() or 1))
    except Stopped:
        _end(found.id, RunState.WAITING if stopping and stopping.is_set() else RunState.STOPPED)
    except RapportError as error:
        _end(found.id, RunState.FAILED, problem=f"{error.message} {error.hint}".strip()[:300])
    except Exception:
        log.exception("a what-if failed")
        _end(found.id, RunState.FAILED)
    else:
        _end(found.id, RunState.DONE, story=told)


def _end(id: UUID, state: RunState, **given: Any) -> None:
    with scope.system():
        finished = None if state == RunState.WAITING else now()
        WhatIf.objects.filter(id=id, state=RunState.RUNNING).update(state=state, finished_at=finished, **given)
