"""Collecting from XMPP: first what the archives kept since the cursor, then what is said, rooms and direct messages.

The cursor of an archive (our own, and that of each room) is the id of the last message of it that is committed.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4
from xml.etree import ElementTree as ET

import orjson

from rapport.channels.base import ChannelError, Incoming, Source, deletion_of, item_id
from rapport.channels.kinds.xmpp import groupchat, naming, stanza
from rapport.channels.kinds.xmpp.archive import Archive
from rapport.channels.kinds.xmpp.session import Refused, Session
from rapport.channels.kinds.xmpp.settings import Settings, bare
from rapport.core.clock import now

_BATCH = 200
_STEP_S = 0.25
_WAITING_MAX = 10_000
_PING_S = 60.0
_CATCH_UP_MAX = 20_000
_OVERLAP = timedelta(hours=1)


class Collector:
    """One connection, until its source stops or it breaks."""

    def __init__(self, settings: Settings, source: Source) -> None:
        self._settings, self._source, self._own = settings, source, settings.jid
        self._session = Session(settings, f"rapport.{uuid4().hex[:8]}", self._hear)
        self._doors, self._names = groupchat.Doors(), naming.Names(self._own)
        self._archive = Archive(self._session, self._own)
        self._rooms: dict[str, groupchat.Room] = {}
        self._troubles: dict[str, str] = {}
        self._waiting: list[Any] = []
        self._cursors: dict[str, Any] = dict(source.cursors())
        self._current: set[str] = set()  # archives whose cursor live messages may move: we have caught up with them

    def run(self) -> None:
        """Raises ChannelError."""
        with self._session as session:
            session.give(ET.Element("presence"))
            self._copies()
            self._catch_up(self._own)
            for room in self._settings.rooms:
                self._enter(room)
            self._say_how_it_is()
            while not self._source.stopping.is_set():
                try:
                    self._live()
                except ChannelError:
                    self._take_waiting()  # what came before the break
                    raise

    def _live(self) -> None:
        """A minute of listening, then a look whether everything still stands."""
        until = now() + timedelta(seconds=_PING_S)
        while not self._source.stopping.is_set() and now() < until:
            self._session.wait(_STEP_S, lambda: len(self._waiting) >= _BATCH or bool(self._doors.lost))
            self._take_waiting()
            for room in list(self._doors.lost):
                self._doors.lost.discard(room)
                self._troubles[room] = f"{room} has put us out."
                self._say_how_it_is()
        if self._source.stopping.is_set():
            return
        self._ask_quietly(self._settings.domain, ET.Element("ping", {"xmlns": "urn:xmpp:ping"}))
        for room in [one for one in self._settings.rooms if one in self._troubles or not self._is_in(one)]:
            self._enter(room)
        self._say_how_it_is()

    def _is_in(self, room: str) -> bool:
        """XEP-0410: a room that restarted does not know us any more, and says so only when asked."""
        known = self._rooms.get(room)
        payload = ET.Element("ping", {"xmlns": "urn:xmpp:ping"})
        return bool(known) and self._ask_quietly(f"{room}/{known.nick}", payload) != "not-acceptable"  # type: ignore[union-attr]

    def _ask_quietly(self, to: str, payload: ET.Element, kind: Literal["get", "set"] = "get") -> str:
        """Ask, and take an error for an answer: its condition. Raises ChannelError where there is no answer at all."""
        try:
            self._session.ask(kind, to, payload)
        except Refused as error:
            return str(error)
        return ""

    def _copies(self) -> None:
        """XEP-0280: hear also what other sessions of the account say and get."""
        self._ask_quietly("", ET.Element("enable", {"xmlns": "urn:xmpp:carbons:2"}), "set")

    def _say_how_it_is(self) -> None:
        if self._troubles:
            self._source.unwell(" ".join(self._troubles.values())[:1_000])
        else:
            self._source.well()

    def _enter(self, room: str) -> None:
        """Join, and read what was said there since we last listened; a room that does not let us in is told."""
        at = str(self._cursor(room).get("at", ""))
        try:
            known = groupchat.looked_at(self._session, room, self._settings.nick)
            known = self._doors.enter(self._session, room, known.nick, "" if known.archive else at)
        except Refused as error:
            self._troubles[room] = groupchat.words(room, error)
            return
        self._troubles.pop(room, None)
        self._rooms[room] = known
        if known.archive:
            self._remember_last(room)
            self._catch_up(room)
        else:
            self._current.add(room)

    def _remember_last(self, room: str) -> None:
        """The last messages of a room, so that a correction or retraction of one of them can be told."""
        try:
            results, _ = self._archive.page(room, newest=50)
        except Refused:
            return
        for number, stamp, message in results:
            self._names.remember(self._facts(message, stamp, (room, number)))

    def _cursor(self, archive: str) -> Mapping[str, Any]:
        found = self._cursors.get(archive)
        return found if isinstance(found, dict) else {}

    def _catch_up(self, archive: str) -> None:
        """Everything since the cursor; where there is none yet, only where to begin next time."""
        cursor = self._cursor(archive)
        after, start = str(cursor.get("id", "")), "" if cursor.get("id") else str(cursor.get("at", ""))
        try:
            if not cursor:
                results, _ = self._archive.page(archive, newest=1)
                self._keep([], archive, results[-1][0] if results else "")
            else:
                self._read_on(archive, after, start)
        except Refused as error:
            if str(error) == "item-not-found" and cursor.get("at"):  # the archive forgot where we were
                with suppress(Refused):
                    self._read_on(archive, "", _stamp(datetime.fromisoformat(str(cursor["at"])) - _OVERLAP))
            elif not cursor:  # it keeps no archive: this moment is where a room's own history begins next time
                self._keep([], archive, "")
        self._current.add(archive)

    def _read_on(self, archive: str, after: str, start: str) -> None:
        seen, complete = 0, False
        while not complete and seen < _CATCH_UP_MAX and not self._source.stopping.is_set():
            results, complete = self._archive.page(archive, after=after, start=start)
            items = [self._item(self._facts(message, stamp, (archive, number))) for number, stamp, message in results]
            after = results[-1][0] if results else after
            seen += len(results)
            self._keep([one for one in items if one], archive, after)
            self._take_waiting()

    def _keep(self, items: list[Incoming], archive: str, number: str) -> None:
        self._cursors[archive] = {"id": number, "at": _stamp(now())}
        self._source.keep(items, {archive: self._cursors[archive]})

    def _hear(self, element: Any) -> None:
        """Called by the session while its loop runs: only sorts, and reads no more once there is enough."""
        if element.tag.endswith("}presence"):
            self._doors.hear(element)
        elif not self._archive.hear(element):
            self._waiting.append(element)
            if len(self._waiting) >= _BATCH:
                self._session.pause()
            if len(self._waiting) > _WAITING_MAX:
                raise OverflowError  # more than can be held while an answer is awaited: begin again at the cursor

    def _take_waiting(self) -> None:
        """Commit what was heard, and where the archives are by now."""
        while self._waiting:
            elements, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            items, moved, latest = [], {}, ""
            for element in elements:
                facts = self._live_facts(element)
                item = self._item(facts) if facts else None
                if item:
                    items.append(item)
                    latest = max(latest, str(facts.get("stamp", "")))
                archive = bare(str(facts.get("from", ""))) if naming.is_of_room(facts) else self._own
                if facts and archive in self._current:
                    number = naming.archive_id(facts, archive)
                    moved[archive] = {"id": number or self._cursor(archive).get("id", ""), "at": _stamp(now())}
            self._cursors.update(moved)
            self._source.keep(items, moved)
            self._source.measured({"way": "stream", "lag_s": _lag(latest)})

    def _live_facts(self, element: Any) -> dict[str, Any]:
        """The fields of a message, or of the one in a copy, which only our own account may send."""
        copied = stanza.carbon(element)
        if copied is None:
            return self._facts(element, "", None)
        stamp, inside = copied
        return self._facts(inside, stamp, None) if bare(element.get("from") or self._own) == self._own else {}

    def _facts(self, message: Any, stamp: str, archived: tuple[str, str] | None) -> dict[str, Any]:
        facts = stanza.facts(message, stamp)
        facts.setdefault("stamp", _stamp(now()))
        if archived and naming.archive_id(facts, archived[0]) != archived[1]:
            facts["stanza_ids"] = [*facts.get("stanza_ids", []), list(archived)]
        facts["xml"] = ET.tostring(message, encoding="unicode")[: stanza.XML_MAX]
        return facts

    def _item(self, facts: dict[str, Any]) -> Incoming | None:
        """A raw item; None for what is for nobody, and for what a room that is not named says."""
        room = self._rooms.get(bare(str(facts.get("from", ""))))
        if (naming.is_of_room(facts) and room is None) or facts.get("type") == "error" or not _says(facts):
            return None
        name, target = naming.identity(facts, self._own), self._names.target(facts)
        self._names.remember(facts)
        called = deletion_of(target) if "retract" in facts and target else item_id(name)
        body = {"said": facts, "name": name, "target": target, "room": room.facts() if room else None}
        return Incoming(called, orjson.dumps(body), received_at=now())


def collect(settings: Settings, source: Source) -> None:
    """Collect until told to stop. Raises ChannelError."""
    Collector(settings, source).run()


def _says(facts: Mapping[str, Any]) -> bool:
    """Whether there is anything in it: most stanzas only say that somebody types."""
    return any(
        name in facts for name in ("body", "file", "encrypted", "retract", "received", "displayed", "signs", "reacted")
    )


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _lag(stamp: str) -> float:
    try:
        return max(0.0, round((now() - datetime.fromisoformat(stamp)).total_seconds(), 1))
    except (ValueError, TypeError):
        return 0.0
