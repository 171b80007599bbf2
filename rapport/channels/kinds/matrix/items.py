"""Events become raw items, with the original of an edit, the reaction that is taken back, and a small file beside."""

import base64
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import orjson

from rapport.channels import outgoing
from rapport.channels.base import ChannelError, Incoming, Source, deletion_of, item_id
from rapport.channels.kinds.matrix.client import Api, Missing
from rapport.channels.kinds.matrix.parse import event_id, mapping, name_of, redacted, relation, user_id
from rapport.core.clock import now

FILE_MAX = 10_000_000
_BATCH = 200
_BATCH_BYTES = 16_000_000
_REACTIONS = 200
_FILES = ("m.image", "m.file", "m.audio", "m.video")


class Items:
    """Gathers items and hands them to the source in batches. `unreadable` says what could not be read this time."""

    def __init__(self, api: Api, source: Source, reactions: Mapping[str, Any]) -> None:
        self._api, self._source = api, source
        self._batch: list[Incoming] = []
        self._bytes = 0
        self._latest = 0
        self._reactions: OrderedDict[str, Any] = OrderedDict(reactions)
        self.unreadable = ""

    @property
    def waiting(self) -> bool:
        """Whether something is not yet committed."""
        return bool(self._batch)

    def reactions(self) -> dict[str, Any]:
        """The last reactions by event: a redaction names only the event, and its content is then gone."""
        return dict(self._reactions)

    def figures(self) -> dict[str, Any]:
        """How old the newest event was when it came."""
        latest, self._latest = self._latest, 0
        return {"lag_s": max(0.0, round(now().timestamp() - latest / 1000, 1))} if latest else {}

    def take(self, facts: dict[str, Any]) -> None:
        """One event with its room and sender."""
        event = facts["event"]
        if not event_id(event) or mapping(event.get("unsigned")).get("redacted_because"):
            return
        encrypted = event.get("type") == "m.room.encrypted"
        if encrypted and not facts["room"]["direct"]:
            return
        if encrypted:
            self.unreadable = "A direct room is encrypted: its messages cannot be read here."
        name = self._named(facts, event)
        content = mapping(event.get("content"))
        kind, target = relation(event)
        if kind == "m.replace":
            facts["original"] = self._original(facts["room"]["id"], target)
            content = mapping(content.get("m.new_content"))
        if content.get("msgtype") in _FILES or event.get("type") == "m.sticker":
            facts["media"] = self._media(content)
        self._add(Incoming(name, orjson.dumps(facts), received_at=now()))
        stamp = event.get("origin_server_ts")
        self._latest = max(self._latest, stamp if isinstance(stamp, int) else 0)

    def flush(self, cursors: Mapping[str, Any]) -> None:
        """Commit what waits, and the cursors with it."""
        batch, self._batch, self._bytes = self._batch, [], 0
        self._source.keep(batch, cursors)

    def _add(self, item: Incoming) -> None:
        self._batch.append(item)
        self._bytes += len(item.body)
        if len(self._batch) >= _BATCH or self._bytes >= _BATCH_BYTES:
            self.flush({})  # the cursor follows when all of the answer is in

    def _named(self, facts: dict[str, Any], event: Mapping[str, Any]) -> str:
        identity = event_id(event)
        if event.get("type") == "m.reaction":
            related = mapping(mapping(event.get("content")).get("m.relates_to"))
            self._reactions[identity] = {
                "event_id": str(related.get("event_id"))[:255], "key": str(related.get("key"))[:100],
                "sender": user_id(event.get("sender")),
            }  # fmt: skip
            while len(self._reactions) > _REACTIONS:
                self._reactions.popitem(last=False)
        if event.get("type") == "m.room.redaction" and redacted(event):
            facts["reacted"] = self._reactions.pop(redacted(event), None)
            if facts["reacted"] is None:
                return deletion_of(name_of(redacted(event)))
        return item_id(name_of(identity))

    def _original(self, room: str, identity: str) -> Any:
        """The event that is edited: who said it decides whether the edit counts."""
        try:
            return self._api.get("rooms", room, "event", identity)
        except Missing:
            return None

    def _media(self, content: Mapping[str, Any]) -> dict[str, Any] | None:
        """A file of at most FILE_MAX bytes; one that cannot be had does not hold up what comes after it."""
        address, size = content.get("url"), mapping(content.get("info")).get("size")
        if not isinstance(address, str) or not address.startswith("mxc://"):
            return None
        if isinstance(size, int) and size > FILE_MAX:
            return {"too_large": True}
        try:
            return {"data": base64.b64encode(self._api.media(address, FILE_MAX)).decode()}
        except outgoing.TooLarge:
            return {"too_large": True}
        except ChannelError:
            return None
