"""Saying lines on a connection, and hearing whether the server took them.

IRC acknowledges nothing; a PING after the lines comes back when the server has dealt with them, errors before it. Where
the collector of the account runs in this process its connection is used, so that people see one nickname only.
"""

import threading
import time
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

from rapport.channels.base import ChannelError, MessageRefused, OutcomeUnknown
from rapport.channels.kinds.irc.connection import Connection
from rapport.channels.kinds.irc.line import Line, fold, is_room

_WAIT_S = 20.0
_AT_ONCE = 5
_BETWEEN_S = 1.0  # servers put out who says more than a few lines in a row (RFC 1459, 8.10)
_REFUSALS = frozenset({"401", "402", "403", "404", "405", "407", "412", "413", "414", "415", "437", "471", "473", "474",
                       "475", "476", "477", "489", "531", "716"})  # fmt: skip


class Voice:
    """Says lines on one connection, one message at a time; `hear` is given every line that comes there."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._one_at_a_time = threading.Lock()
        self._done = threading.Event()
        self._token, self._target, self._refusal, self._broken = "", "", "", ""
        self.rooms: set[str] = set()

    def say(
        self, target: str, lines: Sequence[str], about_to_send: Callable[[], None], listen: Callable[[], None] | None
    ) -> None:
        """Say lines. `listen` reads from the connection where nobody else does.

        Raises MessageRefused, OutcomeUnknown, ChannelError.
        """
        with self._one_at_a_time:
            if is_room(target) and fold(target) not in self.rooms:
                self._exchange(target, [f"JOIN {target}"], listen)
                if self._refusal:
                    raise MessageRefused(f"{target} does not let us in: {self._refusal}", permanent=True)
            if self._broken:
                raise ChannelError(self._broken, permanent=False)
            about_to_send()
            try:
                self._exchange(target, [f"PRIVMSG {target} :{line}" for line in lines], listen)
            except ChannelError as error:
                raise OutcomeUnknown(error.message, permanent=False) from error
            if self._refusal:
                raise MessageRefused(f"{target} did not take the message: {self._refusal}", permanent=True)

    def hear(self, line: Line) -> None:
        """Every line of the connection."""
        if line.command == "PONG" and line.words == self._token:
            self._done.set()
        elif line.command in _REFUSALS and any(fold(one) == fold(self._target) for one in line.parameters[1:-1]):
            self._refusal = self._refusal or line.words[:200] or line.command
        elif line.command == "JOIN" and line.nick == self.connection.nick and line.parameters:
            self.rooms.add(fold(line.parameters[0]))
        elif self._is_out(line):
            self.rooms.discard(fold(line.parameters[0]))

    def _is_out(self, line: Line) -> bool:
        own, parameters = self.connection.nick, line.parameters
        left = line.command == "PART" and line.nick == own and len(parameters) > 0
        return left or (line.command == "KICK" and len(parameters) > 1 and parameters[1] == own)

    def broke(self, words: str) -> None:
        """The connection is gone: nobody need wait any more."""
        self._broken = words
        self._done.set()

    def _exchange(self, target: str, commands: Sequence[str], listen: Callable[[], None] | None) -> None:
        self._done.clear()
        self._token, self._target, self._refusal = uuid4().hex[:12], target, ""
        for count, command in enumerate(commands):
            if count >= _AT_ONCE:
                self._wait(_BETWEEN_S, listen, lambda: bool(self._broken))
            self.connection.write(command)
        self.connection.write(f"PING {self._token}")
        self._wait(_WAIT_S, listen, self._done.is_set)
        if self._broken or not self._done.is_set():
            raise ChannelError(self._broken or "The server does not answer.", permanent=False)
        self._target = ""

    def _wait(self, seconds: float, listen: Callable[[], None] | None, enough: Callable[[], bool]) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not enough():
            if listen is None:
                self._done.wait(0.05)
            else:
                listen()


_voices: dict[UUID, Voice] = {}


def lend(account: UUID, voice: Voice) -> None:
    """The collector's connection of an account, for whoever sends from this process."""
    _voices[account] = voice


def take_back(account: UUID, voice: Voice) -> None:
    """The connection has ended."""
    if _voices.get(account) is voice:
        del _voices[account]


def lent(account: UUID) -> Voice | None:
    """The collector's connection, if it runs in this process."""
    return _voices.get(account)
