"""Who was speaking, as it was known at a moment: relationships by their dates, merges by when they were made."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

_KEPT_MAX = 200_000

_PEOPLE = """
SELECT p.id, coalesce(p.organization_id::text, ''), coalesce(o.name, ''), coalesce(o.domain, ''), (
    SELECT array_agg(h.kind || ' ' || h.value ORDER BY h.created_at) FROM people_handle h WHERE h.person_id = p.id)
FROM people_person p LEFT JOIN people_organization o ON o.id = p.organization_id WHERE p.id = ANY(%s)
"""
_RELATIONSHIPS = """
SELECT person_id, kind, since, until, created_at FROM people_relationship WHERE person_id = ANY(%s)
"""
_OF_ORGANIZATIONS = "SELECT organization_id::text, kind, since, until, created_at FROM people_organizationrelationship"
_MERGES = "SELECT child_id, into_id, at, undone_at FROM people_merge"


@dataclass(frozen=True, slots=True)
class Dated:
    """What somebody is to us, and from when to when; `began` is when it was said to begin, or else written down."""

    kind: str
    began: date
    until: date | None
    written: date

    def held(self, on: date) -> bool:
        """Whether it held on a day."""
        return self.began <= on and (self.until is None or self.until >= on)


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody as of a moment. `guessed`: something of theirs was written down only later, and left out."""

    address: str = ""
    relationships: frozenset[str] = frozenset()
    organization: str = ""
    domain: str = ""
    guessed: bool = False


@dataclass
class _Person:
    organization_id: str
    organization: str
    domain: str
    handles: list[tuple[str, str]]
    relationships: list[Dated] = field(default_factory=list)


class Senders:
    """People as they were known. Read a part at a time, and kept: the same people write again and again."""

    def __init__(self) -> None:
        self._people: dict[UUID, _Person] = {}
        self._merges = _Merges()
        self._of_organizations: dict[str, list[Dated]] | None = None

    def meet(self, ids: Iterable[UUID]) -> None:
        """Read who is not known yet, and whoever was ever one with them."""
        if self._of_organizations is None:
            self._of_organizations = {}
            self._merges.read()
            for organization, *dated in _rows(_OF_ORGANIZATIONS):
                self._of_organizations.setdefault(organization, []).append(_dated(*dated))
        if len(self._people) > _KEPT_MAX:
            self._people.clear()
        wanted = {relative for id in ids for relative in self._merges.ever(id)} - self._people.keys()
        if not wanted:
            return
        for id, organization_id, name, domain, handles in _rows(_PEOPLE, list(wanted)):
            parts = [tuple(handle.split(" ", 1)) for handle in handles or ()]
            self._people[id] = _Person(organization_id, name, domain, [(kind, value) for kind, value in parts])
        for id, *dated in _rows(_RELATIONSHIPS, list(wanted)):
            if id in self._people:
                self._people[id].relationships.append(_dated(*dated))

    def of(self, id: UUID | None, kind: str, written: str, at: datetime) -> Sender:
        """Who wrote by a kind of channel; `written` is the address the message itself names, where it does."""
        person = self._people.get(id) if id else None
        if id is None or person is None:
            return Sender(written.lower())
        named = next((value for one, value in person.handles if one == kind), "")
        address = written.lower() or named or (person.handles[0][1] if person.handles else "")
        day = at.date()
        dated = [one for relative in self._merges.as_of(id, at) for one in self._dated(relative)]
        return Sender(
            address,
            frozenset(one.kind for one in dated if one.held(day)),
            person.organization,
            person.domain,
            any(one.written > day >= one.began or one.began == one.written > day for one in dated),
        )

    def _dated(self, id: UUID) -> list[Dated]:
        person = self._people.get(id)
        if person is None:
            return []
        return [*person.relationships, *(self._of_organizations or {}).get(person.organization_id, ())]


class _Merges:
    """Which rows of people were one at a moment."""

    def __init__(self) -> None:
        self._near: dict[UUID, list[tuple[UUID, datetime, datetime | None]]] = {}

    def read(self) -> None:
        for child, into, at, undone in _rows(_MERGES):
            self._near.setdefault(child, []).append((into, at, undone))
            self._near.setdefault(into, []).append((child, at, undone))

    def ever(self, id: UUID) -> set[UUID]:
        """All that were one with it at any time."""
        return self._reached(id, None)

    def as_of(self, id: UUID, at: datetime) -> set[UUID]:
        """All that were one with it then."""
        return self._reached(id, at) if id in self._near else {id}

    def _reached(self, id: UUID, at: datetime | None) -> set[UUID]:
        found, todo = {id}, [id]
        while todo:
            for other, begun, undone in self._near.get(todo.pop(), ()):
                if other not in found and (at is None or (begun <= at and (undone is None or undone > at))):
                    found.add(other)
                    todo.append(other)
        return found


def _dated(kind: str, since: date | None, until: date | None, created_at: datetime) -> Dated:
    return Dated(kind, since or created_at.date(), until, created_at.date())


def _rows(statement: str, *parameters: list[UUID]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
