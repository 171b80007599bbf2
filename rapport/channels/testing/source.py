"""Stand-ins for the house: what a collector puts its items into, an account, a draft."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any
from uuid import UUID

from rapport.channels.base import Account, Draft, Incoming


class MemorySource:
    """Keeps items and cursors in memory, once each, as the house does; `enough` items stop the collector."""

    def __init__(self, enough: int = 0, cursors: Mapping[str, Any] | None = None) -> None:
        self.stopping = Event()
        self.items: dict[str, Incoming] = {}
        self.troubles: list[str] = []
        self.figures: dict[str, Any] = {}
        self.wells = 0
        self._enough = enough
        self._cursors: dict[str, Any] = dict(cursors or {})
        self._lock = Lock()

    def cursors(self) -> Mapping[str, Any]:
        """As last kept."""
        return dict(self._cursors)

    def keep(self, items: Sequence[Incoming], cursors: Mapping[str, Any]) -> None:
        """Commit both."""
        with self._lock:
            for item in items:
                self.items.setdefault(item.external_id, item)
            self._cursors.update(cursors)
            if self._enough and len(self.items) >= self._enough:
                self.stopping.set()

    def well(self) -> None:
        """Counted."""
        self.wells += 1

    def unwell(self, message: str) -> None:
        """Noted."""
        self.troubles.append(message)

    def measured(self, figures: Mapping[str, Any]) -> None:
        """Kept."""
        self.figures.update(figures)


def account_for(kind: str, **given: Any) -> Account:
    """An account of a kind; `config`, `secrets`, `address` and `hook_url` as given."""
    return Account(
        id=UUID(int=7), name=f"Our {kind}", kind=kind, address=given.get("address", ""),
        config=given.get("config", {}), secrets=given.get("secrets", {}), hook_url=given.get("hook_url", ""),
    )  # fmt: skip


def draft_for(text: str, answering: Mapping[str, Any] | None = None, **given: Any) -> Draft:
    """A draft that says `text` as an answer to what `answering` stands for."""
    usual: dict[str, Any] = {
        "conversation_id": UUID(int=9), "external_id": "", "author": "Mara Lind", "subject": "", "to": [],
        "at": datetime(2026, 3, 2, 9, 0, tzinfo=UTC), "key": "00000000-0000-0000-0000-00000000000b",
    }  # fmt: skip
    return Draft(**{**usual, "text": text, "answering": answering or {}, **given})
