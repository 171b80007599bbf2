"""One channel floods, the server of another hangs, and a third has a message a second: how long does that wait?"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.channels import Ear, memory_mb, spread_ms, until, worker

_QUIET_S = 60
_DRAIN_S = 300.0


def measured(folder: Path, given: list[str]) -> dict[str, Any]:
    """The third channel alone, then with the others beside it."""
    from rapport.channels.models import Channel
    from rapport.core import scope
    from rapport.inbound.models import RawItem

    origin, rate, seconds = (*given, *["search", "1000", "60"][len(given) :])
    flood = {"origin": origin, "per_second": int(rate), "seconds": int(seconds)}
    third = Channel.objects.create(name="Third", kind="flooding", address="@us", config={"origin": "addressed"})
    heard: dict[str, float] = {}
    Ear(lambda at, id: heard.setdefault(id, at) and None).start()
    with _hanging() as port, worker() as pid:
        until(lambda: _ticked(third, "warm", 3, 0.2) and len(heard) >= 3, "the worker does not work")
        quiet = _ticked(third, "quiet", min(_QUIET_S, int(seconds)))
        before = memory_mb(pid)
        hung = _hung(port)
        flooding = Channel.objects.create(name="Flood", kind="flooding", address="@flood", config=flood)
        watch = _Watch(pid)
        watch.start()
        beside = _ticked(third, "beside", int(seconds))

        def waiting() -> int:
            with scope.system():
                return RawItem.objects.filter(state="received").count()

        backlog, total, end = waiting(), int(rate) * int(seconds), time.monotonic()
        after = {}
        while waiting() or not Channel.objects.get(id=flooding.id).health.get("kept"):
            after |= _ticked(third, f"after {len(after)}", 1)
            if time.monotonic() - end > _DRAIN_S:
                break
        drained = time.monotonic() - end
        time.sleep(2)
        watch.over.set()
        with scope.system():
            states = Counter(RawItem.objects.filter(channel=flooding).values_list("state", flat=True))
        hung.refresh_from_db()
        return {
            "flood": {**flood, **Channel.objects.get(id=flooding.id).health}, "flood_items": total, "states": states,
            "lost": total - states["stored"] - states["mention"],
            "waiting_at_its_end": backlog, "drained_after_s": round(drained, 1),
            "third_alone": _waits(third, quiet, heard), "third_beside_the_flood": _waits(third, beside, heard),
            "third_while_the_backlog_went": _waits(third, after, heard),
            "memory_before": before, "memory_after": memory_mb(pid), "peak_pss_mb": watch.peak,
            "hung_channel": {"state": hung.state, "error": hung.error},
        }  # fmt: skip


def _ticked(channel: Any, name: str, many: int, every_s: float = 1.0) -> dict[str, float]:
    """Text -> when it was said. One a second, as a webhook would bring it, each somebody's first word."""
    from benchmarks.flooding import item
    from rapport.inbound import intake

    said, begin = {}, time.monotonic()
    for number in range(many):
        time.sleep(max(0.0, begin + number * every_s - time.monotonic()))
        said[f"{name} {number}"] = time.monotonic()
        intake.accept(channel, [item(f"{name} {number}", number)])
    time.sleep(max(0.0, begin + many * every_s - time.monotonic()))
    return said


def _waits(channel: Any, said: dict[str, float], heard: dict[str, float]) -> dict[str, float]:
    from rapport.conversations.models import Message
    from rapport.core import scope

    with scope.system():
        rows = Message.objects.filter(channel=channel).values_list("text", "conversation_id")
        where = {" ".join(text.split(" The charger")[0].split()): str(conversation) for text, conversation in rows}
    seen = [heard[where[name]] - at for name, at in said.items() if where.get(name) in heard]
    return {"said": len(said), **spread_ms(seen)}


class _Watch(threading.Thread):
    """The highest PSS of a process, looked at every half second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0.0, threading.Event()

    def run(self) -> None:
        """Until it is over."""
        while not self.over.wait(0.5):
            self.peak = max(self.peak, memory_mb(self.pid)["pss_mb"])


def _hung(port: int) -> Any:
    from rapport.channels.models import Channel
    from rapport.channels.secrets import seal

    return Channel.objects.create(
        name="Hung", kind="mastodon", address="@hung@localhost",
        config={"url": f"http://127.0.0.1:{port}", "own": {"address": "@hung@localhost", "id": "1"}},
        secrets=seal({"token": "a"}),
    )  # fmt: skip


@contextmanager
def _hanging() -> Iterator[int]:
    """A server that takes every connection and never says anything; its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        kept: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]
        for one in kept:
            one.close()
