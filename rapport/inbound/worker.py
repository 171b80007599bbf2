"""The worker process: pipeline, outbox, one collector a channel, the mail listener, and upkeep, each in its own
thread.

Every part goes on by itself after a fault: of the database, a mail server, or its own. Nothing is lost by
stopping at any point; SIGTERM and SIGINT only make it orderly.
"""

import asyncio
import logging
import secrets
import signal
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from threading import Event
from uuid import UUID

import psycopg
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection

from rapport.channels import registry
from rapport.channels.kinds.email.listener import Limits, Listener
from rapport.channels.models import Channel
from rapport.conversations import clocks
from rapport.core import memory, notify
from rapport.core.clock import now
from rapport.core.errors import Invalid, RapportError
from rapport.core.options import options
from rapport.inbound import faults, matching, pipeline, second_opinions, signs, transcribing, upkeep
from rapport.inbound.collect import ChannelSource, MailDesk, collect_once
from rapport.inbound.privacy import worker as privacy
from rapport.inbound.signs import PARTS as PARTS
from rapport.notices import worker as notices
from rapport.outbound import queue
from rapport.outbound.retry import reconnect_seconds
from rapport.outbound.senders import Senders
from rapport.ownership import escalating, refitting
from rapport.ownership.handing import working as handing
from rapport.ownership.simulate import jobs as whatif
from rapport.people.exchange import jobs as exchange

log = logging.getLogger(__name__)
_POLL_SECONDS = 2.0
_WATCH_SECONDS = 3.0
_EXCHANGE_SECONDS = 5.0
_STOPPED_AGAIN_SECONDS = 3600.0
_STOP_SECONDS = 15.0
_chance = secrets.SystemRandom()


def main(only: Collection[str] = ()) -> None:
    """Run the named parts, or all, until SIGTERM or SIGINT. Raises Invalid for an unknown part."""
    stopping = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    memory.settle()
    run(stopping, only)


def chosen(only: Collection[str], without: Collection[str] = ()) -> tuple[str, ...]:
    """The parts named by `only`, or all, but for those of `without`. Raises Invalid for an unknown one, or none."""
    unknown = sorted({*only, *without} - set(PARTS))
    if unknown:
        raise Invalid(f"There is no part called {unknown[0]!r}.", f"The parts are {', '.join(PARTS)}.")
    left = tuple(part for part in PARTS if part in (only or PARTS) and part not in without)
    if not left:
        raise Invalid("No part is left to run.", f"The parts are {', '.join(PARTS)}.")
    return left


def run(stopping: Event, only: Collection[str] = ()) -> None:
    """The same, until `stopping` is set; also for threads and tests."""
    of_part = {part: _threads_of(part, stopping) for part in chosen(only)}
    threads = [thread for several in of_part.values() for thread in several]
    log.info("worker runs: %s", ", ".join(thread.name for thread in threads))
    threads.append(_signing(of_part, stopping))
    for thread in threads:
        thread.start()
    stopping.wait()
    deadline = time.monotonic() + _STOP_SECONDS
    for thread in threads:
        thread.join(max(0.1, deadline - time.monotonic()))


def _signing(of_part: Mapping[str, Sequence[threading.Thread]], stopping: Event) -> threading.Thread:
    """Tells the others which parts run here."""

    def alive() -> list[str]:
        return [part for part, several in of_part.items() if any(one.is_alive() for one in several)]

    return threading.Thread(target=_guarded, args=(partial(signs.run, alive), stopping, ""), name="signs", daemon=True)


