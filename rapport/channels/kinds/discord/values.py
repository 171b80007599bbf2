"""Single values out of JSON that somebody else wrote: of the right type and size, or nothing."""

from datetime import UTC, datetime
from typing import Any

from rapport.channels.values import obj as obj
from rapport.channels.values import rows as rows
from rapport.channels.values import text as text

TEXT_MAX = 1_000_000


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
