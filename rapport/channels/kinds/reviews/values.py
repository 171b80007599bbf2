"""Single values out of JSON that somebody else wrote: of the right type and size, or nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rapport.channels import values
from rapport.channels.values import obj as obj
from rapport.channels.values import text as text

TEXT_MAX = 1_000_000
_TIME_MAX = 32_503_680_000  # the year 3000


def rows(value: Any, most: int = 1_000) -> Sequence[Mapping[str, Any]]:
    """The objects of a JSON array, at most so many of its elements looked at."""
    return values.rows(value, most)


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
