"""People and organizations by name or address: by words and their beginnings, and where that finds little, by parts and
with typos.

The index stands outside the wall and holds ids only (`index_sql`); the join with the walled table decides who is seen.
"""

import re
from uuid import UUID

from django.db import connection

from rapport.people.trees import SHOWN_BY_SQL

_PART_MIN = 3
#: Of shorter words too many others are alike.
_ALIKE_MIN = 5
_ENOUGH = 3
#: One letter of five may be another.
_ALIKE = "0.45"
_LOOKED_AT_MAX = 300
_NAME = "rapport_name(s.id, s.revision)"
#: As the indexes have it: people are many, organizations few.
_KIND = {"people_person": "s.person", "people_organization": "NOT s.person"}
#: Whoever has several rows is found by any of them, and told once.
_ID = {"people_person": SHOWN_BY_SQL, "people_organization": "t.id"}
_ORDER = """ORDER BY word_similarity(%(text)s, lower(t.name)) DESC, similarity(%(text)s, lower(t.name)) DESC,
    t.name, t.id"""


def people_named(text: str, limit: int) -> list[UUID]:
    """The people one may know of, one of whose names or addresses is like this, the likest first; each once."""
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
    if len(found) < _ENOUGH and len(plain) >= _PART_MIN:
        found += [one for one in _loosely(table, plain, query, limit) if one not in found]
    return list(dict.fromkeys(found))[:limit]


def _loosely(table: str, plain: str, query: str, limit: int) -> list[UUID]:
    """Those in whose name it stands somewhere, or something like it."""
    inside = f"{_NAME} LIKE %(inside)s"
    if len(plain) < _ALIKE_MIN:
        return _ask(table, inside, plain, query, limit)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [_ALIKE])
    return _ask(table, f"({_NAME} %%> %(text)s OR {inside})", plain, query, limit)


def _ask(table: str, condition: str, text: str, query: str, limit: int) -> list[UUID]:
    root = "t.root" if table == "people_person" else "t.id"
    sql = f"""SELECT {_ID[table]} FROM (SELECT t.id, t.name, {root} AS root FROM search_name s
        JOIN {table} t ON t.id = s.id
        WHERE {condition} AND {_KIND[table]} LIMIT %(most)s) AS t {_ORDER} LIMIT %(limit)s"""
    with connection.cursor() as cursor:
        given: dict[str, str | int | bool] = {
            "text": text, "query": query, "inside": f"%{text}%", "limit": limit, "most": max(limit, _LOOKED_AT_MAX),
        }  # fmt: skip
        cursor.execute(sql, given)
        return [row[0] for row in cursor.fetchall()]


def _plain(text: str) -> str:
    """As the index has it: lower case, and only letters and digits between spaces."""
    return " ".join(re.sub(r"[\W_]+", " ", text.lower()).split()[:8])[:80]
