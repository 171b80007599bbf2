"""Rounds: what happened in the conversations a team watches, gathered by the hour or the day into one notice a member.

What happens is written once for each team and event (`note`). Every member of the team has a place in that run up to
which they were told; making a round moves the place on and writes the notice in one transaction, so that nothing is
told twice or left out, whichever process does it and wherever it is killed. A round holds no figures: what it tells is
looked up by whoever reads it, and is what they may see then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import connection

from rapport.conversations.visibility import EVERYONE
from rapport.core import bulk, notify, scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.notices.matters import Matter
from rapport.notices.models import Notice, Preferences
from rapport.notices.paces import DAILY, NEVER, USUAL
from rapport.notices.reasons import DIGEST, SOON, Way, way_of
from rapport.notices.reasons import NEVER as NO_MAIL
from rapport.notices.recipients import WATCHED, watching

_BATCH = 2000
KEPT = timedelta(days=90)
REASON = "involved"


@dataclass(frozen=True)
class Entry:
    """One conversation in a round: whether the team has come to watch it since, how much was said, how it stands."""

    conversation_id: UUID
    fresh: bool
    said: int
    answered: int
    last: str
    at: datetime


@dataclass(frozen=True)
class _Due:
    """One member's place in one team's run, which is to be moved on."""

    member: UUID
    team: UUID
    since: int
    until: int
    pace: str


def note(events: Sequence[Event], about: Mapping[UUID, Matter]) -> int:
    """Write what happened for the teams that watch; how much was new. Whoever calls is the only one at a time."""
    rows = [
        (team, event)
        for event in events
        if event.conversation_id and event.conversation_id in about
        for team in watching(event.kind, event.data, about[event.conversation_id])
    ]
    written = bulk.insert(
        "notices_happening",
        {
            "team_id": ("uuid", [team for team, _ in rows]),
            "conversation_id": ("uuid", [event.conversation_id for _, event in rows]),
            "event_id": ("uuid", [event.id for _, event in rows]),
            "what": ("text", [WATCHED[event.kind] for _, event in rows]),
            "actor_id": ("uuid", [event.actor_id for _, event in rows]),
            "at": ("timestamptz", [event.at for _, event in rows]),
        },
        "ON CONFLICT (team_id, event_id) DO NOTHING RETURNING team_id, id",
    )
    first: dict[UUID, int] = {}
    for team, place in written:
        first[team] = min(place, first.get(team, place))
    if first:
        _listen(first)
    return len(written)


def _listen(first: Mapping[UUID, int]) -> None:
    """Whoever is of the team hears from its first happening on that they were there for."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO notices_listening (member_id, team_id, told, gathered_at)
            SELECT s.member_id, s.team_id, first.id - 1, %s FROM unnest(%s::uuid[], %s::bigint[]) AS first(team, id)
            JOIN staff_membership s ON s.team_id = first.team ON CONFLICT (member_id, team_id) DO NOTHING""",
            [now(), list(first), list(first.values())],
        )


_PACE = "coalesce(nullif(l.pace, ''), t.pace, %(usual)s)"
_CLAIM = f"""
WITH due AS (
    SELECT l.id, l.told, {_PACE} AS pace FROM notices_listening l LEFT JOIN notices_teampace t ON t.team_id = l.team_id
    WHERE {{which}} ORDER BY l.id LIMIT %(limit)s FOR UPDATE OF l SKIP LOCKED)
UPDATE notices_listening l SET told = greatest(l.told, %(end)s), gathered_at = %(at)s
FROM due WHERE l.id = due.id RETURNING l.member_id, l.team_id, due.told, l.told, due.pace
"""
_BY_HOUR = f"l.gathered_at < %(hour)s AND {_PACE} <> %(daily)s"
_BY_DAY = f"l.member_id = %(member)s AND {_PACE} = %(daily)s"
_LEFT = """DELETE FROM notices_listening l WHERE l.gathered_at < %s AND NOT EXISTS (
    SELECT 1 FROM staff_membership s WHERE s.member_id = l.member_id AND s.team_id = l.team_id)"""


def run_hour() -> int:
    """Once each hour make the rounds of those who hear by the hour; how many were made. Safe in several processes.

    Also of those who hear at once: after a change of pace, what is left from before.
    """
    hour = now().replace(minute=0, second=0, microsecond=0)
    with scope.system():
        with connection.cursor() as cursor:
            cursor.execute(_LEFT, [hour])
        due = _claim(_BY_HOUR, {"hour": hour})
        return _make(due, daily=False)


def sweep() -> int:
    """Forget what happened longer ago than KEPT, some at a time; how many. A round of then says nothing more."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM notices_happening WHERE id IN (
                SELECT id FROM notices_happening WHERE at < %s ORDER BY id LIMIT 20000)""",
            [now() - KEPT],
        )
        return int(cursor.rowcount)


def run_day(member_id: UUID) -> int:
    """Make the rounds of one member who hears by the day, now; how many. In the system's scope, within a digest."""
    return _make(_claim(_BY_DAY, {"member": member_id}), daily=True)


