"""From raw items to what they say: parsing, with quarantine for what no parser can take."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from rapport.channels import registry
from rapport.channels.base import Incoming
from rapport.channels.models import Channel
from rapport.channels.said import Deleted, Edited, Message, NothingSaid, Reaction, Receipt, Said, Unreadable
from rapport.core.errors import RapportError
from rapport.inbound.arrival import Arrival, Item, arrive
from rapport.inbound.claims import Outcome
from rapport.inbound.models import RawState
from rapport.people.questions import unlinked

log = logging.getLogger(__name__)

Change = Edited | Deleted | Receipt | Reaction


@dataclass(slots=True)
class Understood:
    """What a batch says: new messages, changes to what is there, and items that say nothing or nothing readable."""

    arrivals: list[Arrival] = field(default_factory=list)
    changes: list[tuple[Item, Change]] = field(default_factory=list)
    settled: list[Outcome] = field(default_factory=list)


def understand(items: Sequence[Item], channels: Mapping[UUID, Channel]) -> Understood:
    """What each item says."""
    found = Understood()
    readers = {id: _Reader(channel) for id, channel in channels.items()}
    for item in items:
        if not item.body.strip():
            found.settled.append(Outcome(item, RawState.QUARANTINED, "It is empty: there is nothing to read."))
            continue
        try:
            _sort(item, readers[item.channel_id], found)
        except NothingSaid as nothing:
            found.settled.append(Outcome(item, RawState.IGNORED, str(nothing)))
        except Unreadable as error:
            found.settled.append(Outcome(item, RawState.QUARANTINED, f"It could not be read: {error}"))
        except Exception as error:
            log.exception("an item could not be parsed and goes to quarantine")
            reason = f"It could not be read: {type(error).__name__}: {error}"
            found.settled.append(Outcome(item, RawState.QUARANTINED, reason))
    return found


class _Reader:
    """How the items of one channel are read."""

    def __init__(self, channel: Channel) -> None:
        # Parsing has no use for secrets: those of another key must not keep what was delivered from being read.
        self._account = registry.reader(channel)
        self._kind, self._trusts = channel.kind, bool(channel.config.get("trust_date"))

    def read(self, item: Item) -> Sequence[Said]:
        """What it says."""
        try:
            connector = registry.connector(self._kind)
        except RapportError as error:
            raise Unreadable(f"{error.message} {error.hint}".strip()) from error
        incoming = Incoming(item.external_id, item.body, item.envelope, item.received_at)
        return [_unlinked(one) for one in connector.parse(self._account, incoming)]

    def trusts(self, item: Item) -> bool:
        """Whether what the item says of its time is believed."""
        is_clocked = registry.connector(self._kind).abilities.clocked
        return is_clocked or self._trusts or "imported" in item.envelope


def _unlinked(said: Said) -> Said:
    """Without the secret of a link in a mail of ours that it quotes: the text is for members to read."""
    if isinstance(said, Edited):
        return Edited(_without_links(said.message))
    return _without_links(said) if isinstance(said, Message) else said


def _without_links(said: Message) -> Message:
    text = unlinked(said.text)
    return said if text == said.text else replace(said, text=text)


def _sort(item: Item, reader: _Reader, found: Understood) -> None:
    said = reader.read(item)
    if not said:
        raise NothingSaid("There is nothing in it for anybody here.")
    trusts = reader.trusts(item)
    arrivals = [arrive(item, one, trusts) for one in said if isinstance(one, Message)]
    found.arrivals += arrivals
    found.changes += [(item, one) for one in said if not isinstance(one, Message)]


def as_new(item: Item, edited: Edited) -> Arrival:
    """The arrival of a message whose first form never came."""
    said = edited.message
    return arrive(item, replace(said, edited_at=said.edited_at or item.received_at), trust_time=True)
