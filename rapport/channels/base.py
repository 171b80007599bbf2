"""The connector contract: what one kind of channel must be able to do, in plain values.

A connector never sees the database. It is handed an `Account`, gives what it collects to a `Source`, understands it in
`parse`, and sends an `Outgoing`. It raises `ChannelError`, whose `permanent` decides retry or stop. A kind imports this
module, `channels.outgoing` (the bounded HTTP client) and `channels.values`, and nothing else of the house. How to write
one: docs/channels/writing-a-connector.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from threading import Event
from typing import Any, ClassVar, Protocol
from uuid import UUID

from rapport.channels.abilities import Abilities, About, Field, Files, Length
from rapport.channels.said import (
    Author,
    Deleted,
    Edited,
    Media,
    Message,
    NothingSaid,
    Reaction,
    Receipt,
    Returned,
    Said,
    Unreadable,
)
from rapport.core.errors import ChannelError, Invalid

__all__ = [
    "Abilities", "About", "Account", "Author", "ChannelError", "Connector", "Deleted", "Draft", "Edited", "Field",
    "File", "Files", "Hook", "HookRefused", "Incoming", "Invalid", "Kind", "Length", "Media", "Message",
    "MessageRefused", "NothingSaid", "OutcomeUnknown", "Outgoing", "Quoted", "Reaction", "Receipt", "Received",
    "Returned", "Said", "Sent", "Source", "TooFast", "Unreadable", "deletion_of", "item_id", "lazy", "mail",
]  # fmt: skip


def lazy(words: str) -> str:
    """Marks words that pages translate when they show them: labels, steps, reasons."""
    return words


class MessageRefused(ChannelError):
    """The other side said no to this one message; the account itself is well."""


class OutcomeUnknown(ChannelError):
    """The connection broke after the message had begun to go: it may have arrived, or not."""


class TooFast(ChannelError):
    """The service asks us to wait `retry_after` seconds."""

    def __init__(self, message: str, hint: str = "", *, retry_after: float) -> None:
        super().__init__(message, hint, permanent=False)
        self.retry_after = retry_after


class HookRefused(ChannelError):
    """A request to a channel's webhook that is not to be believed: 401, or `status`. Nothing of it is kept."""

    def __init__(self, message: str, hint: str = "", *, status: int = 401) -> None:
        super().__init__(message, hint, permanent=True)
        self.status = status


@dataclass(frozen=True, slots=True)
class Incoming:
    """One item as a source delivered it. `trouble` sends it to quarantine with that reason, unread.

    `external_id` (up to 200 characters) names the delivery, not the message: an edit has another one than its original.
    The item of a deletion is called what `deletion_of` the message's external id says, so that it can come first.
    """

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


def item_id(*parts: str) -> str:
    """A name for a raw item from what makes it itself, short enough whatever the parts."""
    whole = " ".join(parts)
    return whole if len(whole) <= 180 and whole.isprintable() else sha256(whole.encode()).hexdigest()


def deletion_of(external_id: str) -> str:
    """The name of the raw item that says the message `external_id` was deleted."""
    return item_id(external_id, "deleted")


@dataclass(frozen=True, slots=True)
class Account:
    """One connected account as plain values; `secrets` are decrypted, and empty in `parse`.

    `address` is our own there. `config["own"]` is what `identify` found. `hook_url` is where the service reaches us.
    """

    id: UUID
    name: str
    kind: str
    address: str
    config: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    hook_url: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One attachment on its way out. `content_id` stands in the HTML of the message where `inline`."""

    filename: str
    content_type: str
    data: bytes
    content_id: str = ""
    inline: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Quoted:
    """What is being answered: who said it, when (aware), and its text."""

    name: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One message to be said, before its channel gives it a form. Addresses are (name, address).

    `answering` is `Message.answer` of what is answered, empty for a message that begins something. `public` is what the
    member chose; None: as what is answered is. `key` is the same whenever this delivery is tried.
    """

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
    answering: Mapping[str, Any] = field(default_factory=dict)
    public: bool | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message in the form its channel takes, with the envelope it travels in.

    `parts` are what the body does not hold: files by name. Nothing of it is stored; it is made anew at each attempt.
    """

    body: bytes
    sender: str = ""
    recipients: Sequence[str] = ()
    files: Sequence[File] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side has it: its words, and the external ids it gave (the first is the message's own).

    `url` is where it can be seen, `answer` what an answer to it (from a member, later) must know.
    """

    words: str = ""
    external_ids: Sequence[str] = ()
    url: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hook:
    """One request to a channel's webhook. Header names are lower case; `url` is the address as the service knows it."""

    method: str
    url: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """What a webhook brought, and what it is answered with."""

    items: Sequence[Incoming] = ()
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200


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

    def measured(self, figures: Mapping[str, Any]) -> None:
        """Show figures on the channel's page: `lag_s`, `limit_left`, `limit_resets_at`, `way` ("stream", "polling")."""


