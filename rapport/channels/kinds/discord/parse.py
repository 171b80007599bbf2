"""What a message of Discord's says. Pure. Fields as in https://docs.discord.com/developers/resources/message."""

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
    Media,
    Message,
    NothingSaid,
    Said,
    Unreadable,
)
from rapport.channels.kinds.discord.values import TEXT_MAX, moment, obj, rows, snowflake, text

# Said by a person or a program; every other type is a notice (somebody joined, a message was pinned).
_SAID = (0, 19, 20, 23)
_NAMED = re.compile(r"<(?:@!?(\d{1,20})|#(\d{1,20})|a?:(\w{1,40}):\d{1,20})>")


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """The message, as it is now where it was edited, or that it is gone. Raises Unreadable or NothingSaid."""
    try:
        raw = obj(orjson.loads(item.body))
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}"[:200]) from error
    which = snowflake(raw.get("id"))
    if not which:
        raise Unreadable("a message without id")
    if raw.get("gone") is True:
        return [Deleted(message_id(which))]
    if raw.get("type", 0) not in _SAID or isinstance(raw.get("type"), bool):
        raise NothingSaid("a notice of the server, not a message")
    own = obj(account.config.get("own"))
    message = _message(own, raw, item.envelope, mentions_only=bool(account.config.get("mentions_only")))
    return [Edited(message)] if item.envelope.get("edited") is True else [message]


def message_id(which: str) -> str:
    """What a message is called: Discord's ids are the same for everybody."""
    return f"discord:{which}"


def _message(
    own: Mapping[str, Any], raw: Mapping[str, Any], around: Mapping[str, Any], *, mentions_only: bool
) -> Message:
    room, which = snowflake(raw.get("channel_id")) or snowflake(around.get("channel")), snowflake(raw.get("id"))
    author, words, files = _author(raw), _words(raw), _files(raw)
    # The first message of a forum's thread has the thread's own id.
    above = tuple(one for one in _refers_to(raw, room, author, around) if one != message_id(which))
    if not room:
        raise Unreadable("a message of no channel")
    if not words and not files:
        raise NothingSaid("a message without words or files")
    is_own = author is not None and author.value == text(own.get("id"))
    if mentions_only and not is_own and not _is_to(own, raw):
        raise NothingSaid("said in the channel, but not to us")
    server = snowflake(around.get("server"))
    written = (author.name, author.written) if author else ("", "")
    return Message(
        message_id(which), author, words, moment(raw.get("timestamp")), refers_to=above,
        recipients={"from": [written], "to": [(text(around.get("name")), "")]}, public=True,
        origin="own" if is_own else "addressed", files=files, edited_at=moment(raw.get("edited_timestamp")),
        url=f"https://discord.com/channels/{server or '@me'}/{room}/{which}",
        answer={"channel": room, "message": which, "server": server},
    )  # fmt: skip


def _refers_to(raw: Mapping[str, Any], room: str, author: Author | None, around: Mapping[str, Any]) -> tuple[str, ...]:
    """A thread is one conversation; it has the id of the message that it began with. Elsewhere what one answers; else
    what this person says in the channel.
    """
    above = snowflake(obj(raw.get("message_reference")).get("message_id")) if raw.get("type") == 19 else ""
    if around.get("thread") is True:
        return (message_id(room), message_id(above)) if above else (message_id(room),)
    return (message_id(above),) if above else (f"discord:{room}..{author.value if author else 'somebody'}",)


def _is_to(own: Mapping[str, Any], raw: Mapping[str, Any]) -> bool:
    us = text(own.get("id"))
    ids = [one.get("id") for one in rows(raw.get("mentions"))]
    return bool(us) and us in [*ids, obj(obj(raw.get("referenced_message")).get("author")).get("id")]


def _author(raw: Mapping[str, Any]) -> Author | None:
    """Who says it. What comes by a webhook has the webhook's id, and only a name."""
    given = obj(raw.get("author"))
    who = snowflake(given.get("id"))
    if not who:
        return None
    username, name = text(given.get("username"), 100), text(given.get("global_name"), 100)
    by_program = given.get("bot") is True or bool(snowflake(raw.get("webhook_id")))
    shown = "" if snowflake(raw.get("webhook_id")) else username
    return Author("discord", who, f"@{shown}" if shown else "", name or username, automated=by_program)


def _words(raw: Mapping[str, Any]) -> str:
    """The text with names in place of numbers; the titles of embeds or stickers where there is none."""
    names = {
        text(one.get("id")): text(one.get("global_name")) or text(one.get("username"))
        for one in rows(raw.get("mentions"))
    }

    def named(found: re.Match[str]) -> str:
        if found[1]:
            return f"@{names.get(found[1]) or found[1]}"
        return f"#{found[2]}" if found[2] else f":{found[3]}:"

    said = _NAMED.sub(named, text(raw.get("content"), TEXT_MAX)).strip()
    if said:
        return said[:TEXT_MAX]
    embeds = [
        text(one.get(name), 4_096) for one in rows(raw.get("embeds"), 10) for name in ("title", "description", "url")
    ]
    stickers = [text(one.get("name")) for one in rows(raw.get("sticker_items"), 5)]
    return "\n".join(filter(None, [*embeds, *stickers])).strip()


def _files(raw: Mapping[str, Any]) -> tuple[Media, ...]:
    """Attachments, by addresses that hold for a day."""
    found = []
    for one in rows(raw.get("attachments"), 20):
        size, url = one.get("size"), text(one.get("url"), 2_000)
        name = text(one.get("filename")).replace("/", "_").replace("\\", "_") or "file"
        found.append(
            Media(
                filename=name, content_type=text(one.get("content_type"), 100).partition(";")[0],
                url=url if url.startswith("https://") else "", description=text(one.get("description"), 1_024),
                size=size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else 0, too_large=True,
            )
        )  # fmt: skip
    return tuple(found)
