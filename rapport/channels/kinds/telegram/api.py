"""The few methods of the Bot API that are needed (https://core.telegram.org/bots/api), over `channels.outgoing`.

The token is part of every address there, so the words of every error are cleaned of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from rapport.channels import outgoing
from rapport.channels.base import Account, ChannelError, MessageRefused, OutcomeUnknown, TooFast
from rapport.channels.kinds.telegram.values import number, obj, text

SERVER = "https://api.telegram.org"
_UPDATES_BYTES_MAX = 16 * 1024 * 1024
_WAIT_MAX_S = 3_600.0


class Migrated(ChannelError):
    """The group became a supergroup with the number `chat`; nothing was sent."""

    def __init__(self, chat: int) -> None:
        super().__init__("The group has become a supergroup.", permanent=False)
        self.chat = chat


class Bot:
    """One bot at one server. Every method raises ChannelError."""

    def __init__(self, account: Account) -> None:
        self._token = text(account.secrets.get("token")).strip()
        # Another bot counts its updates from another number.
        self.id = self._token.partition(":")[0][:20]
        self._server = (text(account.config.get("server")).strip() or SERVER).rstrip("/")

    def me(self) -> Mapping[str, Any]:
        """getMe: the bot as a User."""
        return obj(self._asked("getMe", {}))

    def updates(self, offset: int, limit: int, wait_s: int, allowed: Sequence[str]) -> Sequence[Any]:
        """getUpdates: up to `limit` updates from `offset` on (0: the earliest unconfirmed), waiting up to `wait_s`."""
        given = {"limit": limit, "timeout": wait_s, "allowed_updates": list(allowed)}
        if offset:
            given["offset"] = offset
        found = self._asked("getUpdates", given, timeout=wait_s + 10, whole_s=wait_s + 60, bytes_max=_UPDATES_BYTES_MAX)
        if not isinstance(found, list):
            raise ChannelError("Telegram answered something that is no list of updates.", permanent=False)
        return found

    def webhook(self) -> Mapping[str, Any]:
        """getWebhookInfo."""
        return obj(self._asked("getWebhookInfo", {}))

    def set_webhook(self, url: str, secret: str, allowed: Sequence[str]) -> None:
        """setWebhook."""
        self._asked("setWebhook", {"url": url, "secret_token": secret, "allowed_updates": list(allowed)})

    def delete_webhook(self) -> None:
        """deleteWebhook; what waits there stays for getUpdates."""
        self._asked("deleteWebhook", {"drop_pending_updates": False})

    def file(self, file_id: str, bytes_max: int) -> bytes:
        """getFile and its bytes, at most so many."""
        path = text(obj(self._asked("getFile", {"file_id": file_id})).get("file_path"), 1_000)
        if not path or path.startswith("/") or ".." in path:
            raise ChannelError("Telegram named no path for the file.", permanent=False)
        url = f"{self._server}/file/bot{self._token}/{quote(path)}"
        answer = self._clean(lambda: outgoing.ask("GET", url, bytes_max=bytes_max, whole_s=30))
        if answer.status != 200:
            raise ChannelError(f"Telegram answered {answer.status} for a file.", permanent=False)
        return answer.body

    def send(self, method: str, given: Mapping[str, Any], files: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """sendMessage or sendDocument: the Message that came of it. There is no key that would tell a second from the
        first, so OutcomeUnknown is raised where it may have arrived.
        """
        what: dict[str, Any] = {"json": given}
        if files:
            what = {"data": {name: _field(value) for name, value in given.items()}, "files": files, "timeout": 60}
        answer = self._clean(lambda: outgoing.attempt("POST", self._url(method), whole_s=120, **what))
        try:
            result = obj(self._result(answer, to_send=True))
        except ChannelError as error:
            if answer.status < 300 and not isinstance(error, MessageRefused):
                raise OutcomeUnknown(error.message, permanent=False) from error
            raise
        if not number(result.get("message_id")):
            raise OutcomeUnknown("Telegram did not say which message came of it.", permanent=False)
        return result

    def _asked(self, method: str, given: Mapping[str, Any], **limits: Any) -> Any:
        return self._result(self._clean(lambda: outgoing.ask("POST", self._url(method), json=given, **limits)))

    def _url(self, method: str) -> str:
        return f"{self._server}/bot{self._token}/{method}"

    def _clean(self, ask: Any) -> outgoing.Answer:
        """What was answered; an error without the token, which the address in its words and its causes would show."""
        try:
            answer: outgoing.Answer = ask()
        except ChannelError as error:
            words = error.message.replace(self._token, "...") if self._token else error.message
            cleaned = type(error)(words, permanent=error.permanent)
        else:
            return answer
        raise cleaned

    def _result(self, answer: outgoing.Answer, *, to_send: bool = False) -> Any:
        try:
            whole = obj(orjson.loads(answer.body))
        except orjson.JSONDecodeError:
            whole = {}
        if whole.get("ok") is True and answer.status < 300:
            return whole.get("result")
        _refuse(answer, whole, to_send=to_send)
        raise ChannelError(f"Telegram answered something else than expected ({answer.status}).", permanent=False)


def _refuse(answer: outgoing.Answer, whole: Mapping[str, Any], *, to_send: bool) -> None:
    """Raise what an error means; nothing for what is no error of the API."""
    status = number(whole.get("error_code")) or answer.status
    words = text(whole.get("description")) or f"Telegram answered {status}."
    more = obj(whole.get("parameters"))
    if status == 429:
        wait = number(more.get("retry_after"))
        seconds = float(wait) if wait is not None else outgoing.retry_after(answer.headers)
        raise TooFast("Telegram asks us to slow down.", retry_after=min(max(seconds, 1.0), _WAIT_MAX_S))
    if status in (401, 404):
        raise ChannelError(
            "Telegram does not know this token.",
            "Ask @BotFather for the bot's token and enter it here.",
            permanent=True,
        )
    if to_send and number(more.get("migrate_to_chat_id")):
        raise Migrated(number(more.get("migrate_to_chat_id")) or 0)
    if to_send and status == 403:
        raise MessageRefused(
            f"Telegram refused it: {words}",
            "The person has blocked the bot, or it is no longer in the group.",
            permanent=True,
        )
    if to_send and 400 <= status < 500 and status != 408:
        raise MessageRefused(f"Telegram refused it: {words}", permanent=True)
    if status == 409:
        raise ChannelError(f"Another program reads this bot's messages, too: {words}", permanent=False)
    if 400 <= status < 500 and status != 408:
        raise ChannelError(f"Telegram refused: {words}", permanent=True)


def _field(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
