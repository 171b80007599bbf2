"""One webhook request brings many things of many people: cut it into one raw item each. Pure.

A piece holds what is needed to understand it alone: {"field", "metadata", and "message" with "contact", or "status",
"echo", or for what is none of these "other"}.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import Incoming, deletion_of, item_id
from rapport.channels.kinds.whatsapp.values import obj, rows, text

_LISTS = (("messages", "message"), ("statuses", "status"), ("message_echoes", "echo"))


def message_id(given: Any) -> str:
    """What a message is called: WhatsApp's own ids are the same for everybody."""
    name = text(given, 400)
    return f"whatsapp:{name}" if name else ""


def pieces(body: bytes) -> Sequence[Incoming]:
    """The items of one request; the request as it is where nothing can be cut from it, for `parse` to refuse."""
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError:
        whole = None
    found = list(_cut(obj(whole)))
    return found or [Incoming(item_id("whatsapp", sha256(body).hexdigest()), body)]


def _cut(whole: Mapping[str, Any]) -> Iterator[Incoming]:
    for entry in rows(whole.get("entry")):
        for change in rows(entry.get("changes")):
            value = obj(change.get("value"))
            around = {"field": change.get("field"), "metadata": value.get("metadata")}
            listed = [(kind, one) for name, kind in _LISTS for one in rows(value.get(name))]
            for kind, one in listed:
                more = {"contact": _contact(value.get("contacts"), one)} if kind == "message" else {}
                yield _item(kind, one, orjson.dumps({**around, kind: one, **more}))
            if not listed:
                yield _item("other", {}, orjson.dumps({**around, "other": value}))


def _item(kind: str, one: Mapping[str, Any], body: bytes) -> Incoming:
    """Named by what it is, so that a repeated request, cut differently, brings nothing twice."""
    name = text(one.get("id"), 400)
    revoked = message_id(obj(one.get("revoke")).get("original_message_id"))
    if one.get("type") == "revoke" and revoked:
        return Incoming(deletion_of(revoked), body)
    if not name:
        return Incoming(item_id("whatsapp", kind, sha256(body).hexdigest()), body)
    if kind == "status":
        who = text(one.get("recipient_participant_id")) or text(one.get("recipient_participant_user_id"))
        return Incoming(item_id("whatsapp", "status", name, text(one.get("status")), who), body)
    return Incoming(item_id("whatsapp", name), body)


def _contact(contacts: Any, message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Who wrote this message among those whom the request names."""
    listed = rows(contacts)
    for one in listed:
        for theirs, here in (("wa_id", "from"), ("user_id", "from_user_id")):
            if one.get(theirs) and one.get(theirs) == message.get(here):
                return one
    return listed[0] if len(listed) == 1 else {}
