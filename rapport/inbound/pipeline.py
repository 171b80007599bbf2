"""The way of an inbound message, top to bottom. Calls only; each step is a statement or two per batch.

claim -> parse -> who is speaking -> which conversation -> whose is it -> store -> tell the open pages.

One transaction per batch: what a killed worker had in hand is simply waiting again. An item that cannot be understood
or stored goes to quarantine with its reason, and never holds up the next.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import DatabaseError, OperationalError, connection, transaction

from rapport.channels.models import Channel
from rapport.conversations.threading import Plan
from rapport.core import scope
from rapport.core.plainline import plain_line
from rapport.inbound import (
    changing,
    claims,
    deciding,
    mentioning,
    placing,
    proving,
    storing,
    understanding,
    withdrawing,
)
from rapport.inbound.arrival import Arrival, Item, addressed_to
from rapport.inbound.claims import Outcome
from rapport.inbound.models import RawState
from rapport.outbound import bounces
from rapport.ownership import service
from rapport.people import arrivals as people
from rapport.people.arrivals import Key

log = logging.getLogger(__name__)

BATCH_ITEMS = 200
ATTEMPTS_MAX = 5
_TWICE = "The same message is there already."


@dataclass(slots=True)
class BatchResult:
    """How many items ended in which state, and how many conversations they opened."""

    states: Counter[str] = field(default_factory=Counter)
    conversations: int = 0

    @property
    def handled(self) -> int:
        """Items taken from the queue."""
        return self.states.total()

    def add(self, other: "BatchResult") -> None:
        """Count another batch in."""
        self.states += other.states
        self.conversations += other.conversations


def run_batch(limit: int = BATCH_ITEMS) -> BatchResult:
    """Take up to `limit` waiting items all the way. Where the batch fails together, each item is tried alone.

    Raises OperationalError when the database is gone: nothing is lost, try again.
    """
    items: list[Item] = []
    try:
        with scope.system():
            items = claims.claim(limit)
            return _process(items)
    except OperationalError:
        raise
    except Exception:
        log.exception("a batch failed; trying its items one by one")
        return _one_by_one([(item.channel_id, item.id) for item in items])


def run_carefully(limit: int = BATCH_ITEMS) -> BatchResult:
    """The same, item by item, each attempt counted beforehand: for the first items after a worker was killed.

    An item that has been tried too often without an outcome took its workers down with it: it is quarantined.
    """
    with scope.system():
        waiting = claims.upcoming(limit)
    return _one_by_one(waiting)


def _one_by_one(waiting: list[claims.Key]) -> BatchResult:
    total = BatchResult()
    for key in waiting:
        with scope.system():
            attempts = claims.count_attempt(claims.claim_one(key))
        total.add(_alone(key, attempts))
    return total


def _alone(key: claims.Key, attempts: Mapping[UUID, int]) -> BatchResult:
    with scope.system():
        # Another worker may have taken it, before it was counted or since.
        items = claims.claim_one(key)
        tried = max((attempts.get(item.id, 0) for item in items), default=0)
        if tried > ATTEMPTS_MAX:
            return _quarantine(items, f"It was tried {tried - 1} times, and each time the worker stopped.")
        try:
            with transaction.atomic():
                done = _process(items)
                _check_references()
                return done
        except OperationalError:
            raise
        except Exception as error:
            log.exception("an item cannot be stored and goes to quarantine")
            return _quarantine(items, f"It could not be stored: {_words(error)}")


def process_taken(item: Item) -> UUID | None:
    """Take one item that was kept as a mention all the way, in the caller's transaction; its conversation."""
    envelope = {**item.envelope, mentioning.TAKEN: True}
    taken = replace(item, envelope=envelope)
    _process([taken])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conversation_id FROM inbound_rawitem WHERE channel_id = %s AND id = %s", [item.channel_id, item.id]
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _process(items: list[Item]) -> BatchResult:
    if not items:
        return BatchResult()
    channels = storing.channels_of(items)
    understood = understanding.understand(items, channels)
    first, changes = changing.first_forms(understood.changes, understood.arrivals)
    arrivals, mentions, aside = _set_apart([*understood.arrivals, *first], channels)
    speakers = people.speakers(_names(arrivals))
    proving.note(arrivals, speakers)
    plan = placing.place(arrivals, {key: speaker.person_id for key, speaker in speakers.items()})
    fresh, duplicates = _sorted(arrivals, plan)
    openers = storing.openers(fresh, plan.made)
    facts = deciding.facts_of(openers, speakers, channels)
    decided = service.decide_batch([(a.conversation_id, f) for a, f in zip(openers, facts, strict=True)])
    storing.store(storing.Batch(fresh, openers, decided, facts, speakers))
    service.record_decisions(decided)
    withdrawing.withdraw(fresh, speakers)
    for arrival in fresh:
        if arrival.said.kind == "bounce":
            bounces.apply(arrival.said, arrival.conversation_id, addressed_to(arrival))
    outcomes = [Outcome(a.item, RawState.STORED, "", a.conversation_id) for a in fresh]
    outcomes += [Outcome(a.item, RawState.DUPLICATE, _TWICE, a.conversation_id) for a in duplicates]
    outcomes += [*mentioning.store(mentions), *changing.apply(changes), *aside, *understood.settled]
    outcomes = _one_each(outcomes)
    claims.settle(outcomes)
    return BatchResult(Counter(o.state.value for o in outcomes), len(openers))


