"""How far a folder was read, and what to read next. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

_OVERLAP = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class FolderCursor:
    """Every mail from `low` to `top` (UIDs, both inclusive) was committed, under this `uidvalidity`.

    Above `top` is new mail, below `low` the backlog; `low` 1 says there is none. `pending` are committed
    mails that wait to be marked, moved or deleted. `since` (a date, or "") bounds the backlog; `at` is when
    this was written.
    """

    uidvalidity: int
    top: int
    low: int
    pending: tuple[int, ...] = ()
    since: str = ""
    at: str = ""

    @classmethod
    def start(cls, uidvalidity: int, top: int, before: "FolderCursor | None", *, backfill: bool) -> "FolderCursor":
        """Where to begin in a folder. Renumbered, it is read anew: as far back as we last were, or all of
        it.
        """
        if before is None:
            return cls(uidvalidity, top, top + 1 if backfill else 1)
        since = ""
        if not backfill and before.at:
            since = (datetime.fromisoformat(before.at) - _OVERLAP).date().isoformat()
        return cls(uidvalidity, top, top + 1, since=since, at=before.at)

    def taken_new(self, top: int, at: datetime) -> "FolderCursor":
        """The same, after new mail up to `top` was committed."""
        return replace(self, top=max(top, self.top), at=at.isoformat())

    def taken_old(self, low: int, at: datetime) -> "FolderCursor":
        """The same, after the backlog down to `low` was committed."""
        return replace(self, low=min(low, self.low), at=at.isoformat())

    def to_act_on(self, uids: Sequence[int]) -> "FolderCursor":
        """The same, with other mails waiting to be marked, moved or deleted."""
        return replace(self, pending=tuple(uids))

    def since_date(self) -> date | None:
        """The day before which the backlog is left alone."""
        return date.fromisoformat(self.since) if self.since else None

    def as_json(self) -> dict[str, Any]:
        """For the cursor's row."""
        return {**asdict(self), "pending": list(self.pending)}


def read_cursor(value: Mapping[str, Any] | None) -> FolderCursor | None:
    """The cursor from its row."""
    if not value:
        return None
    return FolderCursor(
        int(value["uidvalidity"]),
        int(value["top"]),
        int(value["low"]),
        tuple(value.get("pending", ())),
        str(value.get("since", "")),
        str(value.get("at", "")),
    )


def cut(uids: Sequence[int], sizes: Mapping[int, int], batch_bytes: int, max_bytes: int) -> list[int]:
    """As many of `uids`, in order, as fit into `batch_bytes`, and at least one.

    A mail over `max_bytes` costs little: only its header is fetched. One without a size counts as empty.
    """
    taken: list[int] = []
    total = 0
    for uid in uids:
        size = sizes.get(uid, 0)
        total += size if size <= max_bytes else 0
        if taken and total > batch_bytes:
            break
        taken.append(uid)
    return taken
