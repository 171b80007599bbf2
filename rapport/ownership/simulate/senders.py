"""Who was speaking, as it was known at a moment: relationships by their dates, merges by when they were made.

As the pipeline does (`people.arrivals`): what is known of somebody is known by any row of their tree, but of rows that
fewer may know of than of the one that wrote, nothing is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.people.trees import EVERYONE

_KEPT_MAX = 200_000

_PEOPLE = """
SELECT p.id, coalesce(p.organization_id::text, ''), coalesce(o.name, ''), coalesce(o.domain, ''), (
    SELECT array_agg(h.kind || ' ' || h.value ORDER BY h.created_at) FROM people_handle h WHERE h.person_id = p.id),
    p.audience, p.holder_id IS NOT NULL, coalesce(m.email, ''), coalesce(m.name, '')
FROM people_person p LEFT JOIN people_organization o ON o.id = p.organization_id
LEFT JOIN staff_member m ON m.id = p.holder_id AND m.is_active AND m.role <> 'reader' WHERE p.id = ANY(%s)
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
    """Somebody as of a moment. `guessed`: something of theirs was written down only later, and left out.

    `holder` is the address of the member who holds the relationship today: when that began is not kept.
    """

    address: str = ""
    relationships: frozenset[str] = frozenset()
    organization: str = ""
    domain: str = ""
    guessed: bool = False
    holder: str = ""
    holder_name: str = ""


@dataclass
class _Person:
    organization_id: str
    organization: str
    domain: str
    handles: list[tuple[str, str]]
    audience: frozenset[UUID]
    is_held: bool
    holder: tuple[str, str]
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
        for id, organization_id, name, domain, handles, audience, is_held, *holder in _rows(_PEOPLE, list(wanted)):
            parts = [tuple(handle.split(" ", 1)) for handle in handles or ()]
            self._people[id] = _Person(
                organization_id, name, domain, [(kind, value) for kind, value in parts], frozenset(audience), is_held,
                (holder[0], holder[1]),
            )  # fmt: skip
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
        tree = self._tree(id, person, at)
        dated = [one for row in tree for one in self._dated(row)]
        belongs = next((row for row in tree if row.organization_id), person)
        held = next((row for row in tree if row.is_held), person)
        return Sender(
            address,
            frozenset(one.kind for one in dated if one.held(day)),
            belongs.organization,
            belongs.domain,
            any(one.written > day >= one.began or one.began == one.written > day for one in dated),
            *held.holder,
        )

    def rows(self, id: UUID, at: datetime) -> list[UUID]:
        """All rows of the person that a row belonged to at a moment."""
        return self._merges.as_of(id, at)

    def _tree(self, id: UUID, person: _Person, at: datetime) -> list[_Person]:
        """The rows of the person then of which everybody may know who may know of this one; this one comes first."""
        found = [(other, self._people.get(other)) for other in self._merges.as_of(id, at)]
        return [
            row for other, row in found
            if row and (other == id or EVERYONE in row.audience or row.audience >= person.audience)
        ]  # fmt: skip

    def _dated(self, person: _Person) -> list[Dated]:
        return [*person.relationships, *(self._of_organizations or {}).get(person.organization_id, ())]


class _Merges:
    """Which rows of people were one at a moment."""

    def __init__(self) -> None:
        self._near: dict[UUID, list[tuple[UUID, datetime, datetime | None]]] = {}
        self._up: dict[UUID, list[tuple[UUID, datetime, datetime | None]]] = {}

    def read(self) -> None:
        for child, into, at, undone in _rows(_MERGES):
            self._up.setdefault(child, []).append((into, at, undone))
            self._near.setdefault(child, []).append((into, at, undone))
            self._near.setdefault(into, []).append((child, at, undone))

    def ever(self, id: UUID) -> set[UUID]:
        """All that were one with it at any time."""
        return self._reached(id, None)

    def as_of(self, id: UUID, at: datetime) -> list[UUID]:
        """All that were one with it then: itself, the row on top, then the others by their ids."""
        if id not in self._near:
            return [id]
        reached, top = self._reached(id, at), id
        for _row in reached:
            top = self._above(top, at) or top
        return list(dict.fromkeys([id, top, *sorted(reached)]))

    def _above(self, id: UUID, at: datetime) -> UUID | None:
        return next((into for into, begun, undone in self._up.get(id, ()) if _held(begun, undone, at)), None)

    def _reached(self, id: UUID, at: datetime | None) -> set[UUID]:
        found, todo = {id}, [id]
        while todo:
            for other, begun, undone in self._near.get(todo.pop(), ()):
                if other not in found and (at is None or _held(begun, undone, at)):
                    found.add(other)
                    todo.append(other)
        return found


def _held(begun: datetime, undone: datetime | None, at: datetime) -> bool:
    return begun <= at and (undone is None or undone > at)


def _dated(kind: str, since: date | None, until: date | None, created_at: datetime) -> Dated:
    return Dated(kind, since or created_at.date(), until, created_at.date())


def _rows(statement: str, *parameters: list[UUID]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
