"""What a kill -9 leaves behind: postmaster.pid of a dead or recycled process, backends without a postmaster.

PostgreSQL itself only asks whether the pid exists; a zombie, or another program that got the number, would
hold up every later start. We look at what the process is.
"""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from rapport.core.postgres.place import SOCKET_NAME, Place


@dataclass(frozen=True)
class Postmaster:
    """What postmaster.pid says of a process that is really there."""

    pid: int
    ready: bool


def running_postmaster(data: Path) -> Postmaster | None:
    """The live postmaster of the folder `data`; None when there is none, whatever postmaster.pid says."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        pid = abs(int(lines[0]))
    except (OSError, ValueError, IndexError):
        return None
    if not _works_in(pid, data):
        return None
    return Postmaster(pid, len(lines) > 7 and lines[7].strip() == "ready")


def _works_in(pid: int, data: Path) -> bool:
    """Whether `pid` lives, is no zombie, and is a PostgreSQL whose folder is `data`."""
    try:
        process = psutil.Process(pid)
        return (
            process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
            and process.name().startswith("postgres")
            and Path(process.cwd()) == data.resolve()
        )
    except psutil.Error:
        return False


def clear_remains(place: Place) -> None:
    """Ends backends that outlived their postmaster, removes its lock files. Only when none lives."""
    orphans = [pid for pid in psutil.pids() if _works_in(pid, place.data)]
    for pid in orphans:
        # Their shared memory is thrown away by the next start, so there is nothing left that they could harm.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(_works_in(pid, place.data) for pid in orphans) and time.monotonic() < deadline:
        time.sleep(0.02)
    for remains in (
        place.data / "postmaster.pid",
        place.sockets / SOCKET_NAME,
        place.sockets / f"{SOCKET_NAME}.lock",
    ):
        remains.unlink(missing_ok=True)
