"""What a thing of Reddit's says: a comment (t1), a post (t3) or a private message (t4). Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from rapport.channels.base import (
    Account,
    Author,
    Deleted,
    Edited,
    Incoming,
    Message,
    NothingSaid,
    Said,
    Unreadable,
)
from rapport.channels.kinds.reddit.values import TEXT_MAX, fullname, moment, obj, text

GONE = ("[deleted]", "[removed]")
_POST = re.compile(r"/comments/([0-9a-z]{1,20})(?:/|$)")


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """The message, as it is now where it was edited, or that it is gone. Raises Unreadable or NothingSaid."""
    try:
        raw = obj(obj(orjson.loads(item.body)).get("data"))
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}"[:200]) from error
    name = fullname(raw.get("name"))
    if not name:
        raise Unreadable("a thing without a name")
    if item.envelope.get("gone") is True:
        return [Deleted(message_id(name))]
    if is_gone(raw):
        raise NothingSaid("deleted before it was seen")
    message = _message(account, raw, name, text(item.envelope.get("found_by")))
    return [Edited(message)] if item.envelope.get("edited") is True else [message]


def message_id(name: str) -> str:
    """What a thing is called: Reddit's full names are the same for everybody."""
    return f"reddit:{name}"


def is_gone(raw: Mapping[str, Any]) -> bool:
    """Whether its author or a moderator took it away: the words go, the place stays."""
    return raw.get("body") in GONE or raw.get("selftext") in GONE


def _message(account: Account, raw: Mapping[str, Any], name: str, found_by: str) -> Message:
    who, us = text(raw.get("author"), 40), text(obj(account.config.get("own")).get("name"), 40)
    who = "" if who in GONE else who
    author = Author("reddit", who.lower(), f"u/{who}", who, url=f"https://www.reddit.com/user/{who}") if who else None
    is_own = bool(us) and who.lower() == us.lower()
    is_post, is_private = name.startswith("t3_"), name.startswith("t4_")
    words = text(raw.get("selftext" if is_post else "body"), TEXT_MAX).strip()
    link = text(raw.get("url"), 2_000)
    if is_post and raw.get("is_self") is not True and link.startswith("http"):
        words = f"{words}\n\n{link}".strip()
    subject = text(raw.get("title")) or text(raw.get("subject") if is_private else raw.get("link_title"))
    if not words and not subject:
        raise NothingSaid("nothing is written in it")
    community = text(raw.get("subreddit"), 40)
    to = f"r/{community}" if community and not is_private else f"u/{text(raw.get('dest'), 40) or us}"
    path = text(raw.get("permalink"), 1_000) or text(raw.get("context"), 1_000).partition("?")[0]
    return Message(
        message_id(name), author, words, moment(raw.get("created_utc")), subject=subject,
        refers_to=_refers_to(raw, name, path), public=not is_private,
        recipients={"from": [(who, f"u/{who}" if who else "")], "to": [("", to)]},
        origin="own" if is_own else "search" if found_by else "addressed", found_by=found_by,
        url=f"https://www.reddit.com{path}" if path.startswith("/") else "",
        edited_at=moment(raw.get("edited")), answer={"thing": name},
    )  # fmt: skip


def _refers_to(raw: Mapping[str, Any], name: str, path: str) -> tuple[str, ...]:
    """The post first, then what is answered. An inbox does not name the post, but its address does."""
    post = _POST.search(path)
    root = fullname(raw.get("link_id")) or fullname(raw.get("first_message_name")) or (f"t3_{post[1]}" if post else "")
    above = [message_id(one) for one in (root, fullname(raw.get("parent_id"))) if one and one != name]
    return tuple(dict.fromkeys(above))
