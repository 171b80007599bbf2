"""A server of the Mastodon API that a test holds in its hand: what it says, how it streams, when it breaks."""

import base64
import hashlib
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import orjson

from tests.channels.mastodon.samples import ACCOUNT, notification

_OWN = {**ACCOUNT, "id": "7", "username": "brand", "acct": "brand"}


class FakeServer:
    """`streams` is "sse", "websocket" or ""; `version` what it calls itself; `limits` headers on every answer."""

    def __init__(self, streams: str = "", version: str = "4.4.0") -> None:
        self.streams = streams
        self.version = version
        self.limits: dict[str, str] = {}
        self.notifications: list[dict[str, Any]] = []
        self.broken: dict[str, tuple[int, bytes]] = {}
        self.revoked = False
        self.asked: list[str] = []
        self.posted: list[dict[str, Any]] = []
        self.open = 0
        self._lines: list[queue.Queue[tuple[str, str] | None]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def mention(self, number: int, words: str, told: bool = True, **changed: Any) -> None:
        """Somebody mentions us; `told` also by the stream."""
        one = notification("mention", number, id=str(1_000 + number), content=f"<p>{words}</p>", **changed)
        one["created_at"] = one["status"]["created_at"] = None
        self.notifications.append(one)
        if told:
            self.push("notification", orjson.dumps(one).decode())

    def push(self, name: str, data: str) -> None:
        """An event to everybody who listens."""
        for line in self._lines:
            line.put((name, data))

    def hang_up(self) -> None:
        """Every stream ends."""
        for line in self._lines:
            line.put(None)
        self._lines.clear()

    def listened(self) -> "queue.Queue[tuple[str, str] | None]":
        """A new listener."""
        line: queue.Queue[tuple[str, str] | None] = queue.Queue()
        self._lines.append(line)
        self.open += 1
        return line

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        """What a GET is answered with."""
        self.asked.append(path)
        if self.revoked:
            return 401, b'{"error":"The access token was revoked"}'
        if path in self.broken:
            return self.broken[path]
        if path == "/api/v1/notifications":
            after = int((query.get("min_id") or ["0"])[0])
            before = int((query.get("max_id") or ["999999"])[0])
            limit = int((query.get("limit") or ["20"])[0])
            there = [one for one in self.notifications if after < int(one["id"]) < before]
            page = there[:limit] if after else there[-limit:]
            return 200, orjson.dumps(page[::-1])
        if path.endswith("/verify_credentials"):
            return 200, orjson.dumps(_OWN)
        if path.startswith("/api/v2/instance"):
            return (404, b'{"error":"no"}') if "takahe" in self.version else (200, self._instance())
        if path.startswith("/api/v1/instance"):
            return 200, self._instance()
        if path.startswith(("/api/v1/accounts/7/statuses", "/api/v1/timelines/tag/")):
            return 200, b"[]"
        if path == "/api/v2/search":
            return 200, b'{"accounts":[],"hashtags":[],"statuses":[]}'
        return self._status(path)

    def _status(self, path: str) -> tuple[int, bytes]:
        for one in self.notifications:
            if path == f"/api/v1/statuses/{one['status']['id']}" and not one.get("gone"):
                return 200, orjson.dumps(one["status"])
        return 404, b'{"error":"Record not found"}'

    def _instance(self) -> bytes:
        if "takahe" in self.version:
            return orjson.dumps({"uri": "social.example", "version": self.version, "urls": {}, "configuration": {}})
        statuses = {"max_characters": 5_000, "characters_reserved_per_url": 25}
        said = {"domain": "social.example", "version": self.version, "configuration": {"statuses": statuses}}
        return orjson.dumps(said)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _handler(fake: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            streams = parts.path.startswith("/api/v1/streaming")
            wanted = "websocket" if parts.path == "/api/v1/streaming" else "sse"
            try:
                if streams and fake.streams == wanted and not fake.revoked:
                    self._stream(wanted == "websocket")
                else:
                    self._say(*fake.answer(parts.path, parse_qs(parts.query)))
            except OSError:
                self.close_connection = True

        def do_POST(self) -> None:
            body = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
            fake.posted.append({name: values[0] for name, values in body.items()})
            self._say(200, orjson.dumps({"id": f"90{len(fake.posted)}", "visibility": "direct"}))

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            kind = "text/html" if body.startswith(b"<") else "application/json"
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **fake.limits}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, frames: bool) -> None:
            self.close_connection = True
            (self._shake_hands if frames else self._begin)()
            self.wfile.flush()
            line = fake.listened()
            while (event := line.get()) is not None:
                self.wfile.write(_frame(event) if frames else f"event: {event[0]}\ndata: {event[1]}\n\n".encode())
                self.wfile.flush()

        def _begin(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b":)\n\n")

        def _shake_hands(self) -> None:
            key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            accepted = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
            self.send_header("Sec-WebSocket-Accept", accepted)
            self.end_headers()

    return Handler


def _frame(event: tuple[str, str]) -> bytes:
    """RFC 6455, 5.2: one whole text frame."""
    body = orjson.dumps({"stream": ["user"], "event": event[0], "payload": event[1]})
    size = bytes([len(body)]) if len(body) < 126 else bytes([126]) + len(body).to_bytes(2, "big")
    return b"\x81" + size + body
