"""Who may see a conversation. Decided here, and nowhere else; the database holds everybody to it.

A conversation carries its audience: the ids of the teams that may see it, or EVERYONE. Row-level security compares that
with the teams of the member who looks (`rapport_audience()` in the first migration of `staff`).
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection, transaction

from rapport.staff.models import Team

EVERYONE = UUID("00000000-0000-0000-0000-000000000001")
"""Stands in an audience for every active member."""
_HELD = "hashtext('rapport.audience')"


def audience_of(owner_team: Team | None, involved: Iterable[UUID], confidential: bool) -> list[UUID]:
    """The audience of a conversation.

    Confidential: its owner team alone. Of an open team, or nobody's yet: everyone. Otherwise the owner team and the
    teams involved.
    """
    if owner_team is None:
        return [EVERYONE]
    if confidential or owner_team.confidential:
        return [owner_team.id]
    if owner_team.is_open:
        return [EVERYONE]
    return sorted({owner_team.id, *involved})


def hold() -> None:
    """What teams are (open, confidential) counts for whoever reads it next, until its transaction ends: whoever derives
    an audience says so first. It never waits for long, and keeps nobody from changing a team.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({_HELD})")


def wait_for_holders() -> None:
    """Until all are through who may have read teams as they were before this; what they wrote is there to be put right.

    Outside any transaction. Raises OperationalError where somebody takes longer than ten seconds.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '10s'")
        cursor.execute(f"SELECT pg_advisory_xact_lock({_HELD})")
