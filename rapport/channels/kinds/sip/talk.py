"""One call, from the first ring to the last word: greet, record what is said, hang up."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from aiosipua import IncomingCall
from aiosipua.headers import parse_address
from aiosipua.rtp_bridge import CallSession
from aiosipua.sdp import SdpMessage, negotiate_sdp
from aiosipua.sdp_negotiate import SdpNegotiationError

from rapport.channels.kinds.sip import sound
from rapport.channels.kinds.sip.ports import Ports
from rapport.channels.kinds.sip.record import Facts
from rapport.channels.kinds.sip.recorder import Recorder
from rapport.channels.kinds.sip.settings import Settings
from rapport.channels.kinds.sip.wire import Wire
from rapport.core.clock import now

_PACKET_S = 0.02
_PAUSE = bytes(320) * 15
_BYE_S = 4.0  # less than a line that closes waits for its calls (`line._END_S`)
_LAWS = {0: "mulaw", 8: "alaw"}  # RTP payload types (RFC 3551, table 4)
_KEYS_MAX = 50


@dataclass(frozen=True, slots=True)
class Studio:
    """What all calls of a line share. `local` is our IP address; `greeting` is samples, empty for tones."""

    settings: Settings
    wire: Wire
    ports: Ports
    local: str
    greeting: bytes


class Talk:
    """One call; `run` is its whole life and gives the facts of it."""

    def __init__(self, call: IncomingCall, studio: Studio) -> None:
        self.call = call
        self._studio = studio
        self._started = now()
        self._over = asyncio.Event()
        self._end = ""
        self._keys = ""
        self._port = 0
        self._session: CallSession | None = None
        self._recorder = Recorder("mulaw", studio.settings.seconds_max)

    def end(self, how: str) -> None:
        """It is over: "caller" where they hung up, "lost", "closing"; the first word counts."""
        self._end = self._end or how
        self._over.set()

    async def run(self) -> Facts:
        """Take the call; at its end it is hung up, whoever ended it."""
        try:
            session = await self._open()
        except (SdpNegotiationError, ValueError, OSError):
            self.call.reject(488)
            self.end("codec")
            return self.facts(answered=False)
        try:
            if self._over.is_set():
                return self.facts(answered=False)
            self.call.accept(session.sdp_answer)
            await self._speak(session)
        finally:
            await session.close()
            self._studio.ports.give_back(self._port)
        if self._end not in ("caller", "lost"):
            await self._hang_up()
        return self.facts()

    def renegotiate(self) -> SdpMessage | None:
        """The server offers anew, on the same port: on hold, or through another machine. None where that cannot be."""
        offer, session = self.call.sdp_offer, self._session
        if offer is None or session is None or offer.rtp_address is None:
            return session.sdp_answer if session else None
        codec = [session.chosen_payload_type]
        local, port = self._studio.settings.advertised or self._studio.local, self._port
        try:
            answer, _ = negotiate_sdp(offer, local, port, supported_codecs=codec, dtmf_payload_type=_keys_type(offer))
        except SdpNegotiationError:
            return None
        session.update_remote(offer.rtp_address)
        return answer

    def facts(self, *, answered: bool = True) -> Facts:
        """What is to be kept of it."""
        user, host, name = _caller(self.call)
        to = self.call.invite.to_addr
        recorder = self._recorder
        return Facts(
            call_id=self.call.call_id, user=user, host=host, name=name,
            called=(to.uri.user if to else "") or "", started=self._started, ended=now(), end=self._end,
            answered=answered, keys=self._keys, law=recorder.law,
            recording=recorder.data if recorder.has_message else b"",
        )  # fmt: skip

    async def _open(self) -> CallSession:
        """A socket for sound. Raises where nothing can be heard."""
        offer, studio = self.call.sdp_offer, self._studio
        if offer is None:
            raise ValueError("The call offers nothing.")
        self.call.ringing()
        self._port = studio.ports.take()
        try:
            session = CallSession(
                studio.local, self._port, offer,
                advertised_ip=studio.settings.advertised or None,
                dtmf_payload_type=_keys_type(offer), symmetric_rtp=True,
            )  # fmt: skip
            await session.start()
        except (SdpNegotiationError, ValueError, OSError):
            studio.ports.give_back(self._port)
            raise
        self._recorder.law = _LAWS[session.chosen_payload_type]
        loop = asyncio.get_running_loop()
        session.on_audio = lambda pcm, at: self._recorder.hear(pcm, at, loop.time())
        session.on_dtmf = self._key
        self._session = session
        return session

    async def _speak(self, session: CallSession) -> None:
        settings, loop = self._studio.settings, asyncio.get_running_loop()
        voice = _Voice(session, self._over)
        if settings.record and settings.from_start:
            self._recorder.begin(loop.time())
        greeting = self._studio.greeting or sound.tone(440, 300) + _PAUSE + sound.tone(440, 300)
        await voice.say(sound.frames(_PAUSE + greeting))
        if settings.record:
            await voice.say(sound.frames(_PAUSE + sound.tone(1000, 250)))
            self._recorder.begin(loop.time())
            await voice.say(self._listening(loop))
        self.end("done")

    def _listening(self, loop: asyncio.AbstractEventLoop) -> Iterable[bytes]:
        """Silence, for as long as the caller speaks: ways in between stay open while something is sent."""
        recorder, silence_s = self._recorder, self._studio.settings.silence_s
        for packet in sound.quiet():
            if recorder.is_full:
                self.end("limit")
            elif loop.time() - recorder.heard_at > silence_s:
                self.end("silence")
            yield packet

    def _key(self, key: str, _duration: int) -> None:
        if key == "#":
            self.end("key")
        self._keys = (self._keys + key)[:_KEYS_MAX]

    async def _hang_up(self) -> None:
        bye = self.call.hangup()
        if bye is not None:
            try:
                await self._studio.wire.ask(bye, self.call.source_addr, _BYE_S, sent=True)
            except TimeoutError:
                return  # the other side is gone, so is the call


class _Voice:
    """Sends a packet each 20 ms by the clock of the loop, whatever else it does in between."""

    def __init__(self, session: CallSession, over: asyncio.Event) -> None:
        self._session = session
        self._over = over
        self._timestamp = 0
        self._next = asyncio.get_running_loop().time()

    async def say(self, packets: Iterable[bytes]) -> None:
        """All of them, or until the call is over."""
        loop = asyncio.get_running_loop()
        # After a stall the clock begins anew: a burst of late packets would only be thrown away.
        self._next = max(self._next, loop.time() - 0.1)
        for packet in packets:
            if self._over.is_set():
                return
            self._session.send_audio_pcm(packet, self._timestamp)
            self._timestamp = (self._timestamp + len(packet) // 2) & 0xFFFFFFFF
            self._next += _PACKET_S
            await asyncio.sleep(max(self._next - loop.time(), 0))


def _keys_type(offer: SdpMessage) -> int:
    """The payload type that the other side gives to pressed keys (RFC 4733); 101 is what most take."""
    for one in offer.audio.codecs if offer.audio else ():
        if one.encoding_name.lower() == "telephone-event":
            return one.payload_type
    return 101


def _caller(call: IncomingCall) -> tuple[str, str, str]:
    """User, host and name of who calls: what the server vouches for (RFC 3325), unless they asked to hide it."""
    shown = call.invite.from_addr
    vouched = call.invite.get_header("p-asserted-identity")
    hidden = "id" in (call.invite.get_header("privacy") or "").lower().split(";")
    if vouched and not hidden and (shown is None or (shown.uri.user or "anonymous") == "anonymous"):
        shown = parse_address(vouched)
    if shown is None:
        return "", "", ""
    return shown.uri.user or "", shown.uri.host or "", shown.display_name or ""
