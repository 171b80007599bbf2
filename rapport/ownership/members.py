"""Members of the teams become the values that are chosen among: what they have, whether they are there, their week.

Five statements for all teams where members are weighed, three where only their room is asked for; none a message.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from rapport.conversations.visibility import EVERYONE
from rapport.ownership.policy import PRIORITIES
from rapport.ownership.within.values import MemberLoad
from rapport.ownership.within.week import SEVEN_DAYS, Away, working_minutes
from rapport.ownership.within.weights import Weights
from rapport.staff import duty
from rapport.staff.hours import Hours, is_open
from rapport.staff.models import Absence, Membership, Role

_HOUR = timedelta(hours=1)
LATELY = timedelta(minutes=10)
"""In so long a member is given at most as many as their team gives at once."""

# Counting stops where nobody has room any more: who is full is full, however many there are.
_LOADS = """
SELECT m.id, coalesce(load.priority, 1), coalesce(ch.name, ''), coalesce(ch.kind, ''), coalesce(load.many, 0),
    load.last_at, (SELECT count(*) FROM ownership_turn t
        WHERE t.member_id = m.id AND t.at > %s AND t.how IN ('policy', 'queue', 'shift', 'promise'))
FROM staff_member m LEFT JOIN LATERAL (
    SELECT newest.priority, newest.channel_id, count(*) AS many, max(newest.created_at) AS last_at FROM (
        SELECT c.priority, c.channel_id, c.created_at FROM conversations_conversation c
        WHERE c.owner_member_id = m.id AND c.status = 'open' AND NOT c.snoozed
        ORDER BY c.last_activity_at DESC LIMIT m.capacity * %s
    ) AS newest GROUP BY 1, 2
) AS load ON true
LEFT JOIN channels_channel ch ON ch.id = load.channel_id
WHERE m.is_active
"""

_GETS_MORE = """
SELECT min(given.at) FROM staff_member m CROSS JOIN LATERAL (
    SELECT min(t.at) AS at FROM ownership_turn t
    WHERE t.member_id = m.id AND t.at > %s AND t.how IN ('policy', 'queue', 'shift', 'promise')
) AS given
WHERE m.is_active
"""

_GIVEN = """
SELECT m.id, given.week, given.lately, given.last_at
FROM staff_member m CROSS JOIN LATERAL (
    SELECT sum(d.weight) AS week, coalesce(sum(d.weight) FILTER (WHERE d.at > %s), 0) AS lately, max(d.at) AS last_at
    FROM ownership_decision d WHERE d.owner_member_id = m.id AND d.at > %s AND d.weight IS NOT NULL
) AS given
WHERE m.is_active AND given.week IS NOT NULL
"""

_ANSWERED = """
SELECT p.root, said.member_id, max(said.at) FROM unnest(%s::uuid[]) AS p(root) CROSS JOIN LATERAL (
    SELECT m.member_id, m.at FROM people_person b
    CROSS JOIN LATERAL (SELECT c.id FROM conversations_conversation c
        WHERE c.person_id = b.id AND NOT c.confidential AND c.audience @> %s::uuid[]
        ORDER BY c.last_activity_at DESC LIMIT 5) AS c
    CROSS JOIN LATERAL (SELECT m.member_id, m.at FROM conversations_message m
        WHERE m.conversation_id = c.id AND m.direction = 'out' AND m.member_id IS NOT NULL
        ORDER BY m.at DESC LIMIT 3) AS m
    WHERE b.root = p.root) AS said
GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Moment:
    """When the teams are looked at, with all business hours by name ("" are the company's) and what weighs how much."""

    at: datetime
    hours: Mapping[str, Hours]
    weights: Weights = field(default_factory=Weights)


class _Load(NamedTuple):
    weight: float = 0
    last_at: datetime | None = None
    turns: int = 0


class _Given(NamedTuple):
    week: float = 0
    lately: float = 0
    last_at: datetime | None = None


def members_of(moment: Moment, *, weighing: bool) -> dict[UUID, list[MemberLoad]]:
    """Everybody by team, in the order of their ids; where they are to be weighed also their week and who is on call."""
    loads = _loads(moment)
    away = _away(moment.at - SEVEN_DAYS if weighing else moment.at, moment.at)
    absent = {id for id, spans in away.items() if any(begins <= moment.at < ends for begins, ends in spans)}
    given = _given(moment.at) if weighing else {}
    belongs = Membership.objects.filter(member__is_active=True).select_related("member__hours", "team__hours")
    joined = list(belongs.order_by("member_id"))
    on_call = _on_call(moment.at, absent, joined) if weighing else set()
    weeks = _Weeks(moment, away)
    found: dict[UUID, list[MemberLoad]] = {}
    for one in joined:
        member, working = one.member, one.member.hours or one.team.hours
        name = working.name if working else ""
        load, own = loads.get(member.id, _Load()), given.get(member.id, _Given())
        reads = member.role == Role.READER
        works_now = is_open(moment.at, moment.hours.get(name, moment.hours[""])) and not reads
        found.setdefault(one.team_id, []).append(
            MemberLoad(
                member.id, member.email, member.name, load.weight, member.capacity,
                works_now and member.id not in absent, _later(load.last_at, own.last_at),
                skills=tuple(skill.lower() for skill in member.skills), languages=tuple(member.languages),
                away=member.id in absent, given=own.week, lately=own.lately,
                worked=weeks.worked(member.id, name, member.joined_at) if weighing else 0,
                on_call=(one.team_id, member.id) in on_call, reads=reads, at_once=max(0, one.team.at_once - load.turns),
            )
        )  # fmt: skip
    return found


