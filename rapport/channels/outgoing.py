"""HTTP to addresses that somebody entered or a service named: bounded in time and size, only where `guard` allows.

The name is looked up once, checked, and the connection made to that very address; each redirect is checked anew.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ssl import CERT_REQUIRED, SSLContext
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError as BaseHTTPError
from urllib3.util import create_urllib3_context

from rapport.channels import guard
from rapport.channels.base import OutcomeUnknown, TooFast
from rapport.core.errors import ChannelError, Invalid
from rapport.core.options import options

TIMEOUT_S = 10.0
WHOLE_S = 60.0
BYTES_MAX = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_WAIT_S = 60.0
_WAIT_MAX_S = 3600.0


class TooLarge(ChannelError):
    """The answer has more bytes, or takes longer, than we are ready to take."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered. Header names are lower case; `url` is where it was, after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def json(self) -> Any:
        """The body as JSON. Raises a ChannelError (to be tried again) where it is something else, such as a page."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            kind = self.headers.get("content-type", "no type").partition(";")[0]
            host = urlsplit(self.url).hostname
            raise ChannelError(f"{host} answered with {kind} instead of JSON.", permanent=False) from error


class _Pinned(HTTPAdapter):
    """Looks the name up once, checks it, and connects there; the certificate must still be the name's."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Also asked for every redirect."""
        parts = urlsplit(request.url)
        request.headers["Host"] = parts.netloc.rpartition("@")[2]
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT_S
        answer = super().send(request, *args, **kwargs)
        if answer.is_redirect:
            _leave_unread(answer)
        return answer

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """A connection to the checked address, or to the company's proxy, which then decides."""
        if proxies:
            return super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        wanted, pool = self.build_connection_pool_key_attributes(request, verify, cert)
        name = str(wanted["host"])
        try:
            address = guard.resolved(name, wanted["port"] or (443 if wanted["scheme"] == "https" else 80))
        except ChannelError as error:
            raise requests.ConnectionError(f"{error.message} {error.hint}".strip()) from error
        if wanted["scheme"] == "https":
            pool = {**pool, "assert_hostname": name, "server_hostname": name}
            if verify is True and not cert:
                pool["ssl_context"] = _trusting()
        return self.poolmanager.connection_from_host(**{**wanted, "host": address}, pool_kwargs=pool)


    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The library reads the authorities anew for each connection, unless those of our context are there already."""
        if conn.conn_kw.get("ssl_context") is _trusting():
            conn.cert_reqs = "CERT_REQUIRED"
        else:
            super().cert_verify(conn, url, verify, cert)


@lru_cache
def _trusting() -> SSLContext:
    """What every connection trusts, once for all of them: a megabyte and ten milliseconds that each had to itself."""
    context = create_urllib3_context(cert_reqs=CERT_REQUIRED)
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


def _leave_unread(answer: Any) -> None:
    """The library reads the body of each redirect whole, however long it is, before it follows."""
    answer.raw.close()
    answer._content, answer._content_consumed = b"", True


class _Session(requests.Session):
    """Follows no redirect from elsewhere to this very machine."""

    def get_redirect_target(self, resp: Any) -> str | None:
        """Where it leads, unless that is here."""
        target: str | None = super().get_redirect_target(resp)
        if target and guard.is_loopback(_host(urljoin(resp.url, target))) and not guard.is_loopback(_host(resp.url)):
            raise requests.ConnectionError(f"{_host(resp.url)} redirects to a private address.")
        return target


def session() -> requests.Session:
    """A session that asks no proxy of the environment, keeps to a time limit and follows few redirects.

    For libraries that take a `requests.Session`; it uses the setting `outgoing_proxy` where there is one.
    """
    made = _Session()
    made.trust_env = False
    made.max_redirects = 3
    made.mount("https://", _Pinned())
    made.mount("http://", _Pinned())
    if options().outgoing_proxy:
        made.proxies = {"http": options().outgoing_proxy, "https": options().outgoing_proxy}
    return made


def fetch(url: str) -> bytes:
    """What stands at an address; Invalid in words for a person where it cannot be had."""
    try:
        with session() as made, made.get(url, stream=True, timeout=TIMEOUT_S) as answer:
            answer.raise_for_status()
            return _read(answer, BYTES_MAX, time.monotonic() + WHOLE_S)
    except TooLarge as error:
        raise Invalid(f"{url} is larger than expected.", "Check the address.") from error
    except (requests.RequestException, BaseHTTPError, OSError, ValueError) as error:
        raise Invalid(f"{url} cannot be fetched: {error}", "Check the address.") from error


def ask(method: str, url: str, *, bytes_max: int = BYTES_MAX, whole_s: float = WHOLE_S, **what: Any) -> Answer:
    """One request to its end, whatever its status. `what` is what `requests` takes: headers, params, json, data, files.

    Raises ChannelError (not permanent) where there is no answer, TooLarge for one beyond `bytes_max` (unpacked) or
    `whole_s` seconds.
    """
    given = {"timeout": TIMEOUT_S, **what}
    try:
        with session() as made, made.request(method, url, stream=True, **given) as answer:
            body = _read(answer, bytes_max, time.monotonic() + whole_s)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status_code, headers, body, answer.url)
    except (requests.RequestException, BaseHTTPError, OSError, ValueError) as error:
        raise ChannelError(f"{_host(url)} does not answer: {_words(error)}.", permanent=False) from error


def call(method: str, url: str, **what: Any) -> Answer:
    """The same, for an answer that must be a good one: 429 is TooFast, 401 and 403 are permanent, 5xx are not."""
    answer = ask(method, url, **what)
    check(answer)
    return answer


def attempt(method: str, url: str, **what: Any) -> Answer:
    """One request that must not be made twice, whatever its status says: OutcomeUnknown where it may have been done."""
    try:
        # A redirected POST would arrive as a GET without its body.
        answer = ask(method, url, **{"allow_redirects": False, **what})
    except TooLarge as error:
        raise OutcomeUnknown(error.message, permanent=False) from error
    except ChannelError as error:
        if _never_began(error.__cause__):
            raise
        raise OutcomeUnknown(error.message, permanent=False) from error
    if answer.status in (500, 502, 504):
        raise OutcomeUnknown(f"{_host(url)} answered {answer.status}.", permanent=False)
    if 300 <= answer.status < 400:
        raise ChannelError(f"{_host(url)} has moved.", "Correct its address in the settings.", permanent=True)
    return answer


def submit(method: str, url: str, **what: Any) -> Answer:
    """The same, for an answer that must be a good one."""
    answer = attempt(method, url, **what)
    check(answer)
    return answer


def check(answer: Answer) -> None:
    """Raise what a status means: TooFast for 429, a permanent ChannelError for other 4xx, one to retry for 5xx."""
    host = _host(answer.url)
    if answer.status < 400:
        return
    if answer.status == 429:
        raise TooFast(f"{host} asks us to slow down.", retry_after=retry_after(answer.headers))
    if answer.status in (401, 403):
        raise ChannelError(
            f"{host} does not accept the sign-in any more ({answer.status}).",
            "Enter new credentials for this channel.",
            permanent=True,
        )
    raise ChannelError(f"{host} answered {answer.status}.", permanent=answer.status < 500 and answer.status != 408)


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that Retry-After asks for (RFC 9110, 10.2.3: seconds or a date), between 1 and 3,600."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(max(float(value), 1.0), _WAIT_MAX_S)
    try:
        from email.utils import parsedate_to_datetime

        seconds = parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return _WAIT_S
    return min(max(seconds, 1.0), _WAIT_MAX_S)


def _read(answer: Any, bytes_max: int, until: float) -> bytes:
    body = bytearray()
    # What has come is looked at as it comes: waiting for a whole piece would let a dripping answer take for ever.
    while chunk := answer.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > bytes_max:
            raise TooLarge(f"{_host(answer.url)} sent more than {bytes_max / 1e6:.0f} MB.", permanent=False)
        if time.monotonic() > until:
            raise TooLarge(f"{_host(answer.url)} did not come to an end.", permanent=False)
    return bytes(body)


def _never_began(error: BaseException | None) -> bool:
    """Whether no connection came about: then nothing can have been done."""
    words = str(error)
    never = ("Failed to establish", "private", "cannot be resolved", "CERTIFICATE_VERIFY_FAILED")
    return isinstance(error, requests.ConnectTimeout) or any(one in words for one in never)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url[:80]
    except ValueError:
        return url[:80]


_TELLS = (
    ("Connection refused", "nothing listens at this address and port"),
    ("cannot be resolved", "no server knows this name"),
    ("timed out", "it took too long"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate is not one that can be trusted"),
    ("WRONG_VERSION_NUMBER", "it does not speak TLS (https) there"),
    ("unreachable", "no way leads there from here"),
    ("No route to host", "no way leads there from here"),
    ("Connection reset", "it broke off the connection"),
    ("Connection aborted", "it broke off the connection"),
    ("closed connection", "it broke off the connection"),
    ("Exceeded", "it redirects too often"),
)


def _words(error: BaseException) -> str:
    """Why, in words for a person: what the library says of the usual reasons is for those who wrote it."""
    words = " ".join(str(error).split())
    told = "it took too long" if isinstance(error, requests.Timeout) else ""
    return told or next((ours for theirs, ours in _TELLS if theirs in words), words[:300].rstrip("."))
