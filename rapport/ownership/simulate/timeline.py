"""The setup of the company over time: how it stands, what was changed when, and so how it stood at any moment. Pure.

Changes are undone, the latest first, until the moment that is asked for. Before the first that is kept it stood as it
did until then: what was there when keeping began was always there. Where nothing was there at all, as before a company
was set up, it stood as it did when it was first left alone: mail may be older than the company that takes it in.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

Row = Mapping[str, Any]
"""The named columns of a row, as JSON says them: ids and moments are strings."""
_ALONE = timedelta(hours=1)
Rows = Mapping[str, Mapping[UUID, Row]]
"""Rows by table and id."""


class Change(NamedTuple):
    """That a row was changed at a moment, and what it said before; None: there was no such row."""

    at: datetime
    kind: str
    row_id: UUID
    was: Row | None


@dataclass(frozen=True)
class Timeline:
    """The rows as they stand, and all changes in their order.

    `founded`: what is asked of before the first change stood as it did then.
    """

    rows: Rows
    changes: Sequence[Change] = ()
    founded: datetime | None = None
    _moments: list[datetime] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_moments", [one.at for one in self.changes])

    def version(self, at: datetime) -> int:
        """Which setup was in force: how many changes had been made by then."""
        made = bisect_right(self._moments, at)
        return bisect_right(self._moments, self.founded) if self.founded and not made else made

    def as_of(self, version: int) -> Rows:
        """The rows of that setup."""
        undone = {kind: dict(rows) for kind, rows in self.rows.items()}
        for one in reversed(self.changes[version:]):
            rows = undone.setdefault(one.kind, {})
            if one.was is None:
                rows.pop(one.row_id, None)
            else:
                rows[one.row_id] = one.was
        return undone

    def only(self, kinds: Sequence[str]) -> "Timeline":
        """The same of some tables: what changes elsewhere makes no version of it."""
        return Timeline(
            {kind: self.rows.get(kind, {}) for kind in kinds},
            [one for one in self.changes if one.kind in kinds], self.founded,
        )  # fmt: skip


def founded(rows: Rows, changes: Sequence[Change], kind: str) -> Timeline:
    """The timeline of a company, there once it has rows of a table, and founded once it was left alone for an hour."""
    whole = Timeline(rows, changes)
    if not changes or whole.as_of(0).get(kind):
        return whole
    quiet = next((one.at for one, after in pairwise(changes) if after.at - one.at > _ALONE), changes[-1].at)
    return Timeline(rows, changes, quiet)


class Known(NamedTuple):
    """A row as it stood from one moment until another (None: from the beginning, until today)."""

    row_id: UUID
    said: Row
    since: datetime | None = None
    until: datetime | None = None


def known(timeline: Timeline, kind: str) -> list[Known]:
    """Every state that a row of a table ever had, with when: for rows that come and go daily, such as absences."""
    found: list[Known] = []
    open_: dict[UUID, tuple[Row, datetime | None]] = {
        id: (row, None) for id, row in timeline.rows.get(kind, {}).items()
    }
    for one in reversed(timeline.changes):
        if one.kind != kind:
            continue
        later = open_.pop(one.row_id, None)
        if later is not None:
            since = None if timeline.founded and one.at <= timeline.founded else one.at
            found.append(Known(one.row_id, later[0], since, later[1]))
        if one.was is not None:
            open_[one.row_id] = (one.was, one.at)
    found += [Known(id, row, None, until) for id, (row, until) in open_.items()]
    return found
