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


def number(value: Any) -> int | None:
    """A whole number, also one written as digits; true and false are none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def moment(value: Any) -> datetime | None:
    """Unix time, which webhooks write as digits, as an aware instant."""
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds < _TIME_MAX else None


def phone(value: Any) -> str:
    """A WhatsApp id, which is a number in E.164 without its plus, as E.164; "" for what is none."""
    digits = text(value, 40).removeprefix("+")
    return f"+{digits}" if digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 20 else ""
