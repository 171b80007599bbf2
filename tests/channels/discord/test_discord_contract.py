"""The contract, for the kind "discord"."""

from typing import Any, ClassVar

from rapport.channels.base import Account
from rapport.channels.kinds.discord.connector import DiscordConnector
from rapport.channels.testing import ConnectorContract, HttpContract, Sample
from tests.channels.discord.samples import CHANNEL, SAMPLES, SERVER, account_at


class TestConnector(ConnectorContract):
    connector = DiscordConnector()
    account = account_at()
    samples: ClassVar[list[Sample]] = SAMPLES


class TestHttp(HttpContract):
    connector = DiscordConnector()
    answering: ClassVar[dict[str, Any]] = {"channel": CHANNEL, "message": "900000000000000101", "server": SERVER}

    def account_at(self, url: str) -> Account:
        return account_at(url)
