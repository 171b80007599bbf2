"""Rows of teams, members, hours and topics become the values that the pure modules work on. Here and
nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from rapport.channels.models import Channel
from rapport.conversations.models import Topic
from rapport.core.clock import now
from rapport.ownership.assign import MemberLoad
from rapport.ownership.engine import Directory, TeamEntry
from rapport.ownership.handing import queue
from rapport.ownership.problems import Vocabulary
from rapport.ownership.topics import TopicMatcher, TopicWords
from rapport.ownership.world import World
from rapport.staff.hours import Hours, is_open
from rapport.staff.models import Absence, BusinessHours, Membership, Role, TakenBy, Team
from rapport.staff.opening import business_hours as business_hours

_LOADS = """
SELECT m.id, load.open_count, load.last_at, (
    SELECT count(*) FROM ownership_turn t
    WHERE t.member_id = m.id AND t.at > %s AND t.how IN ('policy', 'queue', 'shift'))
FROM staff_member m CROSS JOIN LATERAL (
    SELECT count(*) AS open_count, max(created_at) AS last_at FROM (
        SELECT c.created_at FROM conversations_conversation c
        WHERE c.owner_member_id = m.id AND c.status = 'open' ORDER BY c.last_activity_at DESC LIMIT m.capacity
    ) AS newest
) AS load
WHERE m.is_active
"""
# Counting stops at the capacity: who is full is full, however many there are.
LATELY = timedelta(minutes=10)
"""In so long a member is given at most as many as their team gives at once."""


@dataclass(frozen=True)
class Company:
    """The company as it stands at one moment: enough to decide a batch. `hours[""]` are the company's own."""

    directory: Directory
    teams: Mapping[str, Team]
    hours: Mapping[str, Hours]
    matcher: TopicMatcher
    topic_ids: Mapping[str, UUID]


def company(at: datetime, *, with_members: bool, if_handed_out: bool = False) -> Company:
    """Read the company; members, their presence at `at` and what they have open only where that is asked for, or
    `if_handed_out` where a team hands out what comes to it.
    """
    hours = business_hours()
    teams = {team.slug: team for team in Team.objects.filter(is_active=True).select_related("hours")}
    with_members |= if_handed_out and any(team.taken_by == TakenBy.HANDED_OUT for team in teams.values())
    members = _members(hours, at) if with_members else {}
    queues = queue.teams_waiting() if with_members else set()
    entries = {
        slug: _entry(team, tuple(members.get(team.id, ())), queue=team.id in queues) for slug, team in teams.items()
    }
    topics = list(Topic.objects.filter(is_active=True).values_list("id", "slug", "name", "words"))
    matcher = _matcher(tuple((slug, name, tuple(words)) for _, slug, name, words in topics))
    return Company(Directory(entries), teams, hours, matcher, {slug: id for id, slug, *_ in topics})


def world() -> World:
    """The company as tests of a policy are tried against it."""
    here = company(now(), with_members=False)
    return World(here.directory, here.matcher, here.hours, dict(Channel.objects.values_list("name", "kind")))


def team_sizes() -> dict[str, int]:
    """How many members who work here each active team has, by slug."""
    working = Count("memberships", filter=Q(memberships__member__is_active=True))
    return dict(Team.objects.filter(is_active=True).annotate(size=working).values_list("slug", "size"))


def vocabulary() -> Vocabulary:
    """Every name that a policy may use now."""
    members_of: dict[str, set[str]] = {
        slug: set() for slug in Team.objects.filter(is_active=True).values_list("slug", flat=True)
    }
    belongs = Membership.objects.filter(member__is_active=True, team__is_active=True)
    for slug, email in belongs.values_list("team__slug", "member__email"):
        members_of[slug].add(email)
    channels = Channel.objects.values_list("name", "kind")
    return Vocabulary(
        names={
            "teams": frozenset(members_of),
            "topics": frozenset(Topic.objects.filter(is_active=True).values_list("slug", flat=True)),
            "members": frozenset(email for emails in members_of.values() for email in emails),
            "hours": frozenset(BusinessHours.objects.values_list("name", flat=True)),
            "channels": frozenset(word for pair in channels for word in pair),
        },
        members_of={slug: frozenset(emails) for slug, emails in members_of.items()},
    )


def _entry(team: Team, members: tuple[MemberLoad, ...], *, queue: bool) -> TeamEntry:
    return TeamEntry(
        team.id, team.slug, team.name, team.confidential, team.hours.name if team.hours else "", members,
        handed_out=team.taken_by == TakenBy.HANDED_OUT, queue=queue,
    )  # fmt: skip


def _members(hours: Mapping[str, Hours], at: datetime) -> dict[UUID, list[MemberLoad]]:
    with connection.cursor() as cursor:
        cursor.execute(_LOADS, [at - LATELY])
        loads = {id: loaded for id, *loaded in cursor.fetchall()}
    away = set(Absence.objects.filter(starts_at__lte=at, ends_at__gt=at).values_list("member_id", flat=True))
    found: dict[UUID, list[MemberLoad]] = {}
    # Who may only read can answer nobody.
    working = Membership.objects.filter(member__is_active=True).exclude(member__role=Role.READER)
    belongs = working.select_related("member__hours", "team__hours")
    for one in belongs.order_by("member_id"):
        member, own = one.member, one.member.hours or one.team.hours
        works_now = is_open(at, hours.get(own.name if own else "", hours[""]))
        count, last_at, lately = loads.get(member.id, (0, None, 0))
        found.setdefault(one.team_id, []).append(
            MemberLoad(
                id=member.id,
                email=member.email,
                name=member.name,
                open_count=count,
                capacity=member.capacity,
                present=works_now and member.id not in away,
                last_assigned_at=last_at,
                at_once=max(0, one.team.at_once - lately),
            )
        )
    return found


@lru_cache(maxsize=8)
def _matcher(topics: tuple[tuple[str, str, tuple[str, ...]], ...]) -> TopicMatcher:
    return TopicMatcher(TopicWords(*topic) for topic in topics)
