"""One XMPP connection, used step by step from ordinary code: its loop runs only while something is awaited.

So whoever uses it may reach the database between two steps, and nothing is read from the network meanwhile. Imported
only where a connection is made: slixmpp takes 20 MB.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal, Self, TypeVar
from xml.etree import ElementTree as ET

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from rapport.channels import guard
from rapport.channels.base import ChannelError
from rapport.channels.kinds.xmpp.settings import Settings

# Its errors quote what came over the wire, its debug lines the password.
logging.getLogger("slixmpp").setLevel(logging.CRITICAL + 1)

T = TypeVar("T")
OPEN_S = 20.0
ANSWER_S = 20.0
_LEAVE_S = 2.0


class Refused(Exception):
    """The other side answered a request with an error: its condition, such as `item-not-found`."""


class Session:
    """Signed in as `settings.jid` with a resource. `hear` gets each message and presence as an XML element."""

    def __init__(self, settings: Settings, resource: str, hear: Callable[[Any], None]) -> None:
        self._settings, self._hear = settings, hear
        self._loop = asyncio.new_event_loop()
        self._trouble: ChannelError | None = None
        self._asking = False
        self.client = _client(settings, resource, self._loop)
        for name in ("message", "presence"):
            where = MatchXPath(f"{{jabber:client}}{name}")
            self.client.register_handler(Callback(f"every {name}", where, self._heard))

    def __enter__(self) -> Self:
        try:
            self.run(self._open())
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def run(self, what: Awaitable[T]) -> T:
        """Await something, and let the connection live meanwhile. Raises ChannelError when it is gone."""
        if self._trouble:
            asyncio.ensure_future(what, loop=self._loop).cancel()
            raise self._trouble
        return self._loop.run_until_complete(what)

    def wait(self, seconds: float, enough: Callable[[], bool] = lambda: False) -> bool:
        """Let the connection live for a while, or until there is enough; whether there is. Raises ChannelError."""
        self.run(self._wait(seconds, enough))
        if self._trouble and not enough():
            raise self._trouble
        return enough()

    def ask(self, kind: Literal["get", "set"], to: str, payload: ET.Element, seconds: float = ANSWER_S) -> Any:
        """A request and its answer as an XML element. Raises Refused, ChannelError."""
        request = self.client.make_iq(ito=to or None, itype=kind)
        request.append(_qualified(payload, ""))
        try:
            return self.run(self._asked(request, seconds)).xml
        except IqError as error:
            raise Refused(str(error.condition)) from error
        except IqTimeout as error:
            raise self._trouble or ChannelError("The XMPP server does not answer.", permanent=False) from error

    async def _asked(self, request: Any, seconds: float) -> Any:
        transport = self.client.transport
        if transport is not None and not transport.is_reading():
            transport.resume_reading()
        self._asking = True
        try:
            return await request.send(timeout=seconds)
        finally:
            self._asking = False

    def give(self, stanza: ET.Element) -> None:
        """Put a stanza on its way; `wait` or `ask` let it go."""
        self.client.send_raw(ET.tostring(stanza, encoding="unicode"))

    def pause(self) -> None:
        """Read no more until `wait` is called next; not while an answer is awaited, which could not come then."""
        transport = self.client.transport
        if transport is not None and transport.is_reading() and not self._asking:
            transport.pause_reading()

    async def _wait(self, seconds: float, enough: Callable[[], bool]) -> None:
        transport = self.client.transport
        if transport is not None and not transport.is_reading():
            transport.resume_reading()
        until = self._loop.time() + seconds
        while not enough() and not self._trouble and self._loop.time() < until:
            await asyncio.sleep(0.01 if seconds < 1 else 0.02)

    async def _open(self) -> None:
        started: asyncio.Future[None] = self._loop.create_future()

        def fail(error: ChannelError) -> None:
            self._trouble = self._trouble or error
            if not started.done():
                started.set_exception(error)

        self._listen(started, fail)
        host, port = await self._address()
        self.client.connect(host, port)
        try:
            await asyncio.wait_for(started, OPEN_S)
        except TimeoutError as error:
            raise ChannelError(f"{self._settings.domain} does not let us in.", permanent=False) from error

    def _listen(self, started: "asyncio.Future[None]", fail: Callable[[ChannelError], None]) -> None:
        """Turn the library's events into the end of the beginning, or the error of the connection."""
        domain = self._settings.domain

        def begun(_: object) -> None:
            if not started.done():
                started.set_result(None)

        def denied(stanza: Any) -> None:
            condition = str(stanza["condition"]) or "not-authorized"
            if condition == "temporary-auth-failure":
                fail(ChannelError(f"{domain} cannot sign anybody in for now.", permanent=False))
            else:
                words = f"{domain} does not accept the password ({condition})."
                fail(ChannelError(words, "Enter it anew.", permanent=True))

        def later(words: str, hint: str, *, permanent: bool) -> Callable[[object], None]:
            """An error that counts only where no better one comes at the same moment."""

            def happens(_: object) -> None:
                self._loop.call_soon(fail, ChannelError(words, hint, permanent=permanent))

            return happens

        no_way = ChannelError(
            f"{domain} offers no way to sign in that this channel allows.", "Is the encryption right?", permanent=True
        )
        add = self.client.add_event_handler
        add("session_start", begun)
        add("failed_auth", denied)
        add("no_auth", lambda _: fail(no_way))
        add("failed_all_auth", later(f"{domain} does not sign us in.", "Check the password.", permanent=True))
        add("connection_failed", lambda why: fail(_failed(domain, why)))
        add("ssl_invalid_chain", lambda why: fail(_failed(domain, why)))
        add("disconnected", later(f"The connection to {domain} ended.", "", permanent=False))

    async def _address(self) -> tuple[str, int]:
        """Where to connect, as an address that is checked: what is entered, else what the domain's records name."""
        settings = self._settings
        if settings.host:
            return guard.resolved(settings.host, settings.port), settings.port
        try:
            records = await asyncio.wait_for(self.client.get_dns_records(settings.domain), 10)
        except (OSError, TimeoutError):
            records = []
        for _, host, address, port in records:
            guard.check(host, address)
            return address, port
        return guard.resolved(settings.domain, settings.port), settings.port

    def _heard(self, stanza: Any) -> None:
        try:
            self._hear(stanza.xml)
        except Exception as error:  # noqa: BLE001 - the library would swallow it; it ends the connection instead
            self._trouble = self._trouble or ChannelError(
                f"A stanza could not be taken: {type(error).__name__}", permanent=False
            )

    def _close(self) -> None:
        """End the stream, and with it all that still runs in the loop."""
        try:
            self._loop.run_until_complete(self._leave())
            rest = asyncio.all_tasks(self._loop)
            for task in rest:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        finally:
            self._loop.close()

    async def _leave(self) -> None:
        client = self.client
        client.cancel_connection_attempt()
        if client.transport is None:
            return
        gone = asyncio.Event()
        client.add_event_handler("disconnected", lambda _: gone.set())
        client.send_raw(client.stream_footer)
        with suppress(TimeoutError):
            await asyncio.wait_for(gone.wait(), _LEAVE_S)
        client.abort()
        await asyncio.sleep(0)


