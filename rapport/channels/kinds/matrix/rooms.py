"""The rooms that are named in the settings, and what is known of a room."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rapport.channels.kinds.matrix.client import Api, Missing
from rapport.channels.kinds.matrix.formatted import clean
from rapport.channels.kinds.matrix.parse import mapping

STATE = {
    "m.room.join_rules": ("join_rule", "join_rule"),
    "m.room.name": ("name", "name"),
    "m.room.canonical_alias": ("alias", "alias"),
    "m.room.encryption": ("algorithm", "encrypted"),
}
_ROOMS_MAX = 200


def named(value: Any) -> list[str]:
    """The rooms of a setting: lines, or a text with lines."""
    lines = value.splitlines() if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    return list(dict.fromkeys(str(line).strip() for line in lines if str(line).strip()))[:_ROOMS_MAX]


@dataclass(slots=True)
class Room:
    """What is known of one room; `encrypted` is the algorithm, "" for none."""

    id: str
    name: str = ""
    alias: str = ""
    join_rule: str = ""
    encrypted: str = ""

    def take(self, event: Mapping[str, Any]) -> None:
        """Follow a state event."""
        known = STATE.get(clean(event.get("type"), 100))
        if known and event.get("state_key") == "":
            setattr(self, known[1], clean(mapping(event.get("content")).get(known[0]), 255))

    def facts(self, *, direct: bool) -> dict[str, Any]:
        """What an item says of its room."""
        return {"id": self.id, "name": self.name, "alias": self.alias, "join_rule": self.join_rule, "direct": direct}


def asked(api: Api, room: str) -> Room:
    """A room as the homeserver describes it now."""
    found = Room(room)
    for kind in STATE:
        try:
            found.take({"type": kind, "state_key": "", "content": api.get("rooms", room, "state", kind)})
        except Missing:
            continue
    return found


def looked_at(api: Api, name: str) -> str:
    """One line on a room that is named in the settings: whether it can be read."""
    try:
        room = str(api.get("directory", "room", name).get("room_id", "")) if name.startswith("#") else name
        joined = api.get("joined_rooms").get("joined_rooms")
    except Missing:
        return f"{name}: there is no such room."
    if not isinstance(joined, list) or room not in joined:
        return f"{name}: will be joined; if it is not open to everybody, invite the account."
    if asked(api, room).encrypted:
        return f"{name}: is encrypted and cannot be read."
    return f"{name}: can be read."
