"""Whether a text names somebody by an address of theirs, and not a longer one that ends or begins alike. Pure.

`ann@example.org` stands in `joann@example.org`, and an account called `the` in nearly everything: what is looked for
inside others' words must stand alone there, and what is a mere word must be the whole of a quoted value.
"""

import re
from collections.abc import Iterable

#: What may stand right before an address where text is written as JSON, in a URL or quoted-printable.
#: The sign before an account (@ann@social.example) belongs to it.
_BEFORE = r"(^|[^[:alnum:]._%+@-]|\\[nrtbf\"]|\\u[0-9a-f]{4}|[=%][0-9a-f]{2})@?"
_AFTER = r"($|[^[:alnum:]_@.-]|[.-]+($|[^[:alnum:]_@.-]))"

#: The same in Python's words, where an address stands in plain text.
_BEFORE_HERE = r"(?:(?<![\w.%+@-])|(?<=%[0-9a-f]{2}))@?"
_AFTER_HERE = r"(?![\w@]|[.-]+[\w@])"


def pattern_here(address: str) -> str:
    """A pattern for Python's re (any case) that finds the address alone in a text, with the sign before an account."""
    return f"{_BEFORE_HERE}{re.escape(address)}{_AFTER_HERE}"


def pattern_of(addresses: Iterable[str], *, in_bytes: bool = False) -> str:
    """A pattern for PostgreSQL's ~* that finds these addresses alone; one that finds nothing where there are none.

    `in_bytes`: for bytes as `encode(..., 'escape')` writes them.
    """
    parts = [_one(one, in_bytes) for one in sorted({*addresses}) if one]
    return "|".join(parts) or "$."


def _one(address: str, in_bytes: bool) -> str:
    escaped = _escaped(address, in_bytes)
    if address.isalpha():
        return f'"{escaped}"'
    return f"{_BEFORE}{escaped}{_AFTER}"


def _escaped(address: str, in_bytes: bool) -> str:
    if not in_bytes:
        return re.sub(r"([^\w\s]|_)", r"\\\1", address)
    written = "".join(
        chr(one) if 32 <= one < 127 and one != 92 else r"\\" if one == 92 else f"\\{one:03o}"
        for one in address.encode()
    )
    return re.sub(r"([^\w\s]|_)", r"\\\1", written)
