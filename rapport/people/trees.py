"""A person is a tree of rows (`models.Person`): which rows belong together, and by which of them a tree is shown.

Row-level security decides which rows of a tree there are for whoever looks. A tree is shown by its root; where that may
not be seen, by the oldest row that may. Everything here answers in the current scope.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from rapport.people.models import Person

#: Stands in an audience for every active member.
EVERYONE = UUID("00000000-0000-0000-0000-000000000001")
#: Ids of all rows of the trees that the rows with ids of a parameter (an array) belong to.
ROWS_SQL = """SELECT b.id FROM people_person a JOIN people_person b ON b.root = a.root WHERE a.id = ANY(%s::uuid[])"""
#: The id by which the tree of row `t` is shown.
SHOWN_BY_SQL = """(SELECT b.id FROM people_person b WHERE b.root = t.root ORDER BY b.id <> b.root, b.id LIMIT 1)"""
#: The name to show for row `p`, joined with its tree's root as `above`.
NAME_SQL = "coalesce(nullif(above.name, ''), p.name, '')"
#: The join that `NAME_SQL` needs.
ABOVE_SQL = "LEFT JOIN people_person above ON above.id = p.top"


def rows_of(person_id: UUID) -> list[UUID]:
    """All visible rows of the tree this row belongs to, first the one by which it is shown; none where none is."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT b.id FROM people_person a JOIN people_person b ON b.root = a.root WHERE a.id = %s
            ORDER BY b.id <> b.root, b.id""",
            [person_id],
        )
        return [row[0] for row in cursor.fetchall()]


def root_of(person_id: UUID) -> UUID:
    """The row by which the tree is shown; the row itself where nothing of it is visible."""
    return next(iter(rows_of(person_id)), person_id)


def whole(person_ids: Iterable[UUID]) -> list[UUID]:
    """All visible rows of the trees of these rows, each once."""
    wanted = list(person_ids)
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT id FROM ({ROWS_SQL}) AS found", [wanted])
        return [row[0] for row in cursor.fetchall()]


def once(person_ids: Iterable[UUID]) -> list[UUID]:
    """The rows by which these rows' trees are shown, in their order, each once."""
    wanted = list(person_ids)
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {SHOWN_BY_SQL} FROM unnest(%s::uuid[]) WITH ORDINALITY AS asked(id, place)
            JOIN people_person t ON t.id = asked.id ORDER BY asked.place""",
            [wanted],
        )
        return list(dict.fromkeys(row[0] for row in cursor.fetchall()))


def call(people: Iterable[Person | None], *, openly: bool = False) -> None:
    """Give rows below others the name of their tree (`Person.called`); asks only where there are such rows.

    `openly`: only names that everybody may know, for what is told to others.
    """
    below = [one for one in people if one is not None and one.top]
    if not below:
        return
    roots = Person.objects.filter(id__in={one.root for one in below})
    if openly:
        roots = roots.filter(audience__contains=[EVERYONE])
    names = dict(roots.values_list("id", "name"))
    for one in below:
        one.name_above = names.get(one.root, "")
