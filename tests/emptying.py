"""After a test that commits, every table is empty again: what Django's `flush` does, in a tenth of its time.

`flush` makes new files for all tables and indexes (TRUNCATE); here the rows that are there are deleted, under the same
locks, by a role of the tests' own server (`support.EMPTIER`): no wall hides rows from it, and neither triggers nor
foreign keys are asked. On a server without that role, and where a test changed what migrations had put there, `flush`
is called.
"""

import time

import psycopg
from django.db import connection
from django.test import TransactionTestCase
from psycopg import sql
from psycopg.pq import TransactionStatus

from tests.support import EMPTIER

_LENT = "SELECT count(*) > 0 FROM pg_roles WHERE rolname = %s AND pg_has_role(current_user, oid, 'SET')"

#: Rows that migrations put there, and that `flush` puts there again. The other tables are empty then.
_KEPT = ("django_migrations", "django_content_type", "auth_permission")
_KEPT_ROWS = sql.SQL("SELECT ") + sql.SQL(", ").join(
    sql.SQL("(SELECT md5(string_agg(one::text, '|' ORDER BY id)) FROM {} AS one)").format(sql.Identifier(table))
    for table in _KEPT
)

_TABLES = f"""SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND relname <> ALL ('{{{",".join(_KEPT)}}}')"""
# A table without a page has no row.
_WITH_PAGES = f"{_TABLES} AND pg_relation_size(oid) > 0"

#: For so long whoever is still at work in a transaction is waited for.
PATIENCE_S = 60.0
_HOLDERS = """SELECT DISTINCT ON (a.pid) a.pid, format('%s, %s for %s s, holds %s; its last statement: %s',
        coalesce(nullif(a.application_name, ''), 'process ' || a.pid), a.state,
        round(extract(epoch FROM clock_timestamp() - a.xact_start)), l.relation::regclass, left(a.query, 300))
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_class c ON c.oid = l.relation
    WHERE l.granted AND l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname =
        current_database()) AND c.relnamespace = 'public'::regnamespace AND a.backend_type = 'client backend'
        AND a.pid <> pg_backend_pid()
    ORDER BY a.pid, l.relation"""


_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


class StillHeldError(AssertionError):
    """What a test had begun did not end; it was cut off, and the tables are empty all the same."""


class Emptying:
    """Made once migrations have run; `after` then takes the place of what Django does after a test that commits."""

    def __init__(self) -> None:
        self.is_lent = _line().execute(_LENT, [EMPTIER]).fetchone() == (True,)
        self._kept = _line().execute(_KEPT_ROWS).fetchone()

    def install(self) -> None:
        """From now on, for all tests of this process."""
        TransactionTestCase._fixture_teardown = lambda case: self.after(case)  # type: ignore[attr-defined]

    def after(self, case: TransactionTestCase) -> None:
        """Leave only what migrations put there. StillHeldError names who held a table longer than `PATIENCE_S`."""
        held = _emptied() if self.is_lent else []
        if not self.is_lent or _line().execute(_KEPT_ROWS).fetchone() != self._kept:
            _flush(case)
            self._kept = _line().execute(_KEPT_ROWS).fetchone()
        if held:
            raise StillHeldError("what the test had begun did not end, and was cut off:\n" + "\n".join(held))


def _line() -> psycopg.Connection:
    """The test's own connection, outside of any transaction."""
    if connection.connection is not None:
        status = connection.connection.info.transaction_status
        if status != TransactionStatus.IDLE or not connection.is_usable():
            connection.close()
    connection.ensure_connection()
    return connection.connection


def _emptied() -> list[str]:
    """Delete all rows; who was cut off for that."""
    try:
        _delete_by(time.monotonic() + PATIENCE_S)
    except psycopg.errors.LockNotAvailable:
        held = _cut_off()
        _delete_by(time.monotonic() + PATIENCE_S)
        return held
    return []


def _delete_by(until: float) -> None:
    while True:
        try:
            return _delete(max(0.001, until - time.monotonic()))
        except psycopg.errors.DeadlockDetected:
            continue  # The other one goes on; it ends, or the time does.


def _delete(patience_s: float) -> None:
    line = _line()
    with line.transaction(), line.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{patience_s * 1000:.0f}ms'")
        tables = [name for (name,) in cursor.execute(_TABLES)]
        # As TRUNCATE would: what still writes has ended then, and what it wrote is seen.
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        touched = [name for (name,) in cursor.execute(_WITH_PAGES)]
        cursor.execute(f"SET LOCAL ROLE {EMPTIER}; SET LOCAL session_replication_role = replica")
        for name in touched:
            cursor.execute(f"DELETE FROM {name}")


def _cut_off() -> list[str]:
    """End the other processes of the database that hold tables; who they were, and what they did last."""
    held = _line().execute(_HOLDERS).fetchall()
    for pid, _ in held:
        _line().execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    return [said for _, said in held]
