"""The few requests that are needed, over `channels.outgoing`."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import orjson

from rapport.channels import outgoing
from rapport.channels.base import Account, ChannelError, File, MessageRefused, OutcomeUnknown, TooFast
from rapport.channels.kinds.discord.values import obj, rows, snowflake, text
from rapport.channels.outgoing import Answer

SERVER = "https://discord.com/api/v10"
# Discord blocks programs that do not say who they are in this form.
_AGENT = "DiscordBot (https://pypi.org/project/rapport-hub, 1)"
_WAIT_MAX_S = 3_600.0
_BYTES_MAX = 16 * 1024 * 1024


class Bot:
    """One bot. Every method raises ChannelError."""

    def __init__(self, account: Account) -> None:
        self._server = (text(account.config.get("server")).strip() or SERVER).rstrip("/")
        token = text(account.secrets.get("token"), 500).strip().removeprefix("Bot ")
        self._headers = {"Authorization": f"Bot {token}", "User-Agent": _AGENT}
        self.left: Mapping[str, float] = {}

    def me(self) -> Mapping[str, Any]:
        """The bot as a user."""
        found = obj(self._got("/users/@me", {}))
        if not snowflake(found.get("id")):
            raise ChannelError("Discord did not say who the bot is.", permanent=False)
        return found

    def channel(self, which: str) -> Mapping[str, Any]:
        """A channel: guild_id, name."""
        return obj(self._got(f"/channels/{which}", {}))

    def threads(self, server: str) -> Sequence[Mapping[str, Any]]:
        """The threads of a server that are not archived."""
        return rows(obj(self._got(f"/guilds/{server}/threads/active", {})).get("threads"), 1_000)

    def messages(self, channel: str, after: str = "") -> Sequence[Mapping[str, Any]]:
        """Up to 100 messages that follow `after` at once, or the newest 50; newest first."""
        given = {"limit": "100", "after": after} if after else {"limit": "50"}
        found = self._got(f"/channels/{channel}/messages", given)
        if not isinstance(found, list):
            raise ChannelError("Discord answered something that is no list of messages.", permanent=False)
        return rows(found)

    def send(self, channel: str, given: Mapping[str, Any], files: Sequence[File]) -> Mapping[str, Any]:
        """One message. Where it stays open whether it arrived, it is sent again at once: Discord knows the nonce of the
        last few minutes and makes no second one.
        """
        what: dict[str, Any] = {"json": given}
        if files:
            parts: dict[str, Any] = {"payload_json": (None, orjson.dumps(given), "application/json")}
            for index, file in enumerate(files):
                parts[f"files[{index}]"] = (file.filename, file.data, file.content_type or "application/octet-stream")
            what = {"files": parts, "timeout": 60}
        try:
            return self._sent(channel, what)
        except OutcomeUnknown as unknown:
            try:
                return self._sent(channel, what)
            except ChannelError as error:
                raise OutcomeUnknown(unknown.message, unknown.hint, permanent=False) from error

    def _sent(self, channel: str, what: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{self._server}/channels/{channel}/messages"
        answer = outgoing.attempt("POST", url, headers=self._headers, whole_s=120, **what)
        _good(answer, to_send=True)
        found = obj(_json(answer))
        if not snowflake(found.get("id")):
            raise OutcomeUnknown("Discord did not say which message came of it.", permanent=False)
        return found

    def _got(self, path: str, given: Mapping[str, str]) -> Any:
        answer = outgoing.ask("GET", f"{self._server}{path}", params=given, headers=self._headers, bytes_max=_BYTES_MAX)
        _good(answer, to_send=False)
        self.left = _left(answer.headers)
        return answer.json()


class Closed(ChannelError):
    """One channel cannot be read: it is gone, or the bot may not look into it."""


def _good(answer: Answer, *, to_send: bool) -> None:
    """Raise what a bad answer means; nothing for a good one."""
    if answer.status < 400:
        return
    whole = obj(_json(answer))
    words = text(whole.get("message")) or f"status {answer.status}"
    if answer.status == 429:
        wait = whole.get("retry_after")
        seconds = float(wait) if isinstance(wait, int | float) else outgoing.retry_after(answer.headers)
        raise TooFast("Discord asks us to slow down.", retry_after=min(max(seconds, 1.0), _WAIT_MAX_S))
    if answer.status == 401:
        raise ChannelError("Discord does not know this token.", "Make a new one and enter it here.", permanent=True)
    if answer.status < 500 and answer.status != 408 and to_send:
        _refused(answer.status, words)
    if answer.status in (403, 404):
        raise Closed(f"Discord: {words}.", "Let the bot see the channel and its history.", permanent=True)
    outgoing.check(answer)


def _refused(status: int, words: str) -> NoReturn:
    hint = "Let the bot write in this channel, or see whether it is still there." if status in (403, 404) else ""
    raise MessageRefused(f"Discord refused it: {words}", hint, permanent=True)


def _left(headers: Mapping[str, str]) -> Mapping[str, float]:
    try:
        return {"limit_left": float(headers["x-ratelimit-remaining"])}
    except (KeyError, ValueError):
        return {}


def _json(answer: Answer) -> Any:
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
