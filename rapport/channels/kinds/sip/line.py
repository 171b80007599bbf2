"""One phone line: registered at the telephone system, several calls at once, each kept when it is over."""

import asyncio
import logging
import socket
import time
from collections import deque
from collections.abc import Coroutine
from typing import Any

from aiosipua import DialogState, IncomingCall, SipRequest, SipUAS
from aiosipua.sdp import SdpMessage

from rapport.channels import guard, outgoing
from rapport.channels.base import ChannelError, Incoming, Source
from rapport.channels.kinds.sip import record, settings, sound
from rapport.channels.kinds.sip.ports import Ports
from rapport.channels.kinds.sip.registration import AGENT, Registration, Where
from rapport.channels.kinds.sip.settings import Settings
from rapport.channels.kinds.sip.talk import Studio, Talk
from rapport.channels.kinds.sip.wire import Wire
from rapport.core.errors import Invalid

log = logging.getLogger(__name__)
_TICK_S = 0.1
_OPEN_S = 25.0
_END_S = 6.0
_BACKOFF_MAX_S = 60.0


def greeting(given: Settings) -> bytes:
    """The samples of the greeting, fetched where it has an address; empty where there is none. Raises Invalid."""
    if not given.greeting or given.greeting.startswith("data:"):
        return settings.greeting_of(given.greeting) if given.greeting else b""
    try:
        return sound.read_wav(outgoing.call("GET", given.greeting).body)
    except sound.NoSound as error:
        raise Invalid(f"Greeting: {error}", "Save it as WAV, PCM, 16 bits, mono, 8,000 Hz.") from error


