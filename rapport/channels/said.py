"""What a connector understands of a raw item: plain values, no I/O. `parse` returns any number of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Origin = Literal["addressed", "search", "feed", "own"]

ANSWERED = frozenset({"message", "list", "call"})
"""The kinds of messages that somebody waits to be answered: machines do not."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who says it. `kind` and `value` (normalised) make them the same: ("email", "ann@example.org").

    Kinds of handle in use: email, phone (E.164; SMS and WhatsApp too), fediverse (user@host), bluesky (DID), matrix,
    xmpp, irc (nick@network), slack, telegram, github, visitor (web chat), site (a feed's home page). `written` is as
    people write it, `reach` how many follow them, `verified` what the service itself proved: their own
    domains and pages (ann.example, example.org/~ann), of mail the sender's domain, "token" for who was signed for.
    """

    kind: str
    value: str
    written: str = ""
    name: str = ""
    url: str = ""
    reach: int | None = None
    verified: tuple[str, ...] = ()
    automated: bool = False


@dataclass(frozen=True, slots=True)
class Media:
    """A file or picture that came with a message; `data` where it came along, else only where it is (`url`).

    `size` (bytes) and `sha256` (hex) hold also when `too_large` emptied `data`.
    """

    filename: str
    content_type: str = ""
    url: str = ""
    description: str = ""
    data: bytes = b""
    size: int = 0
    sha256: str = ""
    content_id: str = ""
    inline: bool = False
    too_large: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of one recipient: RFC 3463 status ("" unknown), a reason word, and whether trying again is futile."""

    recipient: str
    status: str
    reason: str
    hard: bool
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said.

    `external_id` is what others name it by, unique in the world (begin it with your kind where the service's own ids
    are not). `refers_to` are the external ids of what it belongs to, thread root first, parent last: they need not have
    come yet, or ever. `origin`: addressed to us, found by a search (`found_by` says which), from a feed, or our own
    account's, said elsewhere.
    `answer` is what the connector must know to answer it: kept as it is, handed back in `Draft.answering`.
    `digest` is what else makes it the same message; "" where the external id alone does.
    """

    external_id: str
    author: Author | None
    text: str
    at: datetime | None = None
    kind: str = "message"
    subject: str = ""
    refers_to: tuple[str, ...] = ()
    recipients: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    delivered_to: tuple[str, ...] = ()
    public: bool = False
    origin: Origin = "addressed"
    url: str = ""
    warning: str = ""
    language: str = ""
    found_by: str = ""
    files: tuple[Media, ...] = ()
    has_html: bool = False
    has_more: bool = False
    edited_at: datetime | None = None
    problems: tuple[str, ...] = ()
    answer: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    returned: tuple[Returned, ...] = ()
    returned_id: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """A message as it is now. Where it never came, it has come now."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message was taken back by its author, or by the service."""

    external_id: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message of ours: "delivered", "read" or "failed" (`words` say why)."""

    external_id: str
    state: Literal["delivered", "read", "failed"]
    at: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Reaction:
    """Somebody reacted to a message, with `sign` (an emoji, "like", "boost"), or took that back."""

    external_id: str
    author: Author
    sign: str
    at: datetime | None = None
    removed: bool = False


Said = Message | Edited | Deleted | Receipt | Reaction


class Unreadable(Exception):
    """`parse` cannot make anything of the item; the words say why. It goes to quarantine."""


class NothingSaid(Exception):
    """The item is well, but says nothing that anybody here must hear (a typing notice, a pin); the words say what."""
