"""Sessions and calls of the AT Protocol (https://atproto.com/specs/xrpc), over the bounded HTTP client.

Signing in is dear (a few hundred times a day at most), so the sessions of a process are kept and shared: the collector
and the sender of one account use the same, and it is renewed once for both.
"""

import base64
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock, RLock
from typing import Any
from urllib.parse import urlsplit

import orjson

from rapport.channels import guard, outgoing
from rapport.channels.base import Account, ChannelError, TooFast
from rapport.channels.kinds.bluesky import settings

_SESSIONS_MAX = 200
_EXPIRED = ("ExpiredToken", "InvalidToken")
_ACCOUNT = (
    "AuthenticationRequired", "AuthFactorTokenRequired", "AuthMissing", "AccountTakedown", "AccountDeactivated",
    "AccountSuspended", "AccountNotFound", "InvalidToken", "ExpiredToken",
)  # fmt: skip
_ENTER_NEW = "Make a new app password in Bluesky's settings and enter it here."

_sessions: OrderedDict[tuple[str, ...], "Session"] = OrderedDict()
_sessions_lock = Lock()


class Refused(ChannelError):
    """The service understood, and said no to this one call. `name` is its error (a word of the lexicon)."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message, permanent=False)
        self.name = name


def session_of(account: Account) -> "Session":
    """The session of this process for an account; it signs in when first used."""
    read = settings.read(account)
    password = account.secrets.get("app_password", "")
    own = _own_did(account)
    key = (str(account.id), read.service, read.handle, own, sha256(password.encode()).hexdigest())
    with _sessions_lock:
        kept = _sessions.pop(key, None) or Session(read.service, read.handle, password, own)
        _sessions[key] = kept
        while len(_sessions) > _SESSIONS_MAX:
            _sessions.popitem(last=False)
    return kept


def new_session(account: Account) -> "Session":
    """A session of its own, signed in now, whoever the account turns out to be."""
    read = settings.read(account)
    made = Session(read.service, read.handle, account.secrets.get("app_password", ""))
    made.sign_in()
    return made


class Session:
    """One signed-in account. `did` and `handle` are the service's words; `limits` what is left of the rate limit."""

    def __init__(self, service: str, identifier: str, password: str, expected_did: str = "") -> None:
        self.did = ""
        self.handle = ""
        self.limits: dict[str, Any] = {}
        self._service = self._endpoint = service
        self._identifier, self._password, self._expected_did = identifier, password, expected_did
        self._access = self._refresh = ""
        self._lock = RLock()

    def sign_in(self) -> None:
        """Sign in with the password. Raises a permanent ChannelError where it is not accepted."""
        with self._lock:
            credentials = {"identifier": self._identifier, "password": self._password}
            address = f"{self._service}/xrpc/com.atproto.server.createSession"
            answer = outgoing.ask("POST", address, json=credentials)
            if 400 <= answer.status < 500 and answer.status not in (408, 429):
                raise _not_signed_in(answer)
            self._take(_judged(answer))

    def signed_in(self) -> "Session":
        """Itself, after signing in where that is still to be done."""
        with self._lock:
            if not self._access:
                self.sign_in()
        return self

    def query(self, method: str, **params: Any) -> dict[str, Any]:
        """GET a method of the lexicon. Raises TooFast, Refused, or another ChannelError."""
        return self._call("GET", method, params={name: one for name, one in params.items() if one is not None})

    def procedure(self, method: str, value: Any) -> dict[str, Any]:
        """POST a method with a JSON body; the same errors."""
        return self._call("POST", method, json=value)

    def upload(self, data: bytes, content_type: str) -> dict[str, Any]:
        """Upload a blob; what refers to it (it vanishes again when no record does within the hour)."""
        answer = self._call(
            "POST", "com.atproto.repo.uploadBlob", data=data, headers={"Content-Type": content_type}, timeout=60.0
        )
        blob = answer.get("blob")
        if not isinstance(blob, dict):
            raise ChannelError("The service did not say where it put the picture.", permanent=False)
        return blob

    @property
    def has_app_password(self) -> bool:
        """Whether the session was made with an app password, which its token says (scope com.atproto.appPass)."""
        try:
            claims = self._access.split(".")[1]
            scope = orjson.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["scope"]
        except (ValueError, LookupError, TypeError):
            return True
        return bool(scope != "com.atproto.access")

    def _call(self, verb: str, method: str, **what: Any) -> dict[str, Any]:
        headers = what.pop("headers", {})
        token = self.signed_in()._access
        for attempt in (1, 2):
            address = f"{self._endpoint}/xrpc/{method}"
            answer = self._asked(verb, address, headers={**headers, "Authorization": f"Bearer {token}"}, **what)
            self._note_limits(answer.headers)
            if attempt == 2 or not _is_expired(answer):
                return _judged(answer)
            token = self._renewed(token)
        raise AssertionError("unreachable")

    def _asked(self, verb: str, address: str, **what: Any) -> outgoing.Answer:
        """An account may move to another data server: where one does not answer, the service is asked next."""
        try:
            return outgoing.ask(verb, address, **what)
        except ChannelError:
            self._endpoint = self._service
            raise

    def _renewed(self, old: str) -> str:
        """A token newer than `old`: another thread's, or by the refresh token, or by signing in again."""
        with self._lock:
            if self._access != old:
                return self._access
            answer = outgoing.ask(
                "POST",
                f"{self._endpoint}/xrpc/com.atproto.server.refreshSession",
                headers={"Authorization": f"Bearer {self._refresh}"},
            )
            if 400 <= answer.status < 500 and answer.status not in (408, 429):
                self.sign_in()
            else:
                self._take(_judged(answer))
            return self._access

    def _take(self, session: Mapping[str, Any]) -> None:
        access, refresh, did = (session.get(name) for name in ("accessJwt", "refreshJwt", "did"))
        if not (isinstance(access, str) and access and isinstance(refresh, str) and isinstance(did, str) and did):
            raise ChannelError("The service did not answer the sign-in as Bluesky does.", permanent=False)
        if self._expected_did and did != self._expected_did:
            raise ChannelError(
                f"@{self._identifier} now belongs to another account.", "Connect it anew.", permanent=True
            )
        self.did, self.handle = did, str(session.get("handle") or self._identifier)
        self._endpoint = _data_server(session.get("didDoc"), self._service)
        self._access, self._refresh = access, refresh

    def _note_limits(self, headers: Mapping[str, str]) -> None:
        left, resets = headers.get("ratelimit-remaining", ""), headers.get("ratelimit-reset", "")
        if left.isdigit() and resets.isdigit() and len(resets) < 12:
            at = datetime.fromtimestamp(int(resets), UTC)
            self.limits = {"limit_left": int(left), "limit_resets_at": at.isoformat()}


