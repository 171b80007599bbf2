"""What a Bluesky channel is told: where the account lives, its handle, what to look for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rapport.channels import guard
from rapport.channels.base import Account, Field, Invalid, lazy

SERVICE = "https://bsky.social"
SEARCHES_MAX = 20
# https://atproto.com/specs/handle#handle-identifier-syntax; the whole has at most 253 characters.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HANDLE = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")

FIELDS = (
    Field("handle", lazy("Handle"), required=True, help=lazy("As others write it, for example @example.bsky.social")),
    Field(
        "app_password", lazy("App password"), "secret", required=True,
        help=lazy("Not the account's own password: one made for Rapport, which can be taken back at any time."),
    ),
    Field(
        "service", lazy("Address of the service"), "url", default=SERVICE,
        help=lazy("Only for accounts that live on a data server of their own."),
    ),
    Field("searches", lazy("Searches"), "lines", help=lazy("Posts with these words are collected, one search a line.")),
    Field("hashtags", lazy("Hashtags"), "lines", help=lazy("Posts with these hashtags are collected, one a line.")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as they are used: the service without a slash at its end, names without @ and #."""

    service: str
    handle: str
    searches: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()


def read(account: Account) -> Settings:
    """The settings of an account. Raises Invalid naming the first that is wrong."""
    config = account.config
    service = str(config.get("service") or SERVICE).strip().rstrip("/")
    _check_service(service)
    handle = plain_handle(str(config.get("handle") or account.address))
    if not is_handle(handle):
        raise Invalid("Handle: this is no handle of Bluesky.", "It looks like example.bsky.social.")
    searches = tuple(dict.fromkeys(_lines(config.get("searches"))))
    hashtags = tuple(dict.fromkeys(one.lstrip("#＃") for one in _lines(config.get("hashtags")) if one.strip("#＃")))
    if len(searches) + len(hashtags) > SEARCHES_MAX:
        raise Invalid(f"Searches: {SEARCHES_MAX} searches and hashtags are the most.", "Leave some out.")
    if any(" " in one for one in hashtags):
        raise Invalid("Hashtags: a hashtag is one word.", "Put words that belong together under searches.")
    return Settings(service, handle, searches, hashtags)


def plain_handle(written: str) -> str:
    """A handle without what people put around it: an @, capitals, the marks that some keyboards add."""
    return written.strip().strip("\u200e\u200f\u202a\u202c\u2066\u2069").lstrip("@").lower()


def is_handle(text: str) -> bool:
    """Whether `text` (lower case, without @) can be a handle."""
    return len(text) <= 253 and HANDLE.fullmatch(text) is not None


def _check_service(service: str) -> None:
    parts = urlsplit(service)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise Invalid("Address of the service: this is no address.", f"It looks like {SERVICE}.")
    if parts.scheme == "http" and not guard.is_loopback(parts.hostname):
        raise Invalid("Address of the service: the password would go unencrypted.", "Begin it with https://.")


def _lines(value: Any) -> Iterator[str]:
    rows = value.splitlines() if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    for row in rows:
        if isinstance(row, str) and row.strip():
            yield " ".join(row.split())[:300]
