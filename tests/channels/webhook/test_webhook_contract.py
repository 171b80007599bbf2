"""What every kind must stand, asked of "webhook"."""

import hmac
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, ClassVar

import orjson
from standardwebhooks.webhooks import Webhook

from rapport.channels.base import Account, Hook, Incoming
from rapport.channels.kinds.webhook.connector import WebhookConnector
from rapport.channels.testing import ConnectorContract, HookContract, HttpContract, Sample, account_for
from rapport.core.clock import now

SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
MAPPING = {
    "text": "$.form.message", "id": "$.id", "author": "{{$.form.first}} {{$.form.last}}", "email": "$.form.email",
    "subject": '"Contact form"', "thread": "$.case", "time": "$.sent", "url": "$.page", "public": "$.shown",
}  # fmt: skip
FORM = {
    "id": "f-17", "case": 4711, "sent": "2026-03-02T08:30:00Z", "page": "https://shop.example/contact", "shown": False,
    "form": {"first": "Ann", "last": "Berg", "email": "Ann@Example.org", "message": "The kettle does not boil."},
}  # fmt: skip
BODY = orjson.dumps(FORM)
ACCOUNT = account_for("webhook", config={**MAPPING, "out": "http://127.0.0.1:9/in"}, secrets={"secret": SECRET})


def request(body: bytes, headers: dict[str, str]) -> Hook:
    headers = {"content-type": "application/json", **headers}
    return Hook("POST", "https://hub.example/hook/7", "", {}, headers, body, now())


def standard(body: bytes, age: timedelta = timedelta(), name: str = "msg_1") -> Hook:
    """Signed after the text of Standard Webhooks, not by the library that verifies."""
    stamp = str(int((now() - age).timestamp()))
    digest = hmac.new(bytes(range(32)), f"{name}.{stamp}.".encode() + body, sha256).digest()
    signature = f"v1a,unknown v1,{b64encode(digest).decode()}"
    return request(body, {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": signature})


class TestWebhookContract(ConnectorContract):
    connector = WebhookConnector()
    account = ACCOUNT
    samples = (
        Sample(Incoming("msg_1", BODY, {"type": "application/json"})),
        Sample(Incoming("msg_2", orjson.dumps({"form": {"message": "Only text"}}))),
    )


class TestWebhookHookContract(HookContract):
    connector = WebhookConnector()
    account = ACCOUNT
    body = BODY

    def signed(self, body: bytes) -> Hook:
        return standard(body)

    def stale(self, body: bytes) -> Hook:
        return standard(body, timedelta(hours=1))


class TestWebhookHmacHookContract(HookContract):
    connector = WebhookConnector()
    account = replace(
        ACCOUNT, config={**MAPPING, "style": "hmac", "header": "X-Signature-256"}, secrets={"secret": "k" * 20}
    )
    body = BODY

    def signed(self, body: bytes) -> Hook:
        return request(body, {"x-signature-256": "sha256=" + hmac.new(b"k" * 20, body, sha256).hexdigest()})


class TestWebhookHttpContract(HttpContract):
    connector = WebhookConnector()
    answering: ClassVar[dict[str, Any]] = {"id": "f-17", "thread": "4711"}

    def account_at(self, url: str) -> Account:
        return replace(ACCOUNT, config={**MAPPING, "out": f"{url}/in"})


def test_our_signature_is_one_that_the_library_knows() -> None:
    hook = standard(BODY)
    Webhook(SECRET).verify(hook.body, dict(hook.headers))
