"""What a server said as raw items: what each is called, and what its envelope must say. Pure.

Names tell deliveries apart, not messages: a mention, its finding by a hashtag and each edit are several, and the same
one by stream and by polling is one. What was edited before it was taken also comes as its edit: under its own name an
earlier state may have come already.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from rapport.channels.base import Incoming, Unreadable, deletion_of, item_id
from rapport.channels.kinds.mastodon.client import as_bytes
from rapport.channels.kinds.mastodon.parse import message_id, moment

# Notifications that say nothing anybody here must hear are not taken at all.
TAKEN = frozenset(
    {"mention", "quote", "update", "quoted_update", "favourite", "reblog"}
    | {"reaction", "emoji_reaction", "pleroma:emoji_reaction"}
)
_EDITS = ("update", "quoted_update")


def notified(host: str, said: Mapping[str, Any], root: str = "") -> list[Incoming]:
    """A notification; nothing for one of a kind that is not taken. `root` is where its thread begins, if known."""
    kind = said.get("type")
    if not isinstance(kind, str) or kind not in TAKEN:
        return []
    status = _dict(said.get("status"))
    if kind in _EDITS:
        return edited(host, status)
    name = _name(host, status, kind) if kind in ("mention", "quote") else ""
    envelope = {"as": "notification", **({"root": root} if root else {})}
    if not name:
        return [Incoming(item_id("mastodon", host, "notification", _id(said)), as_bytes(said), envelope)]
    return [Incoming(name, as_bytes(said), envelope), *edited(host, status)]


def found(host: str, status: Mapping[str, Any], found_by: str) -> list[Incoming]:
    """A post that a hashtag or a search brought; nothing for a boost or one without an id."""
    name = _name(host, status, "found")
    envelope = {"as": "status", "found_by": found_by}
    return [Incoming(name, as_bytes(status), envelope), *edited(host, status, found_by)] if name else []


def own(host: str, status: Mapping[str, Any]) -> list[Incoming]:
    """A post of our own account, wherever it was made."""
    name = _name(host, status, "own")
    return [Incoming(name, as_bytes(status), {"as": "status"}), *edited(host, status)] if name else []


def edited(host: str, status: Mapping[str, Any], found_by: str = "") -> list[Incoming]:
    """A post as it is after an edit; nothing where it is no edit."""
    when = status.get("edited_at")
    name = _name(host, status, f"edited {when}") if isinstance(when, str) and when else ""
    envelope = {"as": "edit", **({"found_by": found_by} if found_by else {})}
    return [Incoming(name, as_bytes(status), envelope)] if name else []


def deleted(host: str, status_id: str) -> list[Incoming]:
    """A post that is gone, by its local id."""
    try:
        name = deletion_of(message_id(host, status_id))
    except Unreadable:
        return []
    return [Incoming(name, orjson.dumps({"event": "delete", "payload": status_id}), {"as": "delete"})]


def order(said_id: object) -> tuple[int, str]:
    """Sorts ids from old to new: numbers at Mastodon, ULIDs of one length at GoToSocial."""
    text = str(said_id)
    return (len(text), text)


def newest(page: list[dict[str, Any]]) -> str:
    """The newest id of a page; "" of an empty one."""
    ids = [_id(one) for one in page if _id(one)]
    return max(ids, key=order, default="")


def is_older(said: Mapping[str, Any], at: datetime, age: timedelta) -> bool:
    """Whether it was said longer ago than `age` before `at`; what has no time was not."""
    when = moment(said.get("created_at"))
    return when is not None and at - when > age


def _name(host: str, status: Mapping[str, Any], what: str) -> str:
    if isinstance(status.get("reblog"), dict):
        return ""
    try:
        return item_id(message_id(host, status.get("id")), what)
    except Unreadable:
        return ""


def _id(said: Mapping[str, Any]) -> str:
    value = said.get("id")
    return str(value)[:64] if isinstance(value, str | int) else ""


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
