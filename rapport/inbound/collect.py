"""Between connectors and the database: what collectors and the mail listener know of channels, and where
they commit.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from threading import Event
from typing import Any
from uuid import UUID

import orjson
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection, connections

from rapport.channels import registry
from rapport.channels.base import Incoming
from rapport.channels.kinds.email import replyaddress, settings
from rapport.channels.kinds.email.listener import NotNow
from rapport.channels.models import Channel, ChannelState, Cursor
from rapport.core.clock import now
from rapport.core.errors import ChannelError, Invalid
from rapport.inbound import intake

log = logging.getLogger(__name__)
_HEARD_SECONDS = 60
_MEASURED_SECONDS = 10
_KNOWN_SECONDS = 5


class ChannelSource:
    """A channel's collector's way to the database (`channels.base.Source`), used from one thread."""

    def __init__(self, channel: Channel, stopping: Event) -> None:
        self.stopping = stopping
        self._channel = channel
        self._shown: tuple[str, str] | None = None
        self._heard = 0.0
        self._way: Any = None
        self._measured = float("-inf")

    def cursors(self) -> Mapping[str, Any]:
        """Every cursor of the channel, by name."""
        return dict(Cursor.objects.filter(channel=self._channel).values_list("name", "value"))

    def keep(self, items: Sequence[Incoming], cursors: Mapping[str, Any]) -> None:
        """Commit the items and cursors together."""
        intake.accept(self._channel, items, cursors)

    def well(self) -> None:
        """Show the channel as working; once a minute is enough."""
        if self._shown != (ChannelState.OK, "") or time.monotonic() - self._heard > _HEARD_SECONDS:
            self._show(ChannelState.OK, "")
            self._heard = time.monotonic()

    def unwell(self, message: str) -> None:
        """Show the channel as failing and being retried."""
        self._show(ChannelState.FAILING, message)

    def measured(self, figures: Mapping[str, Any]) -> None:
        """Show figures on the channel's page, beside those that are there; every ten seconds is enough."""
        way = figures.get("way", self._way)
        if way == self._way and time.monotonic() - self._measured < _MEASURED_SECONDS:
            return
        self._way, self._measured = way, time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE channels_channel SET health = health || %s::jsonb WHERE id = %s",
                [orjson.dumps(dict(figures)).decode(), self._channel.id],
            )

    def stopped(self, message: str) -> None:
        """Show that a person must change something."""
        self._show(ChannelState.STOPPED, message)

    def _show(self, state: ChannelState, error: str) -> None:
        changes: dict[str, Any] = {"state": state, "error": error[:2000].replace("\0", "")}
        changes |= {"last_heard_at": now()} if state == ChannelState.OK else {"error_at": now()}
        Channel.objects.filter(id=self._channel.id).update(**changes)
        self._shown = (state, error)


def collect_once(channel: Channel, source: ChannelSource) -> ChannelError | None:
    """Run the channel's collector until it is stopped (None) or fails (the error, already shown on the
    channel).
    """
    try:
        account = registry.account(channel)
        registry.connector(channel.kind).collect(account, source)
    except ChannelError as error:
        log.warning("channel %s: %s", channel.name, error.message)
        words = f"{error.message} {error.hint}".strip()
        if error.permanent:
            source.stopped(words)
        else:
            source.unwell(words)
        return error
    except Invalid as error:
        source.stopped(f"{error.message} {error.hint}".strip())
        return ChannelError(error.message, error.hint, permanent=True)
    return None


class MailDesk:
    """Which mailbox takes mail for which address, and committing it (`listener.Desk`). Used from many
    threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._threads = threading.local()
        self._opened: list[Any] = []
        self._exact: dict[str, Channel] = {}
        self._domains: dict[str, Channel] = {}

    def mailbox_of(self, recipient: str) -> UUID | None:
        """The enabled e-mail channel of an address: its own, one with a plus part, or its domain's
        catch-all.
        """
        channel = self._find(recipient.lower(), fresh=False) or self._find(recipient.lower(), fresh=True)
        return channel.id if channel else None

    def keep(self, channel_id: UUID, item: Incoming) -> None:
        """Commit one mail. Raises NotNow while the database does not take it (away, disk full)."""
        channel = Channel(id=channel_id)
        self._ask(lambda: intake.accept(channel, [item]))

    def close(self) -> None:
        """Close the connections of the listener's threads, once they have ended."""
        for one in self._opened:
            one.close()

    def _ask(self, call: Any) -> Any:
        if not getattr(self._threads, "known", False):
            own = connections["default"]
            own.inc_thread_sharing()  # so that close() may, from the thread that stops the listener
            self._opened.append(own)
            self._threads.known = True
        return _in_database(call)

    def _find(self, recipient: str, *, fresh: bool) -> Channel | None:
        exact, domains = self._mailboxes(_KNOWN_SECONDS if not fresh else 0.5)
        for address in (recipient, replyaddress.bare(recipient)):
            if address in exact:
                return exact[address]
        return domains.get(recipient.rpartition("@")[2])

    def _mailboxes(self, at_most_seconds: float) -> tuple[dict[str, Channel], dict[str, Channel]]:
        """The address book, read again when older than that: strangers' addresses cost one query in half a
        second.
        """
        with self._lock:
            if time.monotonic() - self._read_at > at_most_seconds:
                self._exact, self._domains = self._ask(_read_mailboxes)
                self._read_at = time.monotonic()
            return self._exact, self._domains


def _read_mailboxes() -> tuple[dict[str, Channel], dict[str, Channel]]:
    exact: dict[str, Channel] = {}
    domains: dict[str, Channel] = {}
    for channel in Channel.objects.filter(kind="email", enabled=True):
        for address in _addresses(channel):
            exact.setdefault(address, channel)
        domain = str(channel.config.get("catch_all", "")).lower().lstrip("@")
        if domain:
            domains.setdefault(domain, channel)
    return exact, domains


def _addresses(channel: Channel) -> Iterable[str]:
    try:
        return settings.read(channel.config, channel.address).addresses
    except Invalid as error:
        # One broken setting elsewhere is no reason to refuse the mailbox its mail.
        log.warning("channel %s: %s", channel.name, error.message)
        return [channel.address.lower()] if channel.address else []


def _in_database(call: Any) -> Any:
    """Run `call` on this thread's connection; NotNow instead of any of the database's own troubles."""
    try:
        return call()
    except DatabaseError as error:
        if isinstance(error, OperationalError | InterfaceError):
            _drop_connection()
        log.warning("the database takes no mail at present: %s", error)
        raise NotNow("The mail cannot be kept at present, try again later") from error


def _drop_connection() -> None:
    try:
        connection.close()
    except DatabaseError:
        connection.connection = None
