"""Giving items that did not get through another chance: after a fix, or when the trouble is over."""

import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from rapport.channels.models import Channel
from rapport.core import notify, scope
from rapport.inbound import pipeline
from rapport.inbound.models import RawItem, RawState

BATCH_ITEMS = 200
_POLL_S = 0.05
Key = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items: those in `states`, of one channel or of all, these `ids` or all (None)."""

    states: tuple[RawState, ...] = (RawState.QUARANTINED,)
    channel: Channel | None = None
    ids: Collection[UUID] | None = None


@dataclass(slots=True)
class Replayed:
    """How many items were put back, in which state they ended, and how many conversations they opened."""

    replayed: int
    states: Counter[str]
    conversations: int


def replay(wanted: Wanted) -> Replayed:
    """Put the items back into the queue and run the pipeline until each has an outcome.

    An item that is stored is there already and is not run again: it counts as a duplicate.
    """
    result = Replayed(0, Counter(), 0)
    for keys in _chunks(wanted):
        put_back = _put_back(keys)
        _through(put_back)
        outcomes, made = _outcomes(put_back)
        result.replayed += len(keys)
        result.states += outcomes + Counter({RawState.DUPLICATE.value: len(keys) - len(put_back)})
        result.conversations += made
    return result


def unknown_ids(ids: Collection[UUID]) -> set[UUID]:
    """Those of `ids` that no item has."""
    with scope.system():
        return set(ids) - set(RawItem.objects.filter(id__in=list(ids)).values_list("id", flat=True))


def _chunks(wanted: Wanted) -> Iterator[list[Key]]:
    """The keys of the wanted items as they are now, oldest first, up to the last there is now."""
    rows = RawItem.objects.filter(state__in=wanted.states).order_by("id")
    if wanted.channel:
        rows = rows.filter(channel=wanted.channel)
    if wanted.ids is not None:
        rows = rows.filter(id__in=list(wanted.ids))
    with scope.system():
        last = rows.values_list("id", flat=True).last()
    after = UUID(int=0)
    while last and after < last:
        with scope.system():
            keys = list(rows.filter(id__gt=after, id__lte=last).values_list("channel_id", "id")[:BATCH_ITEMS])
        if not keys:
            return
        after = keys[-1][1]
        yield keys


def _put_back(keys: list[Key]) -> list[Key]:
    """Make the items wait again, except stored ones, and say which do."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(
            """UPDATE inbound_rawitem r SET state = 'received', reason = '', attempts = 0
            FROM unnest(%s::uuid[], %s::uuid[]) AS wanted(channel_id, id)
            WHERE r.channel_id = wanted.channel_id AND r.id = wanted.id AND r.state IN ('quarantined', 'refused')
            RETURNING r.channel_id, r.id""",
            [[channel for channel, _ in keys], [id for _, id in keys]],
        )
        waiting = list(cursor.fetchall())
        if waiting:
            notify.wake(notify.RAW_CHANNEL)
    return waiting


def _through(keys: list[Key]) -> None:
    while _any_waits(keys):
        if not pipeline.run_batch().handled:
            time.sleep(_POLL_S)  # another worker has them in hand


def _any_waits(keys: list[Key]) -> bool:
    with scope.system():
        return RawItem.objects.filter(id__in=[id for _, id in keys], state=RawState.RECEIVED).exists()


def _outcomes(keys: list[Key]) -> tuple[Counter[str], int]:
    """In which state each item is now, and how many conversations they opened."""
    channels, ids = [channel for channel, _ in keys], [id for _, id in keys]
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(_STATES, [channels, ids])
        states: Counter[str] = Counter(dict(cursor.fetchall()))
        cursor.execute(_OPENED, [channels, ids])
        return states, int(cursor.fetchone()[0])


_STATES = """SELECT r.state, count(*) FROM inbound_rawitem r
JOIN unnest(%s::uuid[], %s::uuid[]) AS k(channel_id, id) ON r.channel_id = k.channel_id AND r.id = k.id
GROUP BY r.state"""

_OPENED = """SELECT count(DISTINCT m.conversation_id) FROM inbound_rawitem r
JOIN unnest(%s::uuid[], %s::uuid[]) AS k(channel_id, id) ON r.channel_id = k.channel_id AND r.id = k.id
JOIN conversations_message m ON m.conversation_id = r.conversation_id AND m.raw_item_id = r.id
JOIN core_event e ON e.conversation_id = m.conversation_id AND e.kind = 'conversation.opened'
    AND (e.data ->> 'message')::uuid = m.id WHERE r.state = 'stored'"""
