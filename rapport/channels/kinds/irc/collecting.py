"""Collecting from IRC: what is said to us, and what is said in rooms as far as the settings want it.

Plain IRC keeps no history: what is said while nobody listens is lost to us. Where the server gives each message an id
(IRCv3 `msgid`) that is its name; else its name is made of when it came, a hash of it, and a number.
"""

import time
from collections import OrderedDict
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import orjson

from rapport.channels.base import ChannelError, Incoming, Source, item_id
from rapport.channels.kinds.irc import saying
from rapport.channels.kinds.irc.connection import Connection
from rapport.channels.kinds.irc.line import Line, fold, is_room, names
from rapport.channels.kinds.irc.settings import Settings
from rapport.core.clock import now

_BATCH = 200
_PING_S = 60.0
_SILENT_S = 180.0
_SEEN = 5_000
_SHUT = frozenset({"403", "405", "437", "471", "473", "474", "475", "476", "477", "489"})


def collect(account: UUID, settings: Settings, source: Source) -> None:
    """Listen until told to stop. Raises ChannelError."""
    with Connection(settings, settings.nick) as connection:
        voice = saying.Voice(connection)
        collector = Collector(settings, source, connection, voice)
        saying.lend(account, voice)
        try:
            collector.run()
        except ChannelError as error:
            voice.broke(error.message)
            raise
        finally:
            saying.take_back(account, voice)
            voice.broke("The connection has ended.")


class Collector:
    """One connection, until its source stops or it breaks."""

    def __init__(self, settings: Settings, source: Source, connection: Connection, voice: saying.Voice) -> None:
        self._settings, self._source, self._connection, self._voice = settings, source, connection, voice
        self._keys = {fold(room): (room, key) for room, key in settings.rooms}
        self._troubles: dict[str, str] = {}
        self._counts: OrderedDict[str, int] = OrderedDict()

    def run(self) -> None:
        """Raises ChannelError."""
        self._join()
        self._say_how_it_is()
        heard = pinged = time.monotonic()
        while not self._source.stopping.is_set():
            lines = self._listen()
            at = time.monotonic()
            heard = at if lines else heard
            if at - heard > _SILENT_S:
                raise ChannelError(f"{self._settings.host} has gone silent.", permanent=False)
            if at - pinged > _PING_S:
                pinged = at
                self._connection.write("PING :still-there")
                if self._connection.nick != self._settings.nick:
                    self._connection.write(f"NICK {self._settings.nick}")
                self._join()
                self._say_how_it_is()

    def _listen(self) -> list[tuple[str, Line]]:
        """Half a second of it; what came before an error is kept as well."""
        lines: list[tuple[str, Line]] = []
        try:
            for one in self._connection.lines(0.5):
                lines.append(one)
        finally:
            self._take(lines)
        return lines

    def _join(self) -> None:
        """Every room that we are not in: at first, and when one put us out."""
        for folded, (room, key) in self._keys.items():
            if folded not in self._voice.rooms:
                self._connection.write(f"JOIN {room} {key}".strip())

    def _say_how_it_is(self) -> None:
        if self._troubles:
            self._source.unwell(" ".join(self._troubles.values())[:1_000])
        else:
            self._source.well()

    def _take(self, lines: list[tuple[str, Line]]) -> None:
        items: list[Incoming] = []
        for raw, line in lines:
            self._voice.hear(line)
            self._watch(line)
            if line.command == "PRIVMSG" and len(line.parameters) > 1 and self._is_wanted(line):
                items.append(self._item(raw, line))
        for start in range(0, len(items), _BATCH):
            self._source.keep(items[start : start + _BATCH], {})
        if items:
            self._source.measured({"way": "stream", "lag_s": _lag(lines[-1][1])})

    def _watch(self, line: Line) -> None:
        """Whether rooms let us in."""
        room = fold(line.parameters[1]) if line.command in _SHUT and len(line.parameters) > 1 else ""
        if room in self._keys:
            self._troubles[room] = f"{self._keys[room][0]} does not let us in: {line.words}"
            self._say_how_it_is()
        elif line.command == "JOIN" and line.nick == self._connection.nick and line.parameters:
            if self._troubles.pop(fold(line.parameters[0]), None):
                self._say_how_it_is()
        elif line.command == "KICK" and len(line.parameters) > 1 and line.parameters[1] == self._connection.nick:
            self._troubles[fold(line.parameters[0])] = f"{line.parameters[0]} has put us out."
            self._say_how_it_is()

    def _is_wanted(self, line: Line) -> bool:
        ours = (self._connection.nick, f"{self._connection.nick}_", f"{self._settings.nick}_")
        if not line.mask or fold(line.nick) in map(fold, ours):
            return False  # a server's words, or our own from another connection
        target = line.parameters[0]
        return not is_room(target) or self._settings.everything or self._names_us(line)

    def _names_us(self, line: Line) -> bool:
        nick, settings = self._connection.nick, self._settings
        return names(line.words, nick, (settings.nick, *settings.triggers))

    def _item(self, raw: str, line: Line) -> Incoming:
        network, at = self._connection.network, now()
        body = {
            "line": raw, "network": network, "nick": self._connection.nick, "at": at.isoformat(),
            "name": self._name(line, at), "addressed": not is_room(line.parameters[0]) or self._names_us(line),
        }  # fmt: skip
        return Incoming(item_id(str(body["name"])), orjson.dumps(body), received_at=at)

    def _name(self, line: Line, at: datetime) -> str:
        network = self._connection.network
        if line.tags.get("msgid"):
            return f"irc:{network}:{line.tags['msgid'][:300]}"
        stamp = line.tags.get("time", "")[:40] or at.isoformat(timespec="milliseconds")
        who = "\0".join((network, line.parameters[0], line.nick, line.words))
        base = f"irc:{network}:{stamp}:{sha256(who.encode('utf-8', 'replace')).hexdigest()[:16]}"
        count = self._counts.pop(base, 0)
        self._counts[base] = count + 1
        if len(self._counts) > _SEEN:
            self._counts.popitem(last=False)
        return f"{base}:{count}"


def _lag(line: Line) -> float:
    try:
        return max(0.0, round((now() - datetime.fromisoformat(line.tags["time"])).total_seconds(), 1))
    except (KeyError, ValueError, TypeError):
        return 0.0
