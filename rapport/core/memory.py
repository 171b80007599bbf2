"""How Python's cyclic garbage collector is set: while modules are loaded, and in processes that handle much mail."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# The middle ones are looked through in a few milliseconds: a page does not wait for them.
_YOUNG, _MIDDLE, _OLD = 5_000, 5, 500


def settle() -> None:
    """What is loaded now stays; look for garbage less often. Call once, when everything is imported.

    Parsing and storing make very many short-lived values that reference counting frees; with Python's own thresholds
    an eighth of the pipeline's time goes into searching them for cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


@contextmanager
def loading() -> Iterator[None]:
    """Look for no garbage inside the block: what modules make when they are imported stays, and there is very much.

    A process that loads Django and the pages starts with a fifth less work.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
