"""The contract, for the kind "telegram"."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
import pytest

from rapport.channels.base import Account, Hook, HookRefused
from rapport.channels.kinds.telegram import connector as module
from rapport.channels.kinds.telegram.connector import TelegramConnector
from rapport.channels.testing import ConnectorContract, HookContract, HttpContract, Sample
from tests.channels.telegram.samples import SAMPLES, account_at, said


class TestConnector(ConnectorContract):
    connector = TelegramConnector()
    account = account_at("https://api.telegram.org")
    samples: ClassVar[list[Sample]] = SAMPLES


class TestHook(HookContract):
    connector = TelegramConnector()
    account = account_at("https://api.telegram.org", way="webhook")
    body = orjson.dumps({"update_id": 500, "message": said()})

    def signed(self, body: bytes) -> Hook:
        secret = module._hook_secret(self.account)
        headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": secret}
        return Hook(
            "POST", "https://hub.example.org/hook", "/hook", {}, headers, body, datetime(2026, 3, 2, tzinfo=UTC)
        )

    def test_another_body_headers_or_secret_are_refused(self) -> None:
        """Telegram signs no body: only what it repeats of our secret counts."""
        good = self.signed(self.body)
        forged = {name: value[:-1] + "x" for name, value in good.headers.items()}
        wrong = replace(self.account, secrets={"token": "667:another-token-of-another-bot-012345"})
        for account, hook in (
            (self.account, replace(good, headers={"content-type": "application/json"})),
            (self.account, replace(good, headers=forged)),
            (self.account, replace(good, headers={**good.headers, "x-telegram-bot-api-secret-token": "ä"})),
            (self.account, replace(good, method="GET")),
            (wrong, good),
        ):
            with pytest.raises(HookRefused) as refused:
                self.connector.receive(account, hook)
            assert refused.value.status == 401


class TestHttp(HttpContract):
    connector = TelegramConnector()
    answering: ClassVar[dict[str, Any]] = {"chat": 8, "message": 17, "public": False}

    def account_at(self, url: str) -> Account:
        return account_at(url)
