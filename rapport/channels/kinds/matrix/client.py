"""The Matrix client-server API (https://spec.matrix.org/latest/client-server-api/), as far as it is used here."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from rapport.channels import outgoing
from rapport.channels.base import Account, ChannelError, File, MessageRefused, OutcomeUnknown, TooFast
from rapport.channels.kinds.matrix.parse import mapping

SYNC_BYTES_MAX = 32 * 1024 * 1024
_V3 = "/_matrix/client/v3"


class Missing(ChannelError):
    """What was asked for is not there, or not for us (403, 404); the account itself is well."""


class Api:
    """One account's homeserver. Every answer is a JSON object."""

    def __init__(self, account: Account) -> None:
        self._home = str(account.config.get("homeserver", "")).strip().rstrip("/")
        self._headers = {"Authorization": f"Bearer {account.secrets.get('access_token', '').strip()}"}

    def get(self, *path: str, **params: str) -> Mapping[str, Any]:
        """Read something below /_matrix/client/v3. Raises Missing, ChannelError."""
        return self._asked("GET", _where(path), params=params)

    def post(self, *path: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do something; the same errors."""
        return self._asked("POST", _where(path), json=dict(given))

    def put(self, *path: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set something; the same errors."""
        return self._asked("PUT", _where(path), json=dict(given))

    def sync(self, since: str, wanted: Mapping[str, Any], wait_ms: int) -> Mapping[str, Any]:
        """What happened since; waits up to `wait_ms` for something to happen."""
        params = {"filter": orjson.dumps(wanted).decode(), "timeout": str(wait_ms)}
        if since:
            params["since"] = since
        seconds = wait_ms / 1000 + 30
        return self._asked("GET", f"{_V3}/sync", params=params, timeout=seconds, whole_s=seconds + 30,
                           bytes_max=SYNC_BYTES_MAX)  # fmt: skip

    def media(self, address: str, bytes_max: int) -> bytes:
        """The content at an `mxc://` address. Raises outgoing.TooLarge, Missing, ChannelError."""
        server, _, identity = address.removeprefix("mxc://").partition("/")
        name = f"{quote(server, safe='')}/{quote(identity, safe='')}"
        answer = outgoing.ask("GET", f"{self._home}/_matrix/client/v1/media/download/{name}", headers=self._headers,
                              bytes_max=bytes_max)  # fmt: skip
        if answer.status == 404 and b"M_UNRECOGNIZED" in answer.body:  # before 1.11 media was for everybody
            address = f"{self._home}/_matrix/media/v3/download/{name}"
            answer = outgoing.ask("GET", address, headers=self._headers, bytes_max=bytes_max)
        _check(answer)
        return answer.body

    def upload(self, file: File) -> str:
        """Store a file with the homeserver; its `mxc://` address. Raises MessageRefused where it is not taken."""
        answer = outgoing.ask(
            "POST", f"{self._home}/_matrix/media/v3/upload", params={"filename": file.filename}, data=file.data,
            headers={**self._headers, "Content-Type": file.content_type or "application/octet-stream"}, whole_s=300.0,
        )  # fmt: skip
        _check_message(answer)
        address = mapping(answer.json()).get("content_uri")
        if not isinstance(address, str):
            raise ChannelError("The homeserver did not say where it keeps the file.", permanent=False)
        return address

    def send(self, room: str, kind: str, key: str, content: Mapping[str, Any]) -> str:
        """Put one event into a room; its id. The same `key` again is the same event, not a second one.

        Raises MessageRefused where the room does not take it, OutcomeUnknown where it may have arrived.
        """
        path = _where(("rooms", room, "send", kind, key))
        answer = outgoing.attempt("PUT", self._home + path, headers=self._headers, json=dict(content))
        _check_message(answer)
        try:
            return str(mapping(answer.json())["event_id"])
        except (ChannelError, KeyError) as error:
            raise OutcomeUnknown("The homeserver did not say what became of the message.", permanent=False) from error

    def _asked(self, method: str, path: str, **what: Any) -> Mapping[str, Any]:
        answer = outgoing.ask(method, self._home + path, headers=self._headers, **what)
        _check(answer)
        found = answer.json()
        if not isinstance(found, dict):
            raise ChannelError("The homeserver answered with something else than Matrix.", permanent=False)
        return found


def _where(path: tuple[str, ...]) -> str:
    return "/".join([_V3, *(quote(part, safe="") for part in path)])


def _check(answer: outgoing.Answer) -> None:
    """A token that is not accepted is for a person to mend; what is forbidden or not there is only that."""
    if answer.status == 401:
        raise ChannelError("The homeserver does not accept the access token (any more).",
                           "Enter a new access token for this channel.", permanent=True)  # fmt: skip
    if answer.status == 429:
        raise TooFast("The homeserver asks us to slow down.", retry_after=_wait(answer))
    if answer.status in (400, 403, 404):
        raise Missing(f"The homeserver answered {answer.status}: {_words(answer)}", permanent=True)
    outgoing.check(answer)


def _check_message(answer: outgoing.Answer) -> None:
    """What a status means for one message: 403 is a room that does not let us write, not an account that is ill."""
    if answer.status in (400, 403, 404, 413, 422):
        raise MessageRefused(f"The room did not take the message: {_words(answer)}", permanent=True)
    _check(answer)


def _wait(answer: outgoing.Answer) -> float:
    """The header came with 1.10; `retry_after_ms` in the body is older."""
    if "retry-after" in answer.headers:
        return outgoing.retry_after(answer.headers)
    try:
        stated = mapping(answer.json()).get("retry_after_ms")
    except ChannelError:
        stated = None
    return min(max(stated / 1000, 1.0), 3600.0) if isinstance(stated, int | float) else 60.0


def _words(answer: outgoing.Answer) -> str:
    try:
        found = mapping(answer.json())
    except ChannelError:
        return str(answer.status)
    return " ".join(f"{found.get('errcode', '')} {found.get('error', answer.status)}".split())[:200]

