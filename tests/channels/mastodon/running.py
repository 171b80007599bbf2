"""A collector in a thread of its own, and waiting for what it brings."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rapport.channels.base import Account, ChannelError, Incoming, NothingSaid, Said
from rapport.channels.kinds.mastodon.connector import MastodonConnector
from rapport.channels.testing import MemorySource

PATIENCE_S = 60.0


class Running:
    """What a running collector has brought, understood."""

    def __init__(self, account: Account, source: MemorySource) -> None:
        self.account = account
        self.source = source
        self.error: ChannelError | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            MastodonConnector().collect(self.account, self.source)
        except ChannelError as error:
            self.error = error

    def said(self) -> list[Said]:
        """Everything, in the order it was kept."""
        items: list[Incoming] = list(self.source.items.values())
        found: list[Said] = []
        for item in items:
            with suppress(NothingSaid):
                found += MastodonConnector().parse(self.account, item)
        return found

    def wait(self, found: Callable[["Running"], Any]) -> Any:
        """What `found` finds, as soon as it finds something."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if result := found(self):
                return result
            time.sleep(0.05)
        raise AssertionError(f"It never came; {self.said()} {self.source.troubles} {self.source.figures} {self.error}")

    def message(self, words: str, **having: Any) -> Any:
        """The message with these words, when it comes."""

        def there(running: Running) -> Any:
            for one in running.said():
                one = getattr(one, "message", one)
                if words in getattr(one, "text", "") and all(getattr(one, k) == v for k, v in having.items()):
                    return one
            return None

        return self.wait(there)


@contextmanager
def collecting(account: Account, source: MemorySource | None = None) -> Iterator[Running]:
    """A collector that runs inside the block and must end soon after it."""
    running = Running(account, source or MemorySource())
    running.source.stopping.clear()
    running.thread.start()
    try:
        yield running
    finally:
        running.source.stopping.set()
        running.thread.join(PATIENCE_S)
        assert not running.thread.is_alive()
