"""How often a feed is asked, and whose turn it is. Pure: times are given, in seconds."""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from rapport.channels.kinds.feeds.settings import LEAST_S, MOST_S

T = TypeVar("T")


def next_interval(interval_s: float, has_news: bool, least_s: float = LEAST_S, most_s: float = MOST_S) -> float:
    """How long to wait before a feed is asked again: halved when there was something new, half as much again when not.

    Never below `least_s` (the setting, or what the feed itself asks for) and never above `most_s`.
    """
    least_s = min(max(least_s, LEAST_S), most_s)
    wanted = interval_s / 2 if has_news else interval_s * 1.5
    return min(max(wanted, least_s), most_s)


def after_failure(interval_s: float, failures: int, asked_s: float = 0.0, most_s: float = MOST_S) -> float:
    """How long to leave a feed alone after `failures` in a row, which asked for `asked_s` of peace (Retry-After)."""
    wanted = max(interval_s, LEAST_S) * 2.0 ** min(max(failures, 1) - 1, 10)
    return min(max(wanted, asked_s), most_s)


def remaining(next_at: float, now: float, most_s: float = MOST_S) -> float:
    """Seconds until a time that was written down by a clock which may since have jumped: never more than `most_s`."""
    wait = next_at - now
    return 0.0 if wait <= 0 or wait > most_s * 1.1 else wait


def spread(interval_s: float, name: str) -> float:
    """The interval moved by up to a twentieth, always the same for a name: feeds drift apart, not into step."""
    return interval_s * (0.95 + 0.1 * (sum(name.encode()) % 101) / 100)


@dataclass(slots=True)
class Turns(Generic[T]):
    """Who is to be asked next: in order of time, each host once at a time and with a pause between."""

    pause_s: float
    busy: set[str] = field(default_factory=set)
    _queues: dict[str, list[tuple[float, int, T]]] = field(default_factory=lambda: defaultdict(list))
    _hosts: list[tuple[float, str]] = field(default_factory=list)
    _free_at: dict[str, float] = field(default_factory=dict)
    _count: int = 0

    def add(self, host: str, due: float, what: T) -> None:
        """Ask `host` for something when it is `due`."""
        self._count += 1
        heapq.heappush(self._queues[host], (due, self._count, what))
        self._wake(host)

    def take(self, now: float) -> tuple[str, float, T] | None:
        """What may be asked now, with its host and when it was due; its host is busy until `release`."""
        while self._hosts and self._hosts[0][0] <= now:
            _, host = heapq.heappop(self._hosts)
            queue = self._queues.get(host)
            if host in self.busy or not queue:
                continue
            if self._ready(host) > now:
                self._wake(host)
                continue
            due, _, what = heapq.heappop(queue)
            self.busy.add(host)
            return host, due, what
        return None

    def release(self, host: str, now: float, pause_s: float = 0.0) -> None:
        """The host has answered; it is left alone for `pause_s`, and for the usual pause at least."""
        self.busy.discard(host)
        self._free_at[host] = now + max(pause_s, self.pause_s)
        if self._queues.get(host):
            self._wake(host)
        else:
            self._queues.pop(host, None)

    def wait(self, now: float) -> float:
        """Seconds until something may be asked, as far as is known."""
        return max(self._hosts[0][0] - now, 0.0) if self._hosts else MOST_S

    def _ready(self, host: str) -> float:
        return max(self._queues[host][0][0], self._free_at.get(host, 0.0))

    def _wake(self, host: str) -> None:
        if host not in self.busy:
            heapq.heappush(self._hosts, (self._ready(host), host))
