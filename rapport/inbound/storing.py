"""Writing conversations, messages, attachments and events of a batch; a statement for each table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import orjson

from rapport.channels.models import Channel
from rapport.channels.said import Media
from rapport.conversations import clocks
from rapport.conversations.visibility import EVERYONE
from rapport.core import bulk, events, notify
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.inbound.arrival import Arrival, Item
from rapport.ownership.facts import Facts
from rapport.ownership.service import Decided
from rapport.people import arrivals as people
from rapport.people.arrivals import Key, Speaker

# What nobody has may be back in its team's queue by this: whoever hands out is woken, once a transaction.
_HANDED_OUT = f"""CASE WHEN t.status = 'open' AND t.owner_member_id IS NULL AND t.owner_team_id IS NOT NULL
    THEN pg_notify('{notify.HANDING_CHANNEL}', '') END"""


def channels_of(items: Iterable[Item]) -> dict[UUID, Channel]:
    """The channels that the items came by."""
    return Channel.objects.in_bulk({item.channel_id for item in items})


def openers(arrivals: Iterable[Arrival], made: set[UUID]) -> list[Arrival]:
    """The earliest arrival of each conversation that does not exist yet."""
    first: dict[UUID, Arrival] = {}
    for arrival in arrivals:
        conversation = arrival.conversation_id
        if conversation in made and (conversation not in first or arrival.at < first[conversation].at):
            first[conversation] = arrival
    return list(first.values())


@dataclass(frozen=True, slots=True)
class Batch:
    """All that a batch stores: every fresh arrival; those that open conversations, with decision and facts each."""

    arrivals: Sequence[Arrival]
    openers: Sequence[Arrival]
    decided: Sequence[Decided]
    facts: Sequence[Facts]
    speakers: Mapping[Key, Speaker]


def store(batch: Batch) -> None:
    """Write everything of a batch, and tell the open pages."""
    news = _news(batch.arrivals)
    audiences = _open(batch, news)
    _messages(batch.arrivals, batch.speakers)
    _attachments(batch.arrivals)
    _record(batch)
    audiences |= _touch(one for one in news.values() if one.conversation_id not in audiences)
    _introduce(batch, audiences)
    notify.changed_many(("conversation", id, audience) for id, audience in audiences.items())


@dataclass(slots=True)
class _News:
    """What a batch adds to one conversation; `wants`: somebody waits for an answer.

    `ours`: when our own account last spoke there, from outside Rapport. `asked`: since when somebody waits.
    """

    conversation_id: UUID
    latest: Arrival
    messages: int = 0
    wants: bool = False
    inbound: datetime | None = None
    ours: datetime | None = None
    asked: datetime | None = None


def _news(arrivals: Iterable[Arrival]) -> dict[UUID, _News]:
    found: dict[UUID, _News] = {}
    for arrival in arrivals:
        news = found.setdefault(arrival.conversation_id, _News(arrival.conversation_id, arrival))
        news.messages += 1
        news.wants = news.wants or arrival.wants_answer
        if arrival.wants_answer:
            news.asked = min(news.asked or arrival.at, arrival.at)
        if arrival.is_ours:
            news.ours = max(news.ours or arrival.at, arrival.at)
        else:
            news.inbound = max(news.inbound or arrival.at, arrival.at)
        if arrival.at > news.latest.at:
            news.latest = arrival
    return found


def _open(batch: Batch, news: Mapping[UUID, _News]) -> dict[UUID, list[UUID]]:
    """Insert the new conversations as the whole batch leaves them; their audiences."""
    opening, decided = batch.openers, batch.decided
    said = [news[a.conversation_id] for a in opening]
    rows = len(opening)
    bulk.insert(
        "conversations_conversation",
        {
            "id": ("uuid", [a.conversation_id for a in opening]),
            "subject": ("text", [a.title for a in opening]),
            "snippet": ("text", [one.latest.snippet for one in said]),
            "status": ("text", ["open"] * rows),
            "priority": ("smallint", [one.priority for one in decided]),
            "person_id": ("uuid", [_person(a, batch.speakers) for a in opening]),
            "channel_id": ("uuid", [a.item.channel_id for a in opening]),
            "topic_id": ("uuid", [one.topic_id for one in decided]),
            "owner_team_id": ("uuid", [one.owner_team_id for one in decided]),
            "owner_member_id": ("uuid", [one.owner_member_id for one in decided]),
            "involved": ("uuid[]", [bulk.array_text(one.involved) for one in decided]),
            "confidential": ("boolean", [one.confidential for one in decided]),
            "audience": ("uuid[]", [bulk.array_text(one.audience) for one in decided]),
            "language": ("text", [f.language for f in batch.facts]),
            "message_count": ("integer", [one.messages for one in said]),
            "awaiting_answer": ("boolean", [one.wants for one in said]),
            "created_at": ("timestamptz", [a.at for a in opening]),
            "last_activity_at": ("timestamptz", [one.latest.at for one in said]),
            "last_inbound_at": ("timestamptz", [one.inbound for one in said]),
            "first_answer_due_at": ("timestamptz", [one.first_answer_due_at for one in decided]),
            "resolution_due_at": ("timestamptz", [one.resolution_due_at for one in decided]),
            "approval": ("text", [one.approval for one in decided]),
            "promised": ("boolean", [bool(one.clocks) for one in decided]),
        },
    )
    clocks.give([clock for one in decided for clock in one.clocks])
    return {one.conversation_id: one.audience for one in decided}


def _introduce(batch: Batch, audiences: Mapping[UUID, list[UUID]]) -> None:
    """People met only in confidence are known to that team alone, until they write to others."""
    told: dict[UUID, set[UUID]] = {}
    met: dict[UUID, Speaker] = {}
    for arrival in batch.arrivals:
        speaker = batch.speakers.get(arrival.sender) if arrival.sender else None
        if speaker:
            met[speaker.person_id] = speaker
            told.setdefault(speaker.person_id, set()).update(audiences[arrival.conversation_id])
    # A person made just now stands in the database as known to everyone.
    people.narrow({id: sorted(teams) for id, teams in told.items() if met[id].is_new and EVERYONE not in teams})
    people.widen(
        {id: teams for id, teams in told.items() if not met[id].is_new and not _knows(met[id].audience, teams)}
    )


def _knows(audience: Iterable[UUID], teams: set[UUID]) -> bool:
    known = set(audience)
    return EVERYONE in known or teams <= known


def _messages(arrivals: Sequence[Arrival], speakers: Mapping[Key, Speaker]) -> None:
    rows = len(arrivals)
    bulk.insert(
        "conversations_message",
        {
            "conversation_id": ("uuid", [a.conversation_id for a in arrivals]),
            "id": ("uuid", [a.message_id for a in arrivals]),
            "channel_id": ("uuid", [a.item.channel_id for a in arrivals]),
            "direction": ("text", ["out" if a.is_ours else "in" for a in arrivals]),
            "kind": ("text", [a.said.kind for a in arrivals]),
            "person_id": ("uuid", [_person(a, speakers) for a in arrivals]),
            "machine_drafted": ("boolean", [False] * rows),
            "at": ("timestamptz", [a.at for a in arrivals]),
            "sent_at": ("timestamptz", [_storable(a) for a in arrivals]),
            "subject": ("text", [a.said.subject for a in arrivals]),
            "text": ("text", [a.said.text for a in arrivals]),
            "recipients": ("jsonb", [_recipients(a) for a in arrivals]),
            "message_id": ("text", [a.said.external_id for a in arrivals]),
            "has_html": ("boolean", [a.said.has_html for a in arrivals]),
            "has_more": ("boolean", [a.said.has_more for a in arrivals]),
            "raw_item_id": ("uuid", [a.item.id for a in arrivals]),
            "problems": ("text[]", [_text_array(a.said.problems) for a in arrivals]),
            "public": ("boolean", [a.said.public for a in arrivals]),
            "about": ("jsonb", [orjson.dumps(a.about).decode() for a in arrivals]),
            "edited_at": ("timestamptz", [a.said.edited_at for a in arrivals]),
            "deleted_at": ("timestamptz", [a.deleted_at for a in arrivals]),
        },
    )
    threads = sorted({(a.conversation_id, a.item.channel_id): a.at for a in arrivals}.items())
    bulk.insert(
        "conversations_thread",
        {
            "conversation_id": ("uuid", [key[0] for key, _ in threads]),
            "channel_id": ("uuid", [key[1] for key, _ in threads]),
            "created_at": ("timestamptz", [at for _, at in threads]),
        },
        "ON CONFLICT DO NOTHING",
    )


def _attachments(arrivals: Sequence[Arrival]) -> None:
    parts = [(a, _weighed(part)) for a in arrivals for part in a.said.files if part.data or part.too_large]
    kept = {part.sha256: part for _, part in parts if not part.too_large}
    ordered = sorted(kept)
    bulk.insert(
        "conversations_blob",
        {
            "sha256": ("text", ordered),
            "size": ("bigint", [kept[key].size for key in ordered]),
            "data": ("bytea", [kept[key].data for key in ordered]),
        },
        "ON CONFLICT (sha256) DO NOTHING",
    )
    bulk.insert(
        "conversations_attachment",
        {
            "conversation_id": ("uuid", [a.conversation_id for a, _ in parts]),
            "id": ("uuid", [new_id() for _ in parts]),
            "message_id": ("uuid", [a.message_id for a, _ in parts]),
            "blob_id": ("text", [None if p.too_large else p.sha256 for _, p in parts]),
            "filename": ("text", [p.filename[:255] for _, p in parts]),
            "content_type": ("text", [p.content_type[:120] for _, p in parts]),
            "size": ("bigint", [p.size for _, p in parts]),
            "content_id": ("text", [p.content_id[:255] for _, p in parts]),
            "inline": ("boolean", [p.inline for _, p in parts]),
        },
    )


def _weighed(part: Media) -> Media:
    """With size and digest, where its kind did not say them."""
    if part.sha256 or part.too_large:
        return part
    return replace(part, size=len(part.data), sha256=sha256(part.data).hexdigest())


def _record(batch: Batch) -> None:
    opening = {arrival.message_id for arrival in batch.openers}
    events.record_many(
        Event(
            at=arrival.at,
            kind="conversation.opened" if arrival.message_id in opening else "message.received",
            conversation_id=arrival.conversation_id,
            data={"message": str(arrival.message_id)},
        )
        for arrival in batch.arrivals
    )


def _touch(news: Iterable[_News]) -> dict[UUID, list[UUID]]:
    """Bring conversations up to date with what arrived.

    A snoozed one wakes, a resolved one reopens when a human being wrote.
    """
    said = sorted(news, key=lambda one: one.conversation_id)
    rows = bulk.update(
        "conversations_conversation",
        ["id"],
        {
            "id": ("uuid", [one.conversation_id for one in said]),
            "at": ("timestamptz", [one.latest.at for one in said]),
            "snippet": ("text", [one.latest.snippet for one in said]),
            "messages": ("integer", [one.messages for one in said]),
            "wants": ("boolean", [one.wants for one in said]),
            "inbound": ("timestamptz", [one.inbound for one in said]),
            "ours": ("timestamptz", [one.ours for one in said]),
        },
        """snippet = CASE WHEN row.at >= t.last_activity_at THEN row.snippet ELSE t.snippet END,
        last_activity_at = greatest(t.last_activity_at, row.at),
        last_inbound_at = greatest(t.last_inbound_at, row.inbound),
        first_answered_at = coalesce(t.first_answered_at, row.ours),
        message_count = t.message_count + row.messages,
        awaiting_answer = CASE WHEN row.ours >= coalesce(row.inbound, t.last_inbound_at) THEN false
            ELSE t.awaiting_answer OR row.wants END,
        snoozed = false, snoozed_until = NULL,
        status = CASE WHEN row.wants AND t.status = 'resolved' THEN 'open' ELSE t.status END,
        resolved_at = CASE WHEN row.wants THEN NULL ELSE t.resolved_at END""",
        f"RETURNING t.id, t.audience, t.promised, {_HANDED_OUT}",
    )
    asked = {one.conversation_id: one.asked for one in said if one.asked}
    clocks.settle([id for id, _, promised, _ in rows if promised], asked)
    return {id: list(audience) for id, audience, *_ in rows}


def _person(arrival: Arrival, speakers: Mapping[Key, Speaker]) -> UUID | None:
    speaker = speakers.get(arrival.sender) if arrival.sender else None
    return speaker.person_id if speaker and not arrival.is_ours else None


def _recipients(arrival: Arrival) -> str:
    return orjson.dumps({part: list(map(list, group)) for part, group in arrival.said.recipients.items()}).decode()


def _storable(arrival: Arrival) -> datetime | None:
    date = arrival.said.at
    # PostgreSQL takes no offset beyond 16 hours, and some mails claim one.
    return date.astimezone(UTC) if date and 1900 < date.year < 2200 else None


def _text_array(texts: Iterable[str]) -> str:
    quoted = ('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts)
    return "{" + ",".join(quoted) + "}"
