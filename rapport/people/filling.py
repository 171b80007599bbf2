"""What a row says for itself, what it says because rows stand under it, and which do. Pure.

Blanks of a row are filled from the rows below it, in the order in which they came. What was filled is kept with each
merge ([before, after] by field), so that what the row said for itself can be told apart at any time: a filled value
counts as filled for as long as it stands as the merge left it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

Values = dict[str, Any]
"""Plain values by field: text, "" where there is nothing; custom fields by "fields.<key>", absent where not said."""
Filled = dict[str, list[Any]]
"""By field [before, after]; `before` is None for a custom field that was not there."""

FIELDS = (
    "name", "language", "time_zone", "organization_id", "holder_id", "role", "preferred", "note",
)  # fmt: skip
CUSTOM = "fields."


@dataclass(frozen=True)
class Below:
    """A row that stands under another: what it says, whether that may be passed on, and what it had filled so far."""

    values: Mapping[str, Any]
    open: bool
    filled: Mapping[str, Sequence[Any]]


def own(values: Mapping[str, Any], below: Sequence[Below]) -> Values:
    """What the row says for itself: without what still stands as it was filled."""
    found = dict(values)
    for one in reversed(below):
        for field, (before, after) in one.filled.items():
            if found.get(field) != after:
                continue
            if before is None:
                del found[field]
            else:
                found[field] = before
    return found


def settled(values: Mapping[str, Any], below: Sequence[Below]) -> tuple[Values, list[Filled]]:
    """What the row says with its blanks filled from `below`, in their order; and what each of them filled."""
    found, filled = own(values, below), []
    for one in below:
        taken = missing(found, one.values) if one.open else {}
        found |= {field: after for field, (_, after) in taken.items()}
        filled.append(taken)
    return found, filled


def missing(values: Mapping[str, Any], below: Mapping[str, Any]) -> Filled:
    """What is blank in `values` and is said `below`."""
    named = (*FIELDS, *(field for field in below if field.startswith(CUSTOM)))
    return {
        field: [values.get(field), below[field]]
        for field in named
        if values.get(field, "") == "" and below.get(field) not in ("", None)
    }


def descendants(child: UUID, parents: Sequence[tuple[UUID, UUID | None]]) -> set[UUID]:
    """The rows below `child`, of (row, the row it stands under)."""
    below: dict[UUID | None, list[UUID]] = {}
    for row, parent in parents:
        below.setdefault(parent, []).append(row)
    found: set[UUID] = set()
    waiting = [child]
    while waiting:
        fresh = [one for one in below.get(waiting.pop(), ()) if one not in found]
        found.update(fresh)
        waiting += fresh
    return found
