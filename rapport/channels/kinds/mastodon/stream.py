"""The event stream of a server: one thread reads one stream and hands its events on, until it is told to stop.

Mastodon sends server-sent events (https://docs.joinmastodon.org/methods/streaming/), GoToSocial only speaks WebSocket
(`websocket`), Takahe has no stream at all. What a stream brings never moves a cursor: only polling does, so that
whatever a stream missed is found by the next poll.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Lock, Thread
from typing import Any

from rapport.channels.base import Account, ChannelError

EVENT_BYTES_MAX = 4 * 1024 * 1024
WAITING_MAX = 100
# Mastodon sends a sign of life every 15 seconds.
_SILENCE_S = 60.0
_CHUNK = 65_536


class NoStream(ChannelError):
    """The server has no stream of this kind; polling does it all."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event: its name and data as sent, and the stream's hashtag ("" for the account's own).

    `name` "" says that the stream is open, "end" (with `error`) that it is over.
    """

    tag: str
    name: str
    data: str = ""
    error: ChannelError | None = None


class Reader(Thread):
    """Reads one stream into `heard`, which is bounded: while it is full nothing more is read."""

    def __init__(self, account: Account, tag: str, heard: "Queue[Heard]") -> None:
        super().__init__(name=f"mastodon-{tag or 'user'}", daemon=True)
        self.tag = tag
        self.silence_s = _SILENCE_S
        self._account = account
        self._heard = heard
        self._stopped = Event()
        self._lock = Lock()
        self._open: Any = None

    def run(self) -> None:
        """Server-sent events; WebSocket where the server has none of those."""
        from rapport.channels.kinds.mastodon.client import Client

        error: ChannelError | None = None
        try:
            with Client(self._account) as client:
                try:
                    client.stream(self.tag, self)
                except ChannelError:
                    if client.status not in (400, 404, 405, 426, 501):
                        raise
                    from rapport.channels.kinds.mastodon import websocket

                    websocket.listen(client, self)
        except ChannelError as caught:
            error = caught
        self.tell(Heard(self.tag, "end", error=error))

    def handle_stream(self, response: Any) -> None:
        """Called by Mastodon.py with the open answer. Raises ChannelError where it breaks."""
        import requests

        if "event-stream" not in response.headers.get("Content-Type", "").lower():
            raise NoStream("What should be a stream is something else.", permanent=False)
        if not self.hold(response.raw.shutdown):
            return
        self.tell(Heard(self.tag, ""))
        # Without chunks, more than one byte at a time would wait until so many have come.
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        try:
            for name, data in events(response.iter_content(_CHUNK if chunked else 1)):
                if self._stopped.is_set():
                    return
                self.tell(Heard(self.tag, name, data))
        except (requests.RequestException, OSError, ValueError, AttributeError) as error:
            if not self._stopped.is_set():
                raise ChannelError("The stream broke off.", permanent=False) from error

    def hold(self, hang_up: Any) -> bool:
        """Remember how to end what is being read; False where we are to stop already."""
        with self._lock:
            self._open = hang_up
        return not self._stopped.is_set()

    def tell(self, heard: Heard) -> None:
        """Hand an event on, waiting while there is no room."""
        while True:
            with suppress(Full):
                self._heard.put(heard, timeout=0.5)
                return
            if self._stopped.is_set():
                return

    def stop(self) -> None:
        """End the stream, also while it is being waited for."""
        self._stopped.set()
        with self._lock, suppress(OSError, ValueError, RuntimeError, AttributeError):
            if self._open is not None:
                self._open()


def events(chunks: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    """Name and data of each server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html).

    One that is longer than EVENT_BYTES_MAX is left out: the next poll finds what it was about.
    """
    name, data, size = "", [], 0
    for line in _lines(chunks):
        if line is None:
            size = EVENT_BYTES_MAX + 1
        elif line:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            size += len(line)
            if field == "event":
                name = value[:100]
            elif field == "data" and size <= EVENT_BYTES_MAX:
                data.append(value)
        else:
            if name and data and size <= EVENT_BYTES_MAX:
                yield name, "\n".join(data)
            name, data, size = "", [], 0


def _lines(chunks: Iterator[bytes]) -> Iterator[str | None]:
    """Lines without their ends; None once for a line that is too long."""
    held, skipping = bytearray(), False
    for chunk in chunks:
        held += chunk
        *whole, held = held.split(b"\n") if b"\n" in chunk else (held,)
        for line in whole:
            if skipping:
                yield None
            else:
                yield line.removesuffix(b"\r").decode("utf-8", "replace")
            skipping = False
        if len(held) > EVENT_BYTES_MAX:
            held, skipping = bytearray(), True
