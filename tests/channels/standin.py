"""A stand-in for the house: runs a collector in a thread, and again after errors that pass; waits for things."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rapport.channels.base import Account, ChannelError, Connector, Message, NothingSaid, Said
from rapport.channels.testing import MemorySource

PATIENCE_S = 60.0


def until(true: Callable[[], Any], what: str = "it did not happen", patience_s: float = PATIENCE_S) -> Any:
    """Wait for something to be true, and say what it is."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(what)


class Collected:
    """What a running collector has kept, and the error that ended it."""

    def __init__(self, connector: Connector, account: Account, cursors: Mapping[str, Any] | None = None) -> None:
        self.connector, self.account = connector, account
        self.source = MemorySource(cursors=cursors)
        self.error: ChannelError | None = None
        self.interruptions: list[str] = []

    def said(self) -> list[Said]:
        """Everything, in the order in which it came."""
        found: list[Said] = []
        bare = replace(self.account, secrets={})
        for item in list(self.source.items.values()):
            try:
                found += self.connector.parse(bare, item)
            except NothingSaid:
                continue
        return found

    def messages(self) -> list[Message]:
        return [one for one in self.said() if isinstance(one, Message)]

    def wait_for(self, text: str) -> Message:
        """The message that says this."""
        found: Message = until(
            lambda: next((one for one in self.messages() if one.text == text), None),
            f"nobody said {text!r}; troubles: {self.source.troubles + self.interruptions}, error: {self.error}",
        )
        return found

    def wait_for_kind(self, kind: type[Any], count: int = 1) -> list[Any]:
        """That many of one kind of thing."""
        found: list[Any] = until(
            lambda: [all for all in [[one for one in self.said() if isinstance(one, kind)]] if len(all) >= count],
            f"no {kind.__name__} came",
        )[0]
        return found

    def run(self) -> None:
        while not self.source.stopping.is_set():
            try:
                self.connector.collect(self.account, self.source)
            except ChannelError as error:
                if error.permanent:
                    self.error = error
                    return
                self.interruptions.append(error.message)
                self.source.stopping.wait(0.2)


@contextmanager
def collecting(
    connector: Connector, account: Account, cursors: Mapping[str, Any] | None = None, *, ready: bool = True
) -> Iterator[Collected]:
    """Run a collector for the block, from the moment at which it is well; then stop it, which must take hold soon."""
    collected = Collected(connector, account, cursors)
    thread = threading.Thread(target=collected.run, daemon=True)
    thread.start()
    try:
        if ready:
            until(lambda: collected.source.wells or collected.error, f"never well: {collected.interruptions}")
        yield collected
    finally:
        collected.source.stopping.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
