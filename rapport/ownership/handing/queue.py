"""The queue of a team: what nobody has yet and a member is to have, in one order everywhere.

It is asked of the conversations, not kept: what is open, awake, the team's and nobody's, in a team that hands out; in
others those of them that a rule meant for a member (`Turn`). So nothing that changes a conversation can forget it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from rapport.core.clock import now
from rapport.ownership.handing.expecting import Known, OpenClock, Past, Range, expected, known, order_key
from rapport.ownership.models import Decision, How, Source, Turn
from rapport.staff.hours import Hours
from rapport.staff.models import TakenBy, Team

SHOWN_MAX = 200
PAST = timedelta(weeks=4)
DAY = timedelta(days=1)
"""Who had it within so long is asked only after everybody else."""
_PAST_MAX = 600
_WAITS = "c.status = 'open' AND NOT c.snoozed AND c.owner_member_id IS NULL AND c.merged_into IS NULL"
_TURN = "JOIN ownership_turn t ON t.conversation_id = c.id AND t.member_id IS NULL AND t.team_id = c.owner_team_id"

# The first of each team, whatever is known of how many there are: asked for every batch of mail.
_TEAMS = """SELECT s.id FROM staff_team s CROSS JOIN LATERAL (
    (SELECT 1 FROM conversations_conversation c
        WHERE s.taken_by = 'handed' AND c.owner_team_id = s.id AND {waits} LIMIT 1)
    UNION ALL
    (SELECT 1 FROM ownership_turn t JOIN conversations_conversation c ON c.id = t.conversation_id
        WHERE t.team_id = s.id AND t.member_id IS NULL AND c.owner_team_id = t.team_id AND {waits} LIMIT 1)
    LIMIT 1) AS first WHERE s.is_active"""
_ANY = _TEAMS.format(waits=_WAITS)
_TOLD = _TEAMS.format(waits=f"{_WAITS} AND (s.confidential OR NOT c.confidential)")

_COUNT = f"SELECT count(*) FROM conversations_conversation c {_TURN} WHERE c.owner_team_id = %s AND {_WAITS}"
_COUNTED = """SELECT coalesce(sum(count), 0) FROM conversations_tally
WHERE owner_team_id = %s AND owner_member_id IS NULL AND NOT snoozed"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One that waits: since when, and why it was not given at once (a reason in English; empty: given to the team)."""

    id: UUID
    since: datetime
    why: str
    priority: int
    due_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Lately:
    """What the queue did in the last weeks, and since how many open minutes nothing was taken from it."""

    known: Known
    quiet: float

    def expected(self, place: int) -> Range | None:
        """How long until what stands at this place now is taken, in open minutes; None where that cannot be said."""
        return expected(place, self.known, self.quiet)


def teams_waiting() -> set[UUID]:
    """The teams in whose queue something waits (as far as the scope sees it), with one statement."""
    return _teams(_ANY)


def teams_waited_for() -> set[UUID]:
    """The teams in whose queue something waits that whoever sees what comes to them may know of.

    What a team that others see into keeps to itself does not count: that it waits would stand in the reasons of what
    comes next, for others to read.
    """
    return _teams(_TOLD)


def _teams(statement: str) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return {row[0] for row in cursor.fetchall()}


def waiting(team: Team, limit: int = SHOWN_MAX, behind: int = 0) -> list[Waiting]:
    """The first of the queue in its order, or those that stand `behind` so many."""
    how = "LEFT " if team.taken_by == TakenBy.HANDED_OUT else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT c.id, coalesce(t.since, (
                    SELECT max(d.at) FROM ownership_decision d WHERE d.conversation_id = c.id), c.created_at),
                coalesce(t.why, ''), c.priority, c.due_at, c.created_at
            FROM conversations_conversation c {how}{_TURN}
            WHERE c.owner_team_id = %s AND {_WAITS}
            ORDER BY c.priority DESC, c.due_at, c.created_at, c.id LIMIT %s OFFSET %s""",
            [team.id, limit, behind],
        )
        return [Waiting(*row) for row in cursor.fetchall()]


def count(team: Team) -> int:
    """How many wait in the queue: in a team that hands out by the counters beside the views, however many they are."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED if team.taken_by == TakenBy.HANDED_OUT else _COUNT, [team.id])
        return int(cursor.fetchone()[0])


def lately(team: Team, hours: Hours, waiting_since: datetime | None) -> Lately:
    """What the queue did, as far as the scope sees it. `waiting_since`: when what waits longest came, if anything."""
    at = now()
    clock = OpenClock(hours, at - PAST, at)
    rows = Turn.objects.filter(
        team_id=team.id, at__gt=at - PAST, since__gt=at - PAST, member_id__isnull=False,
        how__in=(How.POLICY, How.QUEUE, How.TAKEN),
    ).order_by("-at")  # fmt: skip
    fields = rows.values_list("since", "at", "priority", "due_at", "began_at")[:_PAST_MAX]
    past = [
        Past(clock.minutes(since), clock.minutes(left), order_key(priority, due_at, began_at))
        for since, left, priority, due_at, began_at in fields
        if since and left
    ]
    if waiting_since is None:
        return Lately(known(past), 0.0)
    began = max([clock.minutes(waiting_since), *(one.until for one in past)])
    return Lately(known(past), max(0.0, clock.minutes(at) - began))


@dataclass(frozen=True)
class Before:
    """Who had a conversation and has it no more. `back`: they gave it back, or it was taken from them by hand.

    `lately`: they had it within the last day, however it left them.
    """

    back: set[UUID] = field(default_factory=set)
    lately: set[UUID] = field(default_factory=set)


_MOVED = ("conversation_id", "owner_member_id", "from_member_id", "source", "at")


def had_before(ids: Iterable[UUID]) -> dict[UUID, Before]:
    """Of conversations, who had them before; with one statement. Whoever was given it again since does not count."""
    found: dict[UUID, Before] = {}
    since = now() - DAY
    rows = Decision.objects.filter(conversation_id__in=list(ids)).order_by("at", "id")
    for conversation_id, to, left, source, at in rows.values_list(*_MOVED):
        before = found.setdefault(conversation_id, Before())
        if to:
            before.back.discard(to)
            before.lately.discard(to)
        if left is None or left == to:
            continue
        if to is None and source == Source.MEMBER:
            before.back.add(left)
        if at > since:
            before.lately.add(left)
    return found
