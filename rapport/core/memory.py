"""How Python's cyclic garbage collector is set for processes that handle much mail."""

import gc

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
