"""Asking a server for what is new since last time: one method per thing that is asked for.

Each keeps what it found together with the cursor that says so. Cursors: "notifications", "own" and "tag:<name>" are the
newest id seen; "recent" lists the mentions that are looked at again, as [id, when edited].
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from rapport.channels.base import ChannelError, Incoming, Source, TooFast
from rapport.channels.kinds.mastodon import items
from rapport.channels.kinds.mastodon.client import Client
from rapport.channels.kinds.mastodon.parse import moment
from rapport.channels.outgoing import TooLarge
from rapport.core.clock import now

PAGE = 40
RECENT_MAX = 40
BATCH_MAX = 200
FIRST_AGE = timedelta(days=1)
_PAGES_MAX = 50
_FIRST_PAGES_MAX = 10
_SEEN_MAX = 5_000
_ROOTS_AT_ONCE = 10
_ALONE_AT_ONCE = 5

Ask = Callable[..., list[dict[str, Any]]]
Make = Callable[[Mapping[str, Any]], list[Incoming]]


class Poller:
    """Everything that can be asked. Raises what `Client` raises."""

    def __init__(self, client: Client, source: Source) -> None:
        self._client = client
        self._source = source
        self._host = client.settings.host
        self._seen: dict[str, None] = {}
        self._cursors: dict[str, Any] = dict(source.cursors())
        self._asks_for_many = True
        self._turn = 0
        self._roots = 0
        self._first_asked_at = now()

    def notifications(self) -> None:
        """Mentions, direct messages and reactions, oldest first."""
        self._roots = 0
        self._since("notifications", self._client.notifications, self.notified)

    def own(self) -> None:
        """What our own account said elsewhere."""
        settings = self._client.settings
        if not settings.own_id:
            return

        def said(**page: Any) -> list[dict[str, Any]]:
            return self._client.said_by(settings.own_id, **page)

        self._since("own", said, lambda status: items.own(self._host, status))

    def tag(self, tag: str) -> None:
        """Public posts with a hashtag."""

        def tagged(**page: Any) -> list[dict[str, Any]]:
            return self._client.tagged(tag, **page)

        self._since(f"tag:{tag}", tagged, lambda status: items.found(self._host, status, f"#{tag}"))

    def search(self, words: str) -> None:
        """What a search finds that was said since a day before we began: a server may find things late."""
        hits = self._client.search(words)
        recent = [one for one in hits if not items.is_older(one, self._first_asked_at, FIRST_AGE)]
        self.keep([item for one in reversed(recent) for item in items.found(self._host, one, words)], {})

    def again(self) -> None:
        """Look again at the latest mentions: were they edited, are they gone? Streams tell of few."""
        recent = self._recent()
        now_there, gone = self._those([one for one, _ in recent])
        changed = [item for one in sorted(gone) for item in items.deleted(self._host, one)]
        kept = []
        for status_id, edited_at in recent:
            status = now_there.get(status_id)
            if status is not None and str(status.get("edited_at") or "") != edited_at:
                changed += items.edited(self._host, status)
                edited_at = str(status.get("edited_at") or "")
            if status_id not in gone:
                kept.append([status_id, edited_at])
        self.keep(changed, {"recent": kept} if kept != recent else {})

    def notified(self, said: Mapping[str, Any]) -> list[Incoming]:
        """A notification as items, with the root of its thread."""
        status = said.get("status")
        root = self._root(status) if said.get("type") == "mention" and isinstance(status, dict) else ""
        return items.notified(self._host, said, root)

    def keep(self, made: Sequence[Incoming], cursors: Mapping[str, Any]) -> None:
        """Commit what is new, at most BATCH_MAX at a time, the cursors with the last; nothing where nothing is new."""
        fresh = {one.external_id: one for one in made if one.external_id not in self._seen}
        waiting = list(fresh.values())
        while len(waiting) > BATCH_MAX:
            self._commit(waiting[:BATCH_MAX], {})
            waiting = waiting[BATCH_MAX:]
        moved = {name: value for name, value in cursors.items() if self._cursors.get(name) != value}
        remembered = self._remembered(fresh.values(), moved.get("recent"))
        if remembered is not None:
            moved["recent"] = remembered
        if waiting or moved:
            self._commit(waiting, moved)

    def _commit(self, batch: Sequence[Incoming], cursors: Mapping[str, Any]) -> None:
        self._source.keep(batch, cursors)
        self._cursors.update(cursors)
        for one in batch:
            self._seen[one.external_id] = None
        while len(self._seen) > _SEEN_MAX:
            del self._seen[next(iter(self._seen))]

    def _since(self, cursor: str, ask: Ask, make: Make) -> None:
        """Page upwards from the cursor. The very first time: what is not older than a day."""
        after = self._cursors.get(cursor)
        if not isinstance(after, str) or not after:
            self._first(cursor, ask, make)
            return
        for _ in range(_PAGES_MAX):
            page = _page(ask, min_id=after)
            # A server that knows no min_id answers with its newest: what is behind the cursor is known.
            page = [one for one in page if items.order(one.get("id")) > items.order(after)]
            latest = items.newest(page)
            if not latest or self._source.stopping.is_set():
                return
            self.keep([item for one in sorted(page, key=_by_id) for item in make(one)], {cursor: latest})
            after = latest

    def _first(self, cursor: str, ask: Ask, make: Make) -> None:
        begun, held, page = now(), list[dict[str, Any]](), _page(ask)
        latest = items.newest(page)
        for _ in range(_FIRST_PAGES_MAX):
            young = [one for one in page if not items.is_older(one, begun, FIRST_AGE)]
            held += young
            if not page or len(young) < len(page) or self._source.stopping.is_set():
                break
            oldest = min((str(one.get("id")) for one in page), key=items.order)
            page = _page(ask, max_id=oldest)
        made = [item for one in sorted(held, key=_by_id) for item in make(one)]
        self.keep(made, {cursor: latest} if latest else {})

    def _root(self, status: Mapping[str, Any]) -> str:
        """The id of the post that a reply's thread begins with, asked for unless that is too dear or fails."""
        left = self._client.budget.left
        known = items.notified(self._host, {"type": "mention", "status": status})
        wanted = status.get("in_reply_to_id") and known and known[0].external_id not in self._seen
        if not wanted or self._roots >= _ROOTS_AT_ONCE or (left is not None and left < 60):
            return ""
        self._roots += 1
        try:
            return next(iter(self._client.ancestors(str(status.get("id")))), "")
        except TooFast:
            return ""
        except ChannelError as error:
            if error.permanent and self._client.status == 401:
                raise
            return ""

    def _remembered(self, fresh: Any, recent: list[list[str]] | None) -> list[list[str]] | None:
        """The mentions to look at again, with those that just came; None where that changes nothing."""
        known = recent if recent is not None else self._recent()
        new = [one for item in fresh if (one := _mention(item)) is not None]
        if not new:
            return recent
        ids = {one[0] for one in new}
        return ([one for one in known if one[0] not in ids] + new)[-RECENT_MAX:]

    def _recent(self) -> list[list[str]]:
        known = self._cursors.get("recent")
        pairs = known if isinstance(known, list) else []
        return [[str(part) for part in one] for one in pairs if isinstance(one, list | tuple) and len(one) == 2]

    def _those(self, ids: Sequence[str]) -> tuple[dict[str, dict[str, Any]], set[str]]:
        """Posts as they are now by id, and the ids of those that are gone."""
        there: dict[str, dict[str, Any]] = {}
        if self._asks_for_many and ids:
            try:
                there = {str(one.get("id")): one for one in self._client.posts(ids)}
                alone: Sequence[str] = [one for one in ids if one not in there]
            except TooFast:
                raise
            except ChannelError as error:
                if not error.permanent or self._client.status == 401:
                    raise
                self._asks_for_many, alone = False, self._some(ids)
        else:
            alone = self._some(ids)
        gone = set()
        for status_id in alone[:_ALONE_AT_ONCE]:
            status = self._client.post(status_id)
            if status is None:
                gone.add(status_id)
            else:
                there[status_id] = status
        return there, gone

    def _some(self, ids: Sequence[str]) -> Sequence[str]:
        """A few of them, others each time."""
        self._turn = self._turn + _ALONE_AT_ONCE if self._turn + _ALONE_AT_ONCE < len(ids) else 0
        turned = [*ids[::-1][self._turn :], *ids[::-1][: self._turn]]
        return turned[:_ALONE_AT_ONCE]


def _page(ask: Ask, **where: str) -> list[dict[str, Any]]:
    """One page, or a small one where the whole would be too large."""
    try:
        return ask(limit=PAGE, **where)
    except TooLarge:
        return ask(limit=2, **where)


def _mention(item: Incoming) -> list[str] | None:
    if item.envelope.get("as") != "notification" or not item.external_id.endswith(" mention"):
        return None
    status = orjson.loads(item.body).get("status") or {}
    return [str(status.get("id")), str(status.get("edited_at") or "")]


def _by_id(said: Mapping[str, Any]) -> tuple[int, str]:
    return items.order(said.get("id"))


def lag_of(said: Mapping[str, Any]) -> float | None:
    """Seconds since it was said, where it says when."""
    at = moment(said.get("created_at"))
    return max((now() - at).total_seconds(), 0.0) if at else None
