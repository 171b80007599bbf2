"""The local mail listener: SMTP (RFC 5321) and LMTP (RFC 2033) on one port; who says LHLO speaks LMTP.

A mail is answered 250 only after its transaction is committed. Commits run in threads, so that one slow
commit holds up no other connection.
"""

import asyncio
import functools
import logging
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from rapport.channels.base import Incoming, mail

log = logging.getLogger(__name__)
_BUSY = "421 4.7.0 Too many connections, come back later"


class NotNow(Exception):
    """The mail cannot be committed at present: the sender keeps it and tries again."""


class Desk(Protocol):
    """Who knows the mailboxes and commits; both calls may block, and raise NotNow."""

    def mailbox_of(self, recipient: str) -> UUID | None:
        """The channel that takes mail for an address, or None."""

    def keep(self, channel_id: UUID, item: Incoming) -> None:
        """Commit the mail for the channel."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener bears. `per_minute` is mails from one peer address."""

    mail_bytes: int = 50 * 1024 * 1024
    recipients: int = 100
    connections: int = 200
    connections_per_peer: int = 100
    per_minute: int = 6_000
    idle_seconds: float = 300
    committing_threads: int = 4


@dataclass(slots=True)
class _Load:
    """Who is connected and how much each peer sent in the last minute."""

    open: Counter[str] = field(default_factory=Counter)
    mails: dict[str, deque[float]] = field(default_factory=dict)

    def may_mail(self, peer: str, per_minute: int) -> bool:
        recent = self.mails.setdefault(peer, deque())
        limit = time.monotonic() - 60
        while recent and recent[0] < limit:
            recent.popleft()
        if len(recent) >= per_minute:
            return False
        recent.append(time.monotonic())
        return True

    def forget(self, peer: str) -> None:
        self.open[peer] -= 1
        if self.open[peer] <= 0:
            del self.open[peer]
            if len(self.mails) > 1_000:
                self.mails.pop(peer, None)


class Listener:
    """One listening socket. `start` inside a running loop; `port` then says which it is."""

    def __init__(
        self, desk: Desk, host: str, port: int, limits: Limits | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.host = host
        self.port = port
        self._limits = limits or Limits()
        self._tls = tls
        self._load = _Load()
        self._threads = ThreadPoolExecutor(self._limits.committing_threads, "listener")
        self._handler = _Handler(desk, self._limits, self._load, self._threads)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Bind and listen. Raises OSError when the address is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, self.host, self.port, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Take no more; mails being committed are still answered."""
        if self._server:
            self._server.close()
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        # One turn of the loop writes the answers of what was committed last.
        await asyncio.sleep(0.05)

    def _connection(self) -> "_Connection":
        return _Connection(
            self._handler,
            load=self._load,
            limits=self._limits,
            data_size_limit=self._limits.mail_bytes,
            enable_SMTPUTF8=True,
            ident="Rapport",
            hostname="localhost",
            timeout=self._limits.idle_seconds,
            tls_context=self._tls,
            command_call_limit={"RCPT": self._limits.recipients * 2, "*": 1_000_000},
            loop=asyncio.get_running_loop(),
        )


class _Connection(SMTP):
    """aiosmtpd's SMTP, with LHLO beside EHLO, lines as long as the real world writes them, and a bound on
    peers.
    """

    # RFC 5321 allows 1,000; real mails have longer lines, and refusing them would lose them.
    line_length_limit = 1024 * 1024

    def __init__(self, handler: Any, *, load: _Load, limits: Limits, **options: Any) -> None:
        super().__init__(handler, **options)
        self._load = load
        self._limits = limits
        self._peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        name = str(peer[0]) if peer else "local"
        crowded = self._load.open[name] >= self._limits.connections_per_peer
        if crowded or self._load.open.total() >= self._limits.connections:
            if isinstance(transport, asyncio.Transport):
                transport.write(f"{_BUSY}\r\n".encode())
            transport.close()
            return
        if not self._peer:
            self._peer = name
            self._load.open[name] += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._peer:
            self._load.forget(self._peer)
            self._peer = ""
            super().connection_lost(error)

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802 # aiosmtpd finds verbs by method name
        """LMTP's greeting: each recipient is then answered for itself after DATA."""
        await self.smtp_EHLO(hostname)
        if self.session:
            self.session.__dict__["lmtp"] = True


class _Handler:
    """aiosmtpd's hooks: which recipients exist, and committing what was sent."""

    def __init__(self, desk: Desk, limits: Limits, load: _Load, threads: ThreadPoolExecutor) -> None:
        self._desk = desk
        self._limits = limits
        self._load = load
        self._threads = threads

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= self._limits.recipients:
            return "452 4.5.3 Too many recipients"
        try:
            channel_id = await self._in_thread(self._desk.mailbox_of, address)
        except NotNow as error:
            return f"451 4.3.0 {_ascii(error)}"
        if channel_id is None:
            return "550 5.1.1 There is no mailbox of that name here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        _mailboxes(envelope)[address] = channel_id
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        peer = str(session.peer[0]) if session.peer else "local"
        if not self._load.may_mail(peer, self._limits.per_minute):
            return _for_each(session, envelope, dict.fromkeys(envelope.rcpt_tos, "451 4.7.1 Too many mails a minute"))
        groups: dict[UUID, list[str]] = {}
        for recipient in envelope.rcpt_tos:
            groups.setdefault(_mailboxes(envelope)[recipient], []).append(recipient)
        answers: dict[str, str] = {}
        for channel_id, recipients in groups.items():
            answer = await self._keep(channel_id, _item(session, envelope, recipients, peer))
            answers |= dict.fromkeys(recipients, answer)
        return _for_each(session, envelope, answers)

    async def _keep(self, channel_id: UUID, item: Incoming) -> str:
        try:
            await self._in_thread(self._desk.keep, channel_id, item)
        except NotNow as error:
            log.warning("a mail was put off: %s", error)
            return f"451 4.3.0 {_ascii(error)}"
        return "250 2.0.0 Kept"

    async def handle_exception(self, error: Exception) -> str:
        log.error("the mail listener failed on a connection", exc_info=error)
        return "451 4.3.0 Something went wrong here, try again later"

    async def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, functools.partial(call, *arguments))


def _mailboxes(envelope: Envelope) -> dict[str, UUID]:
    """Recipient -> channel, remembered on the envelope from RCPT to DATA."""
    found: dict[str, UUID] = envelope.__dict__.setdefault("mailboxes", {})
    return found


def _item(session: Session, envelope: Envelope, recipients: list[str], peer: str) -> Incoming:
    content = envelope.content if isinstance(envelope.content, bytes) else b""
    details: Mapping[str, Any] = {
        "source": "lmtp" if _is_lmtp(session) else "smtp",
        "mail_from": (envelope.mail_from or "").strip("<>"),
        "rcpt_tos": recipients,
        "peer": peer,
        "helo": session.host_name or "",
    }
    return mail(content, details)


def _for_each(session: Session, envelope: Envelope, answers: Mapping[str, str]) -> str:
    """One answer a recipient in LMTP. In SMTP one for all: the first that is not yes, for a repeat harms
    nobody.
    """
    ordered = [answers[recipient] for recipient in envelope.rcpt_tos]
    if _is_lmtp(session):
        return "\r\n".join(ordered)
    return next((answer for answer in ordered if not answer.startswith("2")), ordered[0])


def _is_lmtp(session: Session) -> bool:
    return bool(getattr(session, "lmtp", False))


def _ascii(error: Exception) -> str:
    return " ".join(str(error).encode("ascii", "replace").decode().split())[:200]
