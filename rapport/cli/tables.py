"""The tables of the database as text and back, for backup and restore. Callers open transaction and system scope."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from django.db import connection
from psycopg import sql

from rapport.cli.archive import Checksum

#: Counters that triggers keep: the conversations restored are counted as they come. And what pages of figures keep of
#: days that are over, which a worker works out anew.
_COUNTED = (
    "conversations_tally", "insight_amended", "insight_block", "insight_summed",
    "insight_day", "insight_closedday", "insight_touchedday",
)  # fmt: skip
#: Filled by migrating (what was applied stands in the manifest), and which parts of workers ran back then.
_LEFT_OUT = ("django_migrations", "inbound_part", *_COUNTED)


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns without generated ones, and those of its primary key with whether they are text."""

    name: str
    columns: tuple[str, ...]
    key: tuple[tuple[str, bool], ...]


def all_tables() -> list[Table]:
    """Every table of the schema, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, [list(_LEFT_OUT)])
        return [
            Table(name, tuple(columns), tuple(zip(key, is_text, strict=True)))
            for name, columns, key, is_text in cursor.fetchall()
        ]


def say_plainly() -> None:
    """Make this transaction write values the same way on every server, and take the time it needs."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SET LOCAL statement_timeout = 0; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO';
            SET LOCAL intervalstyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1"""
        )


def rows_of(table: Table) -> Iterator[bytes]:
    """The rows as text, in the order of the primary key: the same rows give the same bytes."""
    order = sql.SQL(", ").join(
        sql.SQL('{} COLLATE "C"').format(sql.Identifier(name)) if is_text else sql.Identifier(name)
        for name, is_text in table.key
    )
    statement = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
        _names(table.columns), sql.Identifier(table.name), order
    )
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        connection.connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for data in copy:
            yield bytes(data)


def checksum(table: Table) -> Checksum:
    """What the table holds now."""
    digest, rows = sha256(), 0
    for data in rows_of(table):
        digest.update(data)
        rows += data.count(b"\n")
    return Checksum(rows, digest.hexdigest())


def fill(table: Table, rows: Iterable[bytes]) -> None:
    """Write rows into the table; its walls must be down."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), _names(table.columns))
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        connection.connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for data in rows:
            copy.write(data)


def empty(tables: Iterable[Table]) -> None:
    """Take every row away."""
    with connection.cursor() as cursor:
        counted = set(_COUNTED) & set(connection.introspection.table_names(cursor))
    names = sql.SQL(", ").join(map(sql.Identifier, [*(table.name for table in tables), *sorted(counted)]))
    # The log of events refuses to be emptied, with a trigger; whoever restores over it has been asked.
    _for_each_guard("DISABLE")
    _execute(sql.SQL("TRUNCATE {}").format(names))
    _for_each_guard("ENABLE")


def lower_walls() -> list[str]:
    """Let the owner past row-level security until `raise_walls`; PostgreSQL takes no COPY FROM under it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace
            AND relforcerowsecurity AND relkind IN ('r', 'p') ORDER BY relname"""
        )
        walled = [name for (name,) in cursor.fetchall()]
    for name in walled:
        _execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(sql.Identifier(name)))
    _for_each_writer("DISABLE")
    return walled


def raise_walls(walled: Iterable[str]) -> None:
    """Check every foreign key, then put row-level security back as it was."""
    _execute(sql.SQL("SET CONSTRAINTS ALL IMMEDIATE"))
    _for_each_writer("ENABLE")
    for name in walled:
        _execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(sql.Identifier(name)))


def wind_sequences() -> None:
    """Make every counter go on after the largest number that is there."""
    with connection.cursor() as cursor:
        cursor.execute(_SEQUENCES)
        owned = cursor.fetchall()
    for sequence, table, column in owned:
        _execute(
            sql.SQL("SELECT setval({}, coalesce(max({}), 1), max({}) IS NOT NULL) FROM {}").format(
                sql.Literal(sequence), sql.Identifier(column), sql.Identifier(column), sql.Identifier(table)
            )
        )


def _for_each_writer(verb: str) -> None:
    """What triggers wrote is in the backup itself (seals, the search index, turns), counters aside."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
                AND NOT starts_with(t.tgname, 'tally_')"""
        )
        writers = cursor.fetchall()
    for table, name in writers:
        _execute(
            sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(sql.Identifier(table), sql.SQL(verb), sql.Identifier(name))
        )


def _for_each_guard(verb: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"""
        )
        guarded = [name for (name,) in cursor.fetchall()]
    for name in guarded:
        _execute(sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(name), sql.SQL(verb)))


def _execute(statement: sql.Composable) -> None:
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute(statement)


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


_TABLES = """SELECT c.relname,
    array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''),
    array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
        FILTER (WHERE a.attnum = ANY(i.indkey)),
    array_agg(a.attcollation <> 0 ORDER BY array_position(i.indkey::int2[], a.attnum))
        FILTER (WHERE a.attnum = ANY(i.indkey))
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND NOT c.relname = ANY(%s)
GROUP BY c.relname ORDER BY c.relname"""

_SEQUENCES = """SELECT pg_get_serial_sequence(quote_ident(c.relname), a.attname), c.relname, a.attname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL"""