def _threads_of(part: str, stopping: Event) -> list[threading.Thread]:
    wanted = options()
    runs: dict[str, tuple[Callable[[Event], None], int]] = {
        "pipeline": (_pipeline, wanted.pipeline_threads),
        "outbox": (_outbox, 1),
        "notices": (notices.run, 1),
        "collect": (_collect, 1),
        "listener": (_listen, 1 if wanted.listener_port else 0),
        "upkeep": (upkeep.run, 1),
        "transcripts": (transcribing.run, 1),
        "privacy": (privacy.run, 1),
        "exchange": (_exchange, 1),
        "matching": (matching.run, 1),
        "whatif": (whatif.run, 1),
        "learning": (refitting.run, 1),
        "second_opinions": (second_opinions.run, 1),
        "promises": (_promises, 1),
        "handing": (_handing, 1),
    }
    body, count = runs[part]
    return [
        threading.Thread(target=_guarded, args=(body, stopping, part), name=f"{part}-{n}", daemon=True)
        for n in range(1, count + 1)
    ]


def _guarded(body: Callable[[Event], None], stopping: Event, part: str) -> None:
    """Run a part until stopped; after a fault, which is told of by its name (if any), again, with growing pauses."""
    failures = 0
    while not stopping.is_set():
        began = time.monotonic()
        try:
            body(stopping)
        except (DatabaseError, psycopg.Error, OSError, RapportError) as error:
            log.warning("%s: %s", threading.current_thread().name, error)
            _fault(part, error)
        except Exception as error:  # the last line of defence: a part that dies silently loses mail slowly
            log.exception("%s failed", threading.current_thread().name)
            _fault(part, error)
        finally:
            _drop_connection()
        failures = 1 if time.monotonic() - began > 60 else failures + 1
        stopping.wait(min(5.0, reconnect_seconds(failures, _chance.random()) / 4))


def _fault(part: str, error: Exception) -> None:
    if part:
        faults.failed(part, error)


def _pipeline(stopping: Event) -> None:
    """Work off raw items as they come."""
    with _Ear(notify.RAW_CHANNEL) as ear:
        # What a killed worker had in hand is tried one by one, so that a mail that kills workers is found.
        pipeline.run_carefully()
        while not stopping.is_set():
            if not pipeline.run_batch().handled:
                ear.wait(_POLL_SECONDS, stopping)


def _outbox(stopping: Event) -> None:
    """Send what is due, when it is due."""
    senders = Senders(stopping, options().outbox_threads)
    try:
        with _Ear(notify.OUTBOX_CHANNEL) as ear:
            while not stopping.is_set():
                senders.call()
                ear.wait(_seconds_until(queue.next_due()), stopping)
    finally:
        if stopping.is_set():
            senders.join(_STOP_SECONDS / 2)


def _exchange(stopping: Event) -> None:
    """People from files and directories: what members brought, and what is due."""
    with _Ear(exchange.IMPORT_CHANNEL) as ear:
        while not stopping.is_set():
            if not exchange.work_once(stopping.is_set):
                ear.wait(_EXCHANGE_SECONDS, stopping)


def _promises(stopping: Event) -> None:
    """Do the steps of promises when they come; asleep until the nearest, or until a nearer one is promised."""
    with _Ear(clocks.CHANNEL) as ear:
        while not stopping.is_set():
            done = escalating.run_due()
            due = escalating.next_at()
            left = (due - now()).total_seconds() if due else clocks.SLEEP_SECONDS
            # What is due and was not done is held by somebody: it is looked at again in a moment.
            ear.wait(0.0 if done else min(clocks.SLEEP_SECONDS, max(1.0, left)), stopping)


def _handing(stopping: Event) -> None:
    """Hand out and hand over, woken by what happened and by who comes and leaves next."""
    with _Ear(notify.HANDING_CHANNEL) as ear:
        woken = True
        while not stopping.is_set():
            woken = ear.wait(handing.work_once(woken=woken), stopping)


def _seconds_until(due: datetime | None) -> float:
    """At least a moment (what is due may be held by its conversation's order), at most the poll."""
    if due is None:
        return _POLL_SECONDS
    return min(_POLL_SECONDS, max(0.1, (due - now()).total_seconds()))


