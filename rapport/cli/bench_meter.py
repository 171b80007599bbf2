"""What a run cost: CPU of this process and of a whole PostgreSQL server, memory, time."""

import os
import resource
import time
from dataclasses import dataclass

import psutil

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds at one moment: the wall's, this process's CPU, the server's CPU."""

    wall_s: float
    python_s: float
    postgres_s: float

    def since(self, earlier: "Reading") -> "Reading":
        """What passed since `earlier`."""
        return Reading(
            self.wall_s - earlier.wall_s,
            self.python_s - earlier.python_s,
            self.postgres_s - earlier.postgres_s,
        )


def read(postmaster: int) -> Reading:
    """Where the meters stand; `postmaster` is the pid of the server."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Reading(time.monotonic(), used.ru_utime + used.ru_stime, _server_s(postmaster))


def peak_rss_mb() -> float:
    """The most memory this process ever had, in MB (10^6 bytes)."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1)


def _server_s(postmaster: int) -> float:
    """CPU seconds of the server's processes: the living, and by the postmaster's account those that have ended."""
    processes = [postmaster, *(child.pid for child in psutil.Process(postmaster).children(recursive=True))]
    return sum(_ticks(pid, ended=pid == postmaster) for pid in processes) / _TICKS_PER_S


def _ticks(pid: int, ended: bool) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except FileNotFoundError:  # ended since: its parent has its time
        return 0
    user, system, ended_user, ended_system = (int(field) for field in fields[11:15])
    return user + system + (ended_user + ended_system if ended else 0)
