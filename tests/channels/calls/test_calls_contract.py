"""What every kind of channel must stand, for call records."""

import base64
from datetime import UTC, datetime, timedelta

import orjson
from standardwebhooks.webhooks import Webhook

from rapport.channels.base import Account, Edited, Hook, Incoming
from rapport.channels.kinds.calls.connector import CallsConnector
from rapport.channels.testing import ConnectorContract, HookContract, Sample, account_for

SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
CALL = {
    "id": "1709370000.42", "direction": "in", "from": "030 1234567", "to": "+4930999000", "name": "Ann Example",
    "started_at": "2026-03-02T09:00:00+01:00", "seconds": 125, "answered": True, "note": "Asked about the invoice.",
    "recording": "data:audio/wav;base64," + base64.b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt ").decode(),
}  # fmt: skip


def account() -> Account:
    """A complete account."""
    return account_for("calls", config={"country": "49", "number": "+4930999000"}, secrets={"secret": SECRET})


def signed(body: bytes, at: datetime | None = None) -> Hook:
    """A request as Standard Webhooks sign it."""
    at = at or datetime.now(UTC)
    # The library signs text; what is no text must only not be believed, or refused.
    signature = Webhook(SECRET).sign("msg_1", at, body.decode("utf-8", "replace"))
    headers = {
        "content-type": "application/json", "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature,
    }  # fmt: skip
    return Hook("POST", "https://hub.example.org/channels/7/hook", "", {}, headers, body, at)


class TestCallsContract(ConnectorContract):
    """A call, one we made, one that came before, one wrapped as Standard Webhooks advise."""

    connector = CallsConnector()
    account = account()
    samples = (
        Sample(Incoming("calls 1", orjson.dumps(CALL))),
        Sample(Incoming("calls 2", orjson.dumps(CALL | {"direction": "out", "answered": False}))),
        Sample(Incoming("calls 3", orjson.dumps(CALL | {"update": True})), (Edited,)),
        Sample(Incoming("calls 4", orjson.dumps({"type": "call.recorded", "data": CALL})), (Edited,)),
    )


class TestCallsHookContract(HookContract):
    """Standard Webhooks."""

    connector = CallsConnector()
    account = account()
    body = orjson.dumps(CALL)

    def signed(self, body: bytes) -> Hook:
        """Now."""
        return signed(body)

    def stale(self, body: bytes) -> Hook:
        """An hour ago."""
        return signed(body, datetime.now(UTC) - timedelta(hours=1))
