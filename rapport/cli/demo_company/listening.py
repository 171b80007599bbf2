"""The company's mail listener in a thread, for as long as its history is played."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rapport.channels.kinds.email.listener import Desk, Limits, Listener

_MAILS_A_MINUTE = 100_000
_START_SECONDS_MAX = 10.0


@contextmanager
def listening(desk: Desk, host: str, port: int) -> Iterator[tuple[str, int]]:
    """Where it listens, (host, port); with port 0 any that is free. Raises OSError when the address is taken."""
    loop = asyncio.new_event_loop()
    listener = Listener(desk, host, port, Limits(per_minute=_MAILS_A_MINUTE))
    thread = threading.Thread(target=loop.run_forever, name="listener", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(listener.start(), loop).result(_START_SECONDS_MAX)
        try:
            yield host, listener.port
        finally:
            asyncio.run_coroutine_threadsafe(listener.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
