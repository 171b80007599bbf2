"""Names to ids: the teams, topics and channels that are meant, and for people the conversations with them.

One query for each kind of name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Q

from rapport.channels.models import Channel
from rapport.conversations.asking.language import Asked, Problem
from rapport.conversations.asking.names import organizations_named, people_named
from rapport.conversations.models import Topic
from rapport.people.models import Person
from rapport.people.trees import ROWS_SQL
from rapport.staff.models import Member, Team

MATCHES_MAX = 100
PEOPLE_MAX = 1000
CONVERSATIONS_MAX = 2000


@dataclass(frozen=True)
class Looker:
    """Who asks, and which day it is for them."""

    member_id: UUID
    team_ids: frozenset[UUID]
    today: date


@dataclass
class Names:
    """What the names behind operators stand for; `dropped` mean nothing any more and narrow nothing."""

    ids: dict[tuple[str, str], list[UUID]] = field(default_factory=dict)
    dropped: set[tuple[str, str]] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def settle(self, operator: str, value: str, found: list[UUID], optional: bool = True) -> None:
        """Keep what was found; nothing found is a problem, and narrows nothing where the name is our own to change."""
        self.ids[operator, value] = found
        if not found:
            self.problems.append(Problem("gone" if optional else "nobody", f"{operator}:{value}"))
            if optional:
                self.dropped.add((operator, value))


def resolve(asked: Asked, looker: Looker) -> Names:
    """The ids behind every name in what was asked."""
    names = Names()
    wanted: dict[str, list[str]] = {}
    for one in asked.filters:
        wanted.setdefault(one.operator, []).append(one.value)
    _teams(names, wanted, looker)
    _owners(names, wanted, looker)
    _own_lists(names, wanted)
    for value in wanted.get("from", ()):
        if value.lower() != "me":
            people = people_named(value, MATCHES_MAX)
            names.settle("from", value, _conversations_with(people) if people else [], optional=False)
    for value in wanted.get("org", ()):
        found = organizations_named(value, MATCHES_MAX)
        members = list(Person.objects.filter(organization_id__in=found).values_list("id", flat=True)[:PEOPLE_MAX])
        names.settle("org", value, _conversations_with(members) if members else [], optional=False)
    return names


def _conversations_with(people: list[UUID]) -> list[UUID]:
    """The newest conversations of these people by all their rows, and those in which one of them wrote."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH who AS MATERIALIZED ({ROWS_SQL})
            (SELECT id FROM conversations_conversation WHERE person_id = ANY(ARRAY(SELECT id FROM who))
                ORDER BY last_activity_at DESC LIMIT %s)
            UNION (SELECT conversation_id FROM conversations_message WHERE person_id = ANY(ARRAY(SELECT id FROM who))
                LIMIT %s)""",
            [people, CONVERSATIONS_MAX, CONVERSATIONS_MAX],
        )
        return [row[0] for row in cursor.fetchall()]


def _teams(names: Names, wanted: dict[str, list[str]], looker: Looker) -> None:
    asked = [(operator, value) for operator in ("team", "involved") for value in wanted.get(operator, ())]
    if not asked:
        return
    known = list(Team.objects.values_list("id", "name", "slug"))
    for operator, value in asked:
        if value.lower() in ("me", "mine"):
            names.ids[operator, value] = sorted(looker.team_ids)
        elif value.lower() != "none":
            names.settle(operator, value, _best(value, ((one[0], one[1:]) for one in known)))


def _owners(names: Names, wanted: dict[str, list[str]], looker: Looker) -> None:
    values = wanted.get("owner", [])
    named = [value for value in values if value.lower() not in ("me", "nobody", "none")]
    for value in values:
        if value.lower() == "me":
            names.ids["owner", value] = [looker.member_id]
    if named:
        known = list(Member.objects.values_list("id", "name", "email"))
        for value in named:
            names.settle("owner", value, _best(value, ((one[0], one[1:]) for one in known)))


def _own_lists(names: Names, wanted: dict[str, list[str]]) -> None:
    if "topic" in wanted:
        topics = list(Topic.objects.values_list("id", "name", "slug"))
        for value in wanted["topic"]:
            if value.lower() != "none":
                names.settle("topic", value, _best(value, ((one[0], one[1:]) for one in topics)))
    if "channel" in wanted or "kind" in wanted:
        channels = list(Channel.objects.values_list("id", "name", "address", "kind"))
        for value in wanted.get("channel", ()):
            names.settle("channel", value, _best(value, ((one[0], one[1:3]) for one in channels)))
        for value in wanted.get("kind", ()):
            names.settle("kind", value, [one[0] for one in channels if one[3] == value.lower()])


def _best(value: str, known: Iterable[tuple[UUID, tuple[str, ...]]]) -> list[UUID]:
    """Those of exactly this name, else those of which a word begins so."""
    wanted = value.casefold()
    exact, begun = [], []
    for one, called in known:
        if any(name.casefold() == wanted for name in called):
            exact.append(one)
        elif any(name.casefold().startswith(wanted) or f" {wanted}" in name.casefold() for name in called):
            begun.append(one)
    return exact or begun


def names_of_teams(ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of teams by id."""
    return dict(Team.objects.filter(Q(id__in=list(ids))).values_list("id", "name"))
