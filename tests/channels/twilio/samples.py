"""Requests as Twilio documents them, written for these tests.

Texts: https://www.twilio.com/docs/messaging/guides/webhook-request; calls: https://www.twilio.com/docs/voice/twiml
(request parameters); recordings: https://www.twilio.com/docs/voice/twiml/record (status callback).
"""

import base64
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from twilio.request_validator import RequestValidator

from rapport.channels.base import Account, Hook, Incoming
from rapport.channels.kinds.twilio.hooks import _Form, name
from rapport.channels.testing import account_for

OURS = "+15550100200"
THEIRS = "+15550100199"
ACCOUNT_SID = "AC" + "0a" * 16
MESSAGE_SID = "SM" + "1b" * 16
CALL_SID = "CA" + "2c" * 16
RECORDING_SID = "RE" + "3d" * 16
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOME = "https://hub.example.org/channels/7/hook"
WAV = b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(24)

SMS = {
    "ToCountry": "US", "SmsMessageSid": MESSAGE_SID, "NumMedia": "0", "SmsSid": MESSAGE_SID, "SmsStatus": "received",
    "Body": "Is the shop open on Saturday?", "To": OURS, "NumSegments": "1", "MessageSid": MESSAGE_SID,
    "AccountSid": ACCOUNT_SID, "From": THEIRS, "ApiVersion": "2010-04-01",
}  # fmt: skip
CALL = {
    "CallSid": CALL_SID, "AccountSid": ACCOUNT_SID, "From": THEIRS, "To": OURS, "CallStatus": "ringing",
    "ApiVersion": "2010-04-01", "Direction": "inbound", "CallerName": "ANN EXAMPLE",
}  # fmt: skip
RECORDING = {
    "AccountSid": ACCOUNT_SID, "CallSid": CALL_SID, "RecordingSid": RECORDING_SID, "RecordingStatus": "completed",
    "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/{RECORDING_SID}",
    "RecordingDuration": "25", "RecordingChannels": "1", "RecordingSource": "RecordVerb",
}  # fmt: skip
DELIVERED = {
    "SmsSid": MESSAGE_SID, "SmsStatus": "delivered", "MessageStatus": "delivered", "To": THEIRS, "From": OURS,
    "MessageSid": MESSAGE_SID, "AccountSid": ACCOUNT_SID, "ApiVersion": "2010-04-01",
}  # fmt: skip
FAILED = DELIVERED | {"SmsStatus": "undelivered", "MessageStatus": "undelivered", "ErrorCode": "30005"}


def account(url: str = "https://api.twilio.com", **config: Any) -> Account:
    """A complete account whose API is at `url`."""
    settings = {"account_sid": ACCOUNT_SID, "number": OURS, "api_url": url} | config
    secrets = {"auth_token": "f3f3f3f3f3f3f3f3"}
    return account_for("twilio", address=OURS, config=settings, secrets=secrets, hook_url=HOME)


def signed(path: str, params: Mapping[str, str] | bytes, query: Mapping[str, str] | None = None) -> Hook:
    """A request as Twilio signs it; `params` as a form, or any bytes."""
    body = params if isinstance(params, bytes) else urlencode(params).encode()
    url = f"{HOME}/{path}" + (f"?{urlencode(query)}" if query else "")
    signature = RequestValidator("f3f3f3f3f3f3f3f3").compute_signature(url, _Form(body))
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
    return Hook("POST", url, path, query or {}, headers, body, AT)


def item(kind: str, params: Mapping[str, str], **beside: Any) -> Incoming:
    """The raw item of such a request."""
    body = {"hook": kind, "params": dict(params), "query": {}, "at": AT.isoformat(), **beside}
    return Incoming(name(kind, params), orjson.dumps(body))


def encoded(data: bytes) -> str:
    """Base64, as items hold files."""
    return base64.b64encode(data).decode()
