"""The event stream over WebSocket, for servers such as GoToSocial that have no other."""

import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import orjson

from rapport.channels import guard, outgoing
from rapport.channels.base import ChannelError
from rapport.channels.kinds.mastodon.stream import EVENT_BYTES_MAX, Heard, NoStream

if TYPE_CHECKING:
    from rapport.channels.kinds.mastodon.client import Client
    from rapport.channels.kinds.mastodon.stream import Reader

_WAIT_S = 60.0


def listen(client: "Client", reader: "Reader") -> None:
    """Read the stream until it ends or the reader is stopped. Raises ChannelError, permanent for a dead token."""
    from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    if outgoing.session().proxies:
        raise NoStream("There is no stream through the proxy.", permanent=False)
    line = _line(client)
    try:
        with line, connect(
            _url(client, reader.tag), sock=line, max_size=EVENT_BYTES_MAX, open_timeout=outgoing.TIMEOUT_S,
            additional_headers={"Authorization": f"Bearer {client.token}"}, compression=None,
            close_timeout=1, proxy=None,
        ) as stream:  # fmt: skip
            _hear(stream, reader, line)
    except InvalidStatus as error:
        if error.response.status_code == 401:
            raise ChannelError(
                f"{client.settings.host} does not accept the sign-in any more (401).",
                "Enter new credentials for this channel.",
                permanent=True,
            ) from error
        raise NoStream(f"{client.settings.host} has no stream.", permanent=False) from error
    except InvalidHandshake as error:
        raise NoStream(f"{client.settings.host} has no stream.", permanent=False) from error
    except (WebSocketException, OSError, EOFError, TimeoutError, ValueError) as error:
        raise ChannelError(f"The stream of {client.settings.host} broke off.", permanent=False) from error


def _line(client: "Client") -> socket.socket:
    """A connection to the very address that was checked."""
    parts = urlsplit(client.settings.url)
    host, secure = str(parts.hostname), parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    address = guard.resolved(host, port)
    try:
        line = socket.create_connection((address, port), timeout=outgoing.TIMEOUT_S)
    except OSError as error:
        raise ChannelError(f"{host} does not answer: {error}", permanent=False) from error
    if not secure:
        return line
    try:
        return ssl.create_default_context().wrap_socket(line, server_hostname=host)
    except (OSError, ValueError) as error:
        line.close()
        raise ChannelError(f"{host} cannot be trusted: {error}", permanent=False) from error


def _url(client: "Client", tag: str) -> str:
    # A socket that is secured already: the address must not ask for it once more.
    wanted = {"stream": "hashtag", "tag": tag} if tag else {"stream": "user"}
    return f"ws://{client.settings.host}/api/v1/streaming?{urlencode(wanted)}"


def _hear(stream: Any, reader: "Reader", line: socket.socket) -> None:
    def hang_up() -> None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    if not reader.hold(hang_up):
        return
    reader.tell(Heard(reader.tag, ""))
    while True:
        # The library answers and sends pings by itself, so a dead line ends this wait too.
        try:
            said = stream.recv(timeout=_WAIT_S)
        except TimeoutError:
            continue
        event = _event(said)
        if event is not None:
            reader.tell(Heard(reader.tag, *event))


def _event(said: str | bytes) -> tuple[str, str] | None:
    try:
        event = orjson.loads(said)
    except orjson.JSONDecodeError:
        return None
    name, data = (event.get("event"), event.get("payload")) if isinstance(event, dict) else (None, None)
    return (name[:100], data) if isinstance(name, str) and isinstance(data, str) and name else None