def gets_more_at(at: datetime) -> datetime | None:
    """When the first of those who were given something within LATELY before `at` may be given as much again."""
    with connection.cursor() as cursor:
        cursor.execute(_GETS_MORE, [at - LATELY])
        found: datetime | None = cursor.fetchone()[0]
    return found + LATELY if found else None


def answered(people: Iterable[UUID]) -> dict[UUID, dict[UUID, datetime]]:
    """Of people (their roots): which members answered them, and when last. One statement.

    Only conversations that everybody may see count, as the reason is shown to others.
    """
    roots = list(dict.fromkeys(people))
    found: dict[UUID, dict[UUID, datetime]] = {}
    if roots:
        with connection.cursor() as cursor:
            cursor.execute(_ANSWERED, [roots, [EVERYONE]])
            for root, member, at in cursor.fetchall():
                found.setdefault(root, {})[member] = at
    return found


def weigh_open(rows: Iterable[tuple[int, str, str, int]], weights: Weights) -> float:
    """The weight of open conversations counted as (priority, channel, kind of channel, how many)."""
    return sum(weights.of(PRIORITIES[priority], name, kind) * many for priority, name, kind, many in rows)


def open_weights(ids: Iterable[UUID], weights: Weights) -> dict[UUID, float]:
    """The weight of what each of these members has open and not snoozed, as far as whoever looks may see it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.owner_member_id, c.priority, coalesce(ch.name, ''), coalesce(ch.kind, ''), count(*)
            FROM conversations_conversation c LEFT JOIN channels_channel ch ON ch.id = c.channel_id
            WHERE c.owner_member_id = ANY(%s) AND c.status = 'open' AND NOT c.snoozed GROUP BY 1, 2, 3, 4""",
            [list(ids)],
        )
        rows = cursor.fetchall()
    found: dict[UUID, float] = {}
    for id, *row in rows:
        found[id] = found.get(id, 0) + weigh_open([tuple(row)], weights)
    return found


def _loads(moment: Moment) -> dict[UUID, _Load]:
    with connection.cursor() as cursor:
        cursor.execute(_LOADS, [moment.at - LATELY, ceil(1 / min(1, moment.weights.least))])
        rows = cursor.fetchall()
    found: dict[UUID, _Load] = {}
    for id, priority, name, kind, many, last_at, turns in rows:
        before = found.get(id, _Load())
        weight = before.weight + weigh_open([(priority, name, kind, many)], moment.weights)
        found[id] = _Load(weight, _later(before.last_at, last_at), turns)
    return found


def _given(at: datetime) -> dict[UUID, _Given]:
    with connection.cursor() as cursor:
        cursor.execute(_GIVEN, [at - _HOUR, at - SEVEN_DAYS])
        return {id: _Given(*given) for id, *given in cursor.fetchall()}


def _away(since: datetime, until: datetime) -> dict[UUID, list[Away]]:
    found: dict[UUID, list[Away]] = {}
    absences = Absence.objects.filter(starts_at__lte=until, ends_at__gt=since)
    for id, begins, ends in absences.values_list("member_id", "starts_at", "ends_at"):
        found.setdefault(id, []).append((begins, ends))
    return found


def _on_call(at: datetime, absent: set[UUID], joined: Iterable[Membership]) -> set[tuple[UUID, UUID]]:
    """Who is on call for which team, as (team, member); only who is of the team, there, and may answer."""
    able = {(one.team_id, one.member_id) for one in joined if one.member.role != Role.READER}
    found = set()
    for team, rota in duty.rotas(at, at).items():
        cannot = {one.member_id for one in rota.duties} | set(rota.order)
        cannot = {id for id in cannot if id in absent or (team, id) not in able}
        member = rota.on_call(at, cannot)
        if member is not None:
            found.add((team, member))
    return found


class _Weeks:
    """How much working time everybody had in the last seven days; of the many who were never away once for all."""

    def __init__(self, moment: Moment, away: Mapping[UUID, list[Away]]) -> None:
        self._moment, self._away = moment, away
        self._whole: dict[str, float] = {}

    def worked(self, member: UUID, hours: str, joined: datetime) -> float:
        """In minutes, in these hours; who joined within the week had less of it."""
        at, since = self._moment.at, self._moment.at - SEVEN_DAYS
        kept = self._moment.hours.get(hours, self._moment.hours[""])
        if member in self._away or joined > since:
            return working_minutes(kept, max(since, joined), at, self._away.get(member, ()))
        if hours not in self._whole:
            self._whole[hours] = working_minutes(kept, since, at)
        return self._whole[hours]


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other
