"""A month of the company's own past, and what really came of it. Reads, and only reads, what whoever looks may see.

What each cost is told from when somebody had it to when they answered, in their open time, counted from their answer
before if that was later: nobody writes two answers at once. What nobody can tell (answered by nobody of the members,
or not at all) costs what is usual, the median. Hours, teams and members are those of then, whoever joined or changed
teams meanwhile; how much they can take, skills and languages are as they were last in that time. What was settled
without an answer needed none, and is left out.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from statistics import median
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.core import scope
from rapport.ownership.policy import PRIORITIES
from rapport.ownership.simulate.history import read_only, shifts
from rapport.ownership.simulate.past import Staffing
from rapport.ownership.simulate.within.clock import Clock
from rapport.ownership.simulate.within.month import Arrival, Month, Outcome, Worker
from rapport.ownership.simulate.within.staffed import Spell, desks_of, only, workers_of
from rapport.ownership.versions import in_force
from rapport.ownership.within.weights import Weights

ARRIVALS_MAX = 10_000
"""Of more than so many the latest are taken."""
_BEFORE, _AFTER = timedelta(days=9), timedelta(days=60)
_KNOWN = timedelta(days=180)
_WORK_MIN, _WORK_MAX, _WORK_USUAL = 60.0, 8 * 3600.0, 600.0
_URGENT = 3

_READ = """
SELECT c.created_at, o.slug, coalesce(p.root::text, ''), c.language, c.priority, c.first_answered_at,
    c.first_answer_due_at, c.resolved_at, coalesce(ch.name, ''), coalesce(ch.kind, ''), coalesce(holds.email, ''),
    said.member_id, (SELECT max(d.at) FROM ownership_decision d WHERE d.conversation_id = c.id AND d.at <= said.at
        AND d.owner_member_id = said.member_id AND d.from_member_id IS DISTINCT FROM said.member_id),
    (SELECT min(d.at) FROM ownership_decision d WHERE d.conversation_id = c.id)
FROM (SELECT * FROM conversations_conversation WHERE created_at >= %s AND created_at < %s
        AND status IN ('open', 'resolved') AND merged_into IS NULL
        AND (first_answered_at IS NOT NULL OR (status = 'open' AND awaiting_answer))
    ORDER BY created_at DESC, id DESC LIMIT %s) AS c
JOIN staff_team o ON o.id = c.owner_team_id AND o.is_active
LEFT JOIN channels_channel ch ON ch.id = c.channel_id
LEFT JOIN people_person p ON p.id = c.person_id
LEFT JOIN people_person top ON top.id = p.root
LEFT JOIN LATERAL (SELECT true AS there, f.holder_id FROM people_personformer f
    WHERE f.person_id = top.id AND f.at > c.created_at ORDER BY f.at, f.id LIMIT 1) AS was ON true
LEFT JOIN staff_member holds ON holds.id = CASE WHEN was.there THEN was.holder_id ELSE top.holder_id END
LEFT JOIN LATERAL (SELECT m.member_id, m.at FROM conversations_message m
    WHERE m.conversation_id = c.id AND m.direction = 'out' AND m.member_id IS NOT NULL
    ORDER BY m.at, m.id LIMIT 1) AS said ON c.first_answered_at IS NOT NULL
ORDER BY c.created_at, c.id
"""
_ANSWERED_BEFORE = """
SELECT p.root::text, m.member_id, max(m.at) FROM people_person p
JOIN conversations_conversation c ON c.person_id = p.id AND c.created_at >= %s AND c.created_at < %s
JOIN conversations_message m ON m.conversation_id = c.id AND m.direction = 'out' AND m.at < %s
WHERE p.root = ANY(%s::uuid[]) AND m.member_id IS NOT NULL GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Recorded:
    """The month, what really came of each arrival of it (in their order), and whether earlier ones were left out."""

    month: Month
    really: list[Outcome]
    shortened: bool


@dataclass(frozen=True, slots=True)
class _Row:
    at: float
    team: str
    person: str
    language: str
    priority: int
    answered: float
    due: float | None
    resolved: float
    weight: float
    holder: str
    member: UUID | None
    taken: float
    decided: datetime


