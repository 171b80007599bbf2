"""The kind "discord": channels of servers that a bot has been invited to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    Incoming,
    Invalid,
    Kind,
    Length,
    OutcomeUnknown,
    Outgoing,
    Said,
    Sent,
    Source,
    lazy,
)
from rapport.channels.kinds.discord import collect, parse
from rapport.channels.kinds.discord.api import SERVER, Bot
from rapport.channels.kinds.discord.values import snowflake, text

LENGTH = 2_000
_NONCE_MAX = 25


class DiscordConnector(Kind):
    """Messages of channels and threads by asking for them; answers with a nonce."""

    kind: ClassVar[str] = "discord"
    label: ClassVar[Any] = lazy("Discord")
    about: ClassVar[About] = About(
        summary=lazy("Channels and threads of a Discord server that your bot is in."),
        proof="contract-tested",
        steps=(
            lazy("At discord.com/developers/applications make an application, and under Bot copy its token."),
            lazy("There, turn on the Message Content Intent: without it most messages come without their words."),
            lazy("Under OAuth2 make an invitation with the scope bot and the permissions below, and invite the bot."),
            lazy("In Discord, turn on the Developer Mode, and copy the id of each channel to be read."),
        ),
        permissions=(
            ("View Channels", lazy("to see the channels")),
            ("Read Message History", lazy("to read what is written there")),
            ("Send Messages, Send Messages in Threads", lazy("to answer")),
            ("Attach Files", lazy("to answer with files")),
        ),
        terms=lazy(
            "Free. Bots in 100 servers and more need Discord's approval for the Message Content Intent; what was read "
            "may be used only for what its people were told (Discord Developer Policy)."
        ),
        group="messengers",
    )
    abilities: ClassVar[Abilities] = Abilities(
        undo_s=0,
        public=True, private=False, threads=True, splits=True, naming="name", length=Length(LENGTH),
        files=Files(10, 10 * 1024 * 1024),
    )  # fmt: skip
    fields: ClassVar[Sequence[Field]] = (
        Field("token", lazy("Token of the bot"), "secret", required=True),
        Field("channels", lazy("Channels"), "lines", lazy("Their ids or addresses, one a line."), required=True),
        Field("mentions_only", lazy("Take only what is to the bot"), "yes", lazy("Mentions of it, and answers to it.")),
        Field("every", lazy("Look every so many seconds"), "number", default=15),
        Field("server", lazy("Discord's API"), "url", default=SERVER),
    )

    def check(self, account: Account) -> None:
        """At least one id of a channel."""
        super().check(account)
        if not collect.channels_of(account):
            raise Invalid("Channels: there is none.", "Turn on Developer Mode in Discord and copy a channel's id.")

    def test(self, account: Account) -> Sequence[str]:
        """Who the bot is, and that each channel can be read."""
        bot = Bot(account)
        lines = [f"Signed in as {text(bot.me().get('username'), 100)}."]
        for one in collect.channels_of(account):
            lines.append(f"#{text(bot.channel(one).get('name'), 100)} can be read.")
        return lines

    def identify(self, account: Account) -> Mapping[str, str]:
        """The bot's name and id."""
        me = Bot(account).me()
        username = text(me.get("username"), 100)
        return {"address": f"@{username}", "id": snowflake(me.get("id")), "username": username}

    def collects(self, account: Account) -> bool:
        """By asking."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """See `collect.collect`."""
        try:
            seconds = float(account.config.get("every") or 15)
        except (TypeError, ValueError):
            seconds = 15.0
        collect.collect(account, source, max(seconds, 5.0))

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """See `parse.parse`."""
        return parse.parse(account, item)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The messages of one answer. Nobody is called by it but whom it answers."""
        channel, message = snowflake(draft.answering.get("channel")), snowflake(draft.answering.get("message"))
        if not channel:
            raise Invalid("There is nothing to answer.", "Answer a message of a channel.")
        words = draft.text.strip()
        if not words and not draft.files:
            raise Invalid("There is nothing to send.", "Write something.")
        signed = "\n\n".join(one for one in (words, f"— {draft.author}" if draft.author else "") if one)
        parts: list[dict[str, Any]] = [{"content": one} for one in _split(signed, LENGTH)] or [{}]
        if message:
            parts[0]["message_reference"] = {"message_id": message, "fail_if_not_exists": False}
        for index, part in enumerate(parts):
            nonce = sha256(f"{draft.key}/{index}".encode()).hexdigest()[:_NONCE_MAX]
            part.update(nonce=nonce, enforce_nonce=True, allowed_mentions={"parse": [], "replied_user": True})
        whole = {"channel": channel, "server": snowflake(draft.answering.get("server")), "parts": parts}
        return Outgoing(orjson.dumps(whole), files=tuple(draft.files))

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The texts, as `prepare` cuts and signs them."""
        return [text(one.get("content"), LENGTH) for one in orjson.loads(self.prepare(account, draft).body)["parts"]]

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Each part once, the files with the last. A part that fails after another arrived is OutcomeUnknown."""
        whole = orjson.loads(outgoing.body)
        bot, channel, parts = Bot(account), whole["channel"], whole["parts"]
        about_to_send()
        ids: list[str] = []
        for index, part in enumerate(parts):
            try:
                sent = bot.send(channel, part, outgoing.files if index == len(parts) - 1 else ())
            except ChannelError as error:
                if not ids:
                    raise
                words = f"{len(ids)} of {len(parts)} parts have arrived, then: {error.message}"
                raise OutcomeUnknown(words, "Send what is missing as a new message.", permanent=False) from error
            ids.append(snowflake(sent.get("id")))
        url = f"https://discord.com/channels/{whole['server'] or '@me'}/{channel}/{ids[0]}"
        answer = {"channel": channel, "message": ids[0], "server": whole["server"]}
        return Sent("Discord has it.", [parse.message_id(one) for one in ids], url, answer)


def _split(words: str, most: int) -> Iterator[str]:
    """In pieces, broken at a line, else at a space, else between letters."""
    while len(words) > most:
        cut = next((at for sign in ("\n", " ") if (at := words.rfind(sign, most // 2, most + 1)) > 0), most)
        piece = words[:cut].rstrip()
        if piece:
            yield piece
        words = words[cut:].lstrip()
    if words:
        yield words
