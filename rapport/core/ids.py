"""Identifiers made in Python, in time order, so that any PostgreSQL will do."""

import os
import time
from threading import Lock
from uuid import UUID

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_RANDOM_MASK = ((1 << 12) - 1) << 64 | (1 << 62) - 1
_STEP_BYTES = 4
_PUT_BACK = 5_000 << 80
"""Five seconds, in an id's bits: a clock that goes back further was wrong, and ids are asked what time they say."""
_lock = Lock()
_last = 0


def new_id(at_ms: int | None = None) -> UUID:
    """A UUID version 7 (RFC 9562, section 5.7) for `at_ms`, milliseconds since 1970, or now.

    Those made for now by one process are in the order they were made, within a millisecond too and while the clock
    is put right by less than five seconds (section 6.2). Put back further, they follow it.
    """
    global _last
    if at_ms is not None:
        return UUID(int=_drawn(max(0, at_ms)))
    drawn = _drawn(time.time_ns() // 1_000_000)
    with _lock:
        if _last - _PUT_BACK < drawn <= _last:
            drawn = _last + 1 + int.from_bytes(os.urandom(_STEP_BYTES))
        _last = drawn
    return UUID(int=drawn)


def _drawn(ms: int) -> int:
    random = int.from_bytes(os.urandom(10)) & _RANDOM_MASK
    return ((ms & (1 << 48) - 1) << 80) | _VERSION_AND_VARIANT | random
