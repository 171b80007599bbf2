"""Many rows with one statement: the hot path's way to write."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection
from psycopg.rows import tuple_row

Columns = Mapping[str, tuple[str, Sequence[Any]]]
"""Column name -> (PostgreSQL type, one value per row)."""


def insert(table: str, columns: Columns, tail: str = "") -> list[tuple[Any, ...]]:
    """INSERT every row of `columns` into `table` (both are names of ours, never input).

    Arrays travel as their text form and are cast: unnest would flatten them. `tail` may hold ON CONFLICT and RETURNING;
    what it returns is returned.
    """
    if not columns or not len(next(iter(columns.values()))[1]):
        return []
    names = ", ".join(columns)
    cast = ", ".join(f"{name}::{kind}" for name, (kind, _) in columns.items())
    sent = ", ".join(f"%b::{_travelling(kind)}[]" for kind, _ in columns.values())
    statement = f"INSERT INTO {table} ({names}) SELECT {cast} FROM unnest({sent}) AS row({names}) {tail}"
    return _run(statement, columns, "RETURNING" in tail)


def update(table: str, key: Sequence[str], columns: Columns, assignments: str, tail: str = "") -> list[tuple[Any, ...]]:
    """UPDATE `table` AS t from `columns` AS row, joined on `key`; `assignments` says what is set.

    What a RETURNING in `tail` returns is returned.
    """
    if not len(next(iter(columns.values()))[1]):
        return []
    names = ", ".join(columns)
    sent = ", ".join(f"%b::{_travelling(kind)}[]" for kind, _ in columns.values())
    joined = " AND ".join(f"t.{name} = row.{name}" for name in key)
    statement = f"UPDATE {table} AS t SET {assignments} FROM unnest({sent}) AS row({names}) WHERE {joined} {tail}"
    return _run(statement, columns, "RETURNING" in tail)


def select(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement of ours, travelling as bytes: for large columns, which text would double."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection, row_factory=tuple_row) as cursor:
        return list(cursor.execute(statement, parameters, binary=True).fetchall())


def array_text(values: Iterable[object]) -> str:
    """A PostgreSQL array literal of values that need no quoting (UUIDs, numbers)."""
    return "{" + ",".join(map(str, values)) + "}"


def _run(statement: str, columns: Columns, returning: bool) -> list[tuple[Any, ...]]:
    """Django's cursors write parameters into the statement as literals; the driver's own sends them beside it.

    That spares both sides the quoting of every mail: a third of the cost of storing one.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection, row_factory=tuple_row) as cursor:
        cursor.execute(statement, [list(values) for _, values in columns.values()])
        return list(cursor.fetchall()) if returning else []


def _travelling(kind: str) -> str:
    return "text" if kind.endswith("[]") else kind
