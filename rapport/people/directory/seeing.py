"""The person a member looks at: a tree of rows (`people.trees`), of which they see some."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rapport.core.errors import NotVisible
from rapport.people.models import Handle, Organization, Person
from rapport.people.trees import rows_of


@dataclass(frozen=True)
class Seen:
    """A person as a page shows them: the row they are shown by, the ids of all rows that one sees, their addresses."""

    person: Person
    rows: Sequence[UUID]
    handles: Sequence[Handle]


def seen(person_id: UUID) -> Seen:
    """A person by any of their rows, read once for all parts of a page. Raises NotVisible."""
    rows = rows_of(person_id)
    handles = Handle.objects.filter(person_id__in=rows).order_by("kind", "value")
    return Seen(_row(rows), rows, list(handles))


def person_of(person_id: UUID) -> Person:
    """The row by which a person is shown, by any of their rows. Raises NotVisible."""
    return _row(rows_of(person_id))


def organization_of(organization_id: UUID) -> Organization:
    """An organization the viewer may know of. Raises NotVisible."""
    found = Organization.objects.select_related("parent").filter(id=organization_id).first()
    if found is None:
        raise NotVisible("There is no such organization.")
    return found


def _row(rows: Sequence[UUID]) -> Person:
    found = Person.objects.select_related("organization", "holder").filter(id__in=rows[:1]).first()
    if found is None:
        raise NotVisible("There is no such person.")
    return found