def _listen(stopping: Event) -> None:
    """The mail listener, in a loop of its own."""
    wanted = options()
    desk = MailDesk()

    async def serve() -> None:
        limits = Limits(mail_bytes=wanted.mail_bytes_max)
        listener = Listener(desk, wanted.listener_host, wanted.listener_port, limits)
        await listener.start()
        log.info("mail listener at %s:%s", listener.host, listener.port)
        while not stopping.is_set():
            await asyncio.sleep(0.2)
        await listener.stop()

    try:
        asyncio.run(serve())
    finally:
        desk.close()


def _collect(stopping: Event) -> None:
    """One thread for each channel that has a source; a changed channel gets a new one."""
    running: dict[UUID, _Collector] = {}
    try:
        while not stopping.is_set():
            wanted = {channel.id: channel for channel in Channel.objects.filter(enabled=True) if _collects(channel)}
            for channel_id, collector in list(running.items()):
                channel = wanted.get(channel_id)
                if channel is None or channel.changed_at != collector.changed_at:
                    collector.stop()
                    if not collector.is_alive():
                        del running[channel_id]
            for channel_id, channel in wanted.items():
                if channel_id not in running:
                    running[channel_id] = _Collector(channel)
                    running[channel_id].start()
            stopping.wait(_WATCH_SECONDS)
    finally:
        for collector in running.values():
            collector.stop()
        for collector in running.values():
            collector.join(_STOP_SECONDS / 2)


def _collects(channel: Channel) -> bool:
    try:
        return registry.connector(channel.kind).collects(registry.account(channel))
    except RapportError as error:
        ChannelSource(channel, Event()).stopped(f"{error.message} {error.hint}".strip())
        return False


class _Collector(threading.Thread):
    """Runs one channel's collector, again and again with growing pauses, until told to stop."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(name=f"collect {channel.name}", daemon=True)
        self.changed_at = channel.changed_at
        self._channel = channel
        self._stopping = Event()

    def stop(self) -> None:
        """Ask it to stop; it does within a second or two."""
        self._stopping.set()

    def run(self) -> None:
        """Collect until stopped."""
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            pause = self._attempt()
            failures = 1 if time.monotonic() - began > 60 else failures + 1
            self._stopping.wait(pause or reconnect_seconds(failures, _chance.random()))
        _drop_connection()

    def _attempt(self) -> float:
        """One connection's life. Returns the seconds to wait before the next, 0 to let the backoff decide."""
        try:
            error = collect_once(self._channel, ChannelSource(self._channel, self._stopping))
            return _STOPPED_AGAIN_SECONDS if error and error.permanent else 0.0
        except (OperationalError, InterfaceError) as error:
            log.warning("%s: %s", self.name, error)
            _drop_connection()
            return 1.0
        except Exception:  # one mailbox's fault must not end its collection, nor the others'
            log.exception("%s failed", self.name)
            _drop_connection()
            return 0.0


class _Ear:
    """LISTENs on a connection of its own, so that waiting needs no polling faster than seconds."""

    def __init__(self, channel: str) -> None:
        self._channel = channel

    def __enter__(self) -> "_Ear":
        connection.close()
        parameters = connection.get_connection_params()
        kept = {k: v for k, v in parameters.items() if k not in ("cursor_factory", "context", "prepare_threshold")}
        self._line = psycopg.connect(**kept, autocommit=True)
        self._line.execute(f"LISTEN {self._channel}")
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def wait(self, seconds: float, stopping: Event) -> bool:
        """Until somebody calls, the time is over, or we are to stop; whether somebody called.

        Raises psycopg.OperationalError if cut off.
        """
        deadline = time.monotonic() + seconds
        while not stopping.is_set() and (left := deadline - time.monotonic()) > 0:
            for _ in self._line.notifies(timeout=min(left, 0.5), stop_after=1):
                return True
        return False


def _drop_connection() -> None:
    try:
        connection.close()
    except DatabaseError:
        connection.connection = None
