"""The kind "telegram": a bot that people write to, alone or in groups."""

import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    ChannelError,
    Draft,
    Field,
    Files,
    Hook,
    HookRefused,
    Incoming,
    Invalid,
    Kind,
    Length,
    OutcomeUnknown,
    Outgoing,
    Received,
    Said,
    Sent,
    Source,
    TooFast,
    lazy,
)
from rapport.channels.kinds.telegram import collect, parse
from rapport.channels.kinds.telegram.api import SERVER, Bot, Migrated
from rapport.channels.kinds.telegram.entities import split
from rapport.channels.kinds.telegram.values import number, obj, text

LENGTH = 4_096
_TOKEN = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{20,}")
_PATIENCE_S = 30.0


class TelegramConnector(Kind):
    """Bot API: long polling or a webhook in, sendMessage and sendDocument out."""

    kind: ClassVar[str] = "telegram"
    label: ClassVar[Any] = lazy("Telegram")
    about: ClassVar[About] = About(
        summary=lazy("A Telegram bot: people write to it, alone or by its name in groups."),
        proof="contract-tested",
        steps=(
            lazy("In Telegram, write /newbot to @BotFather and give the bot your company's name."),
            lazy("Enter the token that @BotFather gives you."),
            lazy("To hear all of a group, turn off the bot's privacy with /setprivacy before you add it to the group."),
        ),
        permissions=(
            (lazy("The bot's token"), lazy("to read what is written to the bot and to answer as the bot")),
            (lazy("Administrator of a group (optional)"), lazy("Telegram shows reactions to administrators only")),
        ),
        terms=lazy(
            "Free of charge. A bot may write only to people who wrote to it first, about one message a second to one "
            "person and 20 a minute to one group (Telegram Bot Platform Developer Terms of Service)."
        ),
        group="messengers",
    )
    abilities: ClassVar[Abilities] = Abilities(
        undo_s=0,
        public=True, private=True, threads=True, reactions=True, splits=True, naming="name",
        length=Length(LENGTH, "utf16"), files=Files(10, 20 * 1024 * 1024),
    )  # fmt: skip
    fields: ClassVar[Sequence[Field]] = (
        Field("token", lazy("Token of the bot"), "secret", lazy("As @BotFather gave it: 123456:ABC..."), required=True),
        Field(
            "way", lazy("How messages come"), "choice", default="polling",
            choices=(("polling", lazy("We ask Telegram")), ("webhook", lazy("Telegram calls us"))),
        ),
        Field("files", lazy("Fetch pictures and files"), "yes", lazy("Up to 5 MB each, when we ask."), default=True),
        Field("all_messages", lazy("Take every message of its groups"), "yes", lazy("Else only those to the bot.")),
        Field("server", lazy("Bot API server"), "url", lazy("Only if you run your own."), default=SERVER),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """A token of the right shape; a server with http or https."""
        super().check(account)
        if not _TOKEN.fullmatch(str(account.secrets.get("token", "")).strip()):
            raise Invalid("That is no token of a bot.", "It has a number, a colon and some 35 letters and digits.")
        if not str(account.config.get("server") or SERVER).startswith(("https://", "http://")):
            raise Invalid("Bot API server: this is no address.", f"It is usually {SERVER}.")

    def test(self, account: Account) -> Sequence[str]:
        """Who the bot is, and whether somebody else's webhook is in the way."""
        bot = Bot(account)
        me, hook = bot.me(), bot.webhook()
        if number(me.get("id")) is None:
            raise ChannelError("Telegram did not say who the bot is.", permanent=False)
        lines = [f"Signed in as @{text(me.get('username'))}."]
        url = text(hook.get("url"), 2_000)
        if url and url != account.hook_url:
            raise ChannelError(
                "This bot already has a webhook of another program.",
                "Give each program a bot of its own.",
                permanent=True,
            )
        if account.config.get("all_messages") and me.get("can_read_all_group_messages") is not True:
            lines.append("The bot's privacy is on: in groups it hears only what is said to it (/setprivacy).")
        return lines

    def identify(self, account: Account) -> Mapping[str, str]:
        """The bot's @name, number and name."""
        me = Bot(account).me()
        which, username = number(me.get("id")), text(me.get("username"), 64)
        if which is None:
            raise ChannelError("Telegram did not say who the bot is.", permanent=False)
        return {"address": f"@{username}", "id": str(which), "username": username, "name": text(me.get("first_name"))}

    def collects(self, account: Account) -> bool:
        """Always: also a webhook is set up and watched over."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """By the way that was chosen."""
        if account.config.get("way") == "webhook":
            collect.watch(account, source, _hook_secret(account))
        else:
            collect.poll(account, source)

    def receive(self, account: Account, hook: Hook) -> Received:
        """One update. Telegram signs nothing: it repeats a secret that we gave it (setWebhook, secret_token)."""
        given = hook.headers.get("x-telegram-bot-api-secret-token", "")
        if hook.method != "POST" or not hmac.compare_digest(given.encode(), _hook_secret(account).encode()):
            raise HookRefused("This does not come from Telegram.")
        try:
            update = orjson.loads(hook.body)
        except orjson.JSONDecodeError:
            update = None
        return Received([collect.item(update, hook.body)])

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """See `parse.parse`."""
        return parse.parse(account, item)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The requests of one answer, in order; the member's name closes the text."""
        answering = draft.answering
        chat, message = number(answering.get("chat")), number(answering.get("message"))
        if chat is None:
            raise Invalid("A bot cannot begin a conversation.", "Answer somebody who has written to it.")
        words = "\n\n".join(one for one in (draft.text.strip(), f"— {draft.author}" if draft.author else "") if one)
        if not draft.text.strip() and not draft.files:
            raise Invalid("There is nothing to send.", "Write something.")
        where: dict[str, Any] = {"chat_id": chat}
        if draft.public is False and answering.get("public") and number(answering.get("person")):
            where, message = {"chat_id": number(answering.get("person"))}, None
        elif number(answering.get("topic")) is not None:
            where["message_thread_id"] = number(answering.get("topic"))
        parts: list[dict[str, Any]] = [{**where, "text": one} for one in split(words, LENGTH)]
        if message and parts:
            parts[0]["reply_parameters"] = {"message_id": message, "allow_sending_without_reply": True}
        return Outgoing(orjson.dumps({"parts": parts, "files": where}), files=tuple(draft.files))

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The texts, as `prepare` cuts and signs them."""
        return [one["text"] for one in orjson.loads(self.prepare(account, draft).body)["parts"]]

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Each part once, then each file. A part that fails after another arrived is OutcomeUnknown: a person looks."""
        whole = orjson.loads(outgoing.body)
        jobs: list[tuple[str, dict[str, Any], Any]] = [("sendMessage", one, None) for one in whole["parts"]]
        for file in outgoing.files:
            given = (file.filename, file.data, file.content_type or "application/octet-stream")
            jobs.append(("sendDocument", dict(whole["files"]), {"document": given}))
        sending = _Sending(Bot(account))
        about_to_send()
        messages = [sending.one(*job, done=index, of=len(jobs)) for index, job in enumerate(jobs)]
        own = obj(account.config.get("own"))
        seen = [parse.sent(own, one) for one in messages]
        return Sent("Telegram has it.", [one.external_id for one in seen], seen[0].url, seen[0].answer)


class _Sending:
    """The parts of one message on their way; remembers where a group has moved to."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._moved: int | None = None

    def one(self, method: str, given: dict[str, Any], files: Any, *, done: int, of: int) -> Mapping[str, Any]:
        """Send one part, after waiting a little where Telegram asks for it in the middle of a message."""
        try:
            return self._there(method, given, files, patience_s=_PATIENCE_S if done else 0.0)
        except ChannelError as error:
            if not done:
                raise
            # Part of the message has arrived: trying all of it again would repeat that.
            words = f"{done} of {of} parts have arrived, then: {error.message}"
            raise OutcomeUnknown(words, "Send what is missing as a new message.", permanent=False) from error

    def _there(self, method: str, given: dict[str, Any], files: Any, *, patience_s: float) -> Mapping[str, Any]:
        if self._moved is not None:
            given = {**given, "chat_id": self._moved}
        try:
            return self._bot.send(method, given, files)
        except TooFast as error:
            if error.retry_after > patience_s:
                raise
            time.sleep(error.retry_after)
            return self._bot.send(method, given, files)
        except Migrated as moved:
            self._moved = moved.chat
            # The messages of the old group have other numbers in the new one.
            kept = {name: value for name, value in given.items() if name != "reply_parameters"}
            return self._bot.send(method, {**kept, "chat_id": moved.chat}, files)


def _hook_secret(account: Account) -> str:
    """What Telegram must repeat: made of the token, so that nobody has to enter it."""
    return hmac.new(str(account.secrets.get("token", "")).strip().encode(), b"rapport webhook", sha256).hexdigest()
