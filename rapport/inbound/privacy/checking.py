"""Where a text still stands in the database: every column that can hold words or bytes, one after the other."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg import sql

from rapport.people.forgetting import Target, like

#: Types whose values can be read as text; bytes are searched as bytes.
_READ = ("text", "varchar", "bpchar", "jsonb", "json", "name", "_text", "_varchar", "bytea")


@dataclass(frozen=True, slots=True)
class Found:
    """A column in which it stands, in how many rows, and the first of their keys as text."""

    table: str
    column: str
    rows: int
    first: str


def search(needles: Sequence[str]) -> Iterator[Found]:
    """Every column in which one of the texts stands, in any case of letters; in the caller's (system) scope.

    It reads the whole database: some minutes for a large one. Compressed or encoded bytes are not looked into.
    """
    wanted = [one for one in needles if one.strip()]
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(_COLUMNS, [list(_READ)])
        columns = cursor.fetchall()
        for table, column, kind, key in columns:
            statement, params = _statement(table, column, kind, key), _params(kind, wanted)
            cursor.execute(statement, params)
            rows, first = cursor.fetchone()
            if rows:
                yield Found(table, column, rows, str(first))


def left_of(target: Target) -> dict[str, int]:
    """Where an address of theirs still stands: rows by "table.column". Names are not looked for: others have them."""
    return {f"{one.table}.{one.column}": one.rows for one in search(target.addresses) if not _own(one)}


def forget_statistics() -> None:
    """The planner keeps samples of what columns held: they are taken anew, of the tables with words."""
    with connection.cursor() as cursor:
        for table in _SAMPLED:
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


def in_statistics(needles: Sequence[str]) -> list[str]:
    """Columns whose samples, which the planner keeps, hold one of the texts; ANALYZE takes them anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT tablename || '.' || attname FROM pg_stats WHERE schemaname = 'public' AND concat_ws(' ',
            most_common_vals::text, histogram_bounds::text, most_common_elems::text) ~* %s""",
            ["|".join(re.escape(one) for one in needles)],
        )
        return [row[0] for row in cursor.fetchall()]


def _own(found: Found) -> bool:
    """The erasure's own row, while it runs."""
    return found.table == "people_erasure"


def _statement(table: str, column: str, kind: str, key: Sequence[str]) -> sql.Composed:
    name = sql.Identifier(column)
    if kind == "bytea":
        where = sql.SQL("EXISTS (SELECT 1 FROM unnest(%s::bytea[]) AS one WHERE position(one IN {}) > 0)").format(name)
    else:
        where = sql.SQL("{}::text ILIKE ANY(%s)").format(name)
    keys = sql.SQL(" || ' ' || ").join(sql.SQL("{}::text").format(sql.Identifier(one)) for one in key)
    return sql.SQL("SELECT count(*), min({}) FROM {} WHERE {}").format(keys, sql.Identifier(table), where)


def _params(kind: str, needles: Sequence[str]) -> list[Any]:
    if kind == "bytea":
        return [[form.encode() for one in needles for form in {one, one.lower()}]]
    return [[like(one) for one in needles]]


_SAMPLED = (
    "people_person", "people_handle", "conversations_message", "conversations_conversation", "search_message",
    "search_name", "conversations_mention", "outbound_delivery", "conversations_attachment", "inbound_rawitem",
)  # fmt: skip
_COLUMNS = """SELECT c.relname, a.attname, t.typname,
    coalesce((SELECT array_agg(k.attname::text ORDER BY k.attnum) FROM pg_index i JOIN pg_attribute k
        ON k.attrelid = i.indrelid AND k.attnum = ANY(i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary),
        ARRAY[a.attname::text])
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
        AND NOT a.attisdropped AND t.typname = ANY(%s) ORDER BY c.relname, a.attnum"""
