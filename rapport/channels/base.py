"""The connector contract: what one kind of channel must be able to do, in plain values.

A connector never sees the database. It is handed an `Account`, gives what it collects to a `Source`, and
sends an `Outgoing`. It raises `core.errors.ChannelError`, whose `permanent` decides retry or stop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from threading import Event
from typing import Any, Protocol
from uuid import UUID

from rapport.core.errors import ChannelError


class MessageRefused(ChannelError):
    """The other side said no to this one message; the account itself is well."""


class OutcomeUnknown(ChannelError):
    """The connection broke after the message had begun to go: it may have arrived, or not."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One item as a source delivered it. `trouble` sends it to quarantine with that reason, unread."""

    external_id: str
    body: bytes
    envelope: Mapping[str, Any] = field(default_factory=dict)
    received_at: datetime | None = None
    trouble: str = ""


def mail(
    body: bytes, envelope: Mapping[str, Any] | None = None, received_at: datetime | None = None
) -> Incoming:
    """An e-mail as delivered. Its content is its identity: fetched again, from any folder, it is the same
    item.
    """
    return Incoming(sha256(body).hexdigest(), body, envelope or {}, received_at)


@dataclass(frozen=True, slots=True)
class Account:
    """One connected account as plain values; `secrets` are decrypted."""

    id: UUID
    name: str
    kind: str
    address: str
    config: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class File:
    """One attachment on its way out. `content_id` stands in the HTML of the message where `inline`."""

    filename: str
    content_type: str
    data: bytes
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Quoted:
    """What is being answered: who said it, when (aware), and its text."""

    name: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One message to be said, before its channel gives it a form. Addresses are (name, address)."""

    conversation_id: UUID
    external_id: str
    author: str
    subject: str
    text: str
    at: datetime
    to: Sequence[tuple[str, str]]
    cc: Sequence[tuple[str, str]] = ()
    bcc: Sequence[tuple[str, str]] = ()
    html: str = ""
    signature: str = ""
    in_reply_to: str = ""
    references: Sequence[str] = ()
    quoted: Quoted | None = None
    files: Sequence[File] = ()
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message in the form its channel takes, with the envelope it travels in."""

    body: bytes
    sender: str
    recipients: Sequence[str]


class Source(Protocol):
    """Where a collector puts what it finds, and hears what it must know."""

    stopping: Event

    def cursors(self) -> Mapping[str, Any]:
        """Every cursor of the channel, by name, as last committed."""

    def keep(self, items: Sequence[Incoming], cursors: Mapping[str, Any]) -> None:
        """Commit the items and the cursors in one transaction; on return the source may be told."""

    def well(self) -> None:
        """The channel answers: show it as working."""

    def unwell(self, message: str) -> None:
        """The channel fails for now and is being retried: show why."""


class Connector(Protocol):
    """One kind of channel."""

    kind: str
    label: str

    def check(self, account: Account) -> None:
        """Raise `Invalid` naming the first wrong setting; no network."""

    def test(self, account: Account) -> Sequence[str]:
        """Reach both ways without taking or sending anything; lines saying what works. Raises
        ChannelError.
        """

    def collects(self, account: Account) -> bool:
        """Whether the account has a source that `collect` must be run for."""

    def collect(self, account: Account, source: Source) -> None:
        """Collect until `source.stopping`; returns then. Raises ChannelError when a person must act."""

    def per_minute(self, account: Account) -> int:
        """How many messages the account may send in any minute."""

    def new_external_id(self, account: Account) -> str:
        """A stable identity for a message not yet sent."""

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """Give the draft its form. Raises Invalid where it cannot have one."""

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> str:
        """Send once; `about_to_send` is called at the last moment before the other side may have it.

        Returns the other side's words. Raises MessageRefused where it said no to the message,
        OutcomeUnknown where it may have arrived, and any other ChannelError where nothing was sent because
        of the account.
        """
