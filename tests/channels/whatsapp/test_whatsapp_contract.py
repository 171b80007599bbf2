"""The contract, for the kind "whatsapp"."""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar

from rapport.channels.base import Account, Hook
from rapport.channels.kinds.whatsapp.connector import WhatsAppConnector
from rapport.channels.testing import ConnectorContract, HookContract, HttpContract, Sample
from tests.channels.whatsapp.samples import ANN, LINE, SAMPLES, SECRETS, account_at, contact, request, said


def signed(body: bytes) -> Hook:
    """A request as Meta would sign it."""
    signature = hmac.new(SECRETS["app_secret"].encode(), body, sha256).hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}
    return Hook("POST", "https://hub.example.org/hook", "/hook", {}, headers, body, datetime(2026, 3, 2, tzinfo=UTC))


class TestConnector(ConnectorContract):
    connector = WhatsAppConnector()
    account = account_at()
    samples: ClassVar[list[Sample]] = SAMPLES


class TestHook(HookContract):
    connector = WhatsAppConnector()
    account = account_at()
    body = request(messages=[said("A1"), said("A2")], contacts=[contact()])

    def signed(self, body: bytes) -> Hook:
        return signed(body)


class TestHttp(HttpContract):
    connector = WhatsAppConnector()
    answering: ClassVar[dict[str, Any]] = {"line": LINE, "to": f"+{ANN}", "message": "wamid.A1"}

    def account_at(self, url: str) -> Account:
        return account_at(url)
