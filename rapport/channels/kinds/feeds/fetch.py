"""One polite request for a feed: only what changed, bounded in bytes and time, never to a private address."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError as BaseHTTPError

from rapport.channels import outgoing

USER_AGENT = "Rapport/0.1 (feed reader of an engagement hub; honours Retry-After, ETag and Cache-Control)"
BYTES_MAX = 8 * 1024 * 1024
WHOLE_S = 60.0
REDIRECTS_MAX = 5
PEACE_MAX_S = 24 * 3600
_CHUNK = 64 * 1024
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.5, */*;q=0.1"
)
_MOVED = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)


class Trouble(Exception):
    """Why a feed cannot be had, in words for its page. `peace_s`: how long its host asked to be left alone.

    `lasting`: trying again soon is futile. `status`: what was answered; 410 is for ever.
    """

    def __init__(self, words: str, *, peace_s: float = 0.0, lasting: bool = False, status: int = 0) -> None:
        super().__init__(words)
        self.peace_s = peace_s
        self.lasting = lasting
        self.status = status


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was answered: `body` is empty where nothing changed (304). `moved_to`: the address to use from now on."""

    is_new: bool
    headers: Mapping[str, str]
    body: bytes
    url: str
    moved_to: str = ""


def fetch(url: str, etag: str = "", modified: str = "") -> Fetched:
    """Ask for a feed. Raises Trouble for every answer that is neither 200 nor 304."""
    headers = {"User-Agent": USER_AGENT, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"}
    if etag:
        headers["If-None-Match"] = etag
    if modified:
        headers["If-Modified-Since"] = modified
    until = time.monotonic() + WHOLE_S
    try:
        with outgoing.session() as session:
            return _follow(session, url, headers, until)
    except (requests.RequestException, BaseHTTPError, OSError, ValueError) as error:
        raise Trouble(_words(error), lasting="private" in str(error)) from error


def _follow(session: requests.Session, url: str, headers: Mapping[str, str], until: float) -> Fetched:
    """Redirects one by one, past the library's own way of it: that reads the body of each whole, however long."""
    moved_to, at = "", url
    for step in range(REDIRECTS_MAX + 1):
        with _sent(session, at, headers) as answer:
            if answer.status_code not in _REDIRECTS:
                return _taken(answer, at, moved_to, until)
            target = session.get_redirect_target(answer)
            if not target:
                raise Trouble("It redirects to nowhere.")
            following = urljoin(at, target)
            if answer.status_code in _MOVED and (step == 0 or moved_to == at):
                moved_to = following
            at = following
    raise Trouble("It redirects in a circle.", lasting=True)


def _sent(session: requests.Session, url: str, headers: Mapping[str, str]) -> requests.Response:
    prepared = session.prepare_request(requests.Request("GET", url, headers=dict(headers)))
    how = session.merge_environment_settings(prepared.url or url, {}, True, None, None)
    return session.get_adapter(prepared.url or url).send(prepared, timeout=outgoing.TIMEOUT_S, **how)


def _taken(answer: requests.Response, url: str, moved_to: str, until: float) -> Fetched:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if answer.status_code == 304:
        return Fetched(False, headers, b"", url, moved_to)
    if answer.status_code != 200:
        raise _refusal(answer.status_code, headers)
    if headers.get("content-length", "").isdigit() and int(headers["content-length"]) > BYTES_MAX:
        raise _too_large()
    return Fetched(True, headers, _read(answer, until), url, moved_to)


def _read(answer: requests.Response, until: float) -> bytes:
    """Piece by piece as it comes, unpacked: neither a bomb, nor an endless nor a dripping answer gets far."""
    read: Callable[..., Any] = answer.raw.read1
    body = bytearray()
    while chunk := read(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > BYTES_MAX:
            raise _too_large()
        if time.monotonic() > until:
            raise Trouble("Its answer does not come to an end.", lasting=True)
    return bytes(body)


def _too_large() -> Trouble:
    return Trouble(f"It is larger than {BYTES_MAX // 1024 // 1024} MB.", lasting=True)


def _refusal(status: int, headers: Mapping[str, str]) -> Trouble:
    peace_s = peace(headers) if status in (429, 503) or "retry-after" in headers else 0.0
    words = {
        401: "It is not open to us (401).", 403: "It is not open to us (403).", 404: "Nothing is there (404).",
        410: "It is gone for good (410).", 429: "Its server asks us to slow down (429).",
    }.get(status, f"Its server answers {status}.")  # fmt: skip
    return Trouble(words, peace_s=peace_s, lasting=status in (401, 403, 404, 410), status=status)


def peace(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float:
    """The seconds that Retry-After asks for (RFC 9110, 10.2.3), at most a day; a minute where it says nothing."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal() and len(value) < 10:
        return min(max(float(value), 1.0), PEACE_MAX_S)
    from email.utils import parsedate_to_datetime

    try:
        return min(max(parsedate_to_datetime(value).timestamp() - now(), 1.0), PEACE_MAX_S)
    except (ValueError, TypeError, OverflowError):
        return 60.0


def host_of(url: str) -> str:
    """Whom a request to an address goes to."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def max_age(headers: Mapping[str, str]) -> float:
    """The seconds that Cache-Control calls an answer fresh (RFC 9111, 5.2.2.1)."""
    for part in headers.get("cache-control", "").lower()[:1_000].split(","):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and value.strip('"').isdecimal() and len(value) < 12:
            return float(value.strip('"'))
    return 0.0


def _words(error: BaseException) -> str:
    words = " ".join(str(error).split())
    if "private" in words:
        return "It leads to a private address, where we do not go."
    if isinstance(error, requests.Timeout | TimeoutError) or "timed out" in words.lower():
        return "Its server does not answer in time."
    if "resolve" in words:
        return "The name of its server cannot be found."
    if "CERTIFICATE" in words.upper():
        return "The certificate of its server is not valid."
    return f"Its server does not answer: {words[:200]}"
