"""The person a member looks at: a tree of rows (`people.trees`), of which they see some."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, F, When

from rapport.core.errors import NotVisible
from rapport.people.models import Handle, Organization, Person


@dataclass(frozen=True)
class Seen:
    """A person as a page shows them: the row they are shown by, the ids of all rows that one sees, their addresses."""

    person: Person
    rows: Sequence[UUID]
    handles: Sequence[Handle]


def seen(person_id: UUID) -> Seen:
    """A person by any of their rows, read once for all parts of a page. Raises NotVisible."""
    shown = _shown(person_id)
    rows = [one.id for one in shown]
    handles = Handle.objects.filter(person_id__in=rows).order_by("kind", "value")
    return Seen(shown[0], rows, list(handles))


def person_of(person_id: UUID) -> Person:
    """The row by which a person is shown, by any of their rows. Raises NotVisible."""
    return _shown(person_id, 1)[0]


def organization_of(organization_id: UUID) -> Organization:
    """An organization the viewer may know of. Raises NotVisible."""
    found = Organization.objects.select_related("parent").filter(id=organization_id).first()
    if found is None:
        raise NotVisible("There is no such organization.")
    return found


def _shown(person_id: UUID, most: int | None = None) -> list[Person]:
    """Rows of the tree in the order of `trees.rows_of`, whole."""
    trees = Person.objects.filter(id=person_id).values("root")
    below = Case(When(id=F("root"), then=0), default=1)
    rows = Person.objects.select_related("organization", "holder").filter(root__in=trees).order_by(below, "id")
    if not (found := list(rows[:most])):
        raise NotVisible("There is no such person.")
    return found
