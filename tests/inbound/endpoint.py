"""An OpenAI-compatible endpoint on this machine that the tests play: it keeps what it was sent, and answers as told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

Answer = tuple[int, dict[str, str], bytes]


def completion(said: Any, tokens: int = 42) -> Answer:
    """A chat completion as the API reference has it; `said` is its content, as JSON unless it is text."""
    content = said if isinstance(said, str) else orjson.dumps(said).decode()
    message = {"role": "assistant", "content": content, "refusal": None}
    told = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "small",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": tokens - 2, "completion_tokens": 2, "total_tokens": tokens},
    }  # fmt: skip
    return 200, {"Content-Type": "application/json"}, orjson.dumps(told)


@dataclass
class Endpoint:
    """What it was asked, and what it answers next; `answers` are used up one by one, the last stays."""

    url: str
    answers: list[Answer] = field(default_factory=lambda: [completion({"team": 0, "topic": 0})])
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def told(self) -> str:
        """All that ever came here, as one text."""
        return "\n".join(one["content"] for body in self.asked for one in body["messages"])


@contextmanager
def playing() -> Iterator[Endpoint]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            played.asked.append(orjson.loads(body) | {"path": self.path})
            played.headers.append(dict(self.headers))
            status, headers, answer = played.answers.pop(0) if len(played.answers) > 1 else played.answers[0]
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(answer))}).items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(answer)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played = Endpoint(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
