"""The worker's part: what members are to be told, gathered and sent."""

import time
from threading import Event

from rapport.notices import doubts, gather, mail, push, rounds

_TICK_S = 0.5
_EVERY_S = {doubts.run: 30.0, rounds.run_hour: 15.0, mail.run_soon: 15.0, mail.run_digests: 60.0}


def run(stopping: Event) -> None:
    """Go on until stopped."""
    last = dict.fromkeys(_EVERY_S, 0.0)
    while not stopping.is_set():
        read = gather.run()
        push.run()
        for job, seconds in _EVERY_S.items():
            if time.monotonic() - last[job] >= seconds:
                last[job] = time.monotonic()
                job()
        if not read:
            stopping.wait(_TICK_S)
