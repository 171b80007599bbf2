"""What a message stanza holds, field by field, from its XML element. Pure; knows no library but the element's shape.

XEPs: 0045 rooms, 0066 files by address, 0184 receipts, 0203 delay, 0280 carbons, 0297 forwarding, 0308 corrections,
0313 archives, 0333 markers, 0359 ids, 0421 occupant ids, 0424 and 0425 retraction and moderation, 0428 fallbacks, 0444
reactions, 0461 replies.
"""

from collections.abc import Iterator
from typing import Any, Protocol

XML_MAX = 200_000
_CLIENT = "{jabber:client}"
_SID = "{urn:xmpp:sid:0}"
_DELAY = "{urn:xmpp:delay}delay"
_REPLY = "urn:xmpp:reply:0"
_RETRACT = ("{urn:xmpp:message-retract:1}retract", "{urn:xmpp:message-retract:0}retract")
_MODERATED = ("{urn:xmpp:message-moderate:1}moderated", "{urn:xmpp:message-moderate:0}moderated")
_FASTENED = "{urn:xmpp:fasten:0}apply-to"
_ENCRYPTED = frozenset(
    {"{eu.siacs.conversations.axolotl}encrypted", "{urn:xmpp:omemo:2}encrypted", "{urn:xmpp:openpgp:0}openpgp"}
)
_FORWARDED = "{urn:xmpp:forward:0}forwarded"


class Element(Protocol):
    """What is asked of an XML element (`xml.etree.ElementTree.Element` is one)."""

    tag: str
    text: str | None

    def get(self, key: str, default: Any = None) -> Any:
        """An attribute."""

    def find(self, path: str) -> "Element | None":
        """The first child of a name."""

    def findall(self, path: str) -> "list[Element]":
        """The children of a name."""

    def __iter__(self) -> "Iterator[Element]":
        """The children."""


def facts(message: Element, stamp: str = "") -> dict[str, Any]:
    """Every field that is used, absent ones left out. `stamp` is when an archive says that it was said."""
    found: dict[str, Any] = {
        "type": message.get("type") or "normal", "from": message.get("from") or "", "to": message.get("to") or "",
        "id": message.get("id") or "", "body": _text(message, "body"), "subject": _text(message, "subject"),
        "thread": _text(message, "thread"), "stamp": stamp or _attribute(message, _DELAY, "stamp"),
        "origin_id": _attribute(message, f"{_SID}origin-id", "id"),
        "stanza_ids": [[one.get("by") or "", one.get("id") or ""] for one in message.findall(f"{_SID}stanza-id")],
        "occupant": _attribute(message, "{urn:xmpp:occupant-id:0}occupant-id", "id"),
        "replace": _attribute(message, "{urn:xmpp:message-correct:0}replace", "id"),
        "received": _attribute(message, "{urn:xmpp:receipts}received", "id"),
        "displayed": _attribute(message, "{urn:xmpp:chat-markers:0}displayed", "id"),
        "file": _nested(message, "{jabber:x:oob}x", "{jabber:x:oob}url"),
        "in_room": message.find("{http://jabber.org/protocol/muc#user}x") is not None,
        "encrypted": any(child.tag in _ENCRYPTED for child in message),
        "error": _error(message), **_retraction(message), **_reply(message), **_reactions(message),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value not in ("", [], False, None)}


def archived(message: Element) -> tuple[str, str, str, Element] | None:
    """The query's id, the archive's id, the stamp and the message of an archive's result; None for anything else."""
    result = message.find("{urn:xmpp:mam:2}result")
    inside = _forwarded(result) if result is not None else None
    if result is None or inside is None:
        return None
    return result.get("queryid") or "", result.get("id") or "", *inside


def carbon(message: Element) -> tuple[str, Element] | None:
    """The stamp and the message of a carbon copy; None for anything else."""
    for direction in ("sent", "received"):
        copied = message.find(f"{{urn:xmpp:carbons:2}}{direction}")
        inside = _forwarded(copied) if copied is not None else None
        if inside is not None:
            return inside
    return None


def _forwarded(holder: Element) -> tuple[str, Element] | None:
    forwarded = holder.find(_FORWARDED)
    message = forwarded.find(f"{_CLIENT}message") if forwarded is not None else None
    if forwarded is None or message is None:
        return None
    return _attribute(forwarded, _DELAY, "stamp"), message


def _text(message: Element, name: str) -> str:
    found = message.find(_CLIENT + name)
    return (found.text or "") if found is not None else ""


def _attribute(message: Element, name: str, attribute: str) -> str:
    found = message.find(name)
    return (found.get(attribute) or "") if found is not None else ""


def _nested(message: Element, *names: str) -> str:
    found: Element | None = message
    for name in names:
        found = found.find(name) if found is not None else None
    return (found.text or "").strip() if found is not None else ""


def _retraction(message: Element) -> dict[str, Any]:
    """What is taken back, by whom it was said (`retract`) or by the room's moderators (`moderated` too)."""
    fastened = message.find(_FASTENED)
    for holder in (message, fastened):
        if holder is None:
            continue
        for name in (*_MODERATED, *_RETRACT):
            found = holder.find(name)
            if found is None:
                continue
            about = (found if holder is message else holder).get("id") or ""
            moderated = name in _MODERATED or any(found.find(one) is not None for one in _MODERATED)
            return {"retract": about, "moderated": moderated}
    return {}


def _reply(message: Element) -> dict[str, Any]:
    found = message.find(f"{{{_REPLY}}}reply")
    if found is None:
        return {}
    return {"reply": found.get("id") or "", "reply_to": found.get("to") or "", "quoted": _quoted(message)}


def _quoted(message: Element) -> list[int]:
    """Where the body repeats what is answered, for clients that know no replies: (start, end) in characters."""
    for fallback in message.findall("{urn:xmpp:fallback:0}fallback"):
        part = fallback.find("{urn:xmpp:fallback:0}body")
        if fallback.get("for") == _REPLY and part is not None:
            bounds = [part.get("start") or "0", part.get("end") or "0"]
            if all(one.isdecimal() and len(one) < 9 for one in bounds):
                return [int(one) for one in bounds]
    return []


def _reactions(message: Element) -> dict[str, Any]:
    found = message.find("{urn:xmpp:reactions:0}reactions")
    if found is None:
        return {}
    signs = [(one.text or "").strip() for one in found.findall("{urn:xmpp:reactions:0}reaction")]
    return {"reacted": found.get("id") or "", "signs": signs[:20]}


def _error(message: Element) -> str:
    """The words or the condition of a message that came back."""
    found = message.find(f"{_CLIENT}error")
    if found is None:
        return ""
    for child in found:
        if child.tag.endswith("}text") and child.text:
            return child.text[:300]
    return next((child.tag.rpartition("}")[2] for child in found), "error")
