"""A Bot API server on loopback that keeps chats in memory: people write, the bot asks for updates and answers.

It follows https://core.telegram.org/bots/api (10.3): updates wait until a higher offset confirms them, a second
getUpdates ends the first, webhooks bring the secret token, refusals are those of the real server. `calls` and `updates`
hold all that went over the wire, so that `check.py` can hold it against models generated from the published page.
"""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

TOKEN = "666:emulated-token-of-the-hub-bot-0123456789"
BOT = {"id": 666, "is_bot": True, "first_name": "Hub", "username": "hub_bot"}
ANN = {"id": 8, "is_bot": False, "first_name": "Ann", "last_name": "Example", "username": "ann_example"}
BEN = {"id": 9, "is_bot": False, "first_name": "Ben"}
PRIVATE = {"id": 8, "type": "private", "first_name": "Ann", "last_name": "Example", "username": "ann_example"}
GROUP = {"id": -1001234567890, "type": "supergroup", "title": "Garden club", "username": "garden_club"}
PLAIN = {"id": -4321, "type": "group", "title": "Small group"}
_TEXT_MAX = 4096


class Refused(Exception):
    """An error of the API, with its code, words and parameters."""

    def __init__(self, code: int, words: str, **parameters: int) -> None:
        super().__init__(words)
        self.code, self.words, self.parameters = code, words, parameters


class TelegramServer:
    """`with TelegramServer() as telegram: telegram.says("Hello")`."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.updates: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.webhook: dict[str, Any] = {"url": ""}
        self.refusals: list[Refused] = []
        self._numbers = iter(range(1001, 10**9))
        self._messages = iter(range(1, 10**9))
        self._changed = threading.Condition()
        self._asking = 0
        self._stopped = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def says(
        self, text: str = "", chat: dict[str, Any] = PRIVATE, who: dict[str, Any] = ANN, **more: Any
    ) -> dict[str, Any]:
        """Somebody writes; returns the Message."""
        message = {"message_id": next(self._messages), "date": int(time.time()), "chat": chat, "from": who, **more}
        if text:
            message["text"] = text
        self.happens(message=message)
        return message

    def happens(self, **update: Any) -> None:
        """An update of any kind."""
        with self._changed:
            self.updates.append({"update_id": next(self._numbers), **update})
            self._changed.notify_all()

    def wait_until(self, is_so: Callable[[], bool], seconds: float = 60) -> None:
        """Wait for something to become true."""
        until = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < until, "it did not come about"
            time.sleep(0.02)

    def deliver(self, url: str, update: dict[str, Any]) -> int:
        """Bring one update to a webhook, as Telegram does; the status it answered."""
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": self.webhook["secret_token"]}
        asked = urllib.request.Request(url, json.dumps(update).encode(), headers)
        with urllib.request.urlopen(asked) as answer:
            return int(answer.status)

    # The methods.

    def call(self, method: str, given: dict[str, Any]) -> Any:
        """What a method answers. Raises Refused."""
        self.calls.append((method, given))
        if self.refusals and method.startswith("send"):
            raise self.refusals.pop(0)
        known = {
            "getMe": self._me, "getUpdates": self._updates, "setWebhook": self._set, "deleteWebhook": self._delete,
            "getWebhookInfo": self._info, "getFile": self._file, "sendMessage": self._send, "sendDocument": self._send,
        }  # fmt: skip
        if method not in known:
            raise Refused(404, "Not Found: method not found")
        return known[method](given)

    def _me(self, given: dict[str, Any]) -> Any:
        return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    def _updates(self, given: dict[str, Any]) -> Any:
        if self.webhook["url"]:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first")
        offset, limit, until = (
            given.get("offset", 0),
            given.get("limit", 100),
            time.monotonic() + given.get("timeout", 0),
        )
        with self._changed:
            self._asking += 1
            mine = self._asking
            self._changed.notify_all()
            self.updates[:] = [one for one in self.updates if one["update_id"] >= offset]
            while not self.updates and time.monotonic() < until and not self._stopped:
                self._changed.wait(min(until - time.monotonic(), 0.2))
                if self._asking != mine:
                    raise Refused(409, "Conflict: terminated by other getUpdates request")
            return self.updates[:limit]

    def _set(self, given: dict[str, Any]) -> Any:
        self.webhook = dict(given)
        return True

    def _delete(self, given: dict[str, Any]) -> Any:
        self.webhook = {"url": ""}
        return True

    def _info(self, given: dict[str, Any]) -> Any:
        return {"url": self.webhook["url"], "has_custom_certificate": False, "pending_update_count": len(self.updates)}

    def _file(self, given: dict[str, Any]) -> Any:
        if given["file_id"] not in self.files:
            raise Refused(400, "Bad Request: invalid file_id")
        return {
            "file_id": given["file_id"],
            "file_unique_id": "u" + given["file_id"],
            "file_path": f"photos/{given['file_id']}",
        }

    def _send(self, given: dict[str, Any]) -> Any:
        text = given.get("text", "")
        if "document" not in given and not text.strip():
            raise Refused(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > _TEXT_MAX:
            raise Refused(400, "Bad Request: message is too long")
        chat = next((one for one in (PRIVATE, GROUP, PLAIN) if one["id"] == given["chat_id"]), None)
        if chat is None:
            raise Refused(400, "Bad Request: chat not found")
        message = {"message_id": next(self._messages), "date": int(time.time()), "chat": chat, "from": BOT}
        if text:
            message["text"] = text
        else:
            message["document"] = {"file_id": "D1", "file_unique_id": "uD1", "file_name": given["document"]}
        self.sent.append(message)
        return message


def _handler(telegram: TelegramServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.startswith(f"/file/bot{TOKEN}/photos/"):
                data = telegram.files.get(self.path.rpartition("/")[2])
                self._write(404 if data is None else 200, data or b"", "application/octet-stream")
                return
            code, answer = 200, {}
            try:
                if not self.path.startswith(f"/bot{TOKEN}/"):
                    raise Refused(401, "Unauthorized")
                answer = {"ok": True, "result": telegram.call(self.path.rpartition("/")[2], self._given(body))}
            except Refused as error:
                code, answer = error.code, {"ok": False, "error_code": error.code, "description": error.words}
                if error.parameters:
                    answer["parameters"] = error.parameters
            self._write(code, json.dumps(answer).encode(), "application/json")

        def _given(self, body: bytes) -> dict[str, Any]:
            kind = self.headers.get("Content-Type", "")
            if not kind.startswith("multipart/"):
                return dict(json.loads(body or b"{}"))
            given: dict[str, Any] = {}
            whole = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
            for part in whole.walk():
                name = part.get_param("name", header="content-disposition")
                if name:
                    value = part.get_payload(decode=True)
                    assert isinstance(value, bytes)
                    given[str(name)] = part.get_filename() or json.loads(value)
            return given

        def _write(self, code: int, body: bytes, kind: str) -> None:
            try:
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = _answer  # noqa: N815 - the names of http.server

    return Handler
