"""The open pages' ear: a raw ASGI application that says which thing changed, and never what it says.

GET /live?token=... is a stream of server-sent events (WHATWG HTML, section 9.2): `hello` with {"n": open pages},
`change` with {"k": kind, "id": id} for what the member's teams may see, first what was changed since the page looked
(its ticket says when that was), `refresh` when something may have been missed.
Pages fetch what changed by the ordinary views, where permission is checked. The more of them are open, the longer each
waits before it does: they would all ask at once. Visitors' chat windows have a stream of their own (`live.visitors`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rapport.core.options import options
from rapport.live import visitors
from rapport.live.hub import Hub, Listener
from rapport.live.ticket import read

HEARTBEAT_S = 15.0
#: How long a stream lives before the page must show a fresh ticket: a member who left is gone by then at the latest.
STREAM_S = 3600.0

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

hub = Hub()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """One request: a stream for whoever shows a good ticket, a plain refusal for all others."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        await _http(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            await hub.close()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _http(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == visitors.PATH and scope["method"] == "GET":
        await _visitor(scope, receive, send)
        return
    if scope["path"].rstrip("/") != "/live" or scope["method"] != "GET":
        await _refuse(send, 404, b"There is nothing here.")
        return
    ticket = read(_asked(scope, "token"))
    listener = await hub.join(ticket) if ticket else None
    if listener is None:
        await _refuse(send, 403, b"The ticket is not good any more: get a fresh one.", _cors(scope))
        return
    try:
        hello = b'retry: 2000\nevent: hello\ndata: {"n": %d}\n\n' % hub.open_pages
        await send(_begins(_cors(scope)))
        await _stream(listener, hello, receive, send)
    finally:
        hub.leave(listener)


async def _visitor(scope: Scope, receive: Receive, send: Send) -> None:
    """A stream for whoever shows a good ticket of a chat: it says "changed", and never what or by whom."""
    ear = visitors.read(_asked(scope, "ticket"))
    if not ear:
        await _refuse(send, 403, b"The ticket is not good any more: get a fresh one.", visitors.CORS)
        return
    listener = await hub.join_visitor(ear)
    if listener is None:
        await _refuse(send, 503, b"Too many listen: ask now and then instead.", visitors.CORS)
        return
    try:
        await send(_begins(visitors.CORS))
        await _stream(listener, b"retry: 5000\nevent: hello\ndata: {}\n\n", receive, send)
    finally:
        hub.leave(listener)


def _asked(scope: Scope, name: str) -> str:
    return str(parse_qs(scope.get("query_string", b"").decode("latin-1")).get(name, [""])[0])


def _begins(headers: "list[tuple[bytes, bytes]]") -> dict[str, Any]:
    stream = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), *headers]
    return {"type": "http.response.start", "status": 200, "headers": stream}


async def _stream(listener: Listener, hello: bytes, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.body", "body": hello, "more_body": True})
    gone = asyncio.ensure_future(_gone(receive))
    ends = asyncio.get_running_loop().time() + STREAM_S
    try:
        while not gone.done() and asyncio.get_running_loop().time() < ends:
            body = await _next(listener, gone)
            if body is None:
                break
            await send({"type": "http.response.body", "body": body, "more_body": True})
        if not gone.done():
            # Ended in words of the protocol: the browser would take it for a broken connection otherwise.
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        gone.cancel()


async def _next(listener: Listener, gone: "asyncio.Future[None]") -> bytes | None:
    """What to send next; None when the listener is to go."""
    heard = asyncio.ensure_future(listener.heard())
    waited: set[asyncio.Future[Any]] = {heard, gone}
    done, _ = await asyncio.wait(waited, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
    if heard in done:
        return heard.result()
    heard.cancel()
    return None if gone in done else b": still here\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, words: bytes, headers: "list[tuple[bytes, bytes]] | None" = None) -> None:
    plain = [(b"content-type", b"text/plain; charset=utf-8"), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": words})


def _cors(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The pages stand on another port of the same host; nobody else's pages may listen."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"")
    host = urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}").hostname
    ours = {host, urlsplit(options().public_url).hostname}
    if not origin or urlsplit(origin.decode("latin-1")).hostname not in ours - {None}:
        return []
    return [(b"access-control-allow-origin", origin), (b"vary", b"origin")]
