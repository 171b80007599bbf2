"""Values out of JSON that may hold anything: each of the type that was asked for, and bounded."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

TEXT_MAX = 1_000_000
_TS = re.compile(r"(\d{1,11})\.(\d{1,9})", re.ASCII)
_ID = re.compile(r"[A-Z0-9]{2,40}", re.ASCII)


def obj(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Any, limit: int = 100) -> Sequence[Mapping[str, Any]]:
    """The objects of a list, the first `limit` of them; none where it is no list."""
    return [one for one in value[:limit] if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Any, limit: int = 500) -> str:
    """The value if it is a text: at most `limit` characters, without NUL and lone surrogates. Else ""."""
    return value[:limit].replace("\0", "").encode("utf-8", "replace").decode() if isinstance(value, str) else ""


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
