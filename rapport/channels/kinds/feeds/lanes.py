"""A few threads that each do one thing at a time, and are given up where one never comes to an end."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

J = TypeVar("J")
R = TypeVar("R")


@dataclass(eq=False)
class _Lane(Generic[J]):
    jobs: "SimpleQueue[J | None]" = field(default_factory=SimpleQueue)
    thread: threading.Thread | None = None
    job: J | None = None
    since: float = 0.0
    is_given_up: bool = False


class Lanes(Generic[J, R]):
    """`work` is done in up to `count` threads; one that takes more than `stuck_s` seconds is replaced by another.

    Used by one thread. Threads cannot be killed: those given up end when the other side at last does.
    """

    def __init__(self, work: Callable[[J], R], count: int, stuck_s: float) -> None:
        self.given_up = 0
        self._work, self._count, self._stuck_s = work, count, stuck_s
        self._idle: list[_Lane[J]] = []
        self._busy: list[_Lane[J]] = []
        self._done: SimpleQueue[tuple[_Lane[J], J, R]] = SimpleQueue()

    @property
    def has_room(self) -> bool:
        """Whether a job can begin at once."""
        return len(self._busy) < self._count

    def begin(self, job: J) -> None:
        """Do the job in a lane that is free."""
        lane = self._idle.pop() if self._idle else self._opened()
        lane.job, lane.since = job, time.monotonic()
        self._busy.append(lane)
        lane.jobs.put(job)

    def ended(self, timeout_s: float) -> tuple[J, R | None] | None:
        """A job that has ended with its result; None as the result of one that had been given up before."""
        try:
            lane, job, result = self._done.get(timeout=max(timeout_s, 0.0))
        except Empty:
            return None
        if lane.is_given_up:
            self.given_up -= 1
            lane.jobs.put(None)
            return job, None
        self._busy.remove(lane)
        self._idle.append(lane)
        return job, result

    def stuck(self) -> list[J]:
        """Jobs that take too long, or whose thread died; they are given up with this."""
        now = time.monotonic()
        lost = [one for one in self._busy if now - one.since > self._stuck_s or not _lives(one)]
        for lane in lost:
            self._busy.remove(lane)
            lane.is_given_up = True
            self.given_up += 1
        return [lane.job for lane in lost if lane.job is not None]

    def close(self) -> None:
        """Let every thread end when it has done what it does."""
        for lane in (*self._idle, *self._busy):
            lane.jobs.put(None)

    def _opened(self) -> _Lane[J]:
        lane: _Lane[J] = _Lane()
        lane.thread = threading.Thread(target=self._run, args=(lane,), name="feeds", daemon=True)
        lane.thread.start()
        return lane

    def _run(self, lane: _Lane[J]) -> None:
        while (job := lane.jobs.get()) is not None:
            self._done.put((lane, job, self._work(job)))


def _lives(lane: _Lane[J]) -> bool:
    return lane.thread is not None and lane.thread.is_alive()
