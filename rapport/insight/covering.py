"""Which sums of closed days stand for a span of time, and what of it is left to be counted. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

DAYS = (1, 4, 16)
"""How many days a block has; each begins at a UTC midnight, counted from 1970, that is a multiple of its days."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Block(NamedTuple):
    """So many days from a midnight on."""

    days: int
    starts: datetime

    @property
    def ends(self) -> datetime:
        """The midnight at which it ends."""
        return self.starts + timedelta(days=self.days)

    @property
    def bit(self) -> int:
        """What marks, in `owed`, that a change is not in blocks of this size yet."""
        return 1 << DAYS.index(self.days)


@dataclass
class Cover:
    """What a span is made of: the blocks, and the gaps between them, in order."""

    blocks: list[Block] = field(default_factory=list)
    gaps: list[tuple[datetime, datetime]] = field(default_factory=list)


def cover(start: datetime, end: datetime, there: Iterable[Block]) -> Cover:
    """The largest of the blocks that are `there` which lie within the span, none over another."""
    found, at = Cover(), start
    fitting = (one for one in there if one.starts >= start and one.ends <= end)
    for block in sorted(fitting, key=lambda one: (one.starts, -one.days)):
        if block.starts < at:
            continue  # a larger one stands for it
        if block.starts > at:
            found.gaps.append((at, block.starts))
        found.blocks.append(block)
        at = block.ends
    if at < end:
        found.gaps.append((at, end))
    return found


def closed(days: int, since: datetime, until: datetime) -> list[Block]:
    """All blocks of a size that begin at `since` or later and have ended at `until`, the oldest first."""
    size = timedelta(days=days)
    first = -((_EPOCH - since) // size)  # rounded up
    last = (until - _EPOCH) // size
    return [Block(days, _EPOCH + number * size) for number in range(first, last)]
