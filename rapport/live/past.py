"""What was heard of late: a page that took a while on its way hears what happened since it looked."""

from collections import deque
from collections.abc import Set as AbstractSet

#: So many changes are kept: at twenty a second more than the two minutes for which a ticket is good need not be.
KEPT_MAX = 2_000


class Past:
    """The latest changes in the order in which they were committed, each with its transaction and who may hear of it.

    PostgreSQL delivers notifications in the order of their commits, so that a page that saw one saw all before it.
    """

    def __init__(self) -> None:
        self._kept: deque[tuple[int | None, AbstractSet[str] | None, bytes]] = deque(maxlen=KEPT_MAX)

    def keep(self, transaction: int | None, audience: AbstractSet[str] | None, message: bytes) -> None:
        """The latest; the oldest goes where there are too many.

        `transaction` None: nobody knows, so that nobody has seen it. `audience` None: everybody may hear of it.
        """
        self._kept.append((transaction, audience, message))

    def forget(self) -> None:
        """Something may have been missed: what was heard before it is of no use."""
        self._kept.clear()

    def since(self, seen: str, audience: AbstractSet[str]) -> list[bytes] | None:
        """What whoever saw `seen` (a snapshot as PostgreSQL writes it) has not seen and may hear of, oldest first.

        None where the page looked before the oldest of what is kept.
        """
        missed: list[bytes] = []
        highest, running = _read(seen)
        for transaction, concerned, message in reversed(self._kept):
            if transaction is not None and transaction < highest and transaction not in running:
                return missed[::-1]
            if concerned is None or not concerned.isdisjoint(audience):
                missed.append(message)
        return None


def _read(snapshot: str) -> tuple[int, frozenset[int]]:
    """The first transaction that had not begun, and those before it that had not ended.

    "xmin:xmax:xip,xip" (PostgreSQL, "Transaction ID and Snapshot Information Functions").
    """
    _lowest, highest, running = snapshot.split(":")
    return int(highest), frozenset(map(int, filter(None, running.split(","))))
