"""A web server on loopback that answers what a test tells it to, good or bad."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import orjson


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `endless` goes on sending the body until the other side hangs up; `after_s` waits before it."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    endless: bool = False
    after_s: float = 0.0

    @classmethod
    def of(cls, value: Any, status: int = 200, **headers: str) -> "Reply":
        """An answer in JSON."""
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, orjson.dumps(value), {"Content-Type": "application/json", **given})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up in the middle is what tests are about, and no news."""


class ScriptedServer:
    """`with ScriptedServer() as server: server.always(Reply(429))`; `asked` has every request.

    `on(method, path, reply)` answers a path (without its query); what nobody foresaw gets what `always` says.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._replies: dict[tuple[str, str], list[Reply]] = {}
        self._usual = Reply(404, b"{}", {"Content-Type": "application/json"})
        self._stopped = threading.Event()
        self._server = _Quiet(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def always(self, reply: Reply) -> Self:
        """Answer everything else like this."""
        self._usual = reply
        return self

    def on(self, method: str, path: str, *replies: Reply) -> Self:
        """Answer a path with each reply in turn, the last one for ever."""
        self._replies[method, path] = list(replies)
        return self

    def next(self, asked: Asked) -> Reply:
        """What this request is answered with."""
        self.asked.append(asked)
        waiting = self._replies.get((asked.method, asked.path.partition("?")[0]))
        if not waiting:
            return self._usual
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    @property
    def is_stopped(self) -> bool:
        """Whether endless answers are to end."""
        return self._stopped.is_set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.next(Asked(self.command, self.path, headers, body))
            if reply.after_s:
                time.sleep(reply.after_s)
            try:
                self._write(reply)
            except OSError:
                self.close_connection = True

        def _write(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.endless:
                self.close_connection = True
                self.send_header("Connection", "close")
                self.end_headers()
                while not server.is_stopped:
                    self.wfile.write(reply.body or b" " * 65_536)
            else:
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer  # noqa: N815 - the names of http.server

    return Handler
