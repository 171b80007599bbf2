"""Look at the channels again and again: what is new, and what has changed among the newest 50.

One cursor for each channel or thread: {"after": the newest id, "edited": the newest edit, "recent": the newest 50 ids}.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from rapport.channels.base import Account, ChannelError, Incoming, Source, deletion_of, item_id
from rapport.channels.kinds.discord.api import Bot, Closed
from rapport.channels.kinds.discord.parse import message_id
from rapport.channels.kinds.discord.values import obj, snowflake, text

CHANNELS_MAX = 50
_THREADS_MAX = 200
_ROUNDS_MAX = 50
_RECENT = 50
_AGAIN = 8


def channels_of(account: Account) -> Sequence[str]:
    """The ids that were entered, a line each; a copied address of a channel will do."""
    given = account.config.get("channels") or ""
    lines = given.splitlines() if isinstance(given, str) else [str(one) for one in given]
    ids = (snowflake(line.strip().rstrip("/").rpartition("/")[2]) for line in lines)
    return list(dict.fromkeys(one for one in ids if one))[:CHANNELS_MAX]


def collect(account: Account, source: Source, every_s: float) -> None:
    """Until the source stops. New messages at each round; edits, deletions and the channels' names at each eighth."""
    bot = Bot(account)
    parents: Mapping[str, Mapping[str, Any]] = {}
    for count in itertools.count():
        again = count % _AGAIN == 0
        if again:
            parents = _parents(bot, channels_of(account), source)
        for place in (*(one for one in parents.values() if not one.get("forum")), *_threads(bot, parents)):
            if source.stopping.is_set():
                return
            try:
                look(bot, place, source, again=again)
            except Closed as error:
                source.unwell(f"{place['name'] or place['channel']}: {error.message}")
        source.well()
        source.measured({"way": "polling", **bot.left})
        if source.stopping.wait(every_s):
            return


def look(bot: Bot, place: Mapping[str, Any], source: Source, *, again: bool) -> None:
    """One look into one channel or thread; each page is committed with the cursor behind it."""
    channel = place["channel"]
    cursor = dict(obj(source.cursors().get(channel)))
    after = snowflake(cursor.get("after"))
    if not again and after and 0 < int(place.get("last") or 0) <= int(after):
        return
    for _ in range(_ROUNDS_MAX):
        page = bot.messages(channel, after)
        if page:
            after = max((snowflake(one.get("id")) for one in page), key=lambda one: int(one or 0))
            recent = [snowflake(one.get("id")) for one in page] + list(cursor.get("recent") or [])
            cursor = {**cursor, "after": after, "recent": recent[:_RECENT]}
            source.keep([_item(one, place) for one in reversed(page)], {channel: cursor})
        if len(page) < 100 or source.stopping.is_set():
            break
    if again and cursor and not source.stopping.is_set():
        _look_again(bot, place, source, cursor)


def _look_again(bot: Bot, place: Mapping[str, Any], source: Source, cursor: Mapping[str, Any]) -> None:
    page = bot.messages(place["channel"])
    there = [snowflake(one.get("id")) for one in page]
    last = text(cursor.get("edited"), 40)
    edits = [one for one in page if text(one.get("edited_timestamp"), 40) > last]
    items = [_item(one, place, edited=True) for one in edits]
    # Only what is newer than the oldest of the page must be in it.
    if not page:
        # Also what a bot is shown that lost the right to read the history: that says nothing of deletions.
        return
    oldest = min(map(int, filter(None, there)), default=0)
    known = [one for one in map(snowflake, cursor.get("recent") or []) if one]
    gone = [one for one in known if one not in there and (int(one) > oldest or len(page) < _RECENT)]
    items += [Incoming(deletion_of(message_id(one)), orjson.dumps({"id": one, "gone": True})) for one in gone]
    if items:
        newest = max([last, *(text(one.get("edited_timestamp"), 40) for one in edits)])
        # What came in between is for the next round: it is not behind the cursor yet.
        recent = [one for one in known if one not in gone]
        source.keep(items, {place["channel"]: {**cursor, "edited": newest, "recent": recent}})


def _item(raw: Mapping[str, Any], place: Mapping[str, Any], *, edited: bool = False) -> Incoming:
    """One message as a raw item; an edit has another name than its original."""
    when = text(raw.get("edited_timestamp"), 40)
    name = item_id("discord", snowflake(raw.get("id")) or "none", *([when] if edited else []))
    around = {key: place[key] for key in ("channel", "server", "name", "thread") if key in place}
    return Incoming(name, orjson.dumps(raw), {**around, **({"edited": True} if edited else {})})


def _parents(bot: Bot, wanted: Sequence[str], source: Source) -> Mapping[str, Mapping[str, Any]]:
    """The channels that can be seen, with their server and name. Raises ChannelError where there is none."""
    found: dict[str, Mapping[str, Any]] = {}
    closed: list[str] = []
    for one in wanted:
        try:
            about = bot.channel(one)
        except Closed as error:
            closed.append(f"{one}: {error.message}")
            continue
        place = {"channel": one, "server": snowflake(about.get("guild_id")), "name": text(about.get("name"), 100)}
        # A forum (15) or media channel (16) has only threads.
        found[one] = {**place, "forum": True} if about.get("type") in (15, 16) else place
    if closed:
        source.unwell("; ".join(closed)[:500])
    if not found:
        raise ChannelError(
            "The bot can see none of the channels.", "Check the ids, and the bot's rights.", permanent=True
        )
    return found


def _threads(bot: Bot, parents: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The threads that live in the channels, with the id of their last message."""
    for server in sorted({place["server"] for place in parents.values()} - {""}):
        inside = [one for one in bot.threads(server) if text(one.get("parent_id")) in parents]
        for one in inside[:_THREADS_MAX]:
            if snowflake(one.get("id")):
                yield {
                    "channel": snowflake(one.get("id")), "server": server, "name": text(one.get("name"), 100),
                    "thread": True, "last": snowflake(one.get("last_message_id")),
                }  # fmt: skip