def waiting_for_day() -> list[UUID]:
    """The members who hear by the day and for whose teams something has happened."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT DISTINCT l.member_id FROM notices_listening l
            JOIN staff_membership s ON s.member_id = l.member_id AND s.team_id = l.team_id
            LEFT JOIN notices_teampace t ON t.team_id = l.team_id
            WHERE {_PACE} = %(daily)s
                AND EXISTS (SELECT 1 FROM notices_happening h WHERE h.team_id = l.team_id AND h.id > l.told)""",
            {"usual": USUAL, "daily": DAILY},
        )
        return [row[0] for row in cursor.fetchall()]


def _claim(which: str, given: Mapping[str, Any]) -> list[_Due]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM notices_happening")
        end = cursor.fetchone()[0]
        cursor.execute(
            _CLAIM.format(which=which),
            {"usual": USUAL, "daily": DAILY, "end": end, "at": now(), "limit": _BATCH, **given},
        )
        rows = cursor.fetchall()
    return [_Due(*row) for row in rows if row[2] < row[3] and row[4] != NEVER]


#: What of a team's happenings a member is told of: not their own acts, nothing they silenced or were told otherwise,
#: and nothing that the team no longer watches or may no longer see.
_TOLD = """
FROM notices_happening h JOIN conversations_conversation c ON c.id = h.conversation_id
WHERE h.team_id = d.team AND h.id > d.since AND h.id <= d.until AND d.team = ANY(c.involved)
    AND c.owner_team_id IS DISTINCT FROM d.team AND c.merged_into IS NULL
    AND (d.team = ANY(c.audience) OR %(everyone)s = ANY(c.audience)) AND h.actor_id IS DISTINCT FROM d.member
    AND NOT EXISTS (SELECT 1 FROM notices_notice n WHERE n.member_id = d.member AND n.cause = h.event_id)
    AND NOT EXISTS (SELECT 1 FROM conversations_subscription s
        WHERE s.conversation_id = c.id AND s.member_id = d.member AND s.interest = 'mute')
"""
_WINDOWS = """unnest(%(ids)s::uuid[], %(members)s::uuid[], %(teams)s::uuid[], %(sinces)s::bigint[],
    %(untils)s::bigint[]) AS d(id, member, team, since, until)"""
_KEPT = f"""SELECT d.id FROM {_WINDOWS} JOIN staff_membership m ON m.member_id = d.member AND m.team_id = d.team
WHERE EXISTS (SELECT 1 {_TOLD})"""


def _make(due: Sequence[_Due], *, daily: bool) -> int:
    if not due:
        return 0
    members = {one.member for one in due}
    ways = dict(Preferences.objects.filter(member_id__in=members).values_list("member_id", "ways"))
    heard = {member: way_of(REASON, ways.get(member, {})) for member in members}
    found = [
        Notice(
            member_id=one.member, cause=_cause(one), reason=REASON, team_id=one.team, since=one.since, until=one.until,
            page=heard[one.member].page, push=heard[one.member].push, mail=_mail(heard[one.member], daily), at=now(),
        )
        for one in due
        if not heard[one.member].silent
    ]  # fmt: skip
    news = {row[0] for row in _asked(_KEPT, found)}
    made = Notice.objects.bulk_create([one for one in found if one.id in news], ignore_conflicts=True)
    notify.changed_many(("notice", one.id, [one.member_id]) for one in made if one.page)
    return len(made)


def _mail(way: Way, daily: bool) -> str:
    if way.mail == NO_MAIL:
        return NO_MAIL
    return DIGEST if daily else SOON


def _cause(due: _Due) -> UUID:
    return uuid5(due.team, f"{due.member} {due.since}")


def figures(rounds: Iterable[Notice]) -> dict[UUID, tuple[int, int]]:
    """By round, in how many conversations something happened, and how many of them are new. In the reader's scope."""
    statement = f"""SELECT d.id, told.* FROM {_WINDOWS} CROSS JOIN LATERAL (
        SELECT count(DISTINCT c.id), count(DISTINCT c.id) FILTER (WHERE h.what = 'new') {_TOLD}) AS told"""
    return {row[0]: (row[1], row[2]) for row in _asked(statement, list(rounds))}


def entries(rounds: Iterable[Notice], limit: int) -> dict[UUID, list[Entry]]:
    """By round, its conversations, the latest first, at most `limit` each. In the reader's scope."""
    statement = f"""SELECT d.id, told.* FROM {_WINDOWS} CROSS JOIN LATERAL (
        SELECT c.id, bool_or(h.what = 'new'), count(*) FILTER (WHERE h.what = 'said'),
            count(*) FILTER (WHERE h.what = 'answered'), (array_agg(h.what ORDER BY h.id DESC))[1], max(h.at) {_TOLD}
        GROUP BY c.id ORDER BY max(h.id) DESC LIMIT {int(limit)}) AS told"""
    found: dict[UUID, list[Entry]] = {}
    for row in _asked(statement, list(rounds)):
        found.setdefault(row[0], []).append(Entry(*row[1:]))
    return found


def _asked(statement: str, rounds: Sequence[Notice]) -> list[tuple[Any, ...]]:
    if not rounds:
        return []
    given: dict[str, Any] = {
        "ids": [one.id for one in rounds], "members": [one.member_id for one in rounds],
        "teams": [one.team_id for one in rounds], "sinces": [one.since for one in rounds],
        "untils": [one.until for one in rounds], "everyone": EVERYONE,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())
