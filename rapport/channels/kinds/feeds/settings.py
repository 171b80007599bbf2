"""What a person enters for a channel of feeds, read into values. Pure."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from rapport.core.errors import Invalid

LEAST_S = 15 * 60
MOST_S = 24 * 3600
_URL_MAX = 1_500
_LABEL_MAX = 200
_DAYS = 30


@dataclass(frozen=True, slots=True)
class Subscription:
    """One line: the address of a feed, or of a home page that names one, and what the feed is called here."""

    url: str
    label: str = ""

    @property
    def cursor(self) -> str:
        """The name of the cursor that holds what is known of it."""
        return f"feed:{urlsafe_b64encode(sha256(self.url.encode()).digest()[:12]).decode()}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked. `least_s`: a feed is asked no more often than that; `days`: how old an entry of a new feed may be
    (0: any age).
    """

    feeds: tuple[Subscription, ...]
    least_s: int = LEAST_S
    days: int = _DAYS
    websub: bool = True


def read(config: Mapping[str, Any]) -> Settings:
    """The settings as a channel's page stores them. Raises Invalid naming the first line that is no address."""
    feeds: dict[str, Subscription] = {}
    for line in _lines(config.get("feeds")):
        one = _subscription(line)
        feeds.setdefault(one.url, one)
    if not feeds:
        raise Invalid("Feeds: there is no address.", "Enter the address of a feed or of a home page, one a line.")
    least_s = _number(config.get("least_minutes"), LEAST_S // 60) * 60
    return Settings(
        tuple(feeds.values()),
        least_s=min(max(least_s, LEAST_S), MOST_S),
        days=max(_number(config.get("days"), _DAYS), 0),
        websub=config.get("websub", True) not in (False, None, "", "false", "no", 0),
    )


def _lines(value: Any) -> list[str]:
    lines = value.split("\n") if isinstance(value, str) else value if isinstance(value, list) else []
    return [line.strip() for line in lines if isinstance(line, str) and line.strip()]


def _subscription(line: str) -> Subscription:
    written, _, label = line.partition(" ")
    url = written.strip()
    if url.lower().startswith("feed:"):
        url = url[5:].removeprefix("//")
    if "://" not in url:
        url = f"https://{url}"
    if not _is_web(url):
        raise Invalid(f"Feeds: {line[:200]!r} does not begin with an address.", "Such as https://blog.example.org/.")
    if "@" in urlsplit(url).netloc:
        raise Invalid(f"Feeds: the address of {urlsplit(url).hostname} holds a password.", "Leave it out.")
    return Subscription(url, " ".join(label.split())[:_LABEL_MAX])


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        return False
    host = parts.hostname or ""
    named = "." in host or ":" in host or host == "localhost"
    return parts.scheme in ("http", "https") and named and url.isprintable() and len(url) <= _URL_MAX


def _number(value: Any, usual: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return usual