def recorded(since: datetime, until: datetime, member_id: UUID | None) -> Recorded:
    """What came between two moments, as far as the member may see it; None: everything."""
    weights = in_force()[1].weights
    with _reading(member_id):
        with connection.cursor() as cursor:
            cursor.execute(_READ, [since, until, ARRIVALS_MAX])
            rows = [_row(weights, *row) for row in cursor.fetchall()]
        begins = datetime.fromtimestamp(rows[0].at, UTC) if rows else since
        known = _known(rows, begins)
    with read_only():
        by_time = shifts(begins)
        # What was brought in later was dealt with by the company of that day.
        spells = _spells(by_time.between(min((one.decided for one in rows), default=begins), until))
    teams = {one.team for one in rows}
    spells = [Spell(one.begins, one.ends, only(teams, one.staffing)) for one in spells]
    days = ((begins - _BEFORE).date(), (until + _AFTER).date())
    workers = workers_of(spells, days)
    desks = desks_of(spells, teams, days)
    kept = [one for one in rows if one.team in desks]
    arrivals = _arrivals(kept, workers, until.timestamp())
    before = spells[-1].staffing.open_before.items()
    busy = {id: [(1.0, end.timestamp() if end else inf) for end in ends] for id, ends in before if id in workers}
    month = Month(workers, desks, arrivals, until.timestamp(), known, busy)
    return Recorded(month, _really(kept, arrivals, month), len(rows) == ARRIVALS_MAX)


def _reading(member_id: UUID | None) -> AbstractContextManager[object]:
    return read_only() if member_id is None else scope.member(member_id)


def _known(rows: Sequence[_Row], begins: datetime) -> dict[str, dict[UUID, float]]:
    people = sorted({one.person for one in rows if one.person})
    found: dict[str, dict[UUID, float]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERED_BEFORE, [begins - _KNOWN, begins, begins, people])
        for person, member, at in cursor.fetchall():
            found.setdefault(person, {})[member] = at.timestamp()
    return found


def _spells(staffed: Sequence[tuple[datetime, Staffing]]) -> list[Spell]:
    """Each staffing from when to when; the first since ever, the last for ever."""
    begins = [-inf, *(moment.timestamp() for moment, _ in staffed[1:])]
    return [Spell(a, b, one) for a, b, (_, one) in zip(begins, [*begins[1:], inf], staffed, strict=True)]


def _row(weights: Weights, *row: Any) -> _Row:
    at, team, person, language, priority, answered, due, resolved, channel, kind, holder, member, taken, decided = row
    return _Row(
        at.timestamp(), team, person, language or "", priority, _moment(answered), due.timestamp() if due else None,
        _moment(resolved), weights.of(PRIORITIES[priority], channel, kind), holder, member,
        taken.timestamp() if taken else at.timestamp(), decided or at,
    )  # fmt: skip


def _moment(at: datetime | None) -> float:
    return at.timestamp() if at else inf


def _arrivals(rows: Sequence[_Row], workers: Mapping[UUID, Worker], until: float) -> list[Arrival]:
    works = _works(rows, workers)
    usual = median(works.values()) if works else _WORK_USUAL
    stays = [one.resolved - one.answered if one.resolved < inf else until - one.answered for one in rows]
    usual_stay = median([stay for stay in stays if 0 <= stay < inf] or [0.0])
    return [
        Arrival(
            at=one.at, team=one.team, work=works.get(number, usual),
            stays=max(0.0, stays[number]) if one.answered < inf else usual_stay,
            person=one.person, due=one.due, weight=one.weight,
            urgent=one.priority >= _URGENT, language=one.language, holder=one.holder,
        )
        for number, one in enumerate(rows)
    ]  # fmt: skip


def _works(rows: Sequence[_Row], workers: Mapping[UUID, Worker]) -> dict[int, float]:
    """What each first answer cost, by place among the rows; of those of which it can be told."""
    of_member: dict[UUID, list[tuple[float, int]]] = {}
    for number, one in enumerate(rows):
        if one.member is not None and one.member in workers and one.answered < inf:
            of_member.setdefault(one.member, []).append((one.answered, number))
    found = {}
    for member, answers in of_member.items():
        clock: Clock = workers[member].clock
        before = 0.0
        for answered, number in sorted(answers):
            spent = clock.between(max(rows[number].taken, before), answered)
            found[number], before = min(max(spent, _WORK_MIN), _WORK_MAX), answered
    return found


def _really(rows: Sequence[_Row], arrivals: Sequence[Arrival], month: Month) -> list[Outcome]:
    """What came of each, as it was; who knew whom is told by the answers before."""
    answers = {person: dict(by) for person, by in month.known.items()}
    found = []
    for one, arrival in zip(rows, arrivals, strict=True):
        desk = month.desks[one.team]
        knowers = {id for id, at in answers.get(one.person, {}).items() if at <= one.at and desk.has(id, one.at)}
        member = one.member if one.member in month.workers else None
        found.append(Outcome(arrival, member, one.taken, one.answered, member in knowers, bool(knowers)))
        if member is not None and one.person:
            answers.setdefault(one.person, {})[member] = one.answered
    return found
