"""What a Telegram message holds: its words, whatever kind of message it is, and its files. Pure."""

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from rapport.channels.base import Media
from rapport.channels.kinds.telegram.entities import Stretch, stretches, with_links
from rapport.channels.kinds.telegram.values import TEXT_MAX, number, obj, rows, text

_FILES = {
    "photo": ("photo.jpg", "image/jpeg"), "document": ("document", ""), "voice": ("voice.ogg", "audio/ogg"),
    "audio": ("audio", "audio/mpeg"), "video": ("video.mp4", "video/mp4"),
    "video_note": ("video.mp4", "video/mp4"), "animation": ("animation.mp4", "video/mp4"),
}  # fmt: skip
_DEEP = 20


def words_of(message: Mapping[str, Any]) -> tuple[str, list[Stretch]]:
    """Text or caption as written, with its entities; for other kinds of message the words that stand for them."""
    for name, beside in (("text", "entities"), ("caption", "caption_entities")):
        words = text(message.get(name), TEXT_MAX)
        if words:
            return words, list(stretches(words, message.get(beside)))
    return _other_words(message)[:TEXT_MAX], []


def shown(message: Mapping[str, Any]) -> str:
    """The text as people here read it: the addresses of links stand after the linked words."""
    words, found = words_of(message)
    return with_links(words, found)[:TEXT_MAX].strip()


def file_of(message: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The file of a message (there is at most one) and what kind it is; a photo in its largest size."""
    for kind in ("photo", "animation", "document", "voice", "audio", "video", "video_note"):
        given = message.get(kind)
        if kind == "photo":
            sizes = [one for one in rows(given) if number(one.get("width")) is not None]
            if sizes:
                return kind, max(sizes, key=lambda one: number(one.get("width")) or 0)
        elif text(obj(given).get("file_id")):
            return kind, obj(given)
    return "", {}


def media(message: Mapping[str, Any], fetched: Mapping[str, Any]) -> tuple[Media, ...]:
    """The file, with its bytes where they were fetched (base64, by file id). The address of a file holds the bot's
    token: it is never given on.
    """
    kind, given = file_of(message)
    if not kind:
        return ()
    usual_name, usual_type = _FILES[kind]
    data = _decoded(fetched.get(text(given.get("file_id"), 1_000)))
    size = max(number(given.get("file_size")) or 0, 0)
    name = text(given.get("file_name")) or usual_name
    return (
        Media(
            filename=name.replace("/", "_").replace("\\", "_"),
            content_type=text(given.get("mime_type"), 100) or usual_type, data=data, size=len(data) or size,
            sha256=sha256(data).hexdigest() if data else "", too_large=not data,
        ),
    )  # fmt: skip


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _other_words(message: Mapping[str, Any]) -> str:
    for name, say in _SAID.items():
        if isinstance(message.get(name), dict):
            words = say(obj(message.get(name)))
            if words:
                return words
    return ""


def _place(value: Mapping[str, Any]) -> str:
    where = [value.get("latitude"), value.get("longitude")]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and abs(one) <= 180 for one in where):
        return ""
    north, east = (f"{float(one or 0):.5f}" for one in where)
    return f"{north}, {east}\nhttps://www.openstreetmap.org/?mlat={north}&mlon={east}"


def _venue(value: Mapping[str, Any]) -> str:
    return _lines(text(value.get("title")), text(value.get("address")), _place(obj(value.get("location"))))


def _contact(value: Mapping[str, Any]) -> str:
    return _lines(
        f"{text(value.get('first_name'))} {text(value.get('last_name'))}".strip(), text(value.get("phone_number"))
    )


def _poll(value: Mapping[str, Any]) -> str:
    return _lines(text(value.get("question")), *(f"- {text(one.get('text'))}" for one in rows(value.get("options"))))


def _checklist(value: Mapping[str, Any]) -> str:
    return _lines(text(value.get("title")), *(f"- {text(one.get('text'))}" for one in rows(value.get("tasks"))))


def _sign(value: Mapping[str, Any]) -> str:
    return text(value.get("emoji"), 20)


def _rich(value: Mapping[str, Any]) -> str:
    found: list[str] = []
    _walk(value.get("blocks"), found, 0)
    return _lines(*("".join(found).split("\n")))


def _walk(value: Any, found: list[str], depth: int) -> None:
    """The texts of a rich message in order: a block begins a line. Its parts nest without an end; we stop somewhere."""
    if depth > _DEEP or len(found) > 10_000:
        return
    if isinstance(value, str):
        found.append(text(value, TEXT_MAX))
    elif isinstance(value, list):
        for one in value:
            _walk(one, found, depth + 1)
    elif isinstance(value, dict):
        for name in ("summary", "label", "text", "blocks", "items", "cells", "caption", "credit"):
            if name in value:
                _walk(value[name], found, depth + 1)
        if "type" in value and str(value["type"]) in _BLOCKS:
            found.append("\n")


def _lines(*given: str) -> str:
    return "\n".join(one for one in given if one.strip())


_BLOCKS = frozenset(
    {"paragraph", "heading", "section_heading", "list", "table", "blockquote", "pull_quote", "preformatted", "footer",
     "details", "divider"}
)  # fmt: skip
_SAID = {
    "rich_message": _rich, "venue": _venue, "location": _place, "contact": _contact, "poll": _poll,
    "checklist": _checklist, "dice": _sign, "sticker": _sign,
}  # fmt: skip
