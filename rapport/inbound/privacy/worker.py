"""The worker's part for what people may ask: erasing, archives, retention; each in short turns, so that none waits."""

from threading import Event

from rapport.inbound.privacy import archiving, erasing, retaining

_PAUSE_S = 5.0


def run(stopping: Event) -> None:
    """Do what there is until stopped; at once again while there is more."""
    while not stopping.is_set():
        done = erasing.work() + archiving.work() + retaining.work()
        if not done:
            stopping.wait(_PAUSE_S)
