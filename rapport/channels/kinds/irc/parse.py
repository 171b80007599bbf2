"""What one line of IRC says. Pure.

An item is JSON: the `line` as it came, its `name`, the `network`, our `nick` then, when it came (`at`) and whether it
was said to us (`addressed`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from rapport.channels.base import Author, Message, NothingSaid, Said, Unreadable
from rapport.channels.kinds.irc.line import Line, fold, is_room, plain, read

_LINE_MAX = 1_000_000


def understood(body: bytes) -> Sequence[Said]:
    """What the item says. Raises Unreadable or NothingSaid."""
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("This is no JSON.") from error
    item: Mapping[str, Any] = whole if isinstance(whole, dict) else {}
    name, network, line = (_text(item.get(one)) for one in ("name", "network", "line"))
    if not name or not network or not line or len(network) > 100:
        raise Unreadable("The item has no line, no name or no network.")
    said = read(line[:_LINE_MAX])
    if said.command != "PRIVMSG" or len(said.parameters) < 2 or not said.nick:
        raise NothingSaid("A line that says nothing to anybody.")
    if len(said.nick) + len(network) > 300 or len(said.parameters[0]) > 300:
        raise Unreadable("The name of who says it, or of the room, is longer than any can be.")
    return [_message(item, said, name[:1_000], network)]


def _message(item: Mapping[str, Any], said: Line, name: str, network: str) -> Message:
    nick, room, text = said.nick, plain(said.parameters[0]), _words(said)
    public = is_room(room)
    addressed = not public or item.get("addressed") is True
    place = room if public else nick
    who = _text(f"{fold(plain(nick))}@{network.lower()}")
    own = _text(item.get("nick"))[:300]
    return Message(
        external_id=name, author=Author("irc", who, plain(nick), plain(nick), automated="bot" in said.tags), text=text,
        at=_time(said.tags.get("time")) or _time(item.get("at")), public=public,
        refers_to=(f"irc:{network}:{fold(room)}:{fold(nick)}" if public else f"irc:{network}:{fold(nick)}",),
        origin="addressed" if addressed else "search", found_by="" if addressed else room,
        recipients={"from": [(plain(nick), plain(nick))], "to": [("", room if public else own)]},
        delivered_to=(room if public else own,), answer={"target": plain(place), "nick": plain(nick), "room": public},
    )  # fmt: skip


def _words(said: Line) -> str:
    words = said.words
    if words.startswith("\x01"):
        kind, _, rest = words.strip("\x01").partition(" ")
        if kind != "ACTION":
            raise NothingSaid("A request between clients (CTCP).")
        return f"* {plain(said.nick)} {plain(rest)}"
    text = plain(words)
    if not text.strip():
        raise NothingSaid("An empty line.")
    return text


def _text(value: Any) -> str:
    return value.replace("\0", "").encode("utf-8", "ignore").decode("utf-8") if isinstance(value, str) else ""


def _time(stamp: Any) -> datetime | None:
    """The IRCv3 tag `time`: 2026-03-02T09:00:00.000Z."""
    try:
        found = datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        return None