class Line:
    """`run` in an event loop of its own. `waiting` are calls that could not be kept yet; it outlives the line."""

    def __init__(self, given: Settings, password: str, waiting: deque[Incoming]) -> None:
        self._settings = given
        self._password = password
        self._waiting = waiting
        self._talks: dict[str, Talk] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def look(self) -> None:
        """Sign in, bind nothing. Raises ChannelError."""
        wire, registration = await self._connect()
        wire.deliver_to(lambda message, addr: None)
        try:
            await registration.look()
        finally:
            await wire.stop()

    async def run(self, source: Source) -> None:
        """Until `source.stopping`. Raises ChannelError where a person must act."""
        voice = await asyncio.to_thread(greeting, self._settings)
        wire, registration = await self._connect()
        local = wire.local_addr[0]
        ports = Ports(local, self._settings.media_port, self._settings.calls_max)
        uas = await self._answering(wire, Studio(self._settings, wire, ports, local, voice))
        keeping = asyncio.create_task(self._stay(wire, registration, source))
        try:
            while not source.stopping.is_set() and not keeping.done():
                self._keep(source)
                self._tidy(uas)
                await asyncio.sleep(_TICK_S)
            if keeping.done():
                keeping.result()
        finally:
            await self._close(registration, uas, keeping)
            self._keep(source)

    async def _connect(self) -> tuple[Wire, Registration]:
        given = self._settings
        address = await asyncio.to_thread(guard.resolved, given.host, given.port, allow_private=given.private)
        server = (address, given.port)
        wire = Wire((_local(server), given.local_port), {address, *given.allowed})
        try:
            await wire.start()
        except OSError as error:
            words = f"Port {given.local_port} cannot be opened: {error.strerror or error}"
            raise ChannelError(words, "Choose another local port.", permanent=False) from error
        contact = (given.advertised or wire.local_addr[0], wire.local_addr[1])
        return wire, Registration(wire, Where(given.domain, given.user, self._password, server, contact))

    async def _answering(self, wire: Wire, studio: Studio) -> SipUAS:
        advertised = (self._settings.advertised, wire.local_addr[1]) if self._settings.advertised else None
        uas = SipUAS(wire, user_agent=AGENT, advertised_addr=advertised)
        uas.on_invite = lambda call: self._take(call, studio)
        uas.on_bye = lambda call, request: self._end(call.call_id, "caller")
        uas.on_ack_timeout = lambda call: self._end(call.call_id, "lost")
        uas.on_cancel = lambda request, addr: self._end(request.call_id or "", "caller")
        uas.on_reinvite = self._offered
        uas.on_update = self._updated
        await uas.start()
        if wire.on_message is not None:
            wire.deliver_to(wire.on_message)
        return uas

    async def _stay(self, wire: Wire, registration: Registration, source: Source) -> None:
        """Register, again before it runs out, and sooner each time it fails. Ends only by a permanent error."""
        addr = registration.server
        backoff = 1.0
        while True:
            try:
                granted = await registration.register()
            except ChannelError as error:
                if error.permanent:
                    raise
                source.unwell(f"{error.message} {error.hint}".strip())
                await asyncio.sleep(backoff)
                backoff = min(2 * backoff, _BACKOFF_MAX_S)
                continue
            backoff = 1.0
            source.well()
            source.measured({"way": "stream", "lag_s": 0})
            until = time.monotonic() + granted / 2
            while time.monotonic() < until:
                await asyncio.sleep(min(_OPEN_S, until - time.monotonic() + 0.01))
                wire.keep_open(addr)

    def _take(self, call: IncomingCall, studio: Studio) -> None:
        talk = Talk(call, studio)
        if self._closing or len(self._talks) >= self._settings.calls_max:
            call.reject(486)
            talk.end("busy")
            self._waiting.append(record.item(talk.facts(answered=False)))
            return
        self._talks[call.call_id] = talk
        task = asyncio.get_running_loop().create_task(self._run(talk))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, talk: Talk) -> None:
        try:
            facts = await talk.run()
        except Exception:
            log.exception("A call was ended by an error.")
            talk.end("lost")
            facts = talk.facts()
        finally:
            self._talks.pop(talk.call.call_id, None)
        self._waiting.append(record.item(facts))

    def _end(self, call_id: str, how: str) -> None:
        if call_id in self._talks:
            self._talks[call_id].end(how)

    def _offered(self, call: IncomingCall) -> None:
        """A new offer within a call."""
        talk = self._talks.get(call.call_id)
        answer = talk.renegotiate() if talk else None
        if answer is None:
            call.reject(488)  # the call itself goes on as it was
            call.dialog.state = DialogState.CONFIRMED
        else:
            call.accept(answer)

    def _updated(self, call: IncomingCall, request: SipRequest) -> SdpMessage | None:
        talk = self._talks.get(call.call_id)
        return talk.renegotiate() if talk else None

    def _tidy(self, uas: SipUAS) -> None:
        """aiosipua forgets a call when the other side ends it; those that we refused or ended are left to us."""
        for call_id, call in uas.active_calls.items():
            if call_id not in self._talks and call.dialog.state == DialogState.TERMINATED:
                call._stop_retransmissions()
                uas._remove_invite_transaction(call.invite)
                uas._calls.pop(call_id, None)

    def _keep(self, source: Source) -> None:
        """Commit what is over. What cannot be committed stays for the next line, should this one end."""
        while self._waiting:
            source.keep([self._waiting[0]], {})
            self._waiting.popleft()

    async def _close(self, registration: Registration, uas: SipUAS, keeping: asyncio.Task[None]) -> None:
        """Hang up, keep what was said so far, and be reachable no more."""
        self._closing = True
        keeping.cancel()
        for talk in self._talks.values():
            talk.end("closing")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_END_S)
        if not keeping.done() or keeping.cancelled() or keeping.exception() is None:
            await _quietly(registration.register(0))
        await uas.stop()


async def _quietly(unbinding: Coroutine[Any, Any, int]) -> None:
    try:
        async with asyncio.timeout(2):
            await unbinding
    except (ChannelError, TimeoutError):
        log.info("The line could not be unregistered; it runs out by itself.")


def _local(server: tuple[str, int]) -> str:
    """Our address on the way to the server. Nothing is sent."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as tried:
        try:
            tried.connect(server)
        except OSError as error:
            raise ChannelError(f"{server[0]} cannot be reached: {error}", permanent=False) from error
        return str(tried.getsockname()[0])
