"""What one event of a Matrix room says (client-server API 1.x). Pure.

An item is JSON that `collect` puts together: `event` as the homeserver gave it, `room` (id, name, alias, join_rule,
direct), `sender` (name), and where there is one: `original`, the event that is edited; `reacted`, the reaction that is
taken back; `media`, the file's content in base64.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

import orjson

from rapport.channels.base import (
    Author,
    Deleted,
    Edited,
    Media,
    Message,
    NothingSaid,
    Reaction,
    Said,
    Unreadable,
)
from rapport.channels.kinds.matrix.formatted import HTML_MAX, clean, to_text, without_quote

ENCRYPTED = "This message is encrypted: it can only be read in a Matrix client that holds the keys."
_LATEST_MS = 253_402_300_799_000
_FILES = frozenset({"m.image", "m.file", "m.audio", "m.video", "m.sticker"})
_WORDS_ONLY = frozenset({"m.text", "m.notice", "m.emote", "m.location"})

_Facts = Mapping[str, Any]


def understood(own: str, body: bytes) -> Sequence[Said]:
    """What the item says; `own` is our user id. Raises Unreadable or NothingSaid."""
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("This is no JSON.") from error
    facts = mapping(whole)
    event = mapping(facts.get("event"))
    if not event_id(event) or not user_id(event.get("sender")) or not clean(mapping(facts.get("room")).get("id"), 255):
        raise Unreadable("The event has no id, no sender or no room.")
    known = _TYPES.get(clean(event.get("type"), 255))
    if known is None:
        raise NothingSaid("An event that is no message.")
    return [known(own, facts, event)]


def mapping(value: Any) -> _Facts:
    """An object, empty where it is something else."""
    return value if isinstance(value, dict) else {}


def event_id(event: _Facts) -> str:
    """The event's id, "" where it has none."""
    return clean(event.get("event_id"), 255).strip()


def user_id(value: Any) -> str:
    """A user id (`@ann:example.org`), "" for anything else."""
    name = clean(value, 256).strip()
    return name if len(name) <= 255 and name.startswith("@") and ":" in name else ""


def name_of(event: str) -> str:
    """The external id of the message that is the event of this id."""
    return f"matrix:{event}"


def redacted(event: _Facts) -> str:
    """The id of the event that a redaction takes back: in its content since room version 11, beside it before."""
    return clean(mapping(event.get("content")).get("redacts") or event.get("redacts"), 255).strip()


def relation(event: _Facts) -> tuple[str, str]:
    """The relation of an event (`m.thread`, `m.replace`, ...) and the id of the event it relates to; ("", "")."""
    related = mapping(mapping(event.get("content")).get("m.relates_to"))
    return clean(related.get("rel_type"), 100), clean(related.get("event_id"), 255).strip()


def _said(own: str, facts: _Facts, event: _Facts) -> Said:
    kind, replaced = relation(event)
    if kind == "m.replace":
        return _edited(own, facts, event, replaced)
    return _message(own, facts, event, mapping(event.get("content")))


def _edited(own: str, facts: _Facts, event: _Facts, replaced: str) -> Said:
    original = mapping(facts.get("original"))
    if event_id(original) != replaced or original.get("sender") != event.get("sender"):
        raise NothingSaid("An edit of a message that is not the sender's, or cannot be seen.")
    if not user_id(original.get("sender")) or not original.get("content"):
        raise NothingSaid("An edit of a message that was deleted.")
    content = mapping(mapping(event.get("content")).get("m.new_content"))
    return Edited(_message(own, facts, original, content, edited_at=_time(event)))


def _message(
    own: str, facts: _Facts, event: _Facts, content: _Facts, edited_at: datetime | None = None
) -> Message:
    kind = "m.sticker" if event.get("type") == "m.sticker" else clean(content.get("msgtype"), 100)
    if kind not in _FILES and kind not in _WORDS_ONLY:
        raise NothingSaid("An empty or unknown kind of message.")
    reply = _reply(event)
    files = _files(facts, content) if kind in _FILES else ()
    text = _caption(content) if files else _text(content, is_reply=bool(reply))
    author = _author(facts, event, automated=kind == "m.notice")
    if kind == "m.emote":
        text = f"* {author.name or author.written} {text}"
    return _placed(own, facts, event, {
        "author": author, "text": text, "files": files, "edited_at": edited_at,
        "has_html": _html(content) != "",
    })  # fmt: skip


def _encrypted(own: str, facts: _Facts, event: _Facts) -> Said:
    if relation(event)[0] in ("m.replace", "m.annotation", "m.reference"):
        raise NothingSaid("An encrypted change of an encrypted message.")
    return _placed(own, facts, event, {"author": _author(facts, event), "text": "", "problems": (ENCRYPTED,)})


