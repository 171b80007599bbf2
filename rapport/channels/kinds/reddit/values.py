"""Single values out of JSON that somebody else wrote: of the right type and size, or nothing."""

import re
from datetime import UTC, datetime
from typing import Any

from rapport.channels.values import obj as obj
from rapport.channels.values import rows as rows
from rapport.channels.values import text as text

TEXT_MAX = 1_000_000
_TIME_MAX = 32_503_680_000  # the year 3000


def fullname(value: Any) -> str:
    """What Reddit calls a thing: t1_ a comment, t3_ a post, t4_ a message; "" for what is none."""
    given = text(value, 40)
    return given if re.fullmatch(r"t[134]_[0-9a-z]{1,20}", given) else ""


def moment(value: Any) -> datetime | None:
    """Unix time, often with a fraction, as an aware instant; false (not edited) is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _TIME_MAX:
        return None
    return datetime.fromtimestamp(int(value), UTC)
