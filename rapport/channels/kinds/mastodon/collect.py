"""Collecting for one account: streams where the server has them, polling always, faster where there is no stream.

One loop keeps everything; threads only read streams (`stream`). When a stream opens, everything it stands for is asked
for once, so that nothing said before it opened is lost.
"""

import time
from collections.abc import Callable
from queue import Empty, Queue
from typing import Any

import orjson

from rapport.channels.base import Account, ChannelError, Incoming, Source, TooFast
from rapport.channels.kinds.mastodon import items, pace
from rapport.channels.kinds.mastodon.client import Client
from rapport.channels.kinds.mastodon.poll import BATCH_MAX, Poller, lag_of
from rapport.channels.kinds.mastodon.stream import WAITING_MAX, Heard, NoStream, Reader
from rapport.core.clock import now

POLL_S = 5.0
STREAM_AGAIN_S = 5.0
NO_STREAM_S = 600.0
STREAMED_TAGS_MAX = 8
_REFUSED_S = 600.0


def run(account: Account, source: Source) -> None:
    """Collect until `source.stopping`. Raises a permanent ChannelError where the token is dead."""
    with Client(account) as client:
        collector = Collector(account, source, client)
        try:
            while not source.stopping.is_set():
                collector.step()
        finally:
            collector.close()