class Connector(Protocol):
    """One kind of channel. `Kind` has an answer for all that a kind need not do."""

    kind: ClassVar[str]
    label: ClassVar[Any]
    about: ClassVar[About]
    abilities: ClassVar[Abilities]
    fields: ClassVar[Sequence[Field]]

    def check(self, account: Account) -> None:
        """Raise `Invalid` naming the first wrong setting; no network."""

    def test(self, account: Account) -> Sequence[str]:
        """Reach both ways without taking or sending anything; lines saying what works. Raises
        ChannelError.
        """

    def identify(self, account: Account) -> Mapping[str, str]:
        """Who we are there, asked of the service: "address" and whatever `parse` needs, kept as `config["own"]`."""

    def collects(self, account: Account) -> bool:
        """Whether the account has a source that `collect` must be run for."""

    def collect(self, account: Account, source: Source) -> None:
        """Collect until `source.stopping`; returns then. Raises ChannelError when a person must act."""

    def receive(self, account: Account, hook: Hook) -> Received:
        """Take one request to the channel's webhook. Raises HookRefused for one that is not to be believed."""

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """What an item says. Pure: no network, no clock, no secrets. Raises Unreadable or NothingSaid, nothing else."""

    def per_minute(self, account: Account) -> int:
        """How many messages the account may send in any minute; 0 where it cannot send."""

    def new_external_id(self, account: Account) -> str:
        """A stable identity for a message not yet sent; "" where the service gives it."""

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """Give the draft its form. Raises Invalid where it cannot have one."""

    def length(self, account: Account) -> Length | None:
        """The longest text that the account's service takes; usually `abilities.length`."""

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The texts of the messages that the draft becomes, as readers will see them. Raises Invalid as `prepare`."""

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Send once; `about_to_send` is called at the last moment before the other side may have it.

        Raises MessageRefused where it said no to the message, OutcomeUnknown where it may have arrived, TooFast where
        we must wait, and any other ChannelError where nothing was sent because of the account.
        """


class Kind:
    """What a kind of channel does unless it says otherwise: to inherit from."""

    kind: ClassVar[str] = ""
    label: ClassVar[Any] = ""
    about: ClassVar[About] = About("", "contract-tested")
    abilities: ClassVar[Abilities] = Abilities()
    fields: ClassVar[Sequence[Field]] = ()

    def check(self, account: Account) -> None:
        """Every required field is filled."""
        for one in self.fields:
            value = (account.secrets if one.kind == "secret" else account.config).get(one.name)
            if one.required and value in (None, ""):
                raise Invalid(f"{one.label}: this is missing.", "Fill it in.")

    def test(self, account: Account) -> Sequence[str]:
        """Nothing to reach."""
        return []

    def identify(self, account: Account) -> Mapping[str, str]:
        """Only the address that was entered."""
        return {"address": account.address}

    def collects(self, account: Account) -> bool:
        """Only by webhook."""
        return False

    def collect(self, account: Account, source: Source) -> None:
        """Nothing to collect."""
        source.stopping.wait()

    def receive(self, account: Account, hook: Hook) -> Received:
        """Has no webhook."""
        raise HookRefused("This channel has no webhook.", status=404)

    def per_minute(self, account: Account) -> int:
        """Sixty, where it can answer at all."""
        return 60 if self.abilities.replies or self.abilities.starts else 0

    def new_external_id(self, account: Account) -> str:
        """The service gives it."""
        return ""

    def length(self, account: Account) -> Length | None:
        """As for every account."""
        return self.abilities.length

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """One, as it is written."""
        return [draft.text]
