"""What is embedded in a post: pictures, a film, a link's card, a quoted post (app.bsky.embed.*).

The record says what the author put there (type, size, alternative text), the view of the AppView where it can be had.
"""

import re
from typing import Any

from rapport.channels.base import Media
from rapport.channels.kinds.bluesky import richtext

_FILES_MAX = 20
_ALT_MAX = 10_000
_AT = re.compile(r"at://did:[a-z]+:[A-Za-z0-9._:%-]{1,200}/[A-Za-z0-9.-]{1,317}/[A-Za-z0-9._:~-]{1,512}")


def quoted_uri(embed: Any) -> str:
    """The address of the post (or list, or feed) that a record's embed quotes; "" where it quotes none."""
    quoted = _dict(_dict(embed).get("record"))
    inner = quoted.get("record")
    uri = (inner if isinstance(inner, dict) else quoted).get("uri")
    return uri if isinstance(uri, str) and _AT.fullmatch(uri) else ""


def card(embed: Any) -> str:
    """The address of the link whose card is shown below the text; "" where there is none."""
    address = _dict(_media(embed).get("external")).get("uri")
    return address if isinstance(address, str) and len(address) <= 2_000 and richtext.is_web(address) else ""


def media(view: Any, embed: Any) -> tuple[Media, ...]:
    """Pictures and films, with where they are as far as the view says."""
    seen, written = _items(_media(view)), _items(_media(embed))
    rows = seen or written
    return tuple(
        _file(number, row, written[number] if number < len(written) else {})
        for number, row in enumerate(rows[:_FILES_MAX])
    )


def _media(embed: Any) -> dict[str, Any]:
    """The embed without the quote it may stand beside (recordWithMedia)."""
    whole = _dict(embed)
    return _dict(whole["media"]) if isinstance(whole.get("media"), dict) else whole


def _items(part: dict[str, Any]) -> list[dict[str, Any]]:
    for name in ("images", "items"):
        if isinstance(part.get(name), list):
            return [one for one in part[name] if isinstance(one, dict)]
    return [part] if "playlist" in part or isinstance(part.get("video"), dict) else []


def _file(number: int, row: dict[str, Any], written: dict[str, Any]) -> Media:
    blob = _dict(written.get("image")) or _dict(written.get("video"))
    mime, size = blob.get("mimeType"), blob.get("size")
    url = next((row[name] for name in ("fullsize", "playlist", "thumb", "thumbnail") if _is_url(row.get(name))), "")
    alt = row.get("alt") if isinstance(row.get("alt"), str) else written.get("alt")
    known = mime if isinstance(mime, str) and re.fullmatch(r"[a-z]+/[A-Za-z0-9.+-]{1,100}", mime) else ""
    what = "film" if "playlist" in row or "video" in row else "picture"
    return Media(
        f"{what}-{number + 1}", known, url,
        alt[:_ALT_MAX].replace("\0", "").encode("utf-8", "replace").decode() if isinstance(alt, str) else "",
        size=size if type(size) is int and 0 <= size < 2**40 else 0,
    )  # fmt: skip


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 2_000 and richtext.is_web(value)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
