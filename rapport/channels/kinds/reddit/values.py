"""Single values out of JSON that somebody else wrote: of the right type and size, or nothing."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

TEXT_MAX = 1_000_000
_SHORT = 300
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


def fullname(value: Any) -> str:
    """What Reddit calls a thing: t1_ a comment, t3_ a post, t4_ a message; "" for what is none."""
    given = text(value, 40)
    return given if re.fullmatch(r"t[134]_[0-9a-z]{1,20}", given) else ""


def moment(value: Any) -> datetime | None:
    """Unix time, often with a fraction, as an aware instant; false (not edited) is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _TIME_MAX:
        return None
    return datetime.fromtimestamp(int(value), UTC)
