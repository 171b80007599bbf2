"""SIP over UDP (RFC 3261, 17 and 18): where aiosipua gets its messages from, and what it leaves to its transport.

Only addresses that are allowed are listened to. A request that is sent again is answered again, not taken twice: a
server repeats an INVITE until it hears an answer. What we ask is sent again until it is answered.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any

from aiosipua import SipRequest, SipResponse
from aiosipua.transport import SipTransport

_T1_S, _T2_S = 0.5, 4.0
_REMEMBERED = 256
_BYTES_MAX = 16_384

Deliver = Callable[[SipRequest | SipResponse, tuple[str, int]], None]


class _Datagrams(asyncio.DatagramProtocol):
    """aiosipua's own protocol asserts a class that Python 3.11's UDP transport does not have."""

    def __init__(self, arrived: Callable[[bytes, Any], None]) -> None:
        self._arrived = arrived

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """One datagram is one message."""
        self._arrived(data, addr)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there, for now: what we ask is sent again, and given up in time."""


class Wire(SipTransport):
    """One UDP socket at `local`, heard from `allowed` IP addresses only."""

    def __init__(self, local: tuple[str, int], allowed: Collection[str]) -> None:
        super().__init__(local_addr=local)
        self._allowed = frozenset(allowed)
        self._socket: asyncio.DatagramTransport | None = None
        self._waiting: dict[tuple[str, int, str], asyncio.Future[SipResponse]] = {}
        self._answered: OrderedDict[str, SipResponse | None] = OrderedDict()

    async def start(self) -> None:
        """Open the socket, once. Raises OSError where the port is taken."""
        if self._socket is not None:
            return
        loop = asyncio.get_running_loop()
        made, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._arrived), local_addr=self.local_addr)
        self._socket = made
        self.local_addr = made.get_extra_info("sockname")[:2]

    async def stop(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            await asyncio.sleep(0)

    def deliver_to(self, deliver: Deliver) -> None:
        """Where requests go that are new, and responses that nobody here waits for."""
        self.on_message = lambda message, addr: self._sort(message, addr, deliver)

    def send(self, message: SipRequest | SipResponse, addr: tuple[str, int]) -> None:
        """One datagram."""
        if self._socket is not None:
            self._socket.sendto(bytes(message), addr)

    def send_reply(self, response: SipResponse) -> None:
        """To where the request came from, remembered for when it comes again."""
        branch = _branch(response)
        if branch in self._answered:
            self._answered[branch] = response
        super().send_reply(response)

    def keep_open(self, addr: tuple[str, int]) -> None:
        """An empty line, so that the ways in between do not forget us (RFC 5626, 3.5.1)."""
        if self._socket is not None:
            self._socket.sendto(b"\r\n\r\n", addr)

    async def ask(
        self, request: SipRequest, addr: tuple[str, int], within_s: float, *, sent: bool = False
    ) -> SipResponse:
        """Send a request until its last answer comes (17.1.2.2). Raises TimeoutError."""
        cseq = request.cseq
        key = (request.call_id or "", cseq.seq if cseq else 0, request.method)
        future: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        pause = _T1_S
        try:
            async with asyncio.timeout(within_s):
                while True:
                    if not sent:
                        self.send(request, addr)
                    sent = False
                    done, _ = await asyncio.wait([future], timeout=pause)
                    if done:
                        return future.result()
                    pause = min(2 * pause, _T2_S)
        finally:
            self._waiting.pop(key, None)
            future.cancel()

    def _arrived(self, data: bytes, addr: Any) -> None:
        if addr[0] in self._allowed and data.strip() and len(data) <= _BYTES_MAX:
            self._dispatch(data, (str(addr[0]), int(addr[1])))

    def _sort(self, message: SipRequest | SipResponse, addr: tuple[str, int], deliver: Deliver) -> None:
        if isinstance(message, SipRequest):
            if not self._is_repeated(message):
                deliver(message, addr)
            return
        cseq = message.cseq
        future = self._waiting.get((message.call_id or "", cseq.seq if cseq else 0, cseq.method if cseq else ""))
        if future is None:
            deliver(message, addr)
        elif message.status_code >= 200 and not future.done():
            future.set_result(message)

    def _is_repeated(self, request: SipRequest) -> bool:
        """Answer again what was answered before; one branch is one transaction (17.2.3)."""
        branch = _branch(request)
        if request.method == "ACK" or not branch:
            return False
        if branch in self._answered:
            answer = self._answered[branch]
            if answer is not None:
                super().send_reply(answer)
            return True
        self._answered[branch] = None
        while len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return False


def _branch(message: SipRequest | SipResponse) -> str:
    via, cseq = message.via, message.cseq
    branch = via[0].branch if via else None
    return f"{cseq.method if cseq else ''} {branch}" if branch else ""
