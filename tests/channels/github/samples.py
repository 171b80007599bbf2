"""Deliveries of GitHub's webhooks, written after https://docs.github.com/webhooks/webhook-events-and-payloads."""

import hmac
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import Hook, Incoming, deletion_of
from rapport.channels.testing import account_for
from rapport.core.clock import now

SECRET = "a secret of the tests"
ACCOUNT = account_for(
    "github", config={"own": {"login": "acme-care"}, "server": "http://127.0.0.1:9"},
    secrets={"token": "github_pat_of_the_tests", "secret": SECRET},
)  # fmt: skip
ANN = {"login": "Ann", "id": 7, "type": "User", "html_url": "https://github.com/Ann"}
US = {"login": "acme-care", "id": 8, "type": "User", "html_url": "https://github.com/acme-care"}
REPOSITORY = {"full_name": "acme/Kettle", "private": False, "visibility": "public"}
AT, LATER = "2026-03-02T08:30:00Z", "2026-03-02T09:30:00Z"


def opening(**given: Any) -> dict[str, Any]:
    """An issue, a pull request or a discussion."""
    return {
        "number": 12, "id": 1200, "node_id": "D_kw12", "title": "It does not boil", "body": "Since the last update.",
        "user": ANN, "created_at": AT, "updated_at": AT, "html_url": "https://github.com/acme/Kettle/issues/12",
        "state": "open", **given,
    }  # fmt: skip


def comment(**given: Any) -> dict[str, Any]:
    """A comment below one."""
    return {
        "id": 99, "node_id": "DC_kw99", "body": "Mine neither.", "user": ANN, "created_at": AT, "updated_at": LATER,
        "html_url": "https://github.com/acme/Kettle/issues/12#issuecomment-99", **given,
    }  # fmt: skip


def event(action: str, **holds: Any) -> dict[str, Any]:
    """What is delivered of something that happened."""
    return {"action": action, "repository": REPOSITORY, "sender": ANN, **holds}


def item(name: str, payload: Any, delivery: str = "") -> Incoming:
    """As `receive` would keep it."""
    return Incoming(delivery or f"github {name} {payload.get('action')}", orjson.dumps(payload), {"event": name})


def signed(body: bytes, event: str = "issues", **headers: str) -> Hook:
    """As GitHub sends it."""
    signature = "sha256=" + hmac.new(SECRET.encode(), body, sha256).hexdigest()
    given = {
        "content-type": "application/json", "x-github-event": event, "x-github-delivery": "72d3162e-cc78",
        "x-hub-signature-256": signature, **headers,
    }  # fmt: skip
    return Hook("POST", "https://hub.example/hook/7", "", {}, given, body, now())


OPENED = item("issues", event("opened", issue=opening()))
COMMENTED = item("issue_comment", event("created", issue=opening(), comment=comment()))
DISCUSSED = item("discussion", event("created", discussion=opening()))
DELETED = item(
    "issue_comment", event("deleted", issue=opening(), comment=comment()), deletion_of("github:acme/kettle#12/99")
)
