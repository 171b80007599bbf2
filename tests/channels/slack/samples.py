"""Deliveries of Slack's Events API, written after https://docs.slack.dev/reference/events."""

import hmac
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import Hook, Incoming, deletion_of
from rapport.channels.testing import account_for
from rapport.core.clock import now

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
OWN = {"user_id": "U0US", "bot_id": "B0US", "team_id": "T1", "url": "https://acme.slack.com/"}
ACCOUNT = account_for(
    "slack", config={"own": OWN, "names": False, "server": "http://127.0.0.1:9"},
    secrets={"token": "xoxb-of-the-tests", "secret": SECRET},
)  # fmt: skip
TS, LATER = "1772440200.000100", "1772443800.000200"


def delivery(event: dict[str, Any], event_id: str = "Ev1") -> dict[str, Any]:
    """The envelope that every event comes in."""
    return {
        "type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": event_id, "event_time": 1772440200,
        "authorizations": [{"team_id": "T1", "user_id": "U0US", "is_bot": True}], "event": event,
    }  # fmt: skip


def spoken(**given: Any) -> dict[str, Any]:
    """Ann says something in a public channel."""
    return {
        "type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "ts": TS, "team": "T1",
        "text": "The kettle &amp; the pot <@U0US>", "event_ts": TS, **given,
    }  # fmt: skip


def changed(message: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """A message is something else now."""
    whole = {
        "type": "message", "subtype": "message_changed", "hidden": True, "channel": "C1", "channel_type": "channel",
        "message": message, "ts": LATER, "event_ts": LATER,
    }  # fmt: skip
    return {**whole, "previous_message": before} if before else whole


def deleted(ts: str = TS) -> dict[str, Any]:
    """A message is taken back."""
    return {
        "type": "message", "subtype": "message_deleted", "hidden": True, "channel": "C1", "channel_type": "channel",
        "deleted_ts": ts, "ts": LATER, "event_ts": LATER, "previous_message": spoken(),
    }  # fmt: skip


def reaction(kind: str = "reaction_added", **given: Any) -> dict[str, Any]:
    """Ann reacts to a message of ours."""
    return {
        "type": kind, "user": "U1", "reaction": "+1", "item_user": "U0US",
        "item": {"type": "message", "channel": "C1", "ts": TS}, "event_ts": LATER, **given,
    }  # fmt: skip


def item(event: dict[str, Any], name: str = "", **envelope: Any) -> Incoming:
    """As `receive` would keep it."""
    body = orjson.dumps(delivery(event))
    return Incoming(name or sha256(body).hexdigest(), body, envelope)


def signed(body: bytes, age: timedelta = timedelta()) -> Hook:
    """As Slack sends it; the signature is made after its description, not by the library that verifies."""
    stamp = str(int((now() - age).timestamp()))
    digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, sha256).hexdigest()
    given = {
        "content-type": "application/json", "x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={digest}",
    }  # fmt: skip
    return Hook("POST", "https://hub.example/hook/7", "", {}, given, body, now())


DELETED = item(deleted(), deletion_of(f"slack:C1/{TS}"))
EDITED = changed(spoken(text="The kettle only.", edited={"user": "U1", "ts": LATER}), spoken())
