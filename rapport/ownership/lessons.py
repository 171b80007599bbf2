"""Rows become what is learned from: the newest decision about each conversation that everybody may see, with its text.

Of a conversation in confidence, or that only some teams see, nothing is learned here. Runs in the system's scope.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.conversations.visibility import EVERYONE
from rapport.ownership.facts import Facts
from rapport.staff.models import Team

EXAMPLES_MAX = 4000
"""The latest so many are learned from: a refit then takes seconds."""
TEXT_MAX = 5_000

_SAID = f"""c.subject, coalesce(said.text, ''), coalesce(ch.kind, ''), c.language
FROM conversations_conversation c LEFT JOIN channels_channel ch ON ch.id = c.channel_id
LEFT JOIN LATERAL (SELECT left(m.text, {TEXT_MAX}) AS text FROM conversations_message m
    WHERE m.conversation_id = c.id AND m.direction = 'in' AND m.deleted_at IS NULL ORDER BY m.at, m.id LIMIT 1) AS said
    ON true"""
_COUNTS = f"""e.kind = 'team' AND e.set_aside IS NULL AND e.audience @> ARRAY['{EVERYONE}'::uuid]
    AND c.audience @> ARRAY['{EVERYONE}'::uuid] AND NOT c.confidential AND c.merged_into IS NULL
    AND (e.label IS NULL OR EXISTS (
        SELECT 1 FROM staff_team t WHERE t.slug = e.label AND t.is_active AND NOT t.confidential))"""
_NEWEST = f"""SELECT DISTINCT ON (e.conversation_id) e.id, e.label, e.member_id, e.at, e.conversation_id
    FROM ownership_example e JOIN conversations_conversation c ON c.id = e.conversation_id
    WHERE {_COUNTS} AND e.at >= %s ORDER BY e.conversation_id, e.id DESC"""
_LESSONS = f"""WITH newest AS MATERIALIZED (SELECT * FROM ({_NEWEST}) AS one ORDER BY id DESC LIMIT %s)
SELECT n.id, n.label, n.member_id, n.at, {_SAID} JOIN newest n ON n.conversation_id = c.id ORDER BY n.id"""
_BEGINNING = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Lesson:
    """One decision with what it was about, and the facts beside it."""

    id: str
    label: str | None
    member: str
    at: datetime
    text: str
    facts: Mapping[str, str]


def lessons(since: datetime | None = None, limit: int = EXAMPLES_MAX) -> list[Lesson]:
    """The latest that may be learned from, oldest first; what has no words teaches nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_LESSONS, [since or _BEGINNING, limit])
        found = [Lesson(str(id), label, str(by or ""), at, *_said(*said)) for id, label, by, at, *said in cursor]
    return [one for one in found if one.text]


def message_of(conversation_id: UUID) -> tuple[str, dict[str, str]]:
    """The opening message of a conversation as it is learned and asked about: text and facts."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_SAID} WHERE c.id = %s", [conversation_id])
        row = cursor.fetchone()
    return _said(*row) if row else ("", {})


def asked(facts: Facts) -> tuple[str, dict[str, str]]:
    """The same of a message that is being decided."""
    return _said(facts.subject, facts.text[:TEXT_MAX], facts.channel_kind, facts.language)


def tally() -> tuple[dict[str | None, int], datetime | None]:
    """How many examples there are that may be learned from, by label; and when the newest was decided."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT label, count(*), max(at) FROM ({_NEWEST}) AS one GROUP BY label", [_BEGINNING])
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return {row[0]: row[1] for row in rows}, max((row[2] for row in rows), default=None)


def count_since(since: datetime) -> int:
    """How many of them were decided after that moment."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_NEWEST}) AS one WHERE at > %s", [since, since])
        return int(cursor.fetchone()[0])


def teams() -> list[tuple[str, str]]:
    """The teams that may be suggested, with what their names and descriptions say: (slug, text)."""
    found = Team.objects.filter(is_active=True, confidential=False).order_by("slug")
    return [(one.slug, f"{one.name}. {one.description}".strip()) for one in found]


def still_there(ids: Iterable[str]) -> bool:
    """Whether each of these may still be learned from."""
    wanted = list(ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*) FROM ownership_example e JOIN conversations_conversation c ON c.id = e.conversation_id
            WHERE {_COUNTS} AND e.id = ANY(%s::uuid[])""",
            [wanted],
        )
        return int(cursor.fetchone()[0]) == len(wanted)


def _said(subject: str, text: str, channel: str, language: str) -> tuple[str, dict[str, str]]:
    facts = {"channel": channel, "language": language}
    return f"{subject}\n{text}".strip(), {name: value for name, value in facts.items() if value}
