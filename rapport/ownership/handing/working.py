"""The worker's part: woken when somebody may have got room, and by the timetable of who comes and leaves."""

from datetime import datetime, timedelta

from rapport.core.clock import now
from rapport.ownership.handing import out, over

_AT_MOST = 15.0
_AT_LEAST = 0.25
_ROSTER_EVERY = timedelta(seconds=10)
_looked: dict[str, datetime | None] = {"at": None, "next": None}


def work_once() -> float:
    """Hand out what can be, do what is due as shifts end; how many seconds to wait unless woken before."""
    out.hand_out()
    at = now()
    if _is_due(at):
        _looked["at"], _looked["next"] = at, over.run_due()
    edge = _looked["next"]
    # When somebody comes, their queue is next; a window in which they are given only so many closes without a word.
    return min(_AT_MOST, max(_AT_LEAST, (edge - at).total_seconds())) if edge else _AT_MOST


def _is_due(at: datetime) -> bool:
    """Who is there when is read anew as somebody comes or leaves, and every few seconds in which something happens."""
    looked, edge = _looked["at"], _looked["next"]
    return looked is None or at - looked >= _ROSTER_EVERY or looked > at or (edge is not None and at >= edge)
