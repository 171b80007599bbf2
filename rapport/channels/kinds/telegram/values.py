"""Single values out of JSON that somebody else wrote: of the right type and size, or nothing."""

from datetime import UTC, datetime
from typing import Any

from rapport.channels.values import obj as obj
from rapport.channels.values import rows as rows
from rapport.channels.values import text as text

TEXT_MAX = 1_000_000
_ID_MAX = 2**63
_TIME_MAX = 32_503_680_000  # the year 3000


def number(value: Any) -> int | None:
    """A whole number of at most 64 bits; true and false are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _ID_MAX else None


def moment(value: Any) -> datetime | None:
    """Unix time, as an aware instant."""
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds < _TIME_MAX else None
