"""Single values out of JSON that somebody else wrote: of the right type and size, or nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

TEXT_MAX = 1_000_000
_SHORT = 300
_ID_MAX = 2**63
_TIME_MAX = 32_503_680_000  # the year 3000


def obj(value: Any) -> Mapping[str, Any]:
    """A JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def rows(value: Any, most: int = 100) -> Sequence[Mapping[str, Any]]:
    """The objects of a JSON array, at most so many of its elements looked at."""
    return [one for one in value[:most] if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Any, most: int = _SHORT) -> str:
    """A text that a database can hold: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str):
        return ""
    return value[:most].replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def number(value: Any) -> int | None:
    """A whole number of at most 64 bits; true and false are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _ID_MAX else None


def moment(value: Any) -> datetime | None:
    """Unix time, as an aware instant."""
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds < _TIME_MAX else None
