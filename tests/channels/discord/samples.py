"""Messages as Discord gives them, written after its published description; see tests/peers/discord/check.mjs."""

from collections.abc import Sequence
from typing import Any

from rapport.channels.base import Account, Deleted, Edited, Incoming
from rapport.channels.kinds.discord import collect
from rapport.channels.testing import Sample, account_for

CHANNEL, SERVER, THREAD = "800000000000000001", "700000000000000001", "900000000000000050"
PLACE = {"channel": CHANNEL, "server": SERVER, "name": "support"}
IN_THREAD = {"channel": THREAD, "server": SERVER, "name": "Parcel", "thread": True}
OWN = {"address": "@hub_bot", "id": "600000000000000666", "username": "hub_bot"}


def user(
    which: str = "600000000000000008", username: str = "ann", name: str | None = "Ann", **more: Any
) -> dict[str, Any]:
    """A User."""
    return {
        "id": which, "username": username, "global_name": name, "avatar": None, "discriminator": "0", "public_flags": 0,
        "flags": 0, "primary_guild": None, **more,
    }  # fmt: skip


BOT = user(OWN["id"], "hub_bot", None, bot=True)


def said(which: int = 1, content: str = "Where is my parcel?", **more: Any) -> dict[str, Any]:
    """A Message of Ann in the channel."""
    return {
        "id": f"9000000000000001{which:02}", "channel_id": CHANNEL, "type": 0, "content": content, "author": user(),
        "timestamp": "2026-03-02T09:00:00.123000+00:00", "edited_timestamp": None, "mentions": [], "mention_roles": [],
        "mention_everyone": False, "attachments": [], "embeds": [], "pinned": False, "tts": False, "flags": 0,
        "components": [], **more,
    }  # fmt: skip


def item(raw: dict[str, Any], place: dict[str, Any] = PLACE, *, edited: bool = False) -> Incoming:
    """A message as a raw item."""
    return collect._item(raw, place, edited=edited)


def account_at(url: str = "https://discord.com/api/v10", **config: Any) -> Account:
    """A bot that reads one channel."""
    given = {"channels": [CHANNEL], "server": url, "own": OWN, **config}
    return account_for("discord", address="@hub_bot", config=given, secrets={"token": "made-up.discord.token"})


ATTACHED = {
    "id": "1", "filename": "broken.png", "size": 1234, "url": "https://cdn.discordapp.com/attachments/1/1/broken.png",
    "proxy_url": "https://media.discordapp.net/attachments/1/1/broken.png", "content_type": "image/png", "width": 9,
    "height": 9, "flags": 0,
}  # fmt: skip
REPLY = {"type": 0, "channel_id": CHANNEL, "message_id": "900000000000000101", "guild_id": SERVER}
SAMPLES = [
    Sample(item(said(1))),
    Sample(item(said(2, "<@600000000000000666> <#800000000000000001> <:parcel:123> help", mentions=[BOT]))),
    Sample(item(said(3, "And mine?", type=19, message_reference=REPLY))),
    Sample(item(said(4, "", attachments=[ATTACHED]))),
    Sample(item(said(5, "It came.", edited_timestamp="2026-03-02T09:05:00+00:00"), edited=True), (Edited,)),
    Sample(item({**said(6), "channel_id": THREAD}, IN_THREAD)),
    Sample(item(said(7, "", type=7)), ()),
    Sample(item(said(8, "It is on its way.", author=BOT))),
    Sample(item(said(9, "", embeds=[{"type": "rich", "title": "Status", "description": "All is well."}]))),
    Sample(Incoming("discord:900000000000000101 deleted", b'{"id": "900000000000000101", "gone": true}'), (Deleted,)),
]  # fmt: skip


class Server:
    """Discord's side of one channel: answers as it does, 100 after a message or the newest 50, newest first."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.there = list(messages)
        self.asked = 0

    def messages(self, channel: str, after: str = "") -> Sequence[dict[str, Any]]:
        """One page."""
        self.asked += 1
        ordered = sorted(self.there, key=lambda one: int(one["id"]))
        if after:
            return [one for one in ordered if int(one["id"]) > int(after)][:100][::-1]
        return ordered[-50:][::-1]
