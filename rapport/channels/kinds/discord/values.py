"""Single values out of JSON that somebody else wrote: of the right type and size, or nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

TEXT_MAX = 1_000_000
_SHORT = 300


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


def snowflake(value: Any) -> str:
    """An id of Discord's: up to 20 digits, which grow with time; "" for what is none."""
    given = value if isinstance(value, str) else ""
    return given if given.isascii() and given.isdigit() and len(given) <= 20 else ""


def moment(value: Any) -> datetime | None:
    """ISO 8601, as an aware instant."""
    try:
        at = datetime.fromisoformat(text(value, 40))
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None
