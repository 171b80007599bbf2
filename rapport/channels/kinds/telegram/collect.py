"""Both ways in: asking for updates and waiting long for them, or watching over the webhook that brings them."""

import base64
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import Account, ChannelError, Incoming, Source, item_id
from rapport.channels.kinds.telegram.api import Bot
from rapport.channels.kinds.telegram.content import file_of
from rapport.channels.kinds.telegram.values import moment, number, obj, text
from rapport.channels.outgoing import TooLarge
from rapport.core.clock import now

ALLOWED = ("message", "edited_message", "channel_post", "edited_channel_post", "message_reaction")
FILE_BYTES_MAX = 5 * 1024 * 1024
_LIMIT = 50
_WAIT_S = 25
_WATCH_S = 60


def item(update: Any, body: bytes) -> Incoming:
    """One update as a raw item. Its number names the delivery: an edit is an update of its own."""
    which = number(obj(update).get("update_id"))
    message = next((obj(obj(update)[name]) for name in ALLOWED if isinstance(obj(update).get(name), dict)), {})
    said = f"{number(obj(message.get('chat')).get('id'))}/{number(message.get('message_id'))}"
    if which is None:
        return Incoming(item_id("telegram", sha256(body).hexdigest()), body)
    return Incoming(item_id("telegram", str(which), said), body)


def poll(account: Account, source: Source) -> None:
    """Ask for updates until the source stops; each is confirmed only by asking for the next, after it was kept."""
    bot = Bot(account)
    _leave_own_webhook(account, bot)
    cursor = f"offset {bot.id}"
    offset = number(source.cursors().get(cursor)) or 0
    limit = _LIMIT
    while not source.stopping.is_set():
        try:
            updates = _while_waiting(source, partial(bot.updates, offset, limit, _WAIT_S, ALLOWED))
        except TooLarge:
            if limit == 1:
                raise
            limit = max(limit // 5, 1)
            continue
        if updates is None:
            return
        offset = _kept(account, bot, source, updates, (cursor, offset))
        limit = _LIMIT
        source.well()


def watch(account: Account, source: Source, secret: str) -> None:
    """Point Telegram at our webhook, and say what it says of it, until the source stops."""
    bot = Bot(account)
    if not account.hook_url.startswith("https://"):
        raise ChannelError(
            "A webhook needs an address of this installation that Telegram reaches by https.",
            "Set the public address of this installation, or choose to ask Telegram for messages.",
            permanent=True,
        )
    bot.set_webhook(account.hook_url, secret, ALLOWED)
    while not source.stopping.is_set():
        seen = bot.webhook()
        if text(seen.get("url")) != account.hook_url:
            raise ChannelError(
                "Another program has taken the webhook of this bot.",
                "Give each program a bot of its own.",
                permanent=True,
            )
        pending = number(seen.get("pending_update_count")) or 0
        trouble = text(seen.get("last_error_message"))
        if pending and trouble:
            source.unwell(f"Telegram cannot deliver here: {trouble}")
        else:
            source.well()
        source.measured({"waiting": pending, "way": "webhook"})
        source.stopping.wait(_WATCH_S)


def _leave_own_webhook(account: Account, bot: Bot) -> None:
    """Updates are not given to those who ask while a webhook is set. One that is not ours we leave alone."""
    url = text(bot.webhook().get("url"), 2_000)
    if url and url == account.hook_url:
        bot.delete_webhook()
    elif url:
        raise ChannelError(
            "This bot already has a webhook of another program.",
            "Remove it there, or make another bot with @BotFather for this channel.",
            permanent=True,
        )


def _kept(account: Account, bot: Bot, source: Source, updates: Sequence[Any], behind: tuple[str, int]) -> int:
    """Commit what came, with the number to go on from.

    After an empty answer all is confirmed, and we go on without a number: Telegram chooses a new one at random when a
    bot has heard nothing for a week, which may be a lower one.
    """
    cursor, offset = behind
    if not updates:
        if offset:
            source.keep([], {cursor: 0})
        return 0
    waiting: list[Incoming] = []
    for update in updates:
        which = number(obj(update).get("update_id"))
        offset = max(offset, which + 1) if which is not None else offset
        fetched = _fetched(account, bot, obj(update))
        whole = {"update": update, "files": fetched} if fetched else update
        waiting.append(item(update, orjson.dumps(whole)))
        if fetched:
            source.keep(waiting, {cursor: offset})
            waiting = []
    if waiting:
        source.keep(waiting, {cursor: offset})
    source.measured({"way": "polling", **_lag(updates)})
    return offset


def _lag(updates: Sequence[Any]) -> Mapping[str, float]:
    message = next((obj(one) for one in obj(updates[-1]).values() if obj(one).get("date")), {})
    at = moment(message.get("edit_date")) or moment(message.get("date"))
    return {"lag_s": max((now() - at).total_seconds(), 0.0)} if at else {}


def _fetched(account: Account, bot: Bot, update: Mapping[str, Any]) -> Mapping[str, str]:
    """The file of an update's message, base64 by file id; nothing where it is too large or cannot be had now."""
    if account.config.get("files", True) in (False, "", "no", 0):
        return {}
    for name in ALLOWED[:4]:
        _, given = file_of(obj(update.get(name)))
        file_id, size = text(given.get("file_id"), 1_000), number(given.get("file_size")) or 0
        if file_id and size <= FILE_BYTES_MAX:
            try:
                return {file_id: base64.b64encode(bot.file(file_id, FILE_BYTES_MAX)).decode()}
            except ChannelError:
                return {}
    return {}


def _while_waiting(source: Source, ask: Callable[[], Sequence[Any]]) -> Sequence[Any] | None:
    """The answer of a long request, or None as soon as the source stops; the request is left to end by itself."""
    answers: queue.SimpleQueue[Sequence[Any] | ChannelError] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except ChannelError as error:
            answers.put(error)
        except Exception:  # noqa: BLE001 - whatever it is, the collector must hear of it and go on
            answers.put(ChannelError("Asking Telegram for messages failed.", permanent=False))

    threading.Thread(target=run, name="telegram-updates", daemon=True).start()
    while True:
        try:
            answer = answers.get(timeout=0.5)
        except queue.Empty:
            if source.stopping.is_set():
                return None
            continue
        if isinstance(answer, ChannelError):
            raise answer
        return answer
