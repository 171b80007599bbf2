"""What people and organizations were to us, as it was written down at a moment. Reads, in the system's scope.

A relationship is what its row says, and before each change of it what was kept then (`people.former_sql`). Nothing is
known of it before it was first written down, whatever day it says it began: nobody could have gone by it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

_PEOPLE, _ORGANIZATIONS = (
    f"""SELECT {whose}, id, NULL::timestamptz AS at, kind, since, until, created_at
    FROM {table} WHERE {where}
    UNION ALL SELECT {whose}, relationship_id, at, kind, since, until, created_at
    FROM people_relationshipformer WHERE {where}
    ORDER BY 1, 2, at NULLS LAST"""
    for whose, table, where in (
        ("person_id", "people_relationship", "person_id = ANY(%s)"),
        ("organization_id", "people_organizationrelationship", "organization_id IS NOT NULL"),
    )
)


class Row(NamedTuple):
    """What a relationship said until `at`; None: what it says today. `written` is when it was first written down."""

    at: datetime | None
    kind: str
    since: date | None
    until: date | None
    written: datetime


@dataclass(frozen=True, slots=True)
class Relation:
    """One relationship over time: its rows in order, of which the last has no `at` unless it was taken away."""

    rows: tuple[Row, ...]

    def kind_on(self, decided: datetime) -> str:
        """What it made of somebody when a policy decided; "" is nothing."""
        row = self._then(decided)
        day = decided.date()
        if row is None or (row.since and row.since > day) or (row.until and row.until < day):
            return ""
        return row.kind

    def came_later(self, decided: datetime) -> bool:
        """Whether it was written down only after that, though it says that it held then."""
        first, day = self.rows[0], decided.date()
        return first.written > decided and first.since is not None and first.since <= day

    def _then(self, moment: datetime) -> Row | None:
        if self.rows[0].written > moment:
            return None
        return next((one for one in self.rows if one.at is None or one.at > moment), None)


def of_people(ids: Sequence[UUID]) -> dict[UUID, list[Relation]]:
    """What these rows of people were to us, by row."""
    return _read(_PEOPLE, [list(ids), list(ids)])


def of_organizations() -> dict[UUID, list[Relation]]:
    """What all organizations were to us, by organization."""
    return _read(_ORGANIZATIONS, [])


def _read(statement: str, parameters: Iterable[Any]) -> dict[UUID, list[Relation]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        rows = cursor.fetchall()
    found: dict[UUID, list[Relation]] = {}
    for (whose, _id), of_it in groupby(rows, key=lambda row: row[:2]):
        found.setdefault(whose, []).append(Relation(tuple(Row(*row[2:]) for row in of_it)))
    return found
