"""What one XMPP message says. Pure.

An item is JSON that `collecting` puts together: `said`, the fields of the stanza (see `stanza`), `name`, its external
id, `target`, that of the message it is about, and `room` (jid, name, public, nick) where it was said in one.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import orjson

from rapport.channels.base import (
    Author,
    Deleted,
    Edited,
    Media,
    Message,
    NothingSaid,
    Reaction,
    Receipt,
    Said,
    Unreadable,
)
from rapport.channels.kinds.xmpp.naming import speaker
from rapport.channels.kinds.xmpp.settings import bare

ENCRYPTED = "This message is encrypted: it can only be read in an XMPP client that holds the keys."
_TYPES = frozenset({"normal", "chat", "groupchat", "headline"})

_Facts = Mapping[str, Any]


def clean(text: object, limit: int = 1_000_000) -> str:
    """A text as it may be stored: without NUL and lone surrogates, at most `limit` characters; "" for what is none."""
    if not isinstance(text, str):
        return ""
    return text[:limit].replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def understood(own: str, body: bytes) -> Sequence[Said]:
    """What the item says; `own` is our bare address. Raises Unreadable or NothingSaid."""
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("This is no JSON.") from error
    item = _mapping(whole)
    said, name = _mapping(item.get("said")), clean(item.get("name"), 600).strip()
    if not name or not clean(said.get("from"), 3_000).strip() or len(speaker(_texts(said))) > 320:
        raise Unreadable("The message has no sender or no name.")
    if clean(said.get("type"), 20) not in _TYPES:
        raise NothingSaid("No message, but an error or something of another kind.")
    return _what(own, item, said, name)


def _what(own: str, item: _Facts, said: _Facts, name: str) -> Sequence[Said]:
    target, at = clean(item.get("target"), 600).strip(), _time(said.get("stamp"))
    if "retract" in said:
        if not target:
            raise NothingSaid("It takes back a message that is not the sender's, or is too old to tell.")
        return [Deleted(target, at)]
    receipts = _receipts(own, said, at)
    if receipts:
        return receipts
    if said.get("signs") is not None:
        return _reactions(said, target, at)
    message = _message(own, item, said, name)
    if not said.get("replace"):
        return [message]
    if not target:
        raise NothingSaid("It corrects a message that is not the sender's, or is too old to tell.")
    return [Edited(_renamed(message, target, at))]


def _message(own: str, item: _Facts, said: _Facts, name: str) -> Message:
    room, who = _mapping(item.get("room")), speaker(_texts(said))
    files = _files(said)
    text = _body(said)
    encrypted = said.get("encrypted") is True
    if files and text == files[0].url:
        text = ""
    if not text and not files and not encrypted:
        raise NothingSaid("No words: somebody types, or a subject was set.")
    our_occupant = f"{clean(room.get('jid'), 320)}/{clean(room.get('nick'), 320)}"
    is_own = who == own or (bool(room) and who == our_occupant)
    origin: Literal["own", "addressed"] = "own" if is_own else "addressed"
    place = clean(room.get("jid"), 320) if room else ""
    peer = bare(clean(said.get("to"), 3_000)) if is_own and not place else who
    answer = {"to": place or peer, "room": bool(place), "who": who, "id": _answered_id(said, place),
              "public": room.get("public") is True}  # fmt: skip
    target = clean(item.get("target"), 600).strip()
    return Message(
        external_id=name, author=_author(who, place), text=text, at=_time(said.get("stamp")), origin=origin,
        subject=clean(said.get("subject"), 1_000), public=room.get("public") is True, files=files, answer=answer,
        refers_to=_refers(own, place, peer, said, target), problems=(ENCRYPTED,) if encrypted else (),
        recipients={"from": [(_nick(who, place), who)], "to": [(clean(room.get("name"), 300), place or own)]},
        delivered_to=(place or own,), url=f"xmpp:{place}?join" if place else "",
    )  # fmt: skip


def _renamed(message: Message, name: str, at: datetime | None) -> Message:
    from dataclasses import replace

    refers = tuple(one for one in message.refers_to if one != name)
    return replace(message, external_id=name, edited_at=at, at=None, refers_to=refers)


def _refers(own: str, place: str, peer: str, said: _Facts, target: str) -> tuple[str, ...]:
    """Between two all is one conversation; in a room what answers belongs to that, else one is each author's."""
    answered = (target,) if target and said.get("reply") else ()
    if not place:
        return (f"xmpp:{own}:{peer}"[:500], *answered)
    thread = clean(said.get("thread"), 200).strip()
    return answered or (f"xmpp:{place}:{thread or peer}"[:500],)


def _answered_id(said: _Facts, place: str) -> str:
    """By which id an answer names the message (XEP-0461): the room's in a room, else its client's."""
    given = clean(said.get("origin_id") or said.get("id"), 500)
    if not place:
        return given
    pairs = said.get("stanza_ids")
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and bare(clean(pair[0], 320)) == place:
            return clean(pair[1], 500)
    return given


def _receipts(own: str, said: _Facts, at: datetime | None) -> list[Said]:
    """XEP-0184 and XEP-0333, between two only: a room's would come from everybody."""
    if said.get("type") == "groupchat":
        return []
    found: list[Said] = []
    for field, state in (("received", "delivered"), ("displayed", "read")):
        number = clean(said.get(field), 500).strip()
        if number:
            found.append(Receipt(f"xmpp:{own}/{number}", "read" if state == "read" else "delivered", at))
    return found


def _reactions(said: _Facts, target: str, at: datetime | None) -> list[Said]:
    signs = said.get("signs")
    given = [clean(one, 40).strip() for one in signs if clean(one, 40).strip()] if isinstance(signs, list) else []
    if not given or not target:
        raise NothingSaid("A reaction to nothing we know, or all were taken back.")
    place = bare(clean(said.get("from"), 3_000)) if said.get("type") == "groupchat" else ""
    return [Reaction(target, _author(speaker(_texts(said)), place), sign, at) for sign in dict.fromkeys(given[:20])]


def _author(who: str, place: str) -> Author:
    return Author("xmpp", who, who, _nick(who, place))


def _nick(who: str, place: str) -> str:
    return who.partition("/")[2] if place or "/" in who else ""


def _body(said: _Facts) -> str:
    """The words, without what a reply repeats of what it answers."""
    text, quoted = clean(said.get("body")), said.get("quoted")
    if isinstance(quoted, list) and len(quoted) == 2 and all(type(one) is int and one >= 0 for one in quoted):
        text = text[: quoted[0]] + text[max(quoted) :]
    return text.strip("\n")


def _files(said: _Facts) -> tuple[Media, ...]:
    address = clean(said.get("file"), 2_000).strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return ()
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ()
    name = clean(unquote(parts.path.rpartition("/")[2], errors="ignore"), 255).strip()
    return (Media(filename=name or "file", url=address),)


def _time(stamp: Any) -> datetime | None:
    """XEP-0082: 2026-03-02T09:00:00Z."""
    try:
        found = datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _texts(said: _Facts) -> dict[str, Any]:
    return {**said, "from": clean(said.get("from"), 3_000)}


def _mapping(value: Any) -> _Facts:
    return value if isinstance(value, dict) else {}