def _placed(own: str, facts: _Facts, event: _Facts, what: dict[str, Any]) -> Message:
    """The message with all that its room and relations say."""
    room, sender, number = mapping(facts.get("room")), user_id(event.get("sender")), event_id(event)
    identity, direct = clean(room.get("id"), 255), room.get("direct") is True
    public = not direct and room.get("join_rule") == "public"
    address = clean(room.get("alias"), 255) or identity
    is_own = bool(own) and sender == own
    origin: Literal["own", "addressed"] = "own" if is_own else "addressed"
    kind, root = relation(event)
    root = root if kind == "m.thread" else ""
    answer = {
        "room": identity, "event": number, "root": root, "from": sender, "direct": direct, "public": public,
        "encrypted": event.get("type") == "m.room.encrypted",
    }  # fmt: skip
    to = [(clean(room.get("name"), 255), address)] if not direct or is_own else [("", own)] if own else []
    return Message(
        external_id=name_of(number), at=_time(event), origin=origin, public=public,
        refers_to=_refers(identity if direct else "", root, _reply(event)), answer=answer,
        recipients={"from": [(what["author"].name, sender)], "to": to}, delivered_to=(address,),
        url=f"https://matrix.to/#/{identity}/{number}", **what,
    )  # fmt: skip


def _refers(direct_room: str, root: str, reply: str) -> tuple[str, ...]:
    """All of a direct room is one conversation, elsewhere a thread is; a reply belongs to what it answers."""
    found = [f"matrix:{direct_room}"] if direct_room else []
    found += [name_of(one) for one in (root, reply) if one]
    return tuple(dict.fromkeys(found))


def _reply(event: _Facts) -> str:
    """What is answered. In a thread a reply may be there only for clients that know no threads: then none."""
    related = mapping(mapping(event.get("content")).get("m.relates_to"))
    if related.get("rel_type") == "m.thread" and related.get("is_falling_back") is True:
        return ""
    return clean(mapping(related.get("m.in_reply_to")).get("event_id"), 255).strip()


def _author(facts: _Facts, event: _Facts, *, automated: bool = False) -> Author:
    sender = user_id(event.get("sender"))
    name = clean(mapping(facts.get("sender")).get("name"), 255).strip()
    return Author("matrix", sender, sender, name, f"https://matrix.to/#/{sender}", automated=automated)


def _html(content: _Facts) -> str:
    source = content.get("formatted_body")
    is_html = content.get("format") == "org.matrix.custom.html" and isinstance(source, str)
    return str(source) if is_html and len(str(source)) <= HTML_MAX else ""


def _text(content: _Facts, *, is_reply: bool) -> str:
    source = _html(content)
    text = to_text(source) if source else clean(content.get("body"))
    text = without_quote(text) if is_reply and not source else text
    place = clean(content.get("geo_uri"), 500)
    return f"{text}\n{place}".strip() if place else text


def _caption(content: _Facts) -> str:
    """The words with a file: its body is a caption only where the file's name stands apart (since 1.10)."""
    name = content.get("filename")
    return _text(content, is_reply=False) if isinstance(name, str) and name != content.get("body") else ""


def _files(facts: _Facts, content: _Facts) -> tuple[Media, ...]:
    info, media = mapping(content.get("info")), mapping(facts.get("media"))
    data = _decoded(media.get("data"))
    stated = info.get("size")
    size = len(data) or (stated if isinstance(stated, int) and 0 < stated < 2**53 else 0)
    return (
        Media(
            filename=(clean(content.get("filename"), 255) or clean(content.get("body"), 255) or "file").strip(),
            content_type=clean(info.get("mimetype"), 255), data=data, size=size,
            sha256=sha256(data).hexdigest() if data else "", too_large=media.get("too_large") is True and not data,
        ),
    )  # fmt: skip


def _decoded(data: Any) -> bytes:
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _time(event: _Facts) -> datetime | None:
    stamp = event.get("origin_server_ts")
    if isinstance(stamp, bool) or not isinstance(stamp, int) or not 0 < stamp < _LATEST_MS:
        return None
    return datetime.fromtimestamp(stamp / 1000, UTC)


def _reaction(own: str, facts: _Facts, event: _Facts) -> Said:
    kind, target = relation(event)
    sign = clean(mapping(mapping(event.get("content")).get("m.relates_to")).get("key"), 100).strip()
    if kind != "m.annotation" or not target or not sign:
        raise NothingSaid("A reaction to nothing, or one that was taken back.")
    return Reaction(name_of(target), _author(facts, event), sign, _time(event))


def _redaction(own: str, facts: _Facts, event: _Facts) -> Said:
    target = redacted(event)
    if not target:
        raise NothingSaid("A deletion of nothing.")
    reacted = mapping(facts.get("reacted"))
    to, sign = clean(reacted.get("event_id"), 255).strip(), clean(reacted.get("key"), 100).strip()
    if to and sign:
        return Reaction(name_of(to), _author({}, reacted if user_id(reacted.get("sender")) else event), sign,
                        _time(event), removed=True)  # fmt: skip
    return Deleted(name_of(target), _time(event))


_TYPES: dict[str, Callable[[str, _Facts, _Facts], Said]] = {
    "m.room.message": _said,
    "m.sticker": _said,
    "m.room.encrypted": _encrypted,
    "m.reaction": _reaction,
    "m.room.redaction": _redaction,
}
