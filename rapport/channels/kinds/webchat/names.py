"""What things of a web chat are called: its public key, its visitors, their conversations, and the sites it is on."""

import re
from base64 import b32encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from rapport.channels.base import Invalid

KIND = "webchat"
ORIGINS_MAX = 100
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def public_key(channel_id: UUID, config: Mapping[str, Any]) -> str:
    """The key in the addresses of a chat: the one chosen, else one made of the channel's id, which nobody can guess."""
    chosen = str(config.get("key") or "").strip()
    return chosen if _KEY.fullmatch(chosen) else _short(b"rapport chat " + channel_id.bytes, 20)


def is_key(text: str) -> bool:
    """Whether it may be a public key: 16 to 64 letters, digits, - and _."""
    return _KEY.fullmatch(text) is not None


def known_visitor(channel_id: UUID, who: str) -> str:
    """The visitor that somebody the company's site vouched for is, wherever they sign in."""
    return "u" + _short(b"rapport visitor " + channel_id.bytes + who.encode("utf-8", "replace"), 25)


def new_visitor(chance: bytes) -> str:
    """A visitor nobody knows, of 16 random bytes or more."""
    return "v" + _short(chance, 25)


def room(key: str, visitor: str, number: int) -> str:
    """What all messages of one conversation of a visitor refer to."""
    return f"{KIND}:{key}/{visitor}/{number}"


def incoming(key: str, visitor: str, name: str) -> str:
    """A message of a visitor, by the name that their page gave it."""
    return f"{KIND}:{key}/{visitor}/m/{name}"


def outgoing(key: str, name: str) -> str:
    """A message of ours."""
    return f"{KIND}:{key}/out/{name}"


def ear(key: str, visitor: str) -> str:
    """What a visitor's open page listens for."""
    return f"{key}/{visitor}"


def origins(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The sites that may show the chat, as browsers write origins (RFC 6454). Raises Invalid naming the wrong line."""
    given = config.get("origins") or ()
    lines = given.splitlines() if isinstance(given, str) else [str(one) for one in given]
    found = tuple(dict.fromkeys(origin_of(line) for line in lines if line.strip()))
    if len(found) > ORIGINS_MAX:
        raise Invalid(f"There are {len(found)} sites.", f"Name at most {ORIGINS_MAX}.")
    return found


def origin_of(line: str) -> str:
    """"https://Shop.example.org/" -> "https://shop.example.org". Plain http only for this very machine."""
    hint = "Write each site as https://www.example.org, with a port if it has one, and nothing after it."
    text = line.strip()
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except (ValueError, UnicodeError) as error:
        raise Invalid(f"{text[:100]!r} is no site.", hint) from error
    host = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    if usual is None or not host or parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise Invalid(f"{text[:100]!r} is no site.", hint)
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise Invalid(f"{text[:100]!r} is not encrypted.", "A chat is shown on https sites only.")
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def _short(data: bytes, length: int) -> str:
    return b32encode(sha256(data).digest()).decode().lower()[:length]
