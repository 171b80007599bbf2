"""Values out of JSON that may hold anything: each of the type that was asked for, and bounded."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from rapport.channels import values
from rapport.channels.values import obj as obj
from rapport.channels.values import rows as rows

TEXT_MAX = 1_000_000
_TS = re.compile(r"(\d{1,11})\.(\d{1,9})", re.ASCII)
_ID = re.compile(r"[A-Z0-9]{2,40}", re.ASCII)


def text(value: Any, limit: int = 500) -> str:
    """The value if it is a text: at most `limit` characters, without NUL and lone surrogates. Else ""."""
    return values.text(value, limit)


def stamp(value: Any) -> str:
    """A message's `ts`, which is its name in its channel and its time; "" for anything else."""
    return value if isinstance(value, str) and _TS.fullmatch(value) else ""


def ident(value: Any) -> str:
    """The id of a user, a bot, a channel or a team ("U012AB3CD"); "" for anything else."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def when(value: Any) -> datetime | None:
    """The time that a `ts` says."""
    found = _TS.fullmatch(stamp(value))
    if not found:
        return None
    fraction = timedelta(microseconds=int(found[2][:6].ljust(6, "0")))
    return datetime.fromtimestamp(int(found[1]), UTC) + fraction


def link(value: Any) -> str:
    """The value if it is the address of a page, else ""."""
    found = text(value, 2_000)
    return found if found.startswith(("https://", "http://")) else ""