def _client(settings: Settings, resource: str, loop: asyncio.AbstractEventLoop) -> ClientXMPP:
    client = ClientXMPP(f"{settings.jid}/{resource}", settings.password, loop=loop)
    client.enable_direct_tls = settings.security == "tls"
    client.enable_starttls = settings.security == "starttls"
    client.enable_plaintext = settings.security == "none"
    if settings.security == "none":  # settings allow that on loopback only
        client.plugin["feature_mechanisms"].unencrypted_plain = True
        client.plugin["feature_mechanisms"].unencrypted_scram = True
    client.auto_subscribe = False
    client.whitespace_keepalive_interval = 60
    return client


def _qualified(element: ET.Element, around: str) -> ET.Element:
    """An element whose names carry their namespace, which the library wants; here it is written as `xmlns`."""
    own = element.get("xmlns", around)
    given = {name: value for name, value in element.attrib.items() if name != "xmlns"}
    made = ET.Element(f"{{{own}}}{element.tag}" if own else element.tag, given)
    made.text = element.text
    made.extend([_qualified(child, own) for child in element])
    return made


def _failed(domain: str, why: object) -> ChannelError:
    if isinstance(why, ssl.SSLCertVerificationError):
        return ChannelError(f"The certificate of {domain} is not good: {why.verify_message}", permanent=False)
    return ChannelError(f"{domain} does not answer: {why}"[:300], permanent=False)
