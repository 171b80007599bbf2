"""One connection to an IRC server: signing in (CAP, SASL PLAIN), lines in and out, pings answered."""

import base64
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rapport.channels import guard
from rapport.channels.base import ChannelError
from rapport.channels.kinds.irc.line import Line, decoded, read
from rapport.channels.kinds.irc.settings import Settings

_OPEN_S = 20.0
_LINE_MAX = 16_384  # tags have up to 8,191 bytes, the rest 512
_WANTED = ("message-tags", "server-time", "account-tag")
_BANNED = frozenset({"465", "466"})
_NICK_TRIES = 5


class Connection:
    """Signed in as `nick`, or that with "_" where it was taken. Reading is one thread's, writing anybody's."""

    def __init__(self, settings: Settings, nick: str) -> None:
        self._settings, self.nick, self.network = settings, nick, settings.host.lower()
        self._buffer = bytearray()
        self._waiting: deque[bytes] = deque()
        self._writing = threading.Lock()
        self._offered: set[str] = set()
        self._socket: socket.socket | None = None
        self._tries = 0

    def __enter__(self) -> Self:
        try:
            self._socket = self._connected()
            self._sign_in()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.write("QUIT")
        except ChannelError:
            pass
        finally:
            self._close()

    def write(self, line: str) -> None:
        """Send one line. Raises ChannelError."""
        data = line.replace("\r", " ").replace("\n", " ").replace("\0", "").encode() + b"\r\n"
        try:
            with self._writing:
                if self._socket is None:
                    raise OSError("closed")
                self._socket.sendall(data)
        except OSError as error:
            raise self._gone(error) from error

    def lines(self, seconds: float) -> Iterator[tuple[str, Line]]:
        """The lines that came within a while, raw and read; pings are answered. Raises ChannelError."""
        if not self._waiting:
            self._waiting.extend(self._complete(self._received(seconds)))
        while self._waiting:
            text = decoded(self._waiting.popleft())
            line = read(text)
            if line.command == "PING":
                self.write(f"PONG :{line.words}")
            elif line.command == "ERROR":
                raise ChannelError(f"{self._settings.host} ended the connection: {line.words}"[:300], permanent=False)
            elif line.command == "NICK" and line.nick == self.nick:
                self.nick = line.words
            elif line.command == "005":
                self._isupport(line)
            yield text, line

    def _connected(self) -> socket.socket:
        settings = self._settings
        address = guard.resolved(settings.host, settings.port)
        try:
            made = socket.create_connection((address, settings.port), _OPEN_S)
        except OSError as error:
            raise ChannelError(f"{settings.host} does not answer: {error}", permanent=False) from error
        if not settings.tls:
            return made
        try:
            return ssl.create_default_context().wrap_socket(made, server_hostname=settings.host)
        except OSError as error:
            made.close()
            words = getattr(error, "verify_message", "") or str(error)
            raise ChannelError(f"No TLS with {settings.host}: {words}"[:300], permanent=False) from error

    def _sign_in(self) -> None:
        settings = self._settings
        self.write("CAP LS 302")
        if settings.password and not settings.login:
            self.write(f"PASS {settings.password}")
        self.write(f"NICK {self.nick}")
        self.write(f"USER {settings.nick} 0 * :{settings.nick}")
        for _ in range(int(_OPEN_S * 2)):
            for _, line in self._welcoming():
                if line.command == "001":
                    self.nick = line.parameters[0] if line.parameters else self.nick
                    return
                self._signing(line)
        raise ChannelError(f"{settings.host} does not let us in.", permanent=False)

    def _welcoming(self) -> Iterator[tuple[str, Line]]:
        """Some servers say only by ERROR that a password is wrong."""
        try:
            yield from self.lines(0.5)
        except ChannelError as error:
            if "password" in error.message.lower():
                raise self._denied(error.message) from error
            raise

    def _signing(self, line: Line) -> None:
        command = line.command
        if command == "CAP":
            self._cap(line)
        elif command == "AUTHENTICATE" and line.words == "+":
            self._authenticate()
        elif command == "903":
            self.write("CAP END")
        elif command in ("464", "902", "904", "905", "906"):
            raise self._denied(line.words)
        elif command in _BANNED:
            raise ChannelError(f"{self._settings.host} has banned us: {line.words}"[:300], permanent=True)
        elif command in ("433", "436", "437"):
            self._another_nick()
        elif command == "432":
            raise ChannelError(f"{self._settings.host} does not take the nickname.", "Choose another.", permanent=True)

    def _cap(self, line: Line) -> None:
        parameters = line.parameters
        kind = parameters[1].upper() if len(parameters) > 1 else ""
        if kind == "LS":
            self._offered |= {one.partition("=")[0] for one in line.words.split()}
            if len(parameters) > 3:  # `*`: more of the list comes
                return
            wanted = [one for one in _WANTED if one in self._offered]
            if self._settings.login:
                if "sasl" not in self._offered:
                    raise ChannelError(
                        f"{self._settings.host} has no SASL.", "Leave the account name empty.", permanent=True
                    )
                wanted.append("sasl")
            self.write(f"CAP REQ :{' '.join(wanted)}" if wanted else "CAP END")
        elif kind == "ACK" and "sasl" in line.words.split():
            self.write("AUTHENTICATE PLAIN")
        elif kind in ("ACK", "NAK"):
            if kind == "NAK" and self._settings.login:
                raise ChannelError(f"{self._settings.host} refuses SASL.", permanent=True)
            self.write("CAP END")

    def _authenticate(self) -> None:
        """RFC 4616, in pieces of 400 (IRCv3 SASL 3.1)."""
        settings = self._settings
        whole = base64.b64encode(f"{settings.login}\0{settings.login}\0{settings.password}".encode()).decode()
        pieces = [whole[start : start + 400] for start in range(0, len(whole), 400)]
        for piece in pieces + (["+"] if len(pieces[-1]) == 400 else []):
            self.write(f"AUTHENTICATE {piece}")

    def _another_nick(self) -> None:
        self._tries += 1
        if self._tries > _NICK_TRIES:
            raise ChannelError(f"The nickname {self._settings.nick} is taken.", permanent=False)
        self.nick += "_"
        self.write(f"NICK {self.nick}")

    def _isupport(self, line: Line) -> None:
        for one in line.parameters[1:-1]:
            name, _, value = one.partition("=")
            if name == "NETWORK" and value and len(value) <= 100:
                self.network = value.lower()

    def _received(self, seconds: float) -> bytes:
        if self._socket is None:
            raise self._gone(OSError("closed"))
        try:
            self._socket.settimeout(seconds)
            data = self._socket.recv(65_536)
        except TimeoutError:
            return b""
        except OSError as error:
            raise self._gone(error) from error
        if not data:
            raise ChannelError(f"{self._settings.host} closed the connection.", permanent=False)
        return data

    def _complete(self, data: bytes) -> list[bytes]:
        self._buffer += data
        *whole, rest = self._buffer.split(b"\n")
        if len(rest) > _LINE_MAX:
            raise ChannelError(f"{self._settings.host} sends a line without an end.", permanent=False)
        self._buffer = bytearray(rest)
        return [bytes(one).rstrip(b"\r") for one in whole if one.strip()]

    def _denied(self, words: str) -> ChannelError:
        return ChannelError(
            f"{self._settings.host} does not accept the password: {words}"[:300], "Enter it anew.", permanent=True
        )

    def _gone(self, error: Exception) -> ChannelError:
        return ChannelError(f"The connection to {self._settings.host} broke: {error}"[:300], permanent=False)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
