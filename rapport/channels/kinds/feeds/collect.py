"""Asking all feeds of a channel in turn, for as long as the channel runs: one thread decides, a few ask."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from rapport.channels.base import Account, ChannelError, Incoming, Invalid, Source
from rapport.channels.kinds.feeds import settings, websub
from rapport.channels.kinds.feeds.fetch import Trouble, host_of
from rapport.channels.kinds.feeds.lanes import Lanes
from rapport.channels.kinds.feeds.poll import Outcome, poll
from rapport.channels.kinds.feeds.schedule import Turns, after_failure, remaining
from rapport.channels.kinds.feeds.settings import Subscription
from rapport.channels.kinds.feeds.state import State, state_of
from rapport.core.clock import now

_BATCH = 200
_TELL_S = 15.0
_SHOW_S = 60.0
_NAMED_MAX = 5
_LANES_MAX = 32
_HUB_RETRY_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How politely: `lanes` feeds asked at a time (more where there are many), `pause_s` between two requests to one
    host, `stuck_s` until a request is given up, `commit_s` between two commits.
    """

    lanes: int = 8
    pause_s: float = 1.0
    stuck_s: float = 180.0
    commit_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """One feed to ask, or (`hub`) one hub to ask for a feed. `host` is busy from `at`, when it begins."""

    one: Subscription
    state: State
    hub: str = ""
    host: str = ""
    at: datetime | None = None