def _set_apart(
    arrivals: list[Arrival], channels: Mapping[UUID, Channel]
) -> tuple[list[Arrival], list[Arrival], list[Outcome]]:
    """What goes into conversations, what is a mention, and what our own account said that is nobody's news."""
    changing.withdrawn(arrivals)
    aside = changing.echoes(arrivals)
    outcomes = [Outcome(a.item, RawState.IGNORED, aside[a.message_id]) for a in arrivals if a.message_id in aside]
    kept, mentions = mentioning.set_apart([a for a in arrivals if a.message_id not in aside], channels)
    return kept, mentions, outcomes


def _one_each(outcomes: list[Outcome]) -> list[Outcome]:
    """One outcome for each item, also where it said several things: the first that says most."""
    best: dict[UUID, Outcome] = {}
    for one in outcomes:
        kept = best.get(one.item.id)
        if kept is None or (kept.conversation_id is None and one.conversation_id is not None):
            best[one.item.id] = one
    return list(best.values())


def _names(arrivals: list[Arrival]) -> dict[Key, people.Met]:
    """Each sender's handle, as first written and with the first name it came with."""
    names: dict[Key, people.Met] = {}
    for arrival in arrivals:
        author = arrival.said.author
        if arrival.sender and author and not arrival.is_ours:
            met = names.get(arrival.sender)
            if met is None or not met.name:
                names[arrival.sender] = people.Met(plain_line(author.name), plain_line(author.written), author.verified)
    return names


def _sorted(arrivals: list[Arrival], plan: Plan) -> tuple[list[Arrival], list[Arrival]]:
    """Write each arrival's conversation on it, and set apart what is there already."""
    fresh: list[Arrival] = []
    duplicates: list[Arrival] = []
    for arrival, conversation, twice in zip(arrivals, plan.conversations, plan.duplicates, strict=True):
        arrival.conversation_id = conversation
        (duplicates if twice else fresh).append(arrival)
    return fresh, duplicates


def _check_references() -> None:
    """PostgreSQL checks references at the commit, which is too late to say which item was at fault."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _quarantine(items: list[Item], reason: str) -> BatchResult:
    claims.settle([Outcome(item, RawState.QUARANTINED, reason) for item in items])
    return BatchResult(Counter({RawState.QUARANTINED.value: len(items)}))


def _words(error: Exception) -> str:
    if isinstance(error, DatabaseError):
        return str(error).splitlines()[0]
    return f"{type(error).__name__}: {error}"
