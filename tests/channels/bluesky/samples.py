"""Items as the AppView shows them, written after the published lexicons."""

from typing import Any

import orjson

from rapport.channels.base import Account, Incoming, item_id
from rapport.channels.testing import account_for

US = "did:plc:ourselves234567abcdefghij"
ANN = "did:plc:ann4567abcdefghijklmnopqr"
CID = "bafyreidm63shbg3oyk4imndhtsqths732ajbeuprbtcwujqfjguu7pzvku"
OTHER_CID = "bafyreiaepzhlaf2hd4exhx5o74orvhtqloog4xwaptcrzsuyfkzr43va4e"
OURS = f"at://{US}/app.bsky.feed.post/3kaheyt6vpc22"
THEIRS = f"at://{ANN}/app.bsky.feed.post/3kaheyt6vpc33"
QUOTED = f"at://{ANN}/app.bsky.feed.post/3kaheyt6vpc44"


def account(**given: Any) -> Account:
    """Our account, known to the service, with its secrets."""
    config = {"handle": "brand.example.org", "own": {"did": US, "address": "@brand.example.org"}}
    return account_for(
        "bluesky",
        address="@brand.example.org",
        config={**config, **given},
        secrets={"app_password": "abcd-efgh-ijkl-mnop"},
    )


def facet(text: str, words: str, **feature: str) -> dict[str, Any]:
    """A facet over the first `words` of the text."""
    start = len(text[: text.index(words)].encode())
    name = {"uri": "link", "did": "mention", "tag": "tag"}[next(iter(feature))]
    return {
        "index": {"byteStart": start, "byteEnd": start + len(words.encode())},
        "features": [{"$type": f"app.bsky.richtext.facet#{name}", **feature}],
    }


def post(text: str, *facets: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A post view by Ann; `record` and others as given."""
    record = {
        "$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-03-02T08:00:00.000Z", "langs": ["en"],
        "facets": list(facets), **given.pop("record", {}),
    }  # fmt: skip
    return {
        "uri": THEIRS, "cid": CID, "record": record, "indexedAt": "2026-03-02T08:00:01.000Z", "labels": [],
        "author": {"did": ANN, "handle": "ann.example.org", "displayName": "Ann", "labels": []},
        "replyCount": 0, "likeCount": 0, "viewer": {"threadMuted": False}, **given,
    }  # fmt: skip


def item(body: dict[str, Any], **envelope: Any) -> Incoming:
    """The raw item the collector would make of it."""
    return Incoming(item_id(str(body.get("uri")), str(body.get("cid"))), orjson.dumps(body), envelope)


def pictures() -> dict[str, Any]:
    """What a post with one picture has as its embed: in the record, and as shown."""
    blob = {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/jpeg", "size": 4711}
    shown = {"alt": "A broken chair", "fullsize": "https://cdn.example.org/f/1", "thumb": "https://cdn.example.org/t/1"}
    return {
        "record": {
            "embed": {"$type": "app.bsky.embed.images", "images": [{"alt": "A broken chair", "image": blob}]},
        },
        "embed": {"$type": "app.bsky.embed.images#view", "images": [shown]},
    }


def notification(reason: str, collection: str, record: dict[str, Any]) -> dict[str, Any]:
    """An entry of listNotifications."""
    return {
        "uri": f"at://{ANN}/{collection}/3k5u5ammyg72r", "cid": OTHER_CID, "reason": reason, "isRead": False,
        "author": {"did": ANN, "handle": "ann.example.org", "displayName": "Ann"}, "reasonSubject": OURS,
        "record": {"$type": collection, "createdAt": "2026-03-02T09:00:00Z", **record},
        "indexedAt": "2026-03-02T09:00:01.000Z",
    }  # fmt: skip


def reply_to(root: str, parent: str) -> dict[str, Any]:
    """The record's part that makes it a reply."""
    return {"reply": {"root": {"uri": root, "cid": CID}, "parent": {"uri": parent, "cid": CID}}}
