"""Collecting from Matrix by /sync: `next_batch` is the cursor, committed with what came before it.

A gap in a room's timeline ("limited") is read by /messages, from the cursor to where the timeline begins. Where the
homeserver does not know the cursor any more, a fresh sync reads each room back to the last time we heard of it; what is
read twice has the same names and is kept once.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from rapport.channels.base import Account, ChannelError, Source
from rapport.channels.kinds.matrix import rooms, sending
from rapport.channels.kinds.matrix.client import Api, Missing
from rapport.channels.kinds.matrix.formatted import clean
from rapport.channels.kinds.matrix.items import Items
from rapport.channels.kinds.matrix.parse import mapping, user_id
from rapport.channels.kinds.matrix.rooms import Room
from rapport.core.clock import now

_WAIT_MS = 25_000
_TIMELINE = 100
_GAP_MAX = 10_000
_BACK_MAX = 5_000
_OVERLAP_MS = 3_600_000
_BEFORE_JOIN_MS = 60_000
_INVITE_TRIES = 20
_SAID = ["m.room.message", "m.sticker", "m.reaction", "m.room.redaction", "m.room.encrypted"]
_TIMELINE_FILTER = {"types": [*_SAID, *rooms.STATE, "m.room.member"], "lazy_load_members": True}
_FILTER: dict[str, Any] = {
    "presence": {"types": []},
    "account_data": {"types": ["m.direct"]},
    "room": {
        "ephemeral": {"types": []}, "account_data": {"types": []},
        "timeline": {**_TIMELINE_FILTER, "limit": _TIMELINE},
        "state": {
            "types": [*rooms.STATE, "m.room.member"], "lazy_load_members": True, "include_redundant_members": True,
        },
    },
}  # fmt: skip


class Collector:
    """One account's sync, until its source stops."""

    def __init__(self, api: Api, account: Account, source: Source, own: str) -> None:
        self._api, self._source, self._own = api, source, own
        self._named = rooms.named(account.config.get("rooms"))
        self._accepts = account.config.get("accept_invites", True) is not False
        kept = mapping(source.cursors().get("sync"))
        kept = kept if kept.get("user", own) == own else {}  # the token is another account's now
        self._since, self._seen_ms = clean(kept.get("since"), 2_000), kept.get("seen_ms")
        self._items = Items(api, source, mapping(kept.get("reactions")))
        self._wanted: set[str] = set()
        self._began: dict[str, int] = {}
        self._direct: set[str] = set()
        self._known: OrderedDict[str, Room] = OrderedDict()
        self._invited: dict[str, tuple[str, int]] = {}
        self._troubles: dict[str, str] = {}

    def run(self) -> None:
        """Raises ChannelError; returns when the source stops."""
        self._direct = {room for found in sending.direct_rooms(self._api, self._own).values() for room in found}
        self._join_named()
        self._say_how_it_is()
        while not self._source.stopping.is_set():
            answer = self._next()
            if answer is not None:
                self._take(answer)

    def _join_named(self) -> None:
        joined = self._api.get("joined_rooms").get("joined_rooms")
        for name in self._named:
            try:
                room = clean(self._api.post("join", name, given={}).get("room_id"), 255)
            except Missing as error:
                self._troubles[name] = f"{name} cannot be joined: {error.message}"
                continue
            self._troubles.pop(name, None)
            self._wanted.add(room)
            if isinstance(joined, list) and room not in joined:
                self._began[room] = _ms() - _BEFORE_JOIN_MS

    def _next(self) -> Mapping[str, Any] | None:
        """The next answer of /sync, asked for by a thread of its own so that stopping need not wait for it."""
        box: SimpleQueue[Mapping[str, Any] | Exception] = SimpleQueue()
        wait = 1_000 if self._invited else _WAIT_MS if self._since else 0
        threading.Thread(target=self._ask, args=(box, self._since, wait), daemon=True, name="matrix-sync").start()
        while not self._source.stopping.is_set():
            try:
                found = box.get(timeout=0.5)
            except Empty:
                continue
            if isinstance(found, Missing) and self._since:
                self._since = ""  # the homeserver does not know the cursor
                return None
            if isinstance(found, Exception):
                raise found
            return found
        return None

    def _ask(self, box: "SimpleQueue[Mapping[str, Any] | Exception]", since: str, wait_ms: int) -> None:
        try:
            box.put(self._api.sync(since, _FILTER, wait_ms))
        except Exception as error:  # noqa: BLE001 - raised again where the collector waits
            box.put(error)

    def _take(self, answer: Mapping[str, Any]) -> None:
        since, found = clean(answer.get("next_batch"), 2_000), mapping(answer.get("rooms"))
        if not since:
            raise ChannelError("The homeserver gives no cursor.", permanent=False)
        for event in _events(mapping(answer.get("account_data"))):
            if event.get("type") == "m.direct":
                lists = [one for one in mapping(event.get("content")).values() if isinstance(one, list)]
                self._direct |= {room for one in lists for room in one if isinstance(room, str)}
        for room, joined in mapping(found.get("join")).items():
            self._joined(room, mapping(joined))
        for room, invited in mapping(found.get("invite")).items():
            self._note_invite(room, _events(mapping(mapping(invited).get("invite_state"))))
        self._answer_invites()
        self._commit(since)

    def _commit(self, since: str) -> None:
        cursor = {"since": since, "seen_ms": _ms(), "user": self._own, "reactions": self._items.reactions()}
        if since != self._since or self._items.waiting:
            self._items.flush({"sync": cursor})
        self._since, self._seen_ms = since, cursor["seen_ms"]
        self._say_how_it_is()
        self._source.measured({"way": "stream", **self._items.figures()})

    def _say_how_it_is(self) -> None:
        """Well, unless a named room cannot be read; a direct one that cannot is told once for each message."""
        if self._troubles:
            self._source.unwell(" ".join(self._troubles.values())[:1_000])
        else:
            self._source.well()
        if self._items.unreadable:
            self._source.unwell(self._items.unreadable)
            self._items.unreadable = ""

    def _joined(self, identity: str, joined: Mapping[str, Any]) -> None:
        timeline, state = mapping(joined.get("timeline")), _events(mapping(joined.get("state")))
        events = _events(timeline)
        direct = identity in self._direct and identity not in self._wanted
        if not direct and identity not in self._wanted:
            self._known.pop(identity, None)
            return
        room = self._room(identity, state if not self._since else None)
        names = _Names()
        names.take(state)
        for event in (*state, *events):
            room.take(event)
        if room.encrypted and not direct:
            self._troubles[identity] = f"{room.name or room.alias or identity} is encrypted and cannot be read."
        for page in self._all(identity, timeline, events, names):
            self._keep(room, page, names, direct)

    def _all(
        self, room: str, timeline: Mapping[str, Any], events: Sequence[Mapping[str, Any]], names: "_Names"
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        """The events that are new here, oldest first where the gap is known."""
        limited, start = timeline.get("limited") is True, clean(timeline.get("prev_batch"), 2_000)
        if self._since:
            if limited and start:
                yield from self._pages(room, self._since, start, names)
            yield events
        elif isinstance(self._seen_ms, int):  # the cursor is lost: back to when we last heard
            bound = self._seen_ms - _OVERLAP_MS
            yield [event for event in events if _at(event) >= bound]
            if limited and start and all(_at(event) >= bound for event in events):
                yield from self._back(room, start, bound, names)

    def _pages(self, room: str, start: str, end: str, names: "_Names") -> Iterator[Sequence[Mapping[str, Any]]]:
        """What lies between two cursors."""
        seen = 0
        while start and start != end and seen < _GAP_MAX:
            page = self._messages(room, names, dir="f", to=end, **{"from": start})
            events = _events(page, "chunk")
            seen += len(events)
            yield events
            start = clean(page.get("end"), 2_000) if events else ""

    def _back(self, room: str, start: str, bound: int, names: "_Names") -> Iterator[Sequence[Mapping[str, Any]]]:
        """What lies before a cursor, back to an instant."""
        seen = 0
        while start and seen < _BACK_MAX:
            page = self._messages(room, names, dir="b", **{"from": start})
            events = _events(page, "chunk")
            seen += len(events)
            yield [event for event in events if _at(event) >= bound]
            more = events and _at(events[-1]) >= bound
            start = clean(page.get("end"), 2_000) if more else ""

    def _messages(self, room: str, names: "_Names", **params: str) -> Mapping[str, Any]:
        from orjson import dumps

        params["filter"] = dumps(_TIMELINE_FILTER).decode()
        try:
            page = self._api.get("rooms", room, "messages", limit=str(_TIMELINE), **params)
        except Missing:  # we were made to leave meanwhile
            return {}
        names.take(_events(page, "state"))
        return page

    def _keep(self, room: Room, events: Sequence[Mapping[str, Any]], names: "_Names", direct: bool) -> None:
        names.take(events)
        began = self._began.get(room.id, 0)
        facts = room.facts(direct=direct)
        for event in events:
            if event.get("type") in _SAID and _at(event) >= began:
                sender = user_id(event.get("sender"))
                self._items.take({"event": event, "room": facts, "sender": {"name": names.of(sender)}})

    def _room(self, identity: str, state: Sequence[Mapping[str, Any]] | None) -> Room:
        """What is known of a room: by its whole state in a fresh sync, else asked for once."""
        room = self._known.pop(identity, None)
        if room is None:
            room = Room(identity) if state is not None else rooms.asked(self._api, identity)
        self._known[identity] = room
        if len(self._known) > 1_000:
            self._known.popitem(last=False)
        return room

    def _note_invite(self, room: str, state: Sequence[Mapping[str, Any]]) -> None:
        """Remember who invites us to what, if that is a direct room or one that is named."""
        mine = [one for one in state if one.get("type") == "m.room.member" and one.get("state_key") == self._own]
        direct = any(mapping(one.get("content")).get("is_direct") is True for one in mine)
        inviter = user_id(mine[-1].get("sender")) if mine else ""
        if room in self._named or any(_alias(one) in self._named for one in state):
            self._invited[room] = ("", 0)
        elif direct and inviter and self._accepts:
            self._invited[room] = (inviter, 0)

    def _answer_invites(self) -> None:
        for room, (inviter, tries) in list(self._invited.items()):
            try:
                self._api.post("join", room, given={})
                if inviter:
                    sending.note_direct_room(self._api, self._own, inviter, room)
            except Missing:
                del self._invited[room]
                continue
            except ChannelError as error:
                if error.permanent or tries >= _INVITE_TRIES:
                    del self._invited[room]
                else:  # often a homeserver that is slow to answer ours
                    self._invited[room] = (inviter, tries + 1)
                continue
            del self._invited[room]
            if inviter:
                self._direct.add(room)
            else:
                self._join_named()


class _Names:
    """Display names of the members who speak."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def take(self, events: Sequence[Mapping[str, Any]]) -> None:
        for event in events:
            if event.get("type") == "m.room.member":
                name = mapping(event.get("content")).get("displayname")
                self._names[clean(event.get("state_key"), 255)] = clean(name, 255)

    def of(self, user: str) -> str:
        return self._names.get(user, "")


def _events(holder: Mapping[str, Any], name: str = "events") -> list[Mapping[str, Any]]:
    found = holder.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _alias(event: Mapping[str, Any]) -> str:
    return clean(mapping(event.get("content")).get("alias"), 255)


def _at(event: Mapping[str, Any]) -> int:
    stamp = event.get("origin_server_ts")
    return stamp if isinstance(stamp, int) else 0


def _ms() -> int:
    return int(now().timestamp() * 1000)



