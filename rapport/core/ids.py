"""Identifiers made in Python, in time order, so that any PostgreSQL will do."""

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_RANDOM_MASK = ((1 << 12) - 1) << 64 | (1 << 62) - 1


def new_id(at_ms: int | None = None) -> UUID:
    """A UUID version 7 (RFC 9562, section 5.7) for `at_ms`, milliseconds since 1970, or now."""
    ms = time.time_ns() // 1_000_000 if at_ms is None else max(0, at_ms)
    random = int.from_bytes(os.urandom(10)) & _RANDOM_MASK
    return UUID(int=((ms & (1 << 48) - 1) << 80) | _VERSION_AND_VARIANT | random)
