"""Who of a team has how much to do now, and who is there. What it says of members is for distributing work, not a
report: it knows only the present, and nothing of it is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from rapport.conversations.models import Conversation, Presence, Status
from rapport.core.clock import now
from rapport.ownership.directory import business_hours
from rapport.ownership.members import open_weights
from rapport.ownership.versions import current_policy
from rapport.ownership.within.values import MemberLoad
from rapport.people import trees
from rapport.staff.hours import Hours, is_open
from rapport.staff.models import Absence, Member, Role, Team

CARDS_MAX = 6
_HERE = timedelta(minutes=7)
"""Being seen is written down every five minutes only."""
_LOOKING = timedelta(minutes=1)


class Whereabouts(StrEnum):
    """Where a member is now, as far as Rapport knows."""

    HERE = "here"
    WORKING = "working"
    OFF = "off"
    AWAY = "away"


@dataclass(frozen=True)
class Lane:
    """A member (None: nobody yet) and what of the team they have. Counts cover all their teams.

    `weight` is what of their capacity is taken: what is urgent, a call or a chat counts for more than a mail.
    """

    member: Member | None
    cards: list[Conversation]
    in_team: int = 0
    open: int = 0
    waiting: int = 0
    late: int = 0
    whereabouts: Whereabouts = Whereabouts.OFF
    away_until: datetime | None = None
    weight: float = 0

    @property
    def share(self) -> int:
        """How much of their capacity is taken, in percent, at most 100."""
        return min(100, round(self.weight * 100 / max(self.member.capacity, 1))) if self.member else 0

    @property
    def is_full(self) -> bool:
        """Whether they have as much as they can take."""
        return self.member is not None and self.weight >= self.member.capacity

    @property
    def more(self) -> int:
        """How many of the team's are not shown as cards."""
        return self.in_team - len(self.cards)


@dataclass(frozen=True)
class _Counts:
    open: int = 0
    waiting: int = 0
    late: int = 0


@dataclass(frozen=True)
class Board:
    """A team now: what nobody has, and each member, the fullest first."""

    team: Team
    unowned: Lane
    lanes: list[Lane] = field(default_factory=list)


def whereabouts(at: datetime, seen: datetime | None, works_now: bool, away: bool) -> Whereabouts:
    """Where somebody is. Whoever was seen just now is here, even when they should be away. Pure."""
    if seen is not None and at - seen < _HERE:
        return Whereabouts.HERE
    if away:
        return Whereabouts.AWAY
    return Whereabouts.WORKING if works_now else Whereabouts.OFF


def board(team: Team) -> Board:
    """The team now, in the scope of whoever looks."""
    at = now()
    members = list(
        Member.objects.filter(memberships__team=team, is_active=True).exclude(role=Role.READER).select_related("hours")
    )
    ids = [member.id for member in members]
    counts, away, seen = _counts(ids, at), absent(ids, at), _seen(members, at)
    cards, totals = _cards(team, ids)
    hours, weights = business_hours(), open_weights(ids, current_policy()[1].weights)
    lanes = []
    for member in members:
        count = counts.get(member.id, _Counts())
        where = whereabouts(at, seen.get(member.id), _works(member, team, hours, at), member.id in away)
        held = (member, cards.get(member.id, []), totals.get(member.id, 0))
        lanes.append(
            Lane(
                *held, count.open, count.waiting, count.late, where, away.get(member.id), weights.get(member.id, 0)
            )
        )
    lanes.sort(key=lambda lane: (-lane.share, lane.member.name if lane.member else ""))
    return Board(team, Lane(None, cards.get(None, []), totals.get(None, 0)), lanes)


def absent(member_ids: Iterable[UUID], at: datetime) -> dict[UUID, datetime]:
    """Who is away at a moment, and until when."""
    found = Absence.objects.filter(member_id__in=list(member_ids), starts_at__lte=at, ends_at__gt=at)
    return dict(found.order_by("ends_at").values_list("member_id", "ends_at"))


def owned_in(team: Team, member: Member, limit: int) -> list[Conversation]:
    """A member's open conversations of the team, what is due first."""
    found = list(_open(team).filter(owner_member=member).select_related("person", "channel").order_by(*_URGENT)[:limit])
    trees.call(one.person for one in found)
    return found


def loads(team: Team, but: Member) -> list[MemberLoad]:
    """Those of the team who could take over, as the rule for new conversations sees them; who is away is absent."""
    members = list(Member.objects.filter(memberships__team=team, is_active=True).exclude(role=Role.READER))
    members = [member for member in members if member.id != but.id]
    ids = [member.id for member in members]
    at = now()
    away, taken = absent(ids, at), open_weights(ids, current_policy()[1].weights)
    return [
        MemberLoad(m.id, m.email, m.name, taken.get(m.id, 0), m.capacity, m.id not in away)
        for m in members
    ]


_URGENT = (F("due_at").asc(nulls_last=True), "-priority", "last_activity_at", "id")


def _open(team: Team) -> QuerySet[Conversation]:
    return Conversation.objects.filter(owner_team=team, status=Status.OPEN)


def _cards(team: Team, ids: list[UUID]) -> tuple[dict[UUID | None, list[Conversation]], dict[UUID | None, int]]:
    """The most urgent few of each member, and how many there are, with two statements."""
    held = _open(team).filter(Q(owner_member__isnull=True) | Q(owner_member_id__in=ids))
    place = Window(RowNumber(), partition_by="owner_member_id", order_by=_URGENT)
    shown = held.select_related("person").annotate(place=place).filter(place__lte=CARDS_MAX).order_by("place")
    cards: dict[UUID | None, list[Conversation]] = {}
    rows = list(shown)
    trees.call(one.person for one in rows)
    for one in rows:
        cards.setdefault(one.owner_member_id, []).append(one)
    totals: dict[UUID | None, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT owner_member_id, count(*) FROM conversations_conversation
            WHERE owner_team_id = %s AND status = 'open' GROUP BY 1""",
            [team.id],
        )
        totals.update(cursor.fetchall())
    return cards, totals


def _counts(ids: list[UUID], at: datetime) -> Mapping[UUID, _Counts]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT owner_member_id, count(*) FILTER (WHERE NOT snoozed), count(*) FILTER (WHERE awaiting_answer),
                count(*) FILTER (WHERE due_at < %s)
            FROM conversations_conversation WHERE owner_member_id = ANY(%s) AND status = 'open' GROUP BY 1""",
            [at, ids],
        )
        return {id: _Counts(*counts) for id, *counts in cursor.fetchall()}


def _seen(members: list[Member], at: datetime) -> dict[UUID, datetime]:
    """When each was last seen: by any page, or by the conversation they have open."""
    found = {member.id: member.last_seen_at for member in members if member.last_seen_at}
    looking = Presence.objects.filter(member_id__in=[m.id for m in members], at__gt=at - _LOOKING)
    return found | dict.fromkeys(looking.values_list("member_id", flat=True), at)


def _works(member: Member, team: Team, hours: Mapping[str, Hours], at: datetime) -> bool:
    own = member.hours or team.hours
    return is_open(at, hours.get(own.name if own else "", hours[""]))
