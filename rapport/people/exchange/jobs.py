"""One step of whatever waits: an import, or a directory that is due."""

from collections.abc import Callable

from rapport.people.exchange import worker
from rapport.people.exchange.desk import IMPORT_CHANNEL

__all__ = ["IMPORT_CHANNEL", "work_once"]


def work_once(stopping: Callable[[], bool] = lambda: False) -> bool:
    """Do one thing that waits; False where nothing does."""
    waiting = worker.claim()
    if waiting is None:
        return False
    worker.work(waiting, stopping)
    return True
