"""Whose eyes the database sees with.

Row-level security asks two settings of the session: `rapport.scope` and `rapport.member`. Both are local to a
transaction and empty by default, so that code which forgets to say who is looking sees nothing at all. A third,
`rapport.now`, is the moment of whoever travels (`core.clock`): what triggers keep is dated alike.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connection, transaction

from rapport.core.clock import travelled

_Scope = tuple[str, str, str]
_NOBODY: _Scope = ("", "", "")
_current: ContextVar[_Scope] = ContextVar("rapport_scope", default=_NOBODY)
_seen: ContextVar[str] = ContextVar("rapport_seen", default="")


@contextmanager
def system() -> Iterator[None]:
    """See everything inside the block: for workers, commands and writes checked beforehand."""
    with _entered(("system", _current.get()[1], _now())):
        yield


@contextmanager
def member(member_id: UUID) -> Iterator[None]:
    """See inside the block what the member may see, and nothing else."""
    with _entered(("member", str(member_id), _now())):
        yield


def current_member_id() -> UUID | None:
    """The member whose request or command this is, also inside a nested `system()`."""
    member_id = _current.get()[1]
    return UUID(member_id) if member_id else None


def seen() -> str:
    """The snapshot with which the outermost block began: what is not in it, whoever looked may not have seen."""
    return _seen.get()


@contextmanager
def _entered(scope: _Scope) -> Iterator[None]:
    before = _current.get()
    with transaction.atomic():
        snapshot = _tell_database(scope)
        token, looked = _current.set(scope), _seen.set(_seen.get() or snapshot)
        try:
            yield
        finally:
            _current.reset(token)
            _seen.reset(looked)
        if connection.in_atomic_block:
            _tell_database(before)


def _now() -> str:
    at = travelled()
    return at.isoformat() if at else ""


def _tell_database(scope: _Scope) -> str:
    """The snapshot of the statement, which is earlier than that of any to come."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT set_config('rapport.scope', %s, true), set_config('rapport.member', %s, true),
                set_config('rapport.now', %s, true), pg_current_snapshot()::text""",
            scope,
        )
        return str(cursor.fetchone()[3])
