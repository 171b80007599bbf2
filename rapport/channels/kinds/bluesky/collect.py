"""Polling: notifications, our own posts, searches; and from time to time a second look at what was collected.

Every list of the API begins with the newest and goes back page by page. `_Walk` reads a list back to where it was read
before and keeps each page as it comes, together with where it stands, so that neither a backlog nor a restart in the
middle of one loses anything or needs more memory than a page.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import Account, ChannelError, Incoming, Source, item_id
from rapport.channels.kinds.bluesky import settings, xrpc
from rapport.channels.kinds.bluesky.parse import moment
from rapport.channels.kinds.bluesky.watch import Watch
from rapport.core.clock import now

PAGE = 100
_PER_CALL = 25
_SEARCH_PAGES_MAX = 10
_FIRST_LOOK = timedelta(days=7)
_POSTS = ("mention", "reply", "quote", "subscribed-post")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two rounds, between two of searches and own posts, between two looks at old posts.

    The service allows 3,000 requests in five minutes (docs.bsky.app/docs/advanced-guides/rate-limits); a round is one.
    """

    every_s: float = 1.5
    searches_s: float = 60.0
    look_s: float = 600.0
    low: int = 100


@dataclass(frozen=True, slots=True)
class List:
    """One list of the API. `only_new`: what was there before the first look is nobody's. `pages_max`: 0 for no end.

    `first`: how many rows the first page has, which is asked for again and again.
    """

    cursor: str
    method: str
    key: str
    params: Mapping[str, Any]
    envelope: Mapping[str, Any]
    only_new: bool = True
    pages_max: int = 0
    first: int = PAGE


