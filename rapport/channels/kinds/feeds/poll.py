"""Asking one feed once: what it says that is new, and what to remember of it. Network, but no database and no clock."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from rapport.channels.base import Incoming
from rapport.channels.kinds.feeds import discover, document, fetch, items, schedule
from rapport.channels.kinds.feeds.document import Document, NoFeed
from rapport.channels.kinds.feeds.fetch import Fetched, Trouble
from rapport.channels.kinds.feeds.settings import Settings, Subscription
from rapport.channels.kinds.feeds.state import State

_RETRY_S = 60.0  # the first time something goes wrong with a new feed, somebody is watching
_HOME_AFTER = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state after asking, the raw items to keep with it, in how many seconds to ask again, and whether the host
    wants to be left alone until then.
    """

    state: State
    items: Sequence[Incoming] = ()
    wait_s: float = 0.0
    peace_s: float = 0.0
    document: Document | None = None
    trouble: Trouble | None = None


def poll(one: Subscription, state: State, settings: Settings, at: datetime) -> Outcome:
    """Ask for the feed. Never raises: what goes wrong is in the state."""
    state = replace(state)
    try:
        fetched = fetch.fetch(state.at or one.url, state.etag, state.modified)
        _move(state, fetched)
        return _answered(one, state, settings, fetched, at)
    except Trouble as trouble:
        return _failed(one, state, settings, trouble, at)
    except NoFeed as other:
        found = "" if state.url else _named(other, state.at or one.url)
        if found:
            state.at, state.etag, state.modified = found, "", ""
            return _in(state, 0.0, at)
        return _failed(one, state, settings, Trouble(str(other), lasting=True), at)


def _answered(one: Subscription, state: State, settings: Settings, fetched: Fetched, at: datetime) -> Outcome:
    digest = b64encode(sha256(fetched.body).digest()[:12]).decode() if fetched.is_new else state.body
    asked_s = fetch.max_age(fetched.headers)
    if digest == state.body and state.url:
        _validators(state, fetched)
        return _well(one, state, settings, False, asked_s, at)
    understood = document.understood(fetched.body, fetched.headers, fetched.url)
    is_first = not state.url
    state.url = state.url or (state.at or one.url)
    found, known = items.found(understood), state.known()
    fresh = [e for e in found if e.name not in known]
    changed = [e for e in found if known.get(e.name, e.content) != e.content]
    taken = [e for e in fresh if not is_first or items.is_recent(e.entry, at, settings.days)]
    where = items.Where(state.url, one.label or state.url, at)
    made = list(items.incoming(understood, [*taken, *changed], where, frozenset(e.key for e in changed)))
    state.remember(found)
    state.body, state.least_s = digest, understood.least_s
    state.title = str(understood.feed.get("title", ""))[:200]
    _validators(state, fetched)
    _hub(state, understood, fetched)
    outcome = _well(one, state, settings, bool(fresh) and not is_first, asked_s, at)
    return replace(outcome, items=made, document=understood)


def _named(other: NoFeed, url: str) -> str:
    found = discover.feed_of(other.html, url) if other.html else ""
    return found if found != url else ""


def _move(state: State, fetched: Fetched) -> None:
    """A permanent redirect is remembered (RFC 9110, 15.4.2); the entries keep the names they have."""
    if fetched.moved_to and len(fetched.moved_to) <= 1_500:
        state.at = fetched.moved_to


def _validators(state: State, fetched: Fetched) -> None:
    """ETag and Last-Modified as given. A 304 need not repeat them."""
    etag, modified = fetched.headers.get("etag", ""), fetched.headers.get("last-modified", "")
    if fetched.is_new or etag or modified:
        state.etag, state.modified = etag[:500], modified[:100]


def _hub(state: State, understood: Document, fetched: Fetched) -> None:
    """WebSub, section 4: Link headers go before what the feed says itself."""
    named = discover.links(fetched.headers, fetched.url)
    hub, topic = named.get("hub") or understood.hub, named.get("self") or understood.topic or fetched.url
    if (hub, topic) != (state.hub, state.topic):
        state.hub, state.topic, state.subscribed_at = hub[:1_500], topic[:1_500], 0.0


def _well(
    one: Subscription, state: State, settings: Settings, has_news: bool, asked_s: float, at: datetime
) -> Outcome:
    state.failures, state.trouble, state.gone = 0, "", False
    least_s = max(settings.least_s, state.least_s, asked_s)
    state.interval_s = schedule.next_interval(state.interval_s, has_news, least_s)
    return _in(state, max(schedule.spread(state.interval_s, one.cursor), min(least_s, state.interval_s)), at)


def _failed(one: Subscription, state: State, settings: Settings, trouble: Trouble, at: datetime) -> Outcome:
    state.failures += 1
    state.trouble = str(trouble)[:500]
    moved = bool(state.at) and state.at != one.url
    state.gone = trouble.status == 410 and not moved
    if moved and (trouble.status == 410 or state.failures >= _HOME_AFTER):
        state.at, state.etag, state.modified = "", "", ""  # back to where it was found first
    first = _RETRY_S if state.failures == 1 and not state.url and not trouble.lasting else 0.0
    wait_s = first or schedule.after_failure(max(state.interval_s, settings.least_s), state.failures)
    outcome = _in(state, max(wait_s, trouble.peace_s), at)
    return replace(outcome, peace_s=trouble.peace_s, trouble=trouble)


def _in(state: State, wait_s: float, at: datetime) -> Outcome:
    state.next_at = round(at.timestamp() + wait_s, 1)
    return Outcome(state, wait_s=wait_s)
