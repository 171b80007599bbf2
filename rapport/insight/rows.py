"""The list behind a figure: the same source, the same conditions, and as many rows as the figure says."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from rapport.core.errors import Invalid, NotVisible
from rapport.insight.sources import SOURCES, Narrowing, within
from rapport.people.trees import ABOVE_SQL, NAME_SQL

PAGE_SIZE = 50
EXPORT_MAX = 100_000
TEXT_MAX = 2_000


@dataclass(frozen=True)
class Wanted:
    """Which figure: a source, a span of time, and what it was narrowed to."""

    source: str
    start: datetime
    end: datetime
    narrowing: Narrowing


@dataclass(frozen=True)
class Row:
    """One thing counted: its conversation, when, and how long it had taken (seconds; None where it took none)."""

    conversation_id: UUID
    at: datetime
    subject: str
    status: str
    person: str
    team: str
    channel: str
    topic: str
    took: float | None


@dataclass(frozen=True)
class Page:
    """Some rows, latest first; `next_cursor` is empty on the last page."""

    rows: list[Row]
    next_cursor: str = ""


def count(wanted: Wanted) -> tuple[int, int]:
    """How many rows there are, and in how many conversations."""
    where, values = _conditions(wanted)
    table = SOURCES[wanted.source].table
    ((rows, conversations),) = _fetched(f"SELECT count(*), count(DISTINCT c.id) FROM {table} WHERE {where}", values)
    return rows, conversations


def page(wanted: Wanted, cursor: str = "", limit: int = PAGE_SIZE) -> Page:
    """One page of the rows. Raises Invalid when the cursor is none of ours."""
    source = SOURCES[wanted.source]
    where, values = _conditions(wanted)
    if cursor:
        where += f" AND ({source.at}, {source.key}) < (%(after_at)s, %(after_key)s)"
        values |= _edge(cursor)
    took = f"extract(epoch FROM {source.at} - c.created_at)::float8" if source.took else "NULL::float8"
    found = _fetched(
        f"""SELECT c.id, {source.at}, c.subject, c.status, {NAME_SQL}, coalesce(o.name, ''),
            coalesce(l.name, ''), coalesce(y.name, ''), {took}, {source.key}
        FROM {source.table} LEFT JOIN people_person p ON p.id = c.person_id {ABOVE_SQL}
            LEFT JOIN staff_team o ON o.id = c.owner_team_id LEFT JOIN channels_channel l ON l.id = c.channel_id
            LEFT JOIN conversations_topic y ON y.id = c.topic_id
        WHERE {where} ORDER BY {source.at} DESC, {source.key} DESC LIMIT %(limit)s""",
        {**values, "limit": limit + 1},
    )
    more = len(found) > limit
    found = found[:limit]
    return Page([Row(*row[:-1]) for row in found], _cursor(found[-1][1], found[-1][-1]) if more else "")


def texts(wanted: Wanted, limit: int) -> list[tuple[UUID | None, str]]:
    """What the latest so many say at their beginning, each with who says it; nothing of what is in confidence."""
    where, values = _conditions(wanted)
    source = SOURCES[wanted.source]
    found = _fetched(
        f"""SELECT l.person_id, l.subject || chr(10) || coalesce(said.text, '') FROM (
            SELECT c.id, c.person_id, c.subject FROM {source.table} WHERE {where} AND NOT c.confidential
            ORDER BY {source.at} DESC, {source.key} DESC LIMIT %(limit)s) AS l
        LEFT JOIN LATERAL (SELECT left(m.text, {TEXT_MAX}) AS text FROM conversations_message m
            WHERE m.conversation_id = l.id AND m.direction = 'in' AND m.deleted_at IS NULL
            ORDER BY m.at, m.id LIMIT 1) AS said ON true""",
        {**values, "limit": limit},
    )
    return [(person, text) for person, text in found]


def _conditions(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    source = SOURCES.get(wanted.source)
    if source is None:
        raise NotVisible("There is no such figure.")
    narrowed, values = wanted.narrowing.sql(source)
    timed, times = within(source, wanted.source, wanted.start, wanted.end)
    return f"{source.where} AND {narrowed} AND {timed}", {**values, **times}


def _fetched(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _cursor(at: datetime, key: UUID) -> str:
    return urlsafe_b64encode(f"{at.isoformat()}|{key}".encode()).decode()


def _edge(cursor: str) -> dict[str, Any]:
    try:
        at, key = urlsafe_b64decode(cursor.encode()).decode().split("|")
        return {"after_at": datetime.fromisoformat(at), "after_key": UUID(key)}
    except ValueError as error:
        raise Invalid(_("This page of the list does not exist."), _("Start at its beginning.")) from error
