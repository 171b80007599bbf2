"""What changes messages that are there: edits, deletions, reactions, and what became of our own.

Where the message is not there yet: an edit is its first form, a deletion waits in its raw item for it (`withdrawn`), a
receipt or a reaction has nothing to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from rapport.channels.base import deletion_of
from rapport.channels.said import Deleted, Edited, Reaction, Receipt
from rapport.conversations import threading
from rapport.conversations.models import Conversation, Mention, Message, Revision
from rapport.conversations.snippets import snippet_of
from rapport.core import events, notify
from rapport.core.clock import now
from rapport.inbound import placing
from rapport.inbound.arrival import NOWHERE, Arrival, Item
from rapport.inbound.claims import Outcome
from rapport.inbound.models import RawItem, RawState
from rapport.inbound.understanding import Change, as_new
from rapport.outbound import receipts

_REACTIONS_MAX = 200
_UNKNOWN = "The message it is about never came here."


def first_forms(
    changes: Sequence[tuple[Item, Change]], arrivals: Sequence[Arrival]
) -> tuple[list[Arrival], list[tuple[Item, Change]]]:
    """Edits of messages that never came are their first forms: those as arrivals, and the changes that remain."""
    edits = [(item, one) for item, one in changes if isinstance(one, Edited)]
    if not edits:
        return [], list(changes)
    known = _that_came(one.message.external_id for _, one in edits) | {a.said.external_id for a in arrivals}
    known |= _mentioned(edits)
    latest: dict[str, tuple[Item, Edited]] = {}
    for item, one in sorted(edits, key=_when):
        if one.message.external_id not in known:
            latest[one.message.external_id] = (item, one)
    taken = {id(one) for _, one in latest.values()}
    return [as_new(item, one) for item, one in latest.values()], [pair for pair in changes if id(pair[1]) not in taken]


def _when(edit: tuple[Item, Edited]) -> datetime:
    item, one = edit
    return one.message.edited_at or item.received_at


def withdrawn(arrivals: Sequence[Arrival]) -> None:
    """Write on arrivals whose deletion came before them that they are deleted."""
    named: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        if arrival.said.external_id and not arrival.said.digest:
            named.setdefault(deletion_of(arrival.said.external_id), []).append(arrival)
    if not named:
        return
    channels = {arrival.item.channel_id for found in named.values() for arrival in found}
    early = RawItem.objects.filter(channel_id__in=channels, external_id__in=list(named))
    for name, at in early.values_list("external_id", "received_at"):
        for arrival in named[name]:
            arrival.deleted_at = at


def apply(changes: Iterable[tuple[Item, Change]]) -> list[Outcome]:
    """Make each change, in the caller's transaction, and say what became of its item."""
    return [_apply(item, change) for item, change in changes]


def _apply(item: Item, change: Change) -> Outcome:
    if isinstance(change, Receipt):
        conversation = receipts.apply(change)
    elif isinstance(change, Edited):
        conversation = _edit(item, change)
    elif isinstance(change, Deleted):
        conversation = _delete(item, change)
    else:
        conversation = _react(change)
    if conversation is None:
        return Outcome(item, RawState.IGNORED, _UNKNOWN)
    if conversation == NOWHERE:
        return Outcome(item, RawState.MENTION)
    return Outcome(item, RawState.STORED, "", conversation)


def _edit(item: Item, change: Edited) -> UUID | None:
    said = change.message
    row = _message(said.external_id)
    if row is None:
        known = Mention.objects.filter(channel_id=item.channel_id, external_id=said.external_id)
        return NOWHERE if known.update(text=said.text, subject=said.subject[:300]) else None
    at = _when((item, change))
    if (row.edited_at and row.edited_at >= at) or row.text == said.text:
        return row.conversation_id
    Revision.objects.create(
        conversation_id=row.conversation_id, message_id=row.id, text=row.text, until=at, raw_item_id=row.raw_item_id
    )
    _rows(row).update(text=said.text, edited_at=at, raw_item_id=item.id, about={**row.about, **_warned(said.warning)})
    _retitle(row, said.text)
    _tell(row, "message.edited")
    return row.conversation_id


def _warned(warning: str) -> dict[str, str]:
    return {"warning": warning} if warning else {}


def _delete(item: Item, change: Deleted) -> UUID | None:
    at = change.at or item.received_at
    row = _message(change.external_id)
    if row is None:
        gone = Mention.objects.filter(channel_id=item.channel_id, external_id=change.external_id, deleted_at=None)
        return NOWHERE if gone.update(deleted_at=at) else None
    if row.deleted_at is None:
        _rows(row).update(deleted_at=at)
        _tell(row, "message.deleted_by_author")
    return row.conversation_id


def _react(change: Reaction) -> UUID | None:
    row = _message(change.external_id)
    if row is None:
        return None
    who = change.author.name or change.author.written or change.author.value
    mine = [change.sign[:40], who[:100]]
    kept = [one for one in row.about.get("reactions", []) if one != mine]
    if not change.removed and len(kept) < _REACTIONS_MAX:
        kept.append(mine)
    _rows(row).update(about={**row.about, "reactions": kept})
    _tell(row, "message.reacted")
    return row.conversation_id


def _message(external_id: str) -> Message | None:
    refs = placing.stored_refs({threading.ref_of(external_id)})
    if not refs:
        return None
    conversation = next(iter(refs.values())).conversation
    return Message.objects.filter(conversation_id=conversation, message_id=external_id).first()


def _rows(row: Message) -> QuerySet[Message]:
    return Message.objects.filter(conversation_id=row.conversation_id, id=row.id)


def _retitle(row: Message, text: str) -> None:
    """The list shows the last words: those that were changed, if they were the last."""
    later = Message.objects.filter(conversation_id=row.conversation_id, at__gt=row.at).exists()
    if not later:
        Conversation.objects.filter(id=row.conversation_id).update(snippet=snippet_of(text))


def _tell(row: Message, kind: str) -> None:
    events.record(kind, conversation_id=row.conversation_id, data={"message": str(row.id)})
    audience = Conversation.objects.filter(id=row.conversation_id).values_list("audience", flat=True).first()
    notify.changed("conversation", row.conversation_id, audience or [])


def _that_came(external_ids: Iterable[str]) -> set[str]:
    refs = {threading.ref_of(one): one for one in external_ids}
    came = placing.stored_refs(set(refs))
    return {refs[ref] for ref, known in came.items() if known.digest is not None}


def _mentioned(edits: Sequence[tuple[Item, Edited]]) -> set[str]:
    channels = {item.channel_id for item, _ in edits}
    wanted = [one.message.external_id for _, one in edits]
    found = Mention.objects.filter(channel_id__in=channels, external_id__in=wanted)
    return set(found.values_list("external_id", flat=True))


def echoes(arrivals: Sequence[Arrival]) -> Mapping[UUID, str]:
    """Arrivals of our own account (by message id) that our outbox is sending, or that belong to nothing here; why."""
    ours = [a for a in arrivals if a.is_ours]
    if not ours:
        return {}
    known = placing.stored_refs({ref for a in ours for ref in (a.refs.own, *a.refs.named) if ref})
    settled: dict[UUID, str] = {}
    for arrival in ours:
        if arrival.refs.own in known and known[arrival.refs.own].digest is not None:
            continue  # threading finds that it is there already
        if receipts.is_being_sent(arrival.item.channel_id, arrival.said.text, now()):
            settled[arrival.message_id] = "It is our own answer, seen again."
        elif not any(ref in known for ref in arrival.refs.named):
            settled[arrival.message_id] = "Our own account said it, in no conversation of ours."
    return settled
