"""The words and files of a WhatsApp message, whatever its type. Pure."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from rapport.channels.base import Media
from rapport.channels.kinds.whatsapp.values import TEXT_MAX, obj, rows, text

_FILES = {
    "image": ("image", "image/jpeg"), "document": ("document", ""), "audio": ("audio", "audio/ogg"),
    "video": ("video", "video/mp4"), "sticker": ("sticker", "image/webp"),
}  # fmt: skip
_ENDINGS = {
    "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "audio/ogg": ".ogg", "audio/mpeg": ".mp3",
    "audio/aac": ".aac", "audio/amr": ".amr", "audio/mp4": ".m4a", "video/mp4": ".mp4", "video/3gpp": ".3gp",
    "application/pdf": ".pdf",
}  # fmt: skip


def words(message: Mapping[str, Any]) -> str:
    """What was said, or the words that stand for it."""
    kind = text(message.get("type"))
    given = message.get(kind)
    if kind in _FILES:
        return text(obj(given).get("caption"), TEXT_MAX)
    if kind == "contacts":
        return "\n".join(filter(None, map(_person, rows(given, 100))))
    say = _SAID.get(kind)
    return say(obj(given))[:TEXT_MAX].strip() if say else ""


def files(message: Mapping[str, Any]) -> tuple[Media, ...]:
    """The file, by name and type: its bytes are only to be had with the channel's token."""
    kind = text(message.get("type"))
    given = obj(message.get(kind))
    if kind not in _FILES or not text(given.get("id")):
        return ()
    usual, usual_type = _FILES[kind]
    content_type = text(given.get("mime_type"), 100).partition(";")[0].strip() or usual_type
    name = text(given.get("filename")).replace("/", "_").replace("\\", "_") or usual + _ENDINGS.get(content_type, "")
    return (Media(filename=name, content_type=content_type, sha256=_hex(given.get("sha256")), too_large=True),)


def _hex(value: Any) -> str:
    """WhatsApp writes a SHA-256 in base64."""
    try:
        digest = base64.b64decode(text(value, 100), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return digest.hex() if len(digest) == 32 else ""


def _text(given: Mapping[str, Any]) -> str:
    return text(given.get("body"), TEXT_MAX)


def _button(given: Mapping[str, Any]) -> str:
    return text(given.get("text"), TEXT_MAX)


def _interactive(given: Mapping[str, Any]) -> str:
    for name in ("button_reply", "list_reply"):
        reply = obj(given.get(name))
        if reply:
            return "\n".join(filter(None, (text(reply.get("title")), text(reply.get("description")))))
    flow = obj(given.get("nfm_reply"))
    return "\n".join(filter(None, (text(flow.get("body"), TEXT_MAX), text(flow.get("response_json"), 10_000))))


def _location(given: Mapping[str, Any]) -> str:
    where = [given.get("latitude"), given.get("longitude")]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and abs(one) <= 180 for one in where):
        return ""
    north, east = (f"{float(one or 0):.5f}" for one in where)
    chart = f"https://www.openstreetmap.org/?mlat={north}&mlon={east}"
    parts = (text(given.get("name")), text(given.get("address")), f"{north}, {east}", chart)
    return "\n".join(filter(None, parts))


def _order(given: Mapping[str, Any]) -> str:
    lines = [text(given.get("text"), TEXT_MAX)]
    for one in rows(given.get("product_items"), 100):
        count, price = one.get("quantity"), one.get("item_price")
        cost = f" ({price:g} {text(one.get('currency'), 3)})" if isinstance(price, int | float) else ""
        lines.append(f"{count if isinstance(count, int) else '?'} x {text(one.get('product_retailer_id'))}{cost}")
    return "\n".join(filter(None, lines))


def _person(given: Mapping[str, Any]) -> str:
    phones = [text(one.get("phone")) for one in rows(given.get("phones"), 10)]
    mails = [text(one.get("email")) for one in rows(given.get("emails"), 10)]
    return ", ".join(filter(None, [text(obj(given.get("name")).get("formatted_name")), *phones, *mails]))


_SAID = {
    "text": _text, "button": _button, "interactive": _interactive, "location": _location, "order": _order,
}  # fmt: skip
