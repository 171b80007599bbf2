"""How far a folder was read, and what to read next. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

_OVERLAP = timedelta(days=2)
_PENDING_MAX = 10_000


@dataclass(frozen=True, slots=True)
class FolderCursor:
    """Every mail from `low` to `top` (UIDs, both inclusive) was committed, under this `uidvalidity`.

    Above `top` is new mail, below `low` the backlog; `low` 1 says there is none. `pending` are committed
    mails that wait to be marked, moved or deleted, whichever `asked` says. `since` (a date, or "") bounds the
    backlog; up to `left` it was not wanted (None: not known, from before this was kept). `of` is whose numbers these
    are: two servers may give the same. `at` is when this was written.
    """

    uidvalidity: int
    top: int
    low: int
    pending: tuple[int, ...] = ()
    since: str = ""
    at: str = ""
    asked: str = ""
    left: int | None = None
    of: str = ""

    @classmethod
    def start(cls, uidvalidity: int, top: int, before: "FolderCursor | None", *, backfill: bool) -> "FolderCursor":
        """Where to begin in a folder. Renumbered, it is read anew: as far back as we last were, or all of
        it.
        """
        left = 0 if backfill else top
        if before is None:
            return cls(uidvalidity, top, top + 1 if backfill else 1, left=left)
        since = ""
        if not backfill and before.at:
            since = (datetime.fromisoformat(before.at) - _OVERLAP).date().isoformat()
        return cls(uidvalidity, top, top + 1, since=since, at=before.at, left=left)

    def heeding(self, of: str, after: str, *, backfill: bool) -> "FolderCursor":
        """The same, with the mailbox set as it is now: what was to be done to mails under another setting is not done
        any more, a backlog that was left alone is begun, and one that is not wanted any more is left where it was.
        """
        left = self.left if self.left is not None else 0 if backfill else self.top
        pending = self.pending if self.asked in ("", after) else ()
        known = replace(self, pending=pending, asked=after, left=left, of=of)
        if backfill and left:
            return replace(known, low=max(self.low, left + 1), left=0, since="")
        if not backfill and self.low > 1 and not self.since:
            return replace(known, low=1, left=max(left, self.low - 1))
        return known

    def taken_new(self, top: int, at: datetime) -> "FolderCursor":
        """The same, after new mail up to `top` was committed."""
        return replace(self, top=max(top, self.top), at=at.isoformat())

    def taken_old(self, low: int, at: datetime) -> "FolderCursor":
        """The same, after the backlog down to `low` was committed."""
        return replace(self, low=min(low, self.low), at=at.isoformat())

    def to_act_on(self, uids: Sequence[int]) -> "FolderCursor":
        """The same, with other mails waiting to be marked, moved or deleted: the last of them, if a server that refuses
        let them become too many.
        """
        return replace(self, pending=tuple(dict.fromkeys(uids))[-_PENDING_MAX:])

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
        str(value.get("asked", "")),
        None if (left := value.get("left")) is None else int(left),
        str(value.get("of", "")),
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
