"""The only clock. Code asks `now()`; the demo company and tests may travel."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_travelled: ContextVar[datetime | None] = ContextVar("rapport_clock", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _travelled.get() or datetime.now(UTC)


def travelled() -> datetime | None:
    """The moment that somebody travels to, in UTC; None at home."""
    return _travelled.get()


@contextmanager
def travel(at: datetime) -> Iterator[None]:
    """Make `now()` answer `at` (aware) inside the block, in this thread or task only."""
    if at.tzinfo is None:
        raise ValueError("travel() needs an aware datetime")
    token = _travelled.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _travelled.reset(token)
