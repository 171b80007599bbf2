"""Things as Reddit's listings give them, written after its API documentation."""

from typing import Any

import orjson

from rapport.channels.base import Account, Deleted, Edited, Incoming
from rapport.channels.kinds.reddit import collect
from rapport.channels.testing import Sample, account_for

OWN = {"address": "u/TulipHub", "name": "TulipHub"}
SECRETS = {"client_secret": "made-up-secret", "password": "made-up-password"}


def account_at(url: str = "https://oauth.reddit.com", sign_in: str = "", **config: Any) -> Account:
    """An account by its script app."""
    given = {"client_id": "made-up-app", "username": "TulipHub", "server": url, "sign_in": sign_in or url, "own": OWN}
    return account_for("reddit", address="u/TulipHub", config={**given, **config}, secrets=SECRETS)


def comment(name: str = "t1_c1", body: str = "Where is my parcel?", **more: Any) -> dict[str, Any]:
    """A comment as the inbox gives it: its post is named by its address only."""
    data = {
        "name": name, "id": name[3:], "body": body, "author": "AnnExample", "subreddit": "gardening",
        "parent_id": "t1_ours", "created_utc": 1772442000.0, "edited": False,
        "context": f"/r/gardening/comments/p1/tulips/{name[3:]}/?context=3",
        "was_comment": True, "type": "comment_reply", "link_title": "Tulips", "dest": "TulipHub", "score": 1, **more,
    }  # fmt: skip
    return {"kind": "t1", "data": data}


def private(name: str = "t4_m1", **more: Any) -> dict[str, Any]:
    """A private message."""
    data = {
        "name": name, "id": name[3:], "body": "May I ask something?", "author": "AnnExample", "dest": "TulipHub",
        "subject": "A question", "created_utc": 1772442000.0, "was_comment": False, "first_message_name": None,
        "parent_id": None, "subreddit": None, "context": "", **more,
    }  # fmt: skip
    return {"kind": "t4", "data": data}


def post(name: str = "t3_p1", **more: Any) -> dict[str, Any]:
    """A post as a search finds it."""
    data = {
        "name": name, "id": name[3:], "title": "Tulip parcels", "selftext": "Are they any good?",
        "author": "BenExample", "subreddit": "gardening", "created_utc": 1772442000.0, "edited": False, "is_self": True,
        "permalink": f"/r/gardening/comments/{name[3:]}/tulip_parcels/", "url": "https://www.reddit.com/r/x", **more,
    }  # fmt: skip
    return {"kind": "t3", "data": data}


def item(thing: dict[str, Any], before: str = "", found_by: str = "") -> Incoming:
    """A thing as a raw item."""
    (one,) = collect._changes(thing, thing["data"]["name"], before, "now", found_by)
    return one


def listing(*things: dict[str, Any], after: str | None = None) -> bytes:
    """A page of a listing."""
    return orjson.dumps({"kind": "Listing", "data": {"children": list(things), "after": after, "before": None}})


SAMPLES = [
    Sample(item(comment())),
    Sample(item(comment("t1_c2", "Where are they?", edited=1772442060.0), before="then"), (Edited,)),
    Sample(item(comment("t1_c3", "[deleted]", author=None), before="then"), (Deleted,)),
    Sample(item(private())),
    Sample(item(post(), found_by="tulip parcels")),
    Sample(item(post("t3_p2", is_self=False, selftext="", url="https://example.org/tulips"), found_by="tulip")),
]
