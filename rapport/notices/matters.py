"""Events become facts here: the conversations they speak of, who follows, who watches, who is in which team."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection
from django.db.models import Q

from rapport.conversations.models import Conversation, Interest, Message, Subscription, Watch
from rapport.conversations.visibility import EVERYONE
from rapport.core.models import Event
from rapport.notices.paces import NOW, USUAL
from rapport.people import trees
from rapport.people.models import Person
from rapport.staff.models import Membership


@dataclass(frozen=True)
class Matter:
    """What is known of one conversation when it is decided who is told. Ids are members' unless they say otherwise.

    `involved` are teams.
    """

    conversation_id: UUID
    owner: UUID | None = None
    owner_team: UUID | None = None
    audience: frozenset[UUID] = frozenset()
    followers: frozenset[UUID] = frozenset()
    muted: frozenset[UUID] = frozenset()
    watchers: frozenset[UUID] = frozenset()
    team: frozenset[UUID] = frozenset()
    authors: Mapping[UUID, UUID] = field(default_factory=dict)
    who: str = ""
    involved: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class Staff:
    """Who works here: the teams of each active member, and the members of each team.

    `at_once` are those members of a team who hear of what it watches when it happens.
    """

    teams_of: Mapping[UUID, frozenset[UUID]]
    members_of: Mapping[UUID, frozenset[UUID]]
    leads_of: Mapping[UUID, frozenset[UUID]]
    at_once: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)

    def sees(self, member: UUID, audience: Collection[UUID]) -> bool:
        """Whether a member belongs to an audience."""
        teams = self.teams_of.get(member)
        return teams is not None and not teams.isdisjoint(audience)


def staff() -> Staff:
    """Everyone active, with three statements."""
    from rapport.staff.models import Member

    teams_of: dict[UUID, set[UUID]] = {id: {EVERYONE} for id in _active(Member)}
    members_of: dict[UUID, set[UUID]] = {}
    leads_of: dict[UUID, set[UUID]] = {}
    rows = Membership.objects.filter(team__is_active=True).values_list("member_id", "team_id", "is_lead")
    for member, team, is_lead in rows:
        if member not in teams_of:
            continue
        teams_of[member].add(team)
        members_of.setdefault(team, set()).add(member)
        if is_lead:
            leads_of.setdefault(team, set()).add(member)
    return Staff(_frozen(teams_of), _frozen(members_of), _frozen(leads_of), _frozen(_at_once()))


def matters(events: Iterable[Event], known: Staff) -> dict[UUID, Matter]:
    """The conversations of `events`, with a statement for each kind of fact. In the system's scope."""
    heard = list(events)
    ids = {event.conversation_id for event in heard if event.conversation_id}
    rows = list(Conversation.objects.select_related("person").filter(id__in=ids, merged_into__isnull=True))
    trees.call((row.person for row in rows), openly=True)
    followers, muted = _subscriptions(ids)
    watchers = _watchers(rows)
    authors = _authors(heard)
    return {
        row.id: Matter(
            row.id,
            row.owner_member_id,
            row.owner_team_id,
            frozenset(row.audience),
            frozenset(followers.get(row.id, ())),
            frozenset(muted.get(row.id, ())),
            frozenset(watchers.get(row.id, ())),
            known.members_of.get(row.owner_team_id, frozenset()) if row.owner_team_id else frozenset(),
            authors,
            row.person.called if row.person else "",
            frozenset(row.involved),
        )
        for row in rows
    }


_AT_ONCE = """
SELECT s.team_id, s.member_id FROM staff_membership s
LEFT JOIN notices_listening l ON l.member_id = s.member_id AND l.team_id = s.team_id
LEFT JOIN notices_teampace t ON t.team_id = s.team_id
WHERE coalesce(nullif(l.pace, ''), t.pace, %s) = %s
"""


def _at_once() -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_AT_ONCE, [USUAL, NOW])
        for team, member in cursor.fetchall():
            found.setdefault(team, set()).add(member)
    return found


def _active(members: type) -> list[UUID]:
    return list(members.objects.filter(is_active=True).values_list("id", flat=True))  # type: ignore[attr-defined]


def _subscriptions(ids: Collection[UUID]) -> tuple[dict[UUID, set[UUID]], dict[UUID, set[UUID]]]:
    followers: dict[UUID, set[UUID]] = {}
    muted: dict[UUID, set[UUID]] = {}
    rows = Subscription.objects.filter(conversation_id__in=ids)
    for conversation, member, interest in rows.values_list("conversation_id", "member_id", "interest"):
        (followers if interest == Interest.FOLLOW else muted).setdefault(conversation, set()).add(member)
    return followers, muted


def _watchers(rows: Iterable[Conversation]) -> dict[UUID, set[UUID]]:
    """By conversation, who watches its person, by whichever of their rows, or an organization of theirs."""
    people = {row.id: row.person for row in rows if row.person}
    things: dict[UUID, set[UUID]] = {}
    # What only some know of one of their rows must not tell others that the person belongs to an organization.
    known = Q(audience__contains=[EVERYONE]) | Q(id__in=[one.id for one in people.values()])
    kin = Person.objects.filter(root__in={one.root for one in people.values()})
    for id, root in kin.values_list("id", "root"):
        things.setdefault(root, set()).add(id)
    for organization, root in kin.filter(known, organization__isnull=False).values_list("organization_id", "root"):
        things[root].add(organization)
    watching: dict[UUID, set[UUID]] = {}
    every = {one for found in things.values() for one in found}
    watches = Watch.objects.filter(Q(person_id__in=every) | Q(organization_id__in=every))
    for member, person, organization in watches.values_list("member_id", "person_id", "organization_id"):
        watching.setdefault(person or organization, set()).add(member)
    return {
        id: {member for thing in things.get(one.root, ()) for member in watching.get(thing, ())}
        for id, one in people.items()
    }


def _authors(events: Iterable[Event]) -> dict[UUID, UUID]:
    """Who wrote the messages whose delivery the events speak of, by message."""
    keys = {
        (event.conversation_id, UUID(str(event.data["message"])))
        for event in events
        if event.kind.startswith("delivery.") and event.conversation_id and event.data.get("message")
    }
    if not keys:
        return {}
    rows = Message.objects.filter(conversation_id__in=[key[0] for key in keys], id__in=[key[1] for key in keys])
    return {id: member for id, member in rows.values_list("id", "member_id") if member}


def _frozen(given: Mapping[UUID, set[UUID]]) -> dict[UUID, frozenset[UUID]]:
    return {key: frozenset(values) for key, values in given.items()}
