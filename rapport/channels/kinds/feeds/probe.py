"""Looking at feeds for a person who connects them and waits. Network; nothing is kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from rapport.channels.kinds.feeds.fetch import Trouble
from rapport.channels.kinds.feeds.poll import poll
from rapport.channels.kinds.feeds.settings import Settings, Subscription
from rapport.channels.kinds.feeds.state import State

_AT_A_TIME = 8


def probe_all(read: Settings, most: int, at: datetime) -> list[tuple[str, Trouble | None]]:
    """The first feeds of a channel, in their order."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(lambda one: probe(one, read, at), read.feeds[:most]))


def probe(one: Subscription, read: Settings, at: datetime) -> tuple[str, Trouble | None]:
    """A line that says what stands there, and why nothing does."""
    outcome = poll(one, State(), read, at)
    if outcome.document is None and outcome.trouble is None:  # a home page that names its feed
        outcome = poll(one, outcome.state, read, at)
    if outcome.document is None:
        trouble = outcome.trouble or Trouble("It names a page that names a page.")
        return f"{one.url}: {trouble}", trouble
    count, hub = len(outcome.document.entries), " Its hub can push." if outcome.state.hub else ""
    where = f" at {outcome.state.url}" if outcome.state.url != one.url else ""
    return f"{one.url}: {outcome.state.title or 'a feed'}{where}, {count} entries.{hub}", None
