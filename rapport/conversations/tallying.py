"""The counters of open conversations: written by the database itself (`list_sql`), kept short here."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from rapport.conversations.list_sql import RECOUNT
from rapport.core import scope
from rapport.staff.models import Member

_KEY = "owner_team_id, owner_member_id, snoozed, audience"


@dataclass(frozen=True)
class Counts:
    """Open conversations by view, and by team id. Those that are snoozed are in `snoozed` only."""

    mine: int = 0
    teams: int = 0
    unowned: int = 0
    all: int = 0
    snoozed: int = 0
    by_team: dict[UUID, int] = field(default_factory=dict)


def count_open(member: Member, team_ids: frozenset[UUID]) -> Counts:
    """The figures beside the views, with one statement over the counters the member may see."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT owner_team_id,
                coalesce(sum(count) FILTER (WHERE NOT snoozed), 0),
                coalesce(sum(count) FILTER (WHERE NOT snoozed AND owner_member_id IS NULL), 0),
                coalesce(sum(count) FILTER (WHERE NOT snoozed AND owner_member_id = %(me)s), 0),
                coalesce(sum(count) FILTER (WHERE snoozed), 0),
                coalesce(sum(count) FILTER (WHERE snoozed AND owner_member_id = %(me)s), 0)
            FROM conversations_tally GROUP BY owner_team_id""",
            {"me": member.id},
        )
        groups = cursor.fetchall()
    return Counts(
        mine=sum(row[3] for row in groups),
        teams=sum(row[1] for row in groups if row[0] in team_ids),
        unowned=sum(row[2] for row in groups if row[0] is None or row[0] in team_ids),
        all=sum(row[1] for row in groups),
        snoozed=sum(row[4] if row[0] in team_ids else row[5] for row in groups),
        by_team={row[0]: row[1] for row in groups if row[0] and row[1]},
    )


def fold() -> int:
    """Make one row of the rows that add up to one figure; how many were taken together. Whoever counts sees no gap."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(
            f"""WITH several AS (
                SELECT id FROM (
                    SELECT id, count(*) OVER (PARTITION BY {_KEY}) AS alike FROM conversations_tally) AS counted
                WHERE alike > 1),
            taken AS (
                DELETE FROM conversations_tally WHERE id IN (
                    SELECT id FROM conversations_tally WHERE id IN (SELECT id FROM several) FOR UPDATE SKIP LOCKED)
                RETURNING {_KEY}, count),
            put AS (
                INSERT INTO conversations_tally ({_KEY}, count)
                SELECT {_KEY}, sum(count) FROM taken GROUP BY {_KEY} HAVING sum(count) <> 0)
            SELECT count(*) FROM taken"""
        )
        return int(cursor.fetchone()[0])


def recount() -> None:
    """Write the counters anew from the conversations, which nobody can change meanwhile."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE conversations_conversation IN SHARE MODE; {RECOUNT}")


def discrepancies() -> int:
    """How many figures differ from what is there; 0 where all is well."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*) FROM (
                SELECT {_KEY} FROM (
                    SELECT {_KEY}, count FROM conversations_tally
                    UNION ALL SELECT {_KEY}, -1 FROM conversations_conversation
                        WHERE status = 'open' AND merged_into IS NULL) AS both_sides
                GROUP BY {_KEY} HAVING sum(count) <> 0) AS wrong"""
        )
        return int(cursor.fetchone()[0])
