"""Values out of JSON that may hold anything: each of the type that was asked for, and bounded. For kinds of channel."""

from collections.abc import Mapping, Sequence
from typing import Any


def obj(value: Any) -> Mapping[str, Any]:
    """A JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def rows(value: Any, most: int = 100) -> Sequence[Mapping[str, Any]]:
    """The objects of a JSON array, at most so many of its elements looked at; none where it is no array."""
    return [one for one in value[:most] if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Any, most: int = 300) -> str:
    """A text that a database can hold, at most so many characters: no NUL, no half of a surrogate pair. Else ""."""
    return value[:most].replace("\0", "").encode("utf-8", "replace").decode() if isinstance(value, str) else ""
