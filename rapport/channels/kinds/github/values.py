"""Values out of JSON that may hold anything: each of the type that was asked for, and bounded."""

from datetime import UTC, datetime
from typing import Any

from rapport.channels import values
from rapport.channels.values import obj as obj

TEXT_MAX = 1_000_000


def text(value: Any, limit: int = 500) -> str:
    """The value if it is a text: at most `limit` characters, without NUL and lone surrogates. Else ""."""
    return values.text(value, limit)


def number(value: Any) -> int:
    """The value if it is a whole number above 0, else 0."""
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
    return int(value) if is_one else 0


def when(value: Any) -> datetime | None:
    """A time as GitHub writes it (ISO 8601, or in some places seconds since 1970), in UTC."""
    try:
        if number(value):
            return datetime.fromtimestamp(number(value), UTC)
        found = datetime.fromisoformat(value) if isinstance(value, str) and len(value) < 60 else None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC) if found else None
    except (ValueError, OverflowError, OSError):
        return None


def link(value: Any) -> str:
    """The value if it is the address of a page, else ""."""
    found = text(value, 2_000)
    return found if found.startswith(("https://", "http://")) else ""
