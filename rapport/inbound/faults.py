"""Which parts of a worker run but fail again and again: told with the class of the error and where, and nothing else.

A part that fails is begun anew within seconds, so it leaves its sign (`signs`) all the while. What an error says stays
in the log: it may quote what somebody wrote.
"""

import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from traceback import walk_tb

from django.db import connection, transaction

CALM = timedelta(minutes=3)
"""A part that has not failed for so long works again, wherever it runs."""
OFTEN = 3
LASTS = timedelta(minutes=1)
"""Told of is what failed so often, over so long: not what a database that was started anew did to all parts."""
_OURS = "rapport."
_LENGTH_MAX = 200

# Seconds by the worker's clock become moments of the database's, which all machines share.
_CALM = f"interval '{CALM.seconds} seconds'"
_TELL = f"""INSERT INTO inbound_part AS p (name, seen_at, host, failing_since, failed_at, failures, fault, failed_host)
VALUES (%(part)s, now(), %(host)s, now() - %(first)s * interval '1 second', now() - %(last)s * interval '1 second',
    %(count)s, %(what)s, %(host)s)
ON CONFLICT (name) DO UPDATE SET failed_at = excluded.failed_at, fault = excluded.fault,
    failed_host = excluded.failed_host,
    failing_since = CASE WHEN p.failed_at > excluded.failing_since - {_CALM} THEN p.failing_since
        ELSE excluded.failing_since END,
    failures = excluded.failures
        + CASE WHEN p.failed_at > excluded.failing_since - {_CALM} THEN p.failures ELSE 0 END"""
#: Of a row, whether the part fails again and again, and the fields of `Failing`.
FAILING = f"""coalesce(failed_at > now() - {_CALM} AND failures >= {OFTEN}
    AND failed_at - failing_since >= interval '{LASTS.seconds} seconds', false),
failing_since, failed_at, failures, fault, failed_host"""


@dataclass(frozen=True, slots=True)
class Failing:
    """A part that fails again and again: since when, when last, how often, what it was and where, on which machine."""

    part: str
    since: datetime
    at: datetime
    times: int
    what: str
    host: str


@dataclass(frozen=True)
class _Fault:
    """What became of a part in this process since it was last told: moments of `time.monotonic`."""

    what: str
    count: int
    first: float
    last: float


_untold: dict[str, _Fault] = {}
_lock = threading.Lock()


def failed(part: str, error: BaseException) -> None:
    """A part failed here just now, and is begun anew; told with the next sign."""
    at = time.monotonic()
    with _lock:
        before = _untold.get(part, _Fault("", 0, at, at))
        _untold[part] = replace(before, what=described(error), count=before.count + 1, last=at)


def described(error: BaseException) -> str:
    """Of which class an error is, and in which function of ours it came up: never what it says."""
    cause = f" ({type(error.__cause__).__name__})" if error.__cause__ else ""
    frames = [frame for frame, _line in walk_tb(error.__traceback__)]
    ours = [one for one in frames if str(one.f_globals.get("__name__", "")).startswith(_OURS)]
    where = f" in {ours[-1].f_globals['__name__']}.{ours[-1].f_code.co_name}" if ours else ""
    return f"{type(error).__name__}{cause}{where}"[:_LENGTH_MAX]


def tell() -> None:
    """Write down what failed here since; kept for the next time where the database does not answer."""
    with _lock:
        untold = dict(_untold)
    if not untold:
        return
    _written(untold)
    with _lock:
        for part, told in untold.items():
            now = _untold.pop(part, told)
            if now is not told:
                _untold[part] = replace(now, count=now.count - told.count, first=told.last)


def _written(untold: Mapping[str, _Fault]) -> None:
    at = time.monotonic()
    # In one order, so that two who tell do not block one another.
    with transaction.atomic(), connection.cursor() as cursor:
        for part, one in sorted(untold.items()):
            cursor.execute(_TELL, {
                "part": part, "host": socket.gethostname()[:100], "first": at - one.first, "last": at - one.last,
                "count": one.count, "what": one.what,
            })  # fmt: skip
