"""The worker's part: woken when somebody may have got room or left, and by the timetable of who comes and leaves.

Whoever makes room calls. What changes without a call (a command, a directory) is found by the end of the log, which is
asked for with one statement; nobody is read while nothing has happened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from rapport.core import scope
from rapport.core.clock import now
from rapport.ownership.handing import left, out, over, queue
from rapport.ownership.members import gets_more_at
from rapport.staff import duty

_AT_MOST = 15.0
_AT_LEAST = 0.25
_ROSTER_EVERY = timedelta(seconds=10)
_WHOLE_EVERY = timedelta(minutes=10)
"""So often everybody is read whatever the log says: should all else have missed something."""
_LOG = "SELECT (SELECT max(seq) FROM core_seal), EXISTS (SELECT 1 FROM core_unsealed)"


@dataclass
class _Looked:
    """When all was looked at, when who comes and leaves was read, how far the log was, when more is to be given on, and
    when to look again.
    """

    at: datetime | None = None
    roster_at: datetime | None = None
    edge: datetime | None = None
    log: int | None = None
    gives_on: datetime | None = None
    again: datetime | None = None


_looked = _Looked()


def work_once(*, woken: bool = True) -> float:
    """Hand out what can be, do what is due as shifts end; how many seconds to wait unless woken before.

    Not `woken`, the time was over: then nothing is done unless its moment has come, or something happened.
    """
    at = now()
    if woken or _is_due(at) or _happened():
        _look(at)
    soonest = _soonest((_looked.again, _looked.edge))
    return min(_AT_MOST, max(_AT_LEAST, (soonest - at).total_seconds())) if soonest else _AT_MOST


def _look(at: datetime) -> None:
    # First how far the log is: what happens from here on is found by the next look.
    _looked.log = _log()
    _looked.at = at
    # First what is its owners' no longer: where a team hands out, it goes on from there.
    _give_on(at)
    out.hand_out()
    if _roster_is_due(at):
        _looked.roster_at, _looked.edge = at, over.run_due()
    with scope.system():
        waits = bool(queue.teams_waiting())
        moments: list[datetime | None] = [gets_more_at(at), duty.changes_at(at)] if waits else []
    moments.append(_looked.gives_on)
    if _looked.roster_at is not None and _looked.roster_at != at:
        # What woke us may have changed who is there.
        moments.append(_looked.roster_at + _ROSTER_EVERY)
    _looked.again = _soonest(moments)


def _is_due(at: datetime) -> bool:
    looked = _looked.at
    if looked is None or looked > at or at - looked >= _WHOLE_EVERY:
        return True
    return any(moment is not None and at >= moment for moment in (_looked.again, _looked.edge))


def _roster_is_due(at: datetime) -> bool:
    """Who is there when is read anew as somebody comes or leaves, and every few seconds in which something happens."""
    looked, edge = _looked.roster_at, _looked.edge
    return looked is None or at - looked >= _ROSTER_EVERY or looked > at or (edge is not None and at >= edge)


def _give_on(at: datetime) -> None:
    """What those have whose accounts are closed at every look; what others lost every few seconds, or when more of it
    is due: it is settled for minutes before it moves, and all members are read for it.
    """
    due = _looked.gives_on is not None and at >= _looked.gives_on
    if due or _roster_is_due(at):
        _looked.gives_on = left.give_on()
    else:
        _looked.gives_on = _soonest((_looked.gives_on, left.give_on(closed=True)))


def _happened() -> bool:
    """Whether anything was done since, by whomever: every act leaves an event."""
    log = _log()
    return log is None or log != _looked.log


def _log() -> int | None:
    """How far the log is; None while some of it has no place in the order yet."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(_LOG)
        last, unsealed = cursor.fetchone()
        return None if unsealed else last or 0


def _soonest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((one for one in moments if one is not None), default=None)
