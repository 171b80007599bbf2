"""Single values out of JSON that somebody else wrote: of the right type and size, or nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

TEXT_MAX = 1_000_000
_SHORT = 300
_TIME_MAX = 32_503_680_000  # the year 3000


def obj(value: Any) -> Mapping[str, Any]:
    """A JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def rows(value: Any, most: int = 1_000) -> Sequence[Mapping[str, Any]]:
    """The objects of a JSON array, at most so many of its elements looked at."""
    return [one for one in value[:most] if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Any, most: int = _SHORT) -> str:
    """A text that a database can hold: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str):
        return ""
    return value[:most].replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def stars(value: Any) -> int | None:
    """One to five."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5 else None


def moment(value: Any) -> datetime | None:
    """An instant as Apple writes it (ISO 8601) or as Google does ({"seconds": "1443676826"}), aware."""
    if isinstance(value, dict):
        seconds = text(value.get("seconds"), 12)
        good = seconds.isascii() and seconds.isdigit() and 0 < int(seconds) < _TIME_MAX
        return datetime.fromtimestamp(int(seconds), UTC) if good else None
    try:
        at = datetime.fromisoformat(text(value, 40))
    except ValueError:
        return None
    try:
        return at.astimezone(UTC) if at.tzinfo else None
    except OverflowError:
        return None
