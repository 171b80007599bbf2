"""One step of whatever waits: an import, or a directory that is due."""

from collections.abc import Callable

from rapport.people.exchange import directories, worker
from rapport.people.exchange.desk import IMPORT_CHANNEL

__all__ = ["IMPORT_CHANNEL", "work_once"]


def work_once(stopping: Callable[[], bool] = lambda: False) -> bool:
    """Do one thing that waits; False where nothing does."""
    if (waiting := worker.claim()) is not None:
        worker.work(waiting, stopping)
        return True
    if (due := directories.claim()) is not None:
        directories.sync(due)
        return True
    return False
