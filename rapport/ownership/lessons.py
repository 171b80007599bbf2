"""Rows become what is learned from: the newest decision of a kind about each conversation, with its text and facts.

For what everybody profits from only of conversations everybody may see; for a confidential team's own models (`Slot`)
only of its own in confidence. Runs in the system's scope.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from rapport.conversations.models import Topic
from rapport.conversations.visibility import EVERYONE
from rapport.ownership.facts import Facts
from rapport.ownership.kinds import OF_A_TEAM, PRIORITY, SHARED, TEAM, TOPIC, Slot
from rapport.ownership.policy import PRIORITIES
from rapport.staff.models import Team

EXAMPLES_MAX = 4000
"""The latest so many are learned from: a refit then takes seconds."""
TEXT_MAX = 5_000
_TEAM = Slot(TEAM)

SAID = f"""c.subject, coalesce(said.text, ''), coalesce(ch.kind, ''), c.language, first.facts
FROM conversations_conversation c LEFT JOIN channels_channel ch ON ch.id = c.channel_id
LEFT JOIN LATERAL (SELECT left(m.text, {TEXT_MAX}) AS text FROM conversations_message m
    WHERE m.conversation_id = c.id AND m.direction = 'in' AND m.deleted_at IS NULL ORDER BY m.at, m.id LIMIT 1) AS said
    ON true
LEFT JOIN LATERAL (SELECT d.facts::text FROM ownership_decision d
    WHERE d.conversation_id = c.id AND d.facts IS NOT NULL ORDER BY d.id LIMIT 1) AS first ON true"""
_STANDS = {
    TEAM: "SELECT 1 FROM staff_team t WHERE t.slug = e.label AND t.is_active AND NOT t.confidential",
    TOPIC: "SELECT 1 FROM conversations_topic t WHERE t.slug = e.label AND t.is_active",
    PRIORITY: f"SELECT 1 WHERE e.label IN ({', '.join(repr(name) for name in PRIORITIES)})",
}
_BEGINNING = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def may_be_read(slot: Slot) -> str:
    """Which conversations `c` may be read for a model at all, as the database is asked."""
    if slot.team:
        return f"c.audience = ARRAY['{slot.team}'::uuid]"
    return f"c.audience @> ARRAY['{EVERYONE}'::uuid] AND NOT c.confidential"


def _was_said(slot: Slot) -> str:
    """Which examples `e` were said where they might be learned from."""
    behind = (
        f"e.audience = ARRAY['{slot.team}'::uuid]" if slot.team else f"e.audience @> ARRAY['{EVERYONE}'::uuid]"
    )
    return f"e.kind = '{slot.kind}' AND e.set_aside IS NULL AND {behind}"


def counts(slot: Slot) -> str:
    """Which examples `e` about conversations `c` may be learned from, as the database is asked."""
    return f"""{_was_said(slot)} AND c.merged_into IS NULL AND {may_be_read(slot)}
        AND (e.label IS NULL OR EXISTS ({_STANDS[slot.kind]}))"""


def _newest(slot: Slot) -> str:
    return f"""SELECT DISTINCT ON (e.conversation_id) e.id, e.label, e.member_id, e.at, e.conversation_id, e.expected,
        e.implied FROM ownership_example e JOIN conversations_conversation c ON c.id = e.conversation_id
        WHERE {counts(slot)} AND e.at >= %s ORDER BY e.conversation_id, e.id DESC"""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One decision with what it was about, and the facts beside it as they were when the message came.

    `expected` is how likely the label was before it was decided, against the likeliest; None where nobody asked.
    `implied`: nobody said so.
    """

    id: str
    label: str | None
    member: str
    at: datetime
    text: str
    facts: Mapping[str, str]
    expected: float | None = None
    implied: bool = False


