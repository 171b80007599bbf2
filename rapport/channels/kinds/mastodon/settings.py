"""The settings of one account, read from the channel's configuration. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rapport.channels.base import Invalid

LINES_MAX = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """`host` (with its port, lower case) is part of every external id, so it is never asked for twice.

    `domain` is what stands after the @ of local accounts, which may be another name than the server's.
    """

    url: str
    host: str
    domain: str
    own_id: str
    own_name: str
    characters: int
    link: int
    hashtags: tuple[str, ...]
    searches: tuple[str, ...]
    public: bool
    new_posts: str
    warn: bool


def read(config: Mapping[str, Any]) -> Settings:
    """The settings as they are meant. Raises Invalid for an address that is none."""
    url = address(config.get("url"))
    host = urlsplit(url).netloc.lower()
    own = config.get("own")
    own = own if isinstance(own, Mapping) else {}
    visibility = config.get("visibility")
    return Settings(
        url=url,
        host=host,
        domain=str(own.get("domain") or host).lower(),
        own_id=str(own.get("id") or ""),
        own_name=str(own.get("username") or "").lower(),
        characters=_number(own.get("characters"), 500, 50, 100_000),
        link=_number(own.get("link"), 23, 1, 1_000),
        hashtags=tuple(dict.fromkeys(tag for one in lines(config.get("hashtags")) if (tag := _tag(one)))),
        searches=lines(config.get("searches")),
        public=config.get("public", True) is not False,
        new_posts=visibility if visibility in ("public", "unlisted") else "public",
        warn=config.get("warn", True) is not False,
    )


def address(value: Any) -> str:
    """A server's address as https://host, without a path. Raises Invalid."""
    text = str(value or "").strip().rstrip("/")
    if not text:
        raise Invalid("Server address: this is missing.", "Enter the address of your server.")
    url = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known or parts.username or "@" in parts.netloc:
        raise Invalid("Server address: this is no address of a server.", "Write it like https://mastodon.example.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def lines(value: Any) -> tuple[str, ...]:
    """A list of lines, also where it comes as one text; each once, none empty."""
    given = value.splitlines() if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    kept = dict.fromkeys(" ".join(str(one).split()) for one in given)
    return tuple(one for one in kept if one)[:LINES_MAX]


def _tag(line: str) -> str:
    return line.lstrip("# ").lower()


def _number(value: Any, usual: int, least: int, most: int) -> int:
    text = str(value if value is not None else "")
    return min(max(int(text), least), most) if text.isdecimal() and len(text) < 10 else usual
