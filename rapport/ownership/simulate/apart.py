"""A process of its own for parts of a replay. It imports no model until Django is set up in it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from uuid import UUID

from rapport.ownership.simulate.past import Asked
from rapport.ownership.simulate.replay import Tally

_LOOK_SECONDS = 2.0
_replay: Callable[[Sequence[UUID]], Tally] | None = None


def replayed(asked: Asked, parts: Sequence[Sequence[UUID]], processes: int) -> Iterator[Tally]:
    """The tally of each part, in their order. The processes are spawned, as this one has threads and connections."""
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=(asked, os.getpid()))
    try:
        yield from pool.map(_part, parts)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(asked: Asked, parent: int) -> None:
    global _replay
    # Ctrl-C reaches the whole group: the parent ends what it began, in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.core.settings")
    django.setup()
    from rapport.ownership.simulate.run import Replayer

    _replay = Replayer(asked).part


def _leave_with(parent: int) -> None:
    """A parent that was killed tells nobody: its children would wait for parts for ever."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def _part(ids: Sequence[UUID]) -> Tally:
    if _replay is None:
        raise RuntimeError("this process was not prepared")
    return _replay(ids)