class Collector:
    """Runs until the source is stopping."""

    def __init__(self, account: Account, source: Source, pace: Pace) -> None:
        self.source, self.pace = source, pace
        self.session = xrpc.session_of(account)
        self.settings = settings.read(account)
        self.watch = Watch(source.cursors().get("watch"))
        self._cursors = dict(source.cursors())
        self._seen: dict[str, frozenset[str]] = {}
        self._next: dict[str, float] = {}
        self._troubles: list[str] = []

    def run(self) -> None:
        """Round after round. Raises ChannelError."""
        self.session.signed_in()
        while not self.source.stopping.is_set():
            self._round()
            self.source.measured({"way": "polling", **self.session.limits})
            self.source.stopping.wait(self._pause())

    def _round(self) -> None:
        self._troubles = []
        self._walk(self._notifications())
        if self._is_due("searches", self.pace.searches_s):
            self._walk(self._own_posts())
            for search in self._searches():
                self._try(search)
        if self._is_due("look", self.pace.look_s):
            self._look_again()
        if self._troubles:
            self.source.unwell(self._troubles[0])
        else:
            self.source.well()

    def _pause(self) -> float:
        """Longer where little is left of the rate limit: until it starts anew, at most five minutes."""
        left, resets = self.session.limits.get("limit_left"), moment(self.session.limits.get("limit_resets_at"))
        if left is not None and left < self.pace.low and resets:
            return min(max((resets - now()).total_seconds(), self.pace.every_s), 300.0)
        return self.pace.every_s

    def _is_due(self, what: str, every_s: float) -> bool:
        due = time.monotonic() >= self._next.get(what, 0.0)
        if due:
            self._next[what] = time.monotonic() + every_s
        return due

    def _notifications(self) -> List:
        method = "app.bsky.notification.listNotifications"
        return List("notifications", method, "notifications", {}, {}, only_new=False, first=25)

    def _own_posts(self) -> List:
        params = {"actor": self.session.did, "filter": "posts_with_replies"}
        return List("own", "app.bsky.feed.getAuthorFeed", "feed", params, {"why": "own"})

    def _searches(self) -> Iterator[List]:
        for words in (*self.settings.searches, *(f"#{one}" for one in self.settings.hashtags)):
            name = "search:" + sha256(words.encode()).hexdigest()[:16]
            envelope = {"why": "search", "found_by": words}
            params = {"q": words, "sort": "latest"}
            yield List(name, "app.bsky.feed.searchPosts", "posts", params, envelope, pages_max=_SEARCH_PAGES_MAX)

    def _try(self, search: List) -> None:
        """A search that the service does not like must not stop the others."""
        try:
            self._walk(search)
        except xrpc.Refused as error:
            self._troubles.append(f"Search {search.envelope['found_by']}: {error.message}")

    def _walk(self, what: List) -> None:
        """Read a list back to where it was read before, and keep what is new."""
        stand = dict(self._cursors.get(what.cursor) or {})
        if not stand and what.only_new:
            top = max(_times(list(_rows(self._page(what, stand).get(what.key)))), default=None)
            self._keep([], what, {"since": _iso(top), "until": _iso(top)})
            return
        stand = stand or {"since": _iso(now() - _FIRST_LOOK), "until": ""}
        pages = 0
        while not self.source.stopping.is_set():
            page = self._page(what, stand)
            rows = list(_rows(page.get(what.key)))
            pages += 1
            there = self._after(what, stand, rows, page.get("cursor"))
            if "page" in there and pages == what.pages_max:
                there = {"since": there["since"], "until": there["top"]}
            self._keep([row for row in rows if _is_after(row, there["since"])], what, there)
            if "page" not in stand:  # The first page is read each time; of the others nobody comes twice.
                self._seen[what.cursor] = frozenset(map(_name, rows))
            stand = there
            if "page" not in there:
                return

    def _page(self, what: List, stand: dict[str, Any]) -> dict[str, Any]:
        """The next page; the first one again where the service does not know any more where we were."""
        try:
            limit = PAGE if stand.get("page") else what.first
            return self.session.query(what.method, limit=limit, cursor=stand.get("page"), **what.params)
        except xrpc.Refused:
            if not stand.pop("page", None):
                raise
            stand.pop("top", None)
            return self.session.query(what.method, limit=what.first, **what.params)

    def _after(
        self, what: List, stand: Mapping[str, Any], rows: Sequence[dict[str, Any]], cursor: Any
    ) -> dict[str, Any]:
        """Where a list stands after a page: read back to `until`, or to go on at `page` and then be read to `top`."""
        times = _times(rows)
        top = _iso(max([*times, *_moments(stand.get("top"))], default=None))
        there = {"since": stand.get("since", ""), "until": stand.get("until", "")}
        until = moment(there["until"]) or moment(there["since"])
        oldest = min(times, default=None)
        is_back = until is not None and oldest is not None and oldest < until
        if oldest == until:  # What stands at that very moment was read, unless more came of the same moment.
            seen = self._seen.get(what.cursor, frozenset())
            is_back = all(_name(row) in seen for row in rows if _at(row) == until)
        if is_back or not rows or not isinstance(cursor, str) or cursor == stand.get("page"):
            return {**there, "until": top or there["until"]}
        return {**there, "top": top, "page": cursor}

    def _keep(self, rows: Sequence[dict[str, Any]], what: List, stand: dict[str, Any]) -> None:
        """Commit what is new on a page together with where the list now stands."""
        fresh = [row for row in rows if _name(row) not in self._seen.get(what.cursor, frozenset())]
        if what.envelope.get("why") == "search":
            fresh = [row for row in fresh if _did(row) != self.session.did]
        elif what.envelope.get("why") == "own":
            fresh = [row for row in fresh if _did(row) == self.session.did]
        whole = self._whole([row for row in fresh if row.get("reason") in _POSTS])
        reach = self._reach({_did(row) for row in fresh} - {self.session.did, ""})
        items = [self._item(row, whole.get(str(row.get("uri")), row), what, reach) for row in fresh]
        moved = {} if self._cursors.get(what.cursor) == stand else {what.cursor: stand}
        self._commit(items, moved)

    def _commit(self, items: Sequence[Incoming], cursors: Mapping[str, Any]) -> None:
        """In one transaction with the list of posts to look at again, where that has changed."""
        changed = {**cursors, **({"watch": self.watch.cursor()} if self.watch.is_changed else {})}
        if items or changed:
            self.source.keep(items, changed)
            self._cursors.update(changed)
            self.watch.is_changed = False
        newest = max((one.received_at for one in items if one.received_at), default=None)
        if newest:
            self.source.measured({"lag_s": round(max((now() - newest).total_seconds(), 0.0), 1)})

    def _item(self, row: dict[str, Any], whole: dict[str, Any], what: List, reach: Mapping[str, int]) -> Incoming:
        uri, cid, envelope = str(whole.get("uri")), str(whole.get("cid")), dict(what.envelope)
        if row.get("reason"):
            envelope["why"] = str(row["reason"])[:100]
        if _did(row) in reach:
            envelope["reach"] = reach[_did(row)]
        if "/app.bsky.feed.post/" in uri and self.watch.add(uri, cid):
            envelope["edited"] = now().isoformat()
        return Incoming(item_id(uri, cid), orjson.dumps(whole), envelope, _at(row))

    def _whole(self, rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """The posts of notifications as they are shown elsewhere: a notification has no addresses of pictures."""
        return self._posts([str(row.get("uri")) for row in rows])

    def _posts(self, uris: Sequence[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(uris), _PER_CALL):
            answer = self.session.query("app.bsky.feed.getPosts", uris=uris[start : start + _PER_CALL])
            found |= {str(one.get("uri")): one for one in _rows(answer.get("posts"))}
        return found

    def _reach(self, dids: set[str]) -> dict[str, int]:
        """How many follow each author; without it the posts are still worth keeping."""
        found: dict[str, int] = {}
        asked = sorted(dids)
        for start in range(0, len(asked), _PER_CALL):
            try:
                answer = self.session.query("app.bsky.actor.getProfiles", actors=asked[start : start + _PER_CALL])
            except ChannelError as error:
                if error.permanent:
                    raise
                return found
            for one in _rows(answer.get("profiles")):
                if isinstance(one.get("followersCount"), int):
                    found[str(one.get("did"))] = one["followersCount"]
        return found

    def _look_again(self) -> None:
        """Whether recent posts are still there, and as they were."""
        posts = self.watch.posts()
        found = self._posts(list(posts))
        items = []
        for uri, cid in posts.items():
            if uri in found and str(found[uri].get("cid")) != cid:
                items.append(self._item(found[uri], found[uri], List("", "", "", {}, {}), {}))
            elif uri not in found and self._is_gone(uri):
                items.append(self.watch.gone(uri))
        self._commit(items, {})

    def _is_gone(self, uri: str) -> bool:
        """A post may also be missing because its author has blocked us: only its record tells."""
        did, collection, key = uri.removeprefix("at://").split("/")
        try:
            self.session.query("com.atproto.repo.getRecord", repo=did, collection=collection, rkey=key)
        except xrpc.Refused as error:
            return error.name in ("RecordNotFound", "RepoNotFound")
        self.watch.drop(uri)
        return False


def _rows(value: Any) -> Iterator[dict[str, Any]]:
    """The posts of a list; in a feed they stand one level down, and reposts are others' posts."""
    for row in value if isinstance(value, list) else ():
        if isinstance(row, dict):
            inner = row.get("post")
            if not isinstance(inner, dict):
                yield row
            elif not isinstance(row.get("reason"), dict):
                yield inner


def _times(rows: Sequence[Mapping[str, Any]]) -> list[datetime]:
    return [at for at in map(_at, rows) if at]


def _moments(value: Any) -> list[datetime]:
    at = moment(value)
    return [at] if at else []


def _at(row: Mapping[str, Any]) -> datetime | None:
    return moment(row.get("indexedAt"))


def _is_after(row: Mapping[str, Any], since: str) -> bool:
    at, start = _at(row), moment(since)
    return at is None or start is None or at > start


def _name(row: Mapping[str, Any]) -> str:
    return f"{row.get('uri')} {row.get('cid')}"


def _did(row: Mapping[str, Any]) -> str:
    author = row.get("author")
    return str(author.get("did") or "") if isinstance(author, dict) else ""


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
