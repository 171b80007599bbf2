"""Conversations with some people, or with those of an organization, latest first, a page at a time.

Of each person the latest are one run of an index; what they only took part in comes from their latest messages. Of an
organization with very many people the latest conversations of all are walked, and looked at one by one.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from rapport.conversations.models import Status
from rapport.conversations.summaries import Summary, summaries
from rapport.core import plans
from rapport.core.errors import Invalid

PAGE_SIZE = 30
STATES = (Status.OPEN, Status.RESOLVED, Status.SPAM)
#: Messages of others' conversations that are looked at for where somebody took part.
_TAKEN_PART_MAX = 300
_PEOPLE_MAX = 1_500
_WALKED_MAX = 20_000


@dataclass(frozen=True)
class Narrowed:
    """By which kind of channel and in which state; "" is any."""

    kind: str = ""
    state: str = ""


@dataclass(frozen=True)
class Run:
    """A page of conversations, and the cursor of the next, "" at the end."""

    rows: Sequence[Summary]
    cursor: str = ""


def with_people(people: Sequence[UUID], narrowed: Narrowed, cursor: str = "") -> Run:
    """Conversations with these people that the viewer may see. Raises Invalid for a cursor that is none of ours."""
    what, values = _narrowing(narrowed, cursor)
    taken = """SELECT DISTINCT conversation_id FROM (SELECT conversation_id FROM conversations_message
        WHERE person_id = ANY(%s) LIMIT %s) AS said"""
    sql = f"""SELECT id, last_activity_at FROM (
            SELECT each.id, each.last_activity_at FROM unnest(%s::uuid[]) AS who (id), LATERAL (
                SELECT c.id, c.last_activity_at FROM conversations_conversation c
                WHERE c.person_id = who.id AND {what} ORDER BY c.last_activity_at DESC, c.id DESC LIMIT {PAGE_SIZE + 1}
            ) AS each
            UNION SELECT c.id, c.last_activity_at FROM conversations_conversation c
                WHERE c.id IN ({taken}) AND {what}) AS found
        ORDER BY last_activity_at DESC, id DESC LIMIT {PAGE_SIZE + 1}"""
    with plans.fresh():
        return _run(sql, [list(people), *values, list(people), _TAKEN_PART_MAX, *values])


def with_organization(organization_id: UUID, narrowed: Narrowed, cursor: str = "") -> Run:
    """The same with the people of an organization."""
    with connection.cursor() as asked:
        asked.execute(
            f"SELECT id FROM people_person WHERE organization_id = %s LIMIT {_PEOPLE_MAX + 1}", [organization_id]
        )
        people = [row[0] for row in asked.fetchall()]
    what, values = _narrowing(narrowed, cursor)
    if len(people) > _PEOPLE_MAX:
        sql = f"""SELECT c.id, c.last_activity_at FROM (SELECT * FROM conversations_conversation c WHERE {what}
                ORDER BY c.last_activity_at DESC, c.id DESC LIMIT {_WALKED_MAX}) AS c
            WHERE (SELECT p.organization_id = %s FROM people_person p WHERE p.id = c.person_id)
            LIMIT {PAGE_SIZE + 1}"""
        with plans.fresh():
            return _run(sql, [*values, organization_id])
    sql = f"""SELECT each.id, each.last_activity_at FROM unnest(%s::uuid[]) AS who (id), LATERAL (
            SELECT c.id, c.last_activity_at FROM conversations_conversation c WHERE c.person_id = who.id AND {what}
            ORDER BY c.last_activity_at DESC, c.id DESC LIMIT {PAGE_SIZE + 1}) AS each
        ORDER BY each.last_activity_at DESC, each.id DESC LIMIT {PAGE_SIZE + 1}"""
    with plans.fresh():
        return _run(sql, [people, *values])


def _narrowing(narrowed: Narrowed, cursor: str) -> tuple[str, list[Any]]:
    parts = ["c.merged_into IS NULL"]
    values: list[Any] = []
    if narrowed.state in STATES:
        parts.append("c.status = %s")
        values.append(narrowed.state)
    if narrowed.kind:
        parts.append("c.channel_id IN (SELECT ch.id FROM channels_channel ch WHERE ch.kind = %s)")
        values.append(narrowed.kind)
    if cursor:
        at, last = _edge(cursor)
        parts.append("(c.last_activity_at, c.id) < (%s, %s)")
        values += [at, last]
    return " AND ".join(parts), values


def _run(sql: str, params: list[Any]) -> Run:
    with connection.cursor() as asked:
        asked.execute(sql, params)
        found = asked.fetchall()
    rows = summaries([id for id, _at in found[:PAGE_SIZE]])
    if len(found) <= PAGE_SIZE:
        return Run(rows)
    last, at = found[PAGE_SIZE - 1]
    return Run(rows, urlsafe_b64encode(json.dumps([at.isoformat(), str(last)]).encode()).decode())


def _edge(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, last = json.loads(urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment, UUID(last)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid(_("This page of the list does not exist."), _("Start at its beginning.")) from error
