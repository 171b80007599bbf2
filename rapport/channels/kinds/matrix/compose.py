"""An answer or a new message as Matrix events. Pure: the events of a draft are always the same."""

from collections.abc import Mapping
from typing import Any

import orjson

from rapport.channels.base import Draft, File, Invalid, Outgoing

BYTES_MAX = 30_000  # an event has 65,536 bytes; escaped as JSON a text may double
_KINDS = {"image": "m.image", "audio": "m.audio", "video": "m.video"}


def composed(draft: Draft) -> Outgoing:
    """The events as JSON: `room` where it is known, else `to`, the user whose direct room it goes to."""
    answering = draft.answering
    if answering.get("encrypted") is True:
        raise Invalid(
            "This room is encrypted: answers from here would not be.",
            "Answer in a Matrix client, or ask the person to write in a room without encryption.",
        )
    private = draft.public is False and answering.get("public") is True
    place = _place({} if private else answering, str(answering.get("from", "")) if private else "", draft)
    texts = [_text(draft, {} if private else answering)]
    body = {"place": place, "key": draft.key, "events": [one for one in texts if one]}
    return Outgoing(orjson.dumps(body), recipients=[place["address"]], files=tuple(draft.files))


def file_event(file: File, address: str) -> dict[str, Any]:
    """The event that shows a file that is stored at `address`."""
    return {
        "msgtype": _KINDS.get(file.content_type.partition("/")[0], "m.file"),
        "body": file.description or file.filename, "filename": file.filename, "url": address,
        "info": {"mimetype": file.content_type or "application/octet-stream", "size": len(file.data)},
    }  # fmt: skip


def _place(answering: Mapping[str, Any], private_to: str, draft: Draft) -> dict[str, str]:
    if answering.get("room"):
        return {"room": str(answering["room"]), "address": str(answering["room"])}
    address = private_to or next((address.strip() for _, address in draft.to), "")
    if address.startswith(("!", "#")):
        return {"room": address, "address": address}
    if address.startswith("@") and ":" in address:
        return {"user": address, "address": address}
    raise Invalid(
        f"{address or 'Nobody'} is no address in Matrix.", "It looks like @ann:example.org or #room:example.org."
    )


def _text(draft: Draft, answering: Mapping[str, Any]) -> dict[str, Any]:
    text = draft.text.strip()
    if not text and draft.files:
        return {}
    if not text:
        raise Invalid("The message is empty.", "Write something.")
    if draft.author:
        text = f"{text}\n\n— {draft.author}"
    size = len(text.encode())
    if size > BYTES_MAX:
        raise Invalid(f"The text has {size:,} bytes; a Matrix message takes {BYTES_MAX:,}.", "Shorten it.")
    content: dict[str, Any] = {"msgtype": "m.notice" if draft.automatic else "m.text", "body": text}
    if answering.get("event"):
        content["m.relates_to"] = _relation(answering)
        content["m.mentions"] = {"user_ids": [str(answering["from"])]} if answering.get("from") else {}
    return content


def _relation(answering: Mapping[str, Any]) -> dict[str, Any]:
    """In a room with many voices each answer goes into a thread; between two a reply is enough."""
    reply = {"m.in_reply_to": {"event_id": str(answering["event"])}}
    root = str(answering.get("root") or "")
    if not root and answering.get("direct") is True:
        return dict(reply)
    return {"rel_type": "m.thread", "event_id": root or str(answering["event"]), "is_falling_back": False, **reply}