def lessons(since: datetime | None = None, limit: int = EXAMPLES_MAX, slot: Slot = _TEAM) -> list[Lesson]:
    """The latest that may be learned from, oldest first; what has no words teaches nothing."""
    statement = f"""WITH newest AS MATERIALIZED (SELECT * FROM ({_newest(slot)}) AS one ORDER BY id DESC LIMIT %s)
        SELECT n.id, n.label, n.member_id, n.at, n.expected, n.implied, {SAID}
        JOIN newest n ON n.conversation_id = c.id ORDER BY n.id"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [since or _BEGINNING, limit])
        found = [
            Lesson(str(id), label, str(by or ""), at, *told_of(*said), expected, implied)
            for id, label, by, at, expected, implied, *said in cursor
        ]
    return [one for one in found if one.text]


def message_of(conversation_id: UUID) -> tuple[str, dict[str, str]]:
    """The opening message of a conversation as it is learned and asked about: text and facts."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {SAID} WHERE c.id = %s", [conversation_id])
        row = cursor.fetchone()
    return told_of(*row) if row else ("", {})


def asked(facts: Facts) -> str:
    """The text of a message that is being decided, as it will be learned."""
    return f"{facts.subject}\n{facts.text[:TEXT_MAX]}".strip()


def tally(slot: Slot = _TEAM) -> tuple[dict[str | None, int], datetime | None]:
    """How many examples there are that may be learned from, by label; and when the newest was decided."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT label, count(*), max(at) FROM ({_newest(slot)}) AS one GROUP BY label", [_BEGINNING])
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return {row[0]: row[1] for row in rows}, max((row[2] for row in rows), default=None)


def count_since(since: datetime, slot: Slot = _TEAM) -> int:
    """How many of them were decided after that moment."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_newest(slot)}) AS one WHERE at > %s", [since, since])
        return int(cursor.fetchone()[0])


def withdrawn(slot: Slot) -> str:
    """Of the latest examples those whose conversations may not be read any more, as some became confidential since; as
    a digest, so that one more is noticed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT md5(coalesce(string_agg(e.id::text, ' ' ORDER BY e.id), ''))
            FROM (SELECT e.id, e.conversation_id FROM ownership_example e WHERE {_was_said(slot)}
                ORDER BY e.id DESC LIMIT {2 * EXAMPLES_MAX}) AS e
            JOIN conversations_conversation c ON c.id = e.conversation_id AND NOT ({may_be_read(slot)})"""
        )
        return str(cursor.fetchone()[0])


def labels(kind: str = TEAM) -> list[tuple[str, str]]:
    """What may be suggested, with what names, descriptions and words say of it: (slug, text).

    Of priorities there is nothing: what "high" is in a company, only its people show.
    """
    if kind == TEAM:
        found = Team.objects.filter(is_active=True, confidential=False).order_by("slug")
        return [(one.slug, f"{one.name}. {one.description}".strip()) for one in found]
    if kind == TOPIC:
        topics = Topic.objects.filter(is_active=True).order_by("slug")
        return [(one.slug, f"{one.name}. {one.description} {' '.join(one.words)}".strip()) for one in topics]
    return []


def slots() -> list[Slot]:
    """All that is learned here: what everybody profits from, and what confidential teams have examples of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT t.id, e.kind FROM staff_team t JOIN ownership_example e ON e.audience = ARRAY[t.id]
            WHERE t.is_active AND t.confidential AND e.kind = ANY(%s) ORDER BY 1, 2""",
            [list(OF_A_TEAM)],
        )
        return [*SHARED, *(Slot(kind, team) for team, kind in cursor.fetchall())]


def still_there(ids: Iterable[str], slot: Slot = _TEAM) -> bool:
    """Whether each of these may still be learned from."""
    wanted = list(ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*) FROM ownership_example e JOIN conversations_conversation c ON c.id = e.conversation_id
            WHERE {counts(slot)} AND e.id = ANY(%s::uuid[])""",
            [wanted],
        )
        return int(cursor.fetchone()[0]) == len(wanted)


def told_of(
    subject: str, text: str, channel: str, language: str, facts: str | None
) -> tuple[str, dict[str, str]]:  # fmt: skip
    """Text and facts; of what came before facts were kept, the channel and the language are known."""
    told = orjson.loads(facts) if facts else {"channel": channel, "language": language}
    return f"{subject}\n{text}".strip(), {name: str(value) for name, value in told.items() if value}
