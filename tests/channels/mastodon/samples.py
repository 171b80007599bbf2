"""Items as a Mastodon server delivers them, written after https://docs.joinmastodon.org/entities/."""

import copy
from typing import Any

import orjson

from rapport.channels.base import Account, Incoming
from rapport.channels.testing import account_for

HOST = "social.example"
OWN = {
    "address": "@brand@social.example", "id": "7", "username": "brand", "domain": "social.example",
    "characters": "500", "link": "23",
}  # fmt: skip

ACCOUNT: dict[str, Any] = {
    "id": "23", "username": "ann", "acct": "Ann@Elsewhere.example", "display_name": "Ann", "locked": False,
    "bot": False, "created_at": "2024-01-01T00:00:00.000Z", "note": "<p>Potter</p>", "followers_count": 1200,
    "url": "https://elsewhere.example/@ann", "following_count": 3, "statuses_count": 9, "emojis": [],
    "fields": [
        {
            "name": "Web", "verified_at": "2024-02-03T04:05:06.000+00:00",
            "value": '<a href="https://www.ann.example/" rel="me"><span class="invisible">https://www.</span>'
            '<span class="">ann.example/</span><span class="invisible"></span></a>',
        },
        {"name": "Shop", "value": '<a href="https://shop.example">shop.example</a>', "verified_at": None},
    ],
}  # fmt: skip

STATUS: dict[str, Any] = {
    "id": "1001", "created_at": "2026-03-02T08:59:58.123Z", "in_reply_to_id": None, "in_reply_to_account_id": None,
    "sensitive": False, "spoiler_text": "", "visibility": "public", "language": "en",
    "uri": "https://elsewhere.example/users/ann/statuses/5", "url": "https://elsewhere.example/@ann/5",
    "replies_count": 0, "reblogs_count": 0, "favourites_count": 0, "edited_at": None, "reblog": None,
    "content": '<p><span class="h-card"><a href="https://social.example/@brand" class="u-url mention">@<span>brand'
    "</span></a></span> my order 4711 never came!</p><p>What now?<br />Ann</p>",
    "account": ACCOUNT, "media_attachments": [], "tags": [], "emojis": [], "card": None, "poll": None,
    "mentions": [{"id": "7", "username": "brand", "acct": "brand", "url": "https://social.example/@brand"}],
}  # fmt: skip


def status(**changed: Any) -> dict[str, Any]:
    """A post like STATUS, but."""
    return {**copy.deepcopy(STATUS), **changed}


def notification(kind: str, number: int = 34, **changed: Any) -> dict[str, Any]:
    """A notification about a post."""
    return {
        "id": str(number), "type": kind, "created_at": "2026-03-02T08:59:59.000Z", "account": copy.deepcopy(ACCOUNT),
        "status": status(**changed),
    }  # fmt: skip


def item(said: Any, name: str = "one", **envelope: Any) -> Incoming:
    """A raw item; `taken` is what the envelope says it was taken as."""
    return Incoming(name, orjson.dumps(said), {"as": "notification", **envelope})


def account(url: str = f"https://{HOST}", **config: Any) -> Account:
    """A complete account."""
    given = {"url": url, "own": OWN, **config}
    return account_for("mastodon", config=given, secrets={"token": "token-of-brand"}, address="@brand@social.example")
