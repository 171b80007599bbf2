"""Who was speaking, as it was known at a moment: relationships as they were written down, merges as they were made.

As the pipeline does (`people.arrivals`): what is known of somebody is known by any row of their tree, but of rows that
fewer might know of than of the one that wrote, nothing is told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from rapport.ownership.simulate.relations import Relation, of_organizations, of_people
from rapport.people.trees import EVERYONE

_KEPT_MAX = 200_000

_PEOPLE = """
SELECT p.id, (
    SELECT array_agg(h.kind || ' ' || h.value ORDER BY h.created_at) FROM people_handle h WHERE h.person_id = p.id),
    p.audience, p.organization_id, p.holder_id
FROM people_person p WHERE p.id = ANY(%s)
"""
_FORMER = """
SELECT person_id, at, organization_id, holder_id, audience FROM people_personformer
WHERE person_id = ANY(%s) ORDER BY at, id
"""
_RELEASED = """
SELECT person_id, at, kind, value FROM people_release WHERE person_id = ANY(%s) AND undone_at IS NULL ORDER BY at, id
"""
_ORGANIZATIONS = "SELECT id, name, coalesce(domain, '') FROM people_organization WHERE id = ANY(%s)"
_CALLED_BEFORE = """
SELECT row_id, at, was ->> 'name', coalesce(was ->> 'domain', '') FROM core_former
WHERE kind = 'people_organization' AND was IS NOT NULL ORDER BY at, id
"""
_MERGES = "SELECT child_id, into_id, at, undone_at FROM people_merge"


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody as of a moment. `guessed`: something of theirs was written down only later, and left out.

    `holder` is the address of the member who held the relationship then.
    """

    address: str = ""
    relationships: frozenset[str] = frozenset()
    organization: str = ""
    domain: str = ""
    guessed: bool = False
    holder: str = ""
    holder_name: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """The moment a message was decided, and who might hold a relationship then (by id)."""

    decided: datetime
    holders: Mapping[UUID, tuple[str, str]]


class _Known(NamedTuple):
    """Of whose people, held by whom, and who may know of them."""

    organization: UUID | None
    holder: UUID | None
    audience: frozenset[UUID]


@dataclass
class _Person:
    handles: list[tuple[str, str]]
    known: _Known
    former: list[tuple[datetime, _Known]] = field(default_factory=list)
    released: list[tuple[datetime, str, str]] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)

    def address(self, kind: str, at: datetime) -> str:
        """How they were reached as of a moment, by a kind of channel where they were by that."""
        had = [*((one, value) for until, one, value in self.released if until > at), *self.handles]
        named = next((value for one, value in had if one == kind), "")
        return named or (had[0][1] if had else "")

    def then(self, at: datetime) -> _Known:
        """As of a moment."""
        return next((was for until, was in self.former if until > at), self.known)

    def whose_then(self, at: datetime, there: Mapping[UUID, "_Organization"]) -> UUID | None:
        """Of whose people as of a moment; where that organization is gone by now, the next they were of stands for it.
        """
        organization = self.then(at).organization
        if organization is None or organization in there:
            return organization
        states = [*(was for until, was in self.former if until > at), self.known]
        return next((one.organization for one in states if one.organization in there), None)


@dataclass
class _Organization:
    name: str
    domain: str
    former: list[tuple[datetime, str, str]] = field(default_factory=list)

    def called(self, at: datetime) -> tuple[str, str]:
        """Its name and domain as of a moment."""
        return next(((name, domain) for until, name, domain in self.former if until > at), (self.name, self.domain))


class Senders:
    """People as they were known. Read a part at a time, and kept: the same people write again and again."""

    def __init__(self) -> None:
        self._people: dict[UUID, _Person] = {}
        self._merges = _Merges()
        self._organizations: dict[UUID, _Organization] = {}
        self._called_before: dict[UUID, list[tuple[datetime, str, str]]] = {}
        self._of_organizations: dict[UUID, list[Relation]] | None = None

    def meet(self, ids: Iterable[UUID]) -> None:
        """Read who is not known yet, and whoever was ever one with them."""
        if self._of_organizations is None:
            self._of_organizations = of_organizations()
            self._merges.read()
            for organization, at, name, domain in _rows(_CALLED_BEFORE):
                self._called_before.setdefault(organization, []).append((at, name, domain))
        if len(self._people) > _KEPT_MAX:
            self._people.clear()
        wanted = {relative for id in ids for relative in self._merges.ever(id)} - self._people.keys()
        if wanted:
            self._read(list(wanted))

    def _read(self, wanted: list[UUID]) -> None:
        for id, handles, audience, organization, holder in _rows(_PEOPLE, wanted):
            parts = [tuple(handle.split(" ", 1)) for handle in handles or ()]
            known = _Known(organization, holder, frozenset(audience))
            self._people[id] = _Person([(kind, value) for kind, value in parts], known)
        for id, at, organization, holder, audience in _rows(_FORMER, wanted):
            if id in self._people:
                self._people[id].former.append((at, _Known(organization, holder, frozenset(audience))))
        for id, at, kind, value in _rows(_RELEASED, wanted):
            if id in self._people:
                self._people[id].released.append((at, kind, value))
        for id, relations in of_people(wanted).items():
            if id in self._people:
                self._people[id].relations = relations
        people = [self._people[id] for id in wanted if id in self._people]
        states = (known for one in people for known in (one.known, *(was for _, was in one.former)))
        named = {known.organization for known in states if known.organization}
        for id, name, domain in _rows(_ORGANIZATIONS, list(named - self._organizations.keys())):
            self._organizations[id] = _Organization(name, domain, self._called_before.get(id, []))

    def of(self, id: UUID | None, kind: str, written: str, when: When) -> Sender:
        """Who wrote by a kind of channel; `written` is the address the message itself names, where it does."""
        person = self._people.get(id) if id else None
        if id is None or person is None:
            return Sender(written.lower())
        at = when.decided
        address = written.lower() or person.address(kind, at)
        tree = self._tree(id, person, at)
        whose = [(row, row.whose_then(at, self._organizations)) for row in tree]
        relations = [one for row, organization in whose for one in self._relations(row, organization)]
        belongs = next((self._organizations.get(one) for _, one in whose if one), None)
        held = next((row.then(at).holder for row in tree if row.then(at).holder), None)
        return Sender(
            address,
            frozenset(filter(None, (one.kind_on(at) for one in relations))),
            *(belongs.called(at) if belongs else ("", "")),
            any(one.came_later(at) for one in relations),
            *(when.holders.get(held, ("", "")) if held else ("", "")),
        )

    def rows(self, id: UUID, at: datetime) -> list[UUID]:
        """All rows of the person that a row belonged to at a moment."""
        return self._merges.as_of(id, at)

    def _tree(self, id: UUID, person: _Person, at: datetime) -> list[_Person]:
        """The rows of the person then of which everybody may know who may know of this one; this one comes first."""
        found = [(other, self._people.get(other)) for other in self._merges.as_of(id, at)]
        if len(found) == 1:
            return [person]
        knows = person.then(at).audience
        return [
            row for other, row in found
            if row and (other == id or EVERYONE in row.then(at).audience or row.then(at).audience >= knows)
        ]  # fmt: skip

    def _relations(self, person: _Person, organization: UUID | None) -> list[Relation]:
        of_it = (self._of_organizations or {}).get(organization, ()) if organization else ()
        return [*person.relations, *of_it]


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


def _rows(statement: str, *parameters: list[UUID]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
