"""Finding people by name, part of a name, or address."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from rapport.people.models import Handle, Person


def search_people(query: str, limit: int = 40) -> list[Person]:
    """People whose name or address contains the query, by name."""
    text = query.strip().lower()
    if not text:
        return []
    by_handle = Handle.objects.filter(person=OuterRef("pk"), value__contains=text)
    found = Person.objects.select_related("organization").annotate(lower_name=Lower("name"))
    matching = found.filter(Q(lower_name__contains=text) | Q(Exists(by_handle)))
    return [*matching.order_by("lower_name", "id")[:limit]]


def people_after(cursor: str = "", limit: int = 60) -> tuple[list[Person], str]:
    """A page of everybody by name, after the person whose id is `cursor`; and the next page's cursor, if any."""
    rows = Person.objects.select_related("organization").annotate(lower_name=Lower("name")).order_by("lower_name", "id")
    start = _uuid(cursor)
    edge = rows.filter(id=start).first() if start else None
    if edge is not None:
        rows = rows.filter(
            Q(lower_name__gt=edge.lower_name) | Q(lower_name=edge.lower_name, id__gt=edge.id),
            lower_name__gte=edge.lower_name,
        )
    found: list[Person] = [*rows[: limit + 1]]
    return found[:limit], str(found[limit - 1].id) if len(found) > limit else ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
