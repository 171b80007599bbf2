"""People and organizations by name or address: by words and their beginnings, and where that finds little, by parts and
with typos.

The index stands outside the wall and holds ids only (`index_sql`); the join with the walled table decides who is seen.
"""

import re
from uuid import UUID

from django.db import connection

_TYPED_MIN = 3
_ENOUGH = 3
#: One letter of five may be another.
_ALIKE = "0.45"
_LOOKED_AT_MAX = 300
_NAME = "rapport_name(s.id, s.revision)"
_ORDER = """ORDER BY word_similarity(%(text)s, lower(t.name)) DESC, similarity(%(text)s, lower(t.name)) DESC,
    t.name, t.id"""


def people_named(text: str, limit: int) -> list[UUID]:
    """The people one may know of whose name or address is like this, the likest first."""
    return _named("people_person", text, limit)


def organizations_named(text: str, limit: int) -> list[UUID]:
    """The organizations one may know of whose name or domain is like this, the likest first."""
    return _named("people_organization", text, limit)


def _named(table: str, text: str, limit: int) -> list[UUID]:
    plain = _plain(text)
    words = plain.split()
    if not words:
        return []
    query = " & ".join(f"'{word}':*" for word in words)
    found = _ask(table, f"to_tsvector('simple', {_NAME}) @@ %(query)s::tsquery", plain, query, limit)
    if len(found) < _ENOUGH and len(plain) >= _TYPED_MIN:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [_ALIKE])
        alike = _ask(table, f"({_NAME} %%> %(text)s OR {_NAME} LIKE %(inside)s)", plain, query, limit)
        found += [one for one in alike if one not in found]
    return found[:limit]


def _ask(table: str, condition: str, text: str, query: str, limit: int) -> list[UUID]:
    sql = f"""SELECT t.id FROM (SELECT t.id, t.name FROM search_name s JOIN {table} t ON t.id = s.id
        WHERE {condition} AND s.person = %(person)s LIMIT %(most)s) AS t {_ORDER} LIMIT %(limit)s"""
    with connection.cursor() as cursor:
        given: dict[str, str | int | bool] = {
            "text": text, "query": query, "inside": f"%{text}%", "limit": limit, "most": max(limit, _LOOKED_AT_MAX),
            "person": table == "people_person",
        }  # fmt: skip
        cursor.execute(sql, given)
        return [row[0] for row in cursor.fetchall()]


def _plain(text: str) -> str:
    """As the index has it: lower case, and only letters and digits between spaces."""
    return " ".join(re.sub(r"[\W_]+", " ", text.lower()).split()[:8])[:80]
