"""One item on its way through the pipeline: values only, from what was delivered to what will be stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rapport.channels.said import ANSWERED, Message
from rapport.conversations import threading
from rapport.conversations.snippets import snippet_of
from rapport.core.ids import new_id
from rapport.people.arrivals import Key

_OLDEST = datetime(1970, 1, 2, tzinfo=UTC)
_ADDRESS_MAX = 320  # RFC 3696: 64 for the local part, 255 for the domain
_TITLE_CHARS = 100
NOWHERE = UUID(int=0)
"""The conversation of an arrival that has not been placed yet."""


@dataclass(frozen=True, slots=True)
class Item:
    """A raw item as claimed."""

    channel_id: UUID
    id: UUID
    external_id: str
    received_at: datetime
    envelope: Mapping[str, Any]
    body: bytes


@dataclass(slots=True)
class Arrival:
    """An understood item: who says it, when, what it refers to, and the conversation it comes to.

    `sender` is the handle of who says it, None where it names none.
    """

    item: Item
    said: Message
    message_id: UUID
    at: datetime
    sender: Key | None
    refs: threading.MailRefs
    conversation_id: UUID = NOWHERE
    deleted_at: datetime | None = None

    @property
    def sender_name(self) -> str:
        """The name that came with it."""
        return self.said.author.name if self.said.author else ""

    @property
    def is_ours(self) -> bool:
        """Whether our own account says it, from elsewhere."""
        return self.said.origin == "own"

    @property
    def wants_answer(self) -> bool:
        """Whether somebody waits for an answer: machines do not."""
        return self.said.kind in ANSWERED and not self.is_ours

    @property
    def snippet(self) -> str:
        """The first words, on one line."""
        return snippet_of(self.said.text)

    @property
    def title(self) -> str:
        """What a conversation that it opens is called: on channels without subjects, its first words."""
        return self.said.subject[:300] or ("" if self.said.digest else self.snippet[:_TITLE_CHARS])

    @property
    def about(self) -> dict[str, Any]:
        """What is kept of it beside its words; most mails have nothing of the sort."""
        said, author = self.said, self.said.author
        kept: dict[str, Any] = {
            "url": said.url, "warning": said.warning, "answer": dict(said.answer), "found_by": said.found_by,
            "origin": "" if said.origin == "addressed" else said.origin, "links": _links(said),
            "reach": author.reach if author else None, "verified": list(author.verified) if author else [],
        }  # fmt: skip
        return {name: value for name, value in kept.items() if value not in ("", None, [], {})}


def arrive(item: Item, said: Message, trust_time: bool) -> Arrival:
    """What `said` means for the pipeline. `trust_time`: its own time, not our clock, says when it came."""
    author = said.author
    return Arrival(
        item=item,
        said=said,
        message_id=new_id(),
        at=_at(item, said, trust_time),
        sender=(author.kind, author.value) if author and len(author.value) <= _ADDRESS_MAX else None,
        refs=_refs(said),
    )


def addressed_to(arrival: Arrival) -> tuple[str, ...]:
    """Every address the item was sent or delivered to, lower case."""
    recipients = arrival.said.recipients
    written = [address for part in ("to", "cc") for _, address in recipients.get(part, ())]
    return tuple(dict.fromkeys(a.lower() for a in (*written, *arrival.said.delivered_to) if a))


def _at(item: Item, said: Message, trust_time: bool) -> datetime:
    if trust_time and said.at and _OLDEST < said.at < item.received_at + timedelta(days=1):
        return said.at.astimezone(UTC)
    return item.received_at


def _refs(said: Message) -> threading.MailRefs:
    own = threading.ref_of(said.external_id) if said.external_id else None
    digest = threading.digest_of(said.digest) if said.digest else threading.digest_of("said", said.external_id)
    return threading.MailRefs(own=own, named=tuple(threading.ref_of(r) for r in said.refers_to), digest=digest)


def _links(said: Message) -> list[dict[str, str]]:
    """Files that stayed where they are."""
    away = [one for one in said.files if one.url and not one.data]
    return [
        {"url": one.url, "name": one.filename, "type": one.content_type, "description": one.description}
        for one in away[:40]
    ]
