"""Taking a file of mails in: a batch is committed as delivered, then taken all the way, then the next is read.

An import that was interrupted goes on where its last committed batch ended: how far it came stands in a cursor of the
channel, written in the same transaction as the mails. Running a finished import again is harmless, too: a mail's
content is its identity.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection

from rapport.channels.base import Incoming, mail
from rapport.channels.models import Channel, Cursor
from rapport.core import scope
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.options import options
from rapport.inbound import intake, pipeline
from rapport.inbound.mailfiles import FiledMail, MailFile
from rapport.inbound.models import RawItem, RawState

BATCH_MAILS = 200
BATCH_BYTES = 16 * 1024 * 1024
RETRIES = 8
_TOLD_REFUSALS = 100
_POLL_S = 0.05


@dataclass(slots=True)
class Summary:
    """What became of the mails: received == stored + duplicate + quarantined + refused.

    `conversations` were made and are still there. `resumed_at` is the position an earlier, interrupted run had reached,
    whose mails are counted in. `refusals` says why mails were refused (the first hundred).
    """

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    quarantined: int = 0
    refused: int = 0
    conversations: int = 0
    resumed_at: int = 0
    refusals: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    """One import over all its interruptions. Its id is in the envelope of each of its mails."""

    id: UUID
    position: int = 0
    received: int = 0
    refused: int = 0


Progress = Callable[[int, int], None]
"""Called after each batch with the position reached and the mails received so far."""


def run(channel: Channel, source: MailFile, progress: Progress = lambda position, received: None) -> Summary:
    """Take every mail of `source` into `channel` and through the pipeline. Raises Invalid where that takes no e-mail.

    Memory is bounded by a batch. Workers may run beside it. OperationalError: the database is gone for good; what was
    committed stays, and the same call resumes.
    """
    if channel.kind != "email":
        raise Invalid(
            f"The channel {channel.name} takes {channel.kind}, not e-mail.", "Choose an e-mail channel."
        )
    cursor = _cursor_name(source)
    found = _found_run(channel, cursor)
    state = found or _Run(new_id())
    resumed_at = state.position
    if found:
        _finish(channel, state, pipeline.run_carefully)  # its end may have been one of its mails' doing
        if not source.resumable:
            state.received = state.refused = 0
    refusals: list[str] = []
    for batch in _batches(source, state.position):
        _take(channel, batch, (cursor, state), refusals)
        _finish(channel, state, pipeline.run_batch)
        progress(state.position, state.received)
    summary = _summary(channel, state)
    summary.resumed_at, summary.refusals = resumed_at, refusals
    with scope.system():
        Cursor.objects.filter(channel=channel, name=cursor).delete()
    return summary


def _cursor_name(source: MailFile) -> str:
    found = source.path.resolve().stat()
    identity = f"{source.path.resolve()}\x1f{found.st_size}\x1f{found.st_mtime_ns}"
    if not source.resumable:
        identity = str(source.path.resolve())
    return "import:" + sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()


def _found_run(channel: Channel, cursor: str) -> _Run | None:
    value: dict[str, Any] | None
    with scope.system():
        value = Cursor.objects.filter(channel=channel, name=cursor).values_list("value", flat=True).first()
    return _Run(UUID(value["id"]), value["position"], value["received"], value["refused"]) if value else None


def _batches(source: MailFile, after: int) -> Iterator[list[FiledMail]]:
    """The mails beyond `after`, in batches bounded by count and bytes."""
    batch: list[FiledMail] = []
    size = 0
    for one in source.read():
        if source.resumable and one.position <= after:
            continue
        if batch and (len(batch) >= BATCH_MAILS or size + len(one.body) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one.body)
    if batch:
        yield batch


def _take(channel: Channel, batch: list[FiledMail], at: tuple[str, _Run], refusals: list[str]) -> None:
    """Commit a batch together with how far the import came."""
    cursor, state = at
    largest = options().mail_bytes_max
    items: list[Incoming] = []
    for one in batch:
        if len(one.body) > largest:
            state.refused += 1
            if len(refusals) < _TOLD_REFUSALS:
                refusals.append(
                    f"the mail at {one.position}: {len(one.body)} bytes, more than {largest} are not taken"
                )
        else:
            items.append(mail(one.body, {"imported": str(state.id)}))
    state.received += len(batch)
    state.position = batch[-1].position
    intake.accept(channel, items, {cursor: asdict(state) | {"id": str(state.id)}})


def _finish(channel: Channel, state: _Run, handle: Callable[[], pipeline.BatchResult]) -> None:
    """Run the pipeline until nothing of this import waits. What another worker has in hand is waited for."""
    while _waits(channel, state):
        if not _persistently(handle).handled:
            time.sleep(_POLL_S)


def _persistently(handle: Callable[[], pipeline.BatchResult]) -> pipeline.BatchResult:
    """Try again, a little later each time, while the database is away or two workers stand in each other's way."""
    for attempt in range(RETRIES):
        try:
            return handle()
        except OperationalError:
            if connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(_POLL_S * 2**attempt)
    return handle()


def _waits(channel: Channel, state: _Run) -> bool:
    with scope.system():
        return bool(_items(channel, state).filter(state=RawState.RECEIVED).exists())


def _items(channel: Channel, state: _Run) -> Any:
    # Ids are in time order: the lower bound keeps the search out of everything older than this import.
    return RawItem.objects.filter(channel=channel, id__gte=state.id, envelope__imported=str(state.id))


def _summary(channel: Channel, state: _Run) -> Summary:
    with scope.system(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(_STATES, [channel.id, state.id, str(state.id)])
        states = dict(cursor.fetchall())
        cursor.execute(_CONVERSATIONS, {"channel": channel.id, "run": state.id, "imported": str(state.id)})
        conversations = cursor.fetchone()[0]
    at_intake = state.received - state.refused - sum(states.values())
    return Summary(
        received=state.received,
        stored=states.get(RawState.STORED, 0),
        duplicate=states.get(RawState.DUPLICATE, 0) + at_intake,
        quarantined=states.get(RawState.QUARANTINED, 0),
        refused=states.get(RawState.REFUSED, 0) + state.refused,
        conversations=conversations,
    )


_STATES = """SELECT state, count(*) FROM inbound_rawitem
WHERE channel_id = %s AND id >= %s AND envelope ->> 'imported' = %s GROUP BY state"""

# Conversations whose first message came with this import and that were not merged into another since.
_CONVERSATIONS = """WITH mine AS MATERIALIZED (SELECT id, conversation_id FROM inbound_rawitem
    WHERE channel_id = %(channel)s AND id >= %(run)s AND envelope ->> 'imported' = %(imported)s AND state = 'stored')
SELECT count(*) FROM conversations_conversation c
WHERE c.id IN (SELECT conversation_id FROM mine) AND c.status <> 'merged' AND EXISTS (
    SELECT 1 FROM core_event e
    JOIN conversations_message m ON m.conversation_id = c.id AND m.id = (e.data ->> 'message')::uuid
    JOIN mine ON mine.id = m.raw_item_id
    WHERE e.conversation_id = c.id AND e.kind = 'conversation.opened')"""
