"""Finding people by name, part of a name, or address."""

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
    return list(found.filter(Q(lower_name__contains=text) | Q(Exists(by_handle))).order_by("lower_name", "id")[:limit])