def _own_did(account: Account) -> str:
    own = account.config.get("own")
    did = own.get("did") if isinstance(own, Mapping) else None
    return did if isinstance(did, str) else ""


def _data_server(document: Any, service: str) -> str:
    """Where the account's data server is, as its DID document says; the service where that says nothing usable."""
    listed = document.get("service") if isinstance(document, dict) else None
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and str(one.get("id")).endswith("#atproto_pds"):
            address = str(one.get("serviceEndpoint")).rstrip("/")
            parts = urlsplit(address)
            here = guard.is_loopback(parts.hostname or "") and guard.is_loopback(urlsplit(service).hostname or "")
            if parts.hostname and (parts.scheme == "https" or here):
                return address
    return service


def _error(answer: outgoing.Answer) -> tuple[str, str]:
    """The name and the words of an error, as far as they are there."""
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(value, dict):
        return "", ""
    return str(value.get("error") or "")[:100], " ".join(str(value.get("message") or "").split())[:300]


def _is_expired(answer: outgoing.Answer) -> bool:
    return answer.status == 401 or (answer.status == 400 and _error(answer)[0] in _EXPIRED)


def _judged(answer: outgoing.Answer) -> dict[str, Any]:
    """The value of a good answer. Raises what another means."""
    name, words = ("", "") if answer.status < 400 else _error(answer)
    host = urlsplit(answer.url).hostname or "The service"
    if answer.status < 400:
        value = answer.json() if answer.body else {}
        if not isinstance(value, dict):
            raise ChannelError(f"{host} does not answer as Bluesky does.", permanent=False)
        return value
    if answer.status == 429:
        raise TooFast(f"{host} asks us to slow down.", retry_after=_wait(answer.headers))
    if answer.status in (401, 403) or name in _ACCOUNT:
        raise ChannelError(f"{host} does not accept the sign-in any more: {words or name}.", _ENTER_NEW, permanent=True)
    if answer.status >= 500 or answer.status == 408:
        raise ChannelError(f"{host} answered {answer.status} {words or name}".strip() + ".", permanent=False)
    raise Refused(f"{host} refused: {words or name or answer.status}", name)


def _wait(headers: Mapping[str, str]) -> float:
    resets = headers.get("ratelimit-reset", "")
    if "retry-after" not in headers and resets.isdigit():
        return min(max(float(resets) - time.time(), 1.0), 3600.0)
    return outgoing.retry_after(headers)


def _not_signed_in(answer: outgoing.Answer) -> ChannelError:
    name, words = _error(answer)
    host = urlsplit(answer.url).hostname
    if name == "AuthFactorTokenRequired":
        return ChannelError(f"{host} asks for a second factor: that is the account's own password.", _ENTER_NEW,
                            permanent=True)  # fmt: skip
    if answer.status == 404 and not name:
        return ChannelError(f"{host} is no server of Bluesky.", "Check the address of the service.", permanent=True)
    return ChannelError(f"{host} does not let us sign in: {words or name or answer.status}.", _ENTER_NEW,
                        permanent=True)  # fmt: skip
