"""Rows of teams, members, hours and topics become the values that the pure modules work on. Here and
nowhere else.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Count, Q

from rapport.channels.models import Channel
from rapport.conversations.models import Topic
from rapport.core.clock import now
from rapport.ownership.engine import Directory, TeamEntry
from rapport.ownership.handing import queue
from rapport.ownership.members import Moment, members_of
from rapport.ownership.problems import Vocabulary
from rapport.ownership.topics import TopicMatcher, TopicWords
from rapport.ownership.within.values import MemberLoad
from rapport.ownership.within.weights import Weights
from rapport.ownership.world import World
from rapport.staff.hours import Hours
from rapport.staff.models import BusinessHours, Member, Membership, Role, TakenBy, Team
from rapport.staff.opening import business_hours as business_hours


@dataclass(frozen=True)
class Company:
    """The company as it stands at one moment: enough to decide a batch. `hours[""]` are the company's own.

    `weighing`: its members can be weighed, as their week and who is on call were read.
    """

    directory: Directory
    teams: Mapping[str, Team]
    hours: Mapping[str, Hours]
    matcher: TopicMatcher
    topic_ids: Mapping[str, UUID]
    weighing: bool = False


def company(
    at: datetime,
    *,
    with_members: bool,
    weighing: bool = False,
    weights: Weights | None = None,
    if_handed_out: bool = False,
) -> Company:
    """Read the company; members, their presence at `at` and what they have open only where that is asked for, or
    `if_handed_out` where a team hands out what comes to it; where they are to be weighed, also their week and who is
    on call.
    """
    hours = business_hours()
    ever = list(Team.objects.select_related("hours"))
    teams = {team.slug: team for team in ever if team.is_active}
    closed = frozenset(team.slug for team in ever if team.confidential and not team.is_active)
    with_members |= if_handed_out and any(team.taken_by == TakenBy.HANDED_OUT for team in teams.values())
    members = members_of(Moment(at, hours, weights or Weights()), weighing=weighing) if with_members else {}
    queues = queue.teams_waited_for() if with_members else set()
    entries = {
        slug: _entry(team, tuple(members.get(team.id, ())), queue=team.id in queues) for slug, team in teams.items()
    }
    if not with_members:  # then nobody of a team is asked, whichever way it takes what comes
        entries = {slug: replace(entry, handed_out=False) for slug, entry in entries.items()}
    topics = list(Topic.objects.filter(is_active=True).values_list("id", "slug", "name", "words"))
    matcher = _matcher(tuple((slug, name, tuple(words)) for _, slug, name, words in topics))
    return Company(Directory(entries, closed), teams, hours, matcher, {slug: id for id, slug, *_ in topics}, weighing)


def world() -> World:
    """The company as tests of a policy are tried against it."""
    here = company(now(), with_members=False)
    return World(here.directory, here.matcher, here.hours, dict(Channel.objects.values_list("name", "kind")))


def team_sizes() -> dict[str, int]:
    """How many members who work here each active team has, by slug."""
    working = Count("memberships", filter=Q(memberships__member__is_active=True))
    return dict(Team.objects.filter(is_active=True).annotate(size=working).values_list("slug", "size"))


def roles_in_teams(emails: Collection[str]) -> dict[tuple[str, str], str]:
    """The roles of those who work here, by team (slug) and address, of these addresses; one statement, or none."""
    if not emails:
        return {}
    belongs = Membership.objects.filter(member__is_active=True, member__email__in=emails)
    rows = belongs.values_list("team__slug", "member__email", "member__role")
    return {(slug, email): role for slug, email, role in rows}


def vocabulary() -> Vocabulary:
    """Every name that a policy may use now."""
    teams = dict(Team.objects.filter(is_active=True).values_list("slug", "name"))
    topics = dict(Topic.objects.filter(is_active=True).values_list("slug", "name"))
    members_of: dict[str, set[str]] = {slug: set() for slug in teams}
    members = {}
    belongs = Membership.objects.filter(member__is_active=True, team__is_active=True)
    readers = set()
    for slug, email, role, name in belongs.values_list("team__slug", "member__email", "member__role", "member__name"):
        members_of[slug].add(email)
        members[email] = name or email
        if role == Role.READER:
            readers.add(email)
    channels = Channel.objects.values_list("name", "kind")
    skills = Member.objects.filter(is_active=True).exclude(skills=[]).values_list("skills", flat=True)
    return Vocabulary(
        names={
            "teams": frozenset(members_of),
            "topics": frozenset(topics),
            "members": frozenset(members),
            "hours": frozenset(BusinessHours.objects.values_list("name", flat=True)),
            "channels": frozenset(word for pair in channels for word in pair),
            "skills": frozenset(skill.lower() for theirs in skills for skill in theirs),
        },
        members_of={slug: frozenset(emails) for slug, emails in members_of.items()},
        readers=frozenset(readers),
        called={"teams": teams, "topics": topics, "members": members},
    )


def _entry(team: Team, members: tuple[MemberLoad, ...], *, queue: bool) -> TeamEntry:
    return TeamEntry(
        team.id, team.slug, team.name, team.confidential, team.hours.name if team.hours else "", members,
        handed_out=team.taken_by == TakenBy.HANDED_OUT, queue=queue,
    )  # fmt: skip


@lru_cache(maxsize=8)
def _matcher(topics: tuple[tuple[str, str, tuple[str, ...]], ...]) -> TopicMatcher:
    return TopicMatcher(TopicWords(*topic) for topic in topics)
