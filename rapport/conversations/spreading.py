"""Conversations follow what their team becomes, open or confidential, as who sees them comes from that.

What is written while that changes may still go by what the team was, and is not seen until it is committed. So there is
a second look, once all are through who may have read the team as it was.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import connection

from rapport.conversations.models import Conversation
from rapport.conversations.visibility import audience_of, wait_for_holders
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.models import Former
from rapport.people import arrivals as people
from rapport.staff.models import Team

_AT_ONCE = 2_000
_LATELY = timedelta(minutes=15)
_Told = tuple[list[UUID], bool, list[UUID]]
_FOLLOW = """WITH old AS (
    SELECT id FROM conversations_conversation WHERE owner_team_id = %s AND involved = %s::uuid[] AND confidential = %s
        AND audience = %s::uuid[] ORDER BY id LIMIT %s FOR UPDATE)
UPDATE conversations_conversation c SET audience = %s::uuid[] FROM old WHERE c.id = old.id RETURNING c.id"""
_SPOKE = """SELECT person_id FROM conversations_message WHERE conversation_id = ANY(%(ids)s) AND person_id IS NOT NULL
UNION SELECT person_id FROM conversations_conversation WHERE id = ANY(%(ids)s) AND person_id IS NOT NULL"""


def spread(team: Team) -> int:
    """Bring who may see the team's conversations up to date, in the system's scope; how many that changed. Whoever sees
    more of them now also knows of the people in them.
    """
    alike = Conversation.objects.filter(owner_team=team).order_by()
    return sum(_follow(team, told) for told in alike.values_list("involved", "confidential", "audience").distinct())


def settle(team_id: UUID) -> int:
    """The same as soon as the team's change is committed, for what was decided in that very moment: how many."""
    return _once_all_are_through([team_id])


def catch_up() -> int:
    """The same for all teams that became something else lately, by whatever way; for the worker."""
    with scope.system():
        changed = Former.objects.filter(kind="staff_team", at__gt=now() - _LATELY)
        teams = list(changed.values_list("row_id", flat=True).distinct())
    return _once_all_are_through(teams) if teams else 0


def _once_all_are_through(teams: Collection[UUID]) -> int:
    wait_for_holders()
    with scope.system():
        return sum(spread(team) for team in Team.objects.filter(id__in=teams))


def _follow(team: Team, told: _Told) -> int:
    """Those of the team that are told alike; in batches, each a statement."""
    involved, confidential, before = told
    audience, count = audience_of(team, involved, confidential), 0
    while audience != before:
        with connection.cursor() as cursor:
            cursor.execute(_FOLLOW, [team.id, involved, confidential, before, _AT_ONCE, audience])
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            break
        count += len(ids)
        if not set(before) >= set(audience):
            _introduce(ids, audience)
    return count


def _introduce(ids: Sequence[UUID], audience: Sequence[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SPOKE, {"ids": list(ids)})
        people.widen({row[0]: audience for row in cursor.fetchall()})