class Collection:
    """The feeds of one channel, being collected. Everything here is of one thread, but `_work`."""

    def __init__(self, account: Account, source: Source, pace: Pace | None = None) -> None:
        self._account, self._source, self._pace = account, source, pace or Pace()
        try:
            self._settings = settings.read(account.config)
        except Invalid as error:
            raise ChannelError(error.message, error.hint, permanent=True) from error
        count = min(max(self._pace.lanes, len(self._settings.feeds) // 500), _LANES_MAX)
        self._states: dict[str, State] = {}
        self._turns: Turns[Job] = Turns(self._pace.pause_s)
        self._lanes: Lanes[Job, Outcome | Trouble | None] = Lanes(self._work, count, self._pace.stuck_s)
        self._items: list[Incoming] = []
        self._cursors: dict[str, object] = {}
        self._troubled: dict[str, str] = {}
        self._heard, self._told = 0, ("", -_TELL_S)
        self._shown, self._lag_s, self._committed = 0.0, 0.0, 0.0

    def run(self) -> None:
        """Until `source.stopping`. Raises a permanent ChannelError where every feed is gone for good."""
        self._begin(self._source.cursors())
        try:
            while not self._source.stopping.is_set():
                self._dispatch()
                self._hear(min(self._turns.wait(time.monotonic()), 0.25) if self._lanes.has_room else 0.25)
                self._give_up()
                if len(self._items) >= _BATCH or time.monotonic() - self._committed >= self._pace.commit_s:
                    self._commit()
                    self._tell()
            self._commit()
        finally:
            self._lanes.close()

    def _begin(self, cursors: Mapping[str, object]) -> None:
        at, clock = now().timestamp(), time.monotonic()
        for one in self._settings.feeds:
            state = self._states[one.cursor] = state_of(cursors.get(one.cursor))
            self._note(one, state)
            self._plan(one, clock + remaining(state.next_at, at))
        for name in cursors:
            if name.startswith("feed:") and name not in self._states and cursors[name]:
                self._cursors[name] = {}  # taken out of the settings: forgotten

    def _plan(self, one: Subscription, due: float) -> None:
        state = self._states[one.cursor]
        if not state.gone:
            self._turns.add(host_of(state.at or one.url), due, Job(one, state))

    def _dispatch(self) -> None:
        while self._lanes.has_room and (turn := self._turns.take(time.monotonic())):
            host, due, job = turn
            self._lag_s = max(self._lag_s, time.monotonic() - due)
            self._lanes.begin(replace(job, state=self._states[job.one.cursor], host=host, at=now()))

    def _work(self, job: Job) -> Outcome | Trouble | None:
        """In a thread of its own: ask the feed, or its hub."""
        if not job.hub:
            return poll(job.one, job.state, self._settings, job.at or now())
        try:
            websub.subscribe(self._account, websub.Topic(job.one.url, job.state.url, job.state.topic), job.hub)
        except Trouble as trouble:
            return trouble
        return None

    def _hear(self, timeout_s: float) -> None:
        while ended := self._lanes.ended(timeout_s):
            timeout_s = 0.0
            job, result = ended
            clock = time.monotonic()
            self._turns.release(job.host, clock, result.peace_s if result else 0.0)
            if isinstance(result, Outcome):
                self._polled(job, result, clock)
            elif job.hub:
                self._subscribed(job, result)
            if len(self._items) >= _BATCH:
                return

    def _polled(self, job: Job, outcome: Outcome, clock: float) -> None:
        name, state = job.one.cursor, outcome.state
        before = self._states[name]
        if (state.hub, state.topic) == (before.hub, before.topic):
            state.subscribed_at = before.subscribed_at
        self._states[name] = state
        self._items += outcome.items
        self._cursors[name] = state
        self._heard += outcome.trouble is None
        self._note(job.one, state)
        self._plan(job.one, clock + outcome.wait_s)
        if self._settings.websub and websub.is_due(self._account, state, now().timestamp()):
            state.subscribed_at = now().timestamp()  # asked once, until the hub has answered
            self._turns.add(host_of(state.hub), clock, Job(job.one, state, hub=state.hub))

    def _subscribed(self, job: Job, trouble: Outcome | Trouble | None) -> None:
        state = self._states[job.one.cursor]
        if isinstance(trouble, Trouble) and not trouble.lasting and state.hub == job.hub:
            state.subscribed_at -= websub.RENEW_S - max(_HUB_RETRY_S, trouble.peace_s)
        self._cursors[job.one.cursor] = state

    def _give_up(self) -> None:
        """Feeds whose server neither answers nor hangs up. Their hosts stay busy until they do."""
        for job in self._lanes.stuck():
            if not job.hub:
                state = self._states[job.one.cursor]
                failures = state.failures + 1
                wait_s = after_failure(state.interval_s, failures)
                self._states[job.one.cursor] = replace(
                    state, failures=failures, trouble="Its answer does not come to an end.",
                    next_at=now().timestamp() + wait_s,
                )  # fmt: skip
                self._cursors[job.one.cursor] = self._states[job.one.cursor]
                self._note(job.one, self._states[job.one.cursor])
                self._plan(job.one, time.monotonic() + wait_s)
        if self._lanes.given_up > 2 * _LANES_MAX:
            raise ChannelError("Too many feeds neither answer nor hang up.", permanent=False)

    def _commit(self) -> None:
        """Items in batches; the cursors go with the last of them, so that they never run ahead."""
        self._committed = time.monotonic()
        if not self._items and not self._cursors:
            return
        items, cursors = self._items, self._cursors
        self._items, self._cursors = [], {}
        while len(items) > _BATCH:
            self._source.keep(items[:_BATCH], {})
            items = items[_BATCH:]
        told = {name: one.as_cursor() if isinstance(one, State) else one for name, one in cursors.items()}
        self._source.keep(items, told)

    def _note(self, one: Subscription, state: State) -> None:
        """A feed is shown as troubled when it failed twice, or never answered well."""
        if state.trouble and (state.failures > 1 or state.gone or not state.url):
            self._troubled[one.cursor] = f"{one.label or one.url}: {state.trouble}"
        else:
            self._troubled.pop(one.cursor, None)

    def _tell(self) -> None:
        count = len(self._settings.feeds)
        if all(state.gone for state in self._states.values()):
            raise ChannelError(
                "Every feed of this channel is gone for good.", "Take them out, or enter where they are now.",
                permanent=True,
            )  # fmt: skip
        words, clock = self._words(count), time.monotonic()
        if clock - self._told[1] < _TELL_S and words == self._told[0]:
            return
        self._show(words, clock)
        self._told = (words, clock)
        self._source.measured({
            "way": "polling", "lag_s": round(self._lag_s, 1), "feeds": count, "failing": len(self._troubled),
        })  # fmt: skip
        self._lag_s = 0.0

    def _show(self, words: str, clock: float) -> None:
        """A channel with feeds that fail is shown as failing, and when the others were heard last."""
        if words and words == self._told[0] and clock - self._shown < _SHOW_S:
            return
        if self._heard:
            self._source.well()
        if words:
            self._source.unwell(words)
        self._heard, self._shown = 0, clock

    def _words(self, count: int) -> str:
        if not self._troubled:
            return ""
        named = list(self._troubled.values())[:_NAMED_MAX]
        more = f" And {len(self._troubled) - len(named)} more." if len(self._troubled) > len(named) else ""
        return f"{len(self._troubled)} of {count} feeds cannot be had. {' '.join(named)}{more}"
