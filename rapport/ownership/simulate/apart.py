"""A process of its own for parts of a replay. It imports no model until Django is set up in it."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from uuid import UUID

from rapport.ownership.simulate.past import Asked
from rapport.ownership.simulate.replay import Tally

_replay: Callable[[Sequence[UUID]], Tally] | None = None


def replayed(asked: Asked, parts: Sequence[Sequence[UUID]], processes: int) -> Iterator[Tally]:
    """The tally of each part, in their order. The processes are spawned, as this one has threads and connections."""
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=(asked,))
    try:
        yield from pool.map(_part, parts)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(asked: Asked) -> None:
    global _replay
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.core.settings")
    django.setup()
    from rapport.ownership.simulate.run import Replayer

    _replay = Replayer(asked).part


def _part(ids: Sequence[UUID]) -> Tally:
    if _replay is None:
        raise RuntimeError("this process was not prepared")
    return _replay(ids)
