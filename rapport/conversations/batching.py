"""Acts that belong together: what is done inside one `batch()` can be undone at once (`undoing.undo_batch`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from rapport.core.ids import new_id

_batch: ContextVar[UUID | None] = ContextVar("rapport_batch", default=None)


@contextmanager
def batch() -> Iterator[UUID]:
    """Every event of a verb inside the block carries the batch's id, which is given."""
    id = new_id()
    token = _batch.set(id)
    try:
        yield id
    finally:
        _batch.reset(token)


def marked(data: dict[str, object]) -> dict[str, object]:
    """An event's data with the batch it belongs to, if any."""
    current = _batch.get()
    return data | {"batch": str(current)} if current else data
