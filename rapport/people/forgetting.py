"""What an erasure looks for, and how each package takes its part: a step, in bounded batches, that may be stopped.

Each package that keeps something of people has a module `forgetting` with its steps; `inbound.privacy.steps` lists
them in their order. A step is a function of a target, where to go on, and how many rows at most; it answers how many
it changed and where to go on, None when it is through. Run again from the beginning, it changes nothing more.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.core import bulk
from rapport.people.naming import pattern_here

START = UUID(int=0)
Place = UUID | None
Take = Callable[["Target", UUID, int], tuple[int, Place]]
Count = Callable[["Target"], int]


@dataclass(frozen=True)
class Target:
    """Whom: the ids of their rows, their handles (kind, value), every way these were written, and their names.

    `keep_words`: what they said stays, without names and addresses. `pseudonym` stands where their name stood.
    """

    erasure_id: UUID
    people: tuple[UUID, ...]
    handles: tuple[tuple[str, str], ...]
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    pseudonym: str
    keep_words: bool = False

    @property
    def ids(self) -> list[UUID]:
        """The rows' ids, for a statement."""
        return list(self.people)

    @property
    def keys(self) -> list[list[str]]:
        """The kinds and the values of their handles, for unnest in a statement."""
        return [[kind for kind, _ in self.handles], [value for _, value in self.handles]]

    @cached_property
    def likes(self) -> list[str]:
        """Patterns for ILIKE that an address stands somewhere in a text, or in JSON as text."""
        plain = sorted({form for one in self.addresses for form in (one, _as_json(one)) if one})
        return [like(one) for one in plain]

    @cached_property
    def lowered(self) -> list[str]:
        """Their addresses in lower case."""
        return [one.lower() for one in self.addresses]

    @cached_property
    def _known(self) -> re.Pattern[str]:
        patterns = {one: rf"(?<!\w){re.escape(one)}(?!\w)" for one in self.names}
        patterns |= {one: pattern_here(one) for one in self.addresses}
        longest = sorted(patterns, key=len, reverse=True)
        return re.compile("|".join(patterns[one] for one in longest), re.IGNORECASE)

    def redacted(self, text: str) -> str:
        """A text with the pseudonym in place of their names and addresses."""
        return self._known.sub(self.pseudonym, text) if self.addresses or self.names else text

    def redacted_all(self, value: Any) -> Any:
        """The same for everything in a value of JSON."""
        if isinstance(value, str):
            return self.redacted(value)
        if isinstance(value, list):
            return [self.redacted_all(one) for one in value]
        if isinstance(value, dict):
            return {key: self.redacted_all(one) for key, one in value.items()}
        return value

    def unaddressed(self, recipients: Any) -> Any:
        """Recipients ({"to": [[name, address]], ...}) with the pseudonym in place of theirs, and no address."""
        if not isinstance(recipients, dict):
            return recipients
        return {part: [self._pair(one) for one in pairs] if isinstance(pairs, list) else self.redacted_all(pairs)
                for part, pairs in recipients.items()}  # fmt: skip

    def _pair(self, pair: Any) -> Any:
        if isinstance(pair, list) and len(pair) == 2 and str(pair[1]).lower() in self.lowered:
            return [self.pseudonym, ""]
        return pair


@dataclass(frozen=True)
class Step:
    """One package's part: `name` stands in the report, `count` says how many rows there are before it is done."""

    name: str
    take: Take
    count: Count


def counted(sql: str, params: Sequence[Any]) -> int:
    """The one number that a statement answers."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.fetchone()[0])


def changed(sql: str, params: Sequence[Any]) -> int:
    """How many rows a statement changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def column(sql: str, params: Sequence[Any]) -> list[Any]:
    """The first column of what a statement answers."""
    return [row[0] for row in bulk.select(sql, params)]


def at_once(sql: str, params: Callable[[Target], Sequence[Any]]) -> Take:
    """A step that is one statement, for tables with few rows a person."""
    return lambda target, _after, _limit: (changed(sql, params(target)), None)


def next_after(rows: Sequence[Any], limit: int, last: Callable[[Any], UUID]) -> Place:
    """Where to go on after a batch: nowhere, if it was not full."""
    return last(rows[-1]) if len(rows) == limit else None


def words_of(values: Iterable[object]) -> list[str]:
    """The texts among some values that are worth looking for: not empty, longer than two letters."""
    found = (" ".join(str(one).split()) for one in values if one)
    return sorted({one for one in found if len(one) > 2})


def like(text: str) -> str:
    """A pattern for LIKE and ILIKE that a text stands somewhere."""
    escaped = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _as_json(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
