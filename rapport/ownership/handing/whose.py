"""What somebody has open that can be theirs no longer: their account is closed, they only read, or are not of its team.

Whatever gives a conversation to a member asks that they are of its team and may answer. So who has one and is not, or
may not, was and did once: whoever took that away, and however.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from rapport.conversations.models import Conversation, Status
from rapport.core.clock import now
from rapport.staff.models import Member, Membership, Role

SETTLES = timedelta(minutes=10)
"""So long after somebody left a team, or became a reader, nothing moves: who is put in again keeps what they have.

Directories take somebody out of one group and put them into the next a moment later; and a mistake can be put right.
"""

# For each closed account the first of its conversations, if there is one: an index has it.
_CLOSED = """SELECT m.id FROM staff_member m CROSS JOIN LATERAL (
    SELECT 1 FROM conversations_conversation c
    WHERE c.owner_member_id = m.id AND c.status = 'open' AND c.merged_into IS NULL LIMIT 1) AS first
WHERE NOT m.is_active ORDER BY m.id"""

# By the counters of what is open, of which there is a row a team and member, and never by the conversations.
_MEMBERS = """SELECT DISTINCT id FROM (
    SELECT m.id FROM conversations_tally t JOIN staff_member m ON m.id = t.owner_member_id
    LEFT JOIN staff_team s ON s.id = t.owner_team_id
    WHERE NOT m.is_active OR m.role = 'reader' OR (s.is_active AND NOT EXISTS (
        SELECT 1 FROM staff_membership b WHERE b.member_id = m.id AND b.team_id = s.id))
    GROUP BY m.id, t.owner_team_id HAVING sum(t.count) > 0) AS found ORDER BY id"""

# What is kept of the setup as it was (`core.former_sql`): a role has no team.
_LATELY = """SELECT (was ->> 'team_id')::uuid, max(at) FROM core_former
WHERE at > %(since)s AND ((kind = 'staff_membership' AND was ->> 'member_id' = %(member)s)
    OR (kind = 'staff_member' AND row_id = %(member)s::uuid AND was ->> 'role' <> 'reader')) GROUP BY 1"""


class Why(Enum):
    """Why it can be theirs no longer, as a clause in English about who had it."""

    CLOSED = "the account of {name} was closed"
    READS = "{name} only reads now"
    OUT = "{name} is not of the team any more"


@dataclass(frozen=True)
class Lost:
    """What a member can no longer have and is given on by now; `again`: when more of it is, None: there is no more."""

    member: Member
    why: Why
    rows: QuerySet[Conversation]
    again: datetime | None = None


def members(*, closed: bool = False) -> list[UUID]:
    """Who has anything that can be theirs no longer, or only whose account is closed, which is asked quicker; one
    statement, in the system's scope.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLOSED if closed else _MEMBERS)
        return [row[0] for row in cursor.fetchall()]


def open_of(member: Member) -> QuerySet[Conversation]:
    """What a member has open, also what sleeps; in the scope of whoever asks."""
    return Conversation.objects.filter(owner_member=member, status=Status.OPEN, merged_into__isnull=True)


def not_theirs(member: Member) -> QuerySet[Conversation]:
    """Of it what can be theirs no longer, in the scope of whoever asks.

    Of a team out of use nothing is anybody's to take: what somebody has of it stays with them while they may answer.
    """
    if _why(member) is not Why.OUT:
        return open_of(member)
    own = Membership.objects.filter(member=member).values_list("team_id", flat=True)
    return open_of(member).filter(owner_team__is_active=True).exclude(owner_team__in=list(own))


def lost(member_id: UUID) -> Lost | None:
    """Of one member what can be given on by now; None where they are gone. In the system's scope."""
    member = Member.objects.filter(id=member_id).first()
    if member is None:
        return None
    why, rows = _why(member), not_theirs(member)
    reads = why is Why.READS
    lately = {} if why is Why.CLOSED else _lately(member)
    lately = {team: at for team, at in lately.items() if (team is None) == reads}
    if lately:
        rows = rows.none() if reads else rows.exclude(owner_team__in=list(lately))
    return Lost(member, why, rows, min(lately.values()) + SETTLES if lately else None)


def _why(member: Member) -> Why:
    if not member.is_active:
        return Why.CLOSED
    return Why.READS if member.role == Role.READER else Why.OUT


def _lately(member: Member) -> Mapping[UUID | None, datetime]:
    """The teams somebody left a moment ago, and None where they could answer until then, each with the moment."""
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, {"since": now() - SETTLES, "member": str(member.id)})
        return dict(cursor.fetchall())
