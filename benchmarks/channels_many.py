"""Fifty channels of mixed kinds in one worker: what memory does it take?"""

import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import channels_peers
from benchmarks.channels import memory_mb, until, worker

MIXTURE = {
    "mastodon": 10, "feeds": 8, "matrix": 6, "xmpp": 6, "irc": 6, "bluesky": 5, "telegram": 3, "discord": 3,
    "reddit": 3,
}  # fmt: skip


def measured(folder: Path, given: list[str]) -> dict[str, Any]:
    """Memory without channels, with one kind after the other connected, and after a while; `given`: KIND=MANY..., S."""
    from rapport.channels.models import Channel

    mixture = {n: int(many) for n, _, many in (one.partition("=") for one in given if "=" in one)} or MIXTURE
    seconds = next((int(one) for one in given if one.isdigit()), 120)
    with ExitStack() as stack:
        connections = []
        for kind, many in mixture.items():
            place = folder / kind
            place.mkdir()
            place.chmod(0o755)
            connections += stack.enter_context(getattr(channels_peers, kind)(place, many))
        for number, one in enumerate(connections):
            channels_peers.connected(one, number)
        Channel.objects.update(enabled=False)
        pid = stack.enter_context(worker())
        time.sleep(8)
        steps, well = {"no channel": memory_mb(pid)}, {}
        for kind in mixture:
            Channel.objects.filter(kind=kind, name__startswith=f"{kind} ").update(enabled=True)
            well[kind] = _well(kind, mixture[kind])
            steps[f"and {mixture[kind]} {kind}"] = memory_mb(pid)
        for _ in range(3):
            for one in connections:
                if one.say:
                    one.say("My order never came, and nobody answers the telephone.")
        time.sleep(seconds)
        states = Counter(Channel.objects.filter(enabled=True).values_list("state", flat=True))
        troubles = list(Channel.objects.filter(enabled=True).exclude(state="ok").values_list("name", "error"))
        return {
            "channels": len(connections), "mixture": mixture, "after_s": seconds, "steps": steps, "well": well,
            "at_the_end": memory_mb(pid), "states": states, "troubles": troubles[:5],
        }  # fmt: skip


def _well(kind: str, many: int) -> int:
    from rapport.channels.models import Channel

    end = time.monotonic() + 40

    def well() -> bool:
        rows = Channel.objects.filter(kind=kind, enabled=True, state="ok", last_heard_at__isnull=False)
        return rows.count() >= many or time.monotonic() > end

    until(well, "", every_s=0.5)
    time.sleep(2)
    return Channel.objects.filter(kind=kind, enabled=True, state="ok").count()
