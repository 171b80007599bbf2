"""Look at the inbox and at the searches again and again, newest first.

One cursor for each of them: {"seen": {name: mark}}, so that what changed or went is noticed while it is new.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import Account, Incoming, Source, deletion_of, item_id
from rapport.channels.kinds.reddit.api import Reddit
from rapport.channels.kinds.reddit.parse import is_gone, message_id
from rapport.channels.kinds.reddit.values import fullname, obj, text
from rapport.core.clock import now

SEARCHES_MAX = 20
_PAGES_MAX = 5
_SEEN_MAX = 500


def searches_of(account: Account) -> Sequence[str]:
    """What to search for, a line each: words, or `r/name words` within one community."""
    given = account.config.get("searches") or ""
    lines = given.splitlines() if isinstance(given, str) else [str(one) for one in given]
    return list(dict.fromkeys(line.strip()[:500] for line in lines if line.strip()))[:SEARCHES_MAX]


def collect(account: Account, source: Source, every_s: float) -> None:
    """Until the source stops. Errors are for the house: it begins again later, from the last cursors."""
    reddit = Reddit(account)
    while not source.stopping.is_set():
        look(reddit, source, "/message/inbox", {}, "")
        for words in searches_of(account):
            if source.stopping.is_set():
                return
            path, given = request(words)
            look(reddit, source, path, given, words)
        source.well()
        source.measured({"way": "polling", **_figures(reddit.left)})
        source.stopping.wait(every_s)


def request(words: str) -> tuple[str, Mapping[str, str]]:
    """The request of one search."""
    given = {"sort": "new", "type": "link", "t": "week"}
    place, _, rest = words.partition(" ")
    name = place.removeprefix("r/")
    if place.startswith("r/") and name.replace("_", "").isalnum() and name.isascii():
        if not rest.strip():
            return f"/r/{name}/new", {}
        return f"/r/{name}/search", {**given, "q": rest.strip(), "restrict_sr": "1"}
    return "/search", {**given, "q": words}


def look(reddit: Reddit, source: Source, path: str, given: Mapping[str, str], found_by: str) -> None:
    """One look. Pages are read until one holds nothing that is new: the cursor moves only after all were kept."""
    cursor = f"search {sha256(found_by.encode()).hexdigest()[:16]}" if found_by else "inbox"
    before = {text(name): text(mark) for name, mark in obj(obj(source.cursors().get(cursor)).get("seen")).items()}
    found: dict[str, str] = {}
    after = ""
    for _ in range(_PAGES_MAX):
        page, after = reddit.listing(path, {**given, **({"after": after} if after else {})})
        fresh: list[Incoming] = []
        for one in page:
            name = fullname(obj(one.get("data")).get("name"))
            if name:
                found[name] = _mark(obj(one.get("data")))
                fresh += _changes(one, name, before.get(name, ""), found[name], found_by)
        if fresh:
            source.keep(fresh, {})
        # The first look at a search takes one page: what people said long ago is nobody's work now.
        if not fresh or not after or not before or source.stopping.is_set():
            break
    older = {name: mark for name, mark in before.items() if name not in found}
    seen = dict(list({**found, **older}.items())[:_SEEN_MAX])
    if seen != before and not source.stopping.is_set():
        source.keep([], {cursor: {"seen": seen}})


def _changes(one: Mapping[str, Any], name: str, before: str, now_: str, found_by: str) -> list[Incoming]:
    if now_ == before:
        return []
    body = orjson.dumps(one)
    around: dict[str, Any] = {"found_by": found_by} if found_by else {}
    if is_gone(obj(one.get("data"))):
        return [Incoming(deletion_of(message_id(name)), body, {**around, "gone": True})] if before else []
    if before:
        return [Incoming(item_id("reddit", name, now_), body, {**around, "edited": True})]
    return [Incoming(item_id("reddit", name), body, around)]


def _mark(raw: Mapping[str, Any]) -> str:
    """What changes when the words do; votes and counts do not matter."""
    told = [raw.get("edited"), raw.get("body"), raw.get("selftext")]
    return sha256(orjson.dumps(told)).hexdigest()[:12]


def _figures(left: Mapping[str, float]) -> Mapping[str, Any]:
    if "limit_resets_s" not in left:
        return {}
    at = now() + timedelta(seconds=min(left["limit_resets_s"], 86_400.0))
    return {"limit_left": left["limit_left"], "limit_resets_at": at.isoformat()}
