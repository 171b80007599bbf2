"""The person a member looks at: a tree of rows, of which they see some."""

from uuid import UUID

from rapport.core.errors import NotVisible
from rapport.people.models import Organization, Person


def person_of(person_id: UUID) -> Person:
    """The row, as far as the viewer may know of it. Raises NotVisible."""
    found = Person.objects.select_related("organization", "holder").filter(id=person_id).first()
    if found is None:
        raise NotVisible("There is no such person.")
    return found


def shown_of(found: Person) -> Person:
    """The row that stands for a person: the top of its tree where the viewer sees that, else the row itself."""
    if found.top is None:
        return found
    top = Person.objects.select_related("organization", "holder").filter(id=found.top).first()
    return top or found


def row_ids(found: Person) -> list[UUID]:
    """Every row of the person that the viewer sees, its own first."""
    others = Person.objects.filter(root=found.root).exclude(id=found.id).order_by("id").values_list("id", flat=True)
    return [found.id, *others]


def organization_of(organization_id: UUID) -> Organization:
    """An organization the viewer may know of. Raises NotVisible."""
    found = Organization.objects.select_related("parent").filter(id=organization_id).first()
    if found is None:
        raise NotVisible("There is no such organization.")
    return found
