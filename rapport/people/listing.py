"""Everybody by name, a page at a time. People of a name are found by `conversations.asking.names`."""

from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower

from rapport.people.models import Person
from rapport.people.trees import SHOWN_SQL


def people_after(cursor: str = "", limit: int = 60) -> tuple[list[Person], str]:
    """A page of everybody by name, after the person whose id is `cursor`; and the next page's cursor, if any."""
    rows = Person.objects.extra(where=[SHOWN_SQL])  # noqa: S610
    rows = rows.select_related("organization").annotate(lower_name=Lower("name")).order_by("lower_name", "id")
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