class Collector:
    """The state of one run: what is due, which streams are open, what is wrong."""

    def __init__(self, account: Account, source: Source, client: Client) -> None:
        self._account = account
        self._source = source
        self._client = client
        self._poller = Poller(client, source)
        self._heard: Queue[Heard] = Queue(WAITING_MAX)
        self._readers: dict[str, Reader] = {}
        self._open: set[str] = set()
        self._stream_due: dict[str, pace.Task] = {}
        self._wrong: dict[str, str] = {}
        self._wait_until = 0.0
        self._do: dict[str, Callable[[], None]] = {}
        self._schedule = self._planned()

    def step(self) -> None:
        """Keep what streams brought, for half a second at most, then do the one thing that is most due."""
        self._listen()
        self._open_streams()
        at = time.monotonic()
        task = self._schedule.next(at) if at >= self._wait_until else None
        if task is not None and not self._source.stopping.is_set():
            self._ask(task)

    def close(self) -> None:
        """End every stream."""
        for reader in self._readers.values():
            reader.stop()
        for reader in self._readers.values():
            reader.join(5)

    def _planned(self) -> pace.Schedule:
        settings, poller = self._client.settings, self._poller
        tasks = [pace.Task("notifications", POLL_S, 60), pace.Task("own", 30, 120), pace.Task("again", 60, 120)]
        self._do |= {"notifications": poller.notifications, "own": poller.own, "again": poller.again}
        for tag in settings.hashtags:
            tasks.append(pace.Task(f"tag:{tag}", 20, 120))
            self._do[f"tag:{tag}"] = _with(poller.tag, tag)
        for words in settings.searches:
            tasks.append(pace.Task(f"search:{words}", 60, 60))
            self._do[f"search:{words}"] = _with(poller.search, words)
        for tag in ("", *settings.hashtags[:STREAMED_TAGS_MAX]):
            self._stream_due[tag] = pace.Task(tag, STREAM_AGAIN_S, STREAM_AGAIN_S)
        return pace.Schedule(tasks)

    def _ask(self, task: pace.Task) -> None:
        """One thing. What is only refused (a search this token may not make) does not stop the rest."""
        try:
            self._do[task.name]()
        except TooFast as error:
            self._wait_until = time.monotonic() + error.retry_after
            task.put_off(time.monotonic())
            self._fails(task.name, error)
        except ChannelError as error:
            refused = error.permanent and self._client.status not in (0, 401)
            if error.permanent and not (refused and task.name != "notifications"):
                raise
            task.put_off(time.monotonic(), _REFUSED_S if refused else 0.0)
            self._fails(task.name, error)
        else:
            self._wrong.pop(task.name, None)
            task.done(time.monotonic(), self._streamed(task), self._stretch())
            self._well()
        self._measure()

    def _streamed(self, task: pace.Task) -> bool:
        return (task.name.removeprefix("tag:") if task.name.startswith("tag:") else "") in self._open

    def _stretch(self) -> float:
        budget = self._client.budget
        per_second = sum(1 / one.interval(self._streamed(one)) for one in self._schedule.tasks)
        resets_in = (budget.resets_at - now()).total_seconds() if budget.resets_at else None
        return pace.stretch(per_second, budget.left, resets_in)

    def _listen(self) -> None:
        """Take what streams say, up to a batch, and keep it at once."""
        made: list[Incoming] = []
        lag = None
        busy = self._schedule.next(time.monotonic()) is not None and time.monotonic() >= self._wait_until
        wait = 0.05 if busy else 0.5
        try:
            while len(made) < BATCH_MAX:
                heard = self._heard.get(timeout=wait)
                wait = 0.0
                if heard.name in ("", "end"):
                    self._changed(heard)
                    continue
                said = _said(heard)
                made += self._made(heard, said)
                lag = lag_of(said) if isinstance(said, dict) else lag
        except Empty:
            pass
        if made:
            self._poller.keep(made, {})
            self._measure(lag)

    def _made(self, heard: Heard, said: Any) -> list[Incoming]:
        """An event as items: of the account's own stream only what concerns us, of a hashtag's all."""
        host, own = self._client.settings.host, self._client.settings.own_id
        if heard.name == "delete":
            return items.deleted(host, heard.data)
        if not isinstance(said, dict):
            return []
        by = said.get("account")
        ours = bool(own) and isinstance(by, dict) and str(by.get("id")) == own
        if heard.name == "notification":
            return self._poller.notified(said)
        if heard.name in ("status.update", "status_update"):
            return items.edited(host, said, f"#{heard.tag}" if heard.tag else "")
        if heard.name == "update" and heard.tag:
            return items.found(host, said, f"#{heard.tag}")
        return items.own(host, said) if heard.name == "update" and ours else []

    def _changed(self, heard: Heard) -> None:
        """A stream opened: ask for what it stands for. One ended: ask at once, and try again later."""
        names = [f"tag:{heard.tag}"] if heard.tag else ["notifications", "own"]
        if heard.name == "":
            self._open.add(heard.tag)
            self._schedule.hurry(names)
            return
        reader = self._readers.pop(heard.tag, None)
        if reader is not None:
            reader.join(5)
        task = self._stream_due[heard.tag]
        if heard.tag in self._open:
            self._open.discard(heard.tag)
            self._schedule.hurry(names)
            task.failed = 0
            task.put_off(time.monotonic())
        else:
            # Whether the token is dead, or only the stream closed to us, the next poll tells.
            never = isinstance(heard.error, NoStream) or (heard.error is not None and heard.error.permanent)
            task.put_off(time.monotonic(), NO_STREAM_S if never else 0.0)
        self._measure()

    def _open_streams(self) -> None:
        at = time.monotonic()
        for tag, task in self._stream_due.items():
            if tag not in self._readers and task.due <= at and at >= self._wait_until:
                self._readers[tag] = Reader(self._account, tag, self._heard)
                self._readers[tag].start()

    def _well(self) -> None:
        if self._wrong:
            self._source.unwell(next(iter(self._wrong.values())))
        else:
            self._source.well()

    def _fails(self, name: str, error: ChannelError) -> None:
        subject = name.partition(":")[2]
        words = f"{subject}: {error.message}" if subject else error.message
        self._wrong[name] = f"{words} {error.hint}".strip()
        self._source.unwell(self._wrong[name])

    def _measure(self, lag: float | None = None) -> None:
        figures: dict[str, Any] = {"way": "stream" if "" in self._open else "polling"}
        budget = self._client.budget
        if lag is not None:
            figures["lag_s"] = round(lag, 1)
        if budget.left is not None:
            figures["limit_left"] = budget.left
        if budget.resets_at is not None:
            figures["limit_resets_at"] = budget.resets_at.isoformat()
        self._source.measured(figures)


def _with(ask: Callable[[str], None], what: str) -> Callable[[], None]:
    return lambda: ask(what)


def _said(heard: Heard) -> Any:
    try:
        return orjson.loads(heard.data)
    except orjson.JSONDecodeError:
        return None
