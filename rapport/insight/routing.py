"""How what came in found its owner, counted by the database in one statement, in the scope of whoever looks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from rapport.insight.periods import Period
from rapport.insight.sources import OVERRULED_SQL, WAY_SQL

WAYS = ("rule", "learned", "suggested", "sorted", "untouched")
"""By the number that the database counts by; rules give to who owned it before or holds the relationship, too."""
_HOUR = 3600


@dataclass(frozen=True)
class Asked:
    """What came in during a period; for one team, or for all."""

    period: Period
    team_id: UUID | None = None


class Route(NamedTuple):
    """So many went the same way: by which rule of which version, first to which team, and whose they are.

    Ids are text, as they are only compared and written into addresses.

    `way` is one of WAYS; `overruled`: a member gave them to another team than the rule, or what was learned, had.
    """

    version: int | None
    rule: int | None
    way: str
    first_id: str | None
    owner_id: str | None
    overruled: bool
    many: int


@dataclass(frozen=True)
class Rule:
    """What a rule of a version is called, and whom it gives to (a short name, "@earlier", "@holder")."""

    name: str
    owner: str


@dataclass
class Counted:
    """Everything that was counted. By team and channel or topic; by the beginning of a stretch of time and whether it
    went to triage; by the tenth of the likelihood of a suggestion and whether people settled on it.
    """

    routes: list[Route] = field(default_factory=list)
    channels: dict[tuple[str | None, str | None], int] = field(default_factory=dict)
    topics: dict[tuple[str | None, str | None], int] = field(default_factory=dict)
    times: list[tuple[datetime, bool, int]] = field(default_factory=list)
    likely: dict[tuple[int, bool], int] = field(default_factory=dict)


def counted(asked: Asked) -> Counted:
    """Count it all."""
    step = _step(asked.period)
    values: dict[str, Any] = {
        "start": asked.period.start, "end": asked.period.end, "step": step, "team": asked.team_id,
    }  # fmt: skip
    found = Counted()
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED.format(**(_ONE_TEAM if asked.team_id else _ALL)), values)
        for row in cursor.fetchall():
            if row[0]:  # most are routes
                found.routes.append(Route(row[4], row[5], WAYS[row[6]], row[7], row[8], row[9], row[16]))
            else:
                _put(found, row, step)
    return found


_ALL = {"own": "true", "narrowed": ""}
_ONE_TEAM = {
    "own": "r.owner_team_id = %(team)s", "narrowed": "AND (r.owner_team_id = %(team)s OR r.team_id = %(team)s)",
}  # fmt: skip
#: What is gone from a team counts among its routes alone: times and suggestions are of what is its own.
_COUNTED = f"""
SELECT GROUPING(version) = 0, GROUPING(channel_id) = 0, GROUPING(topic_id) = 0, GROUPING(bucket) = 0,
    version, rule, way, team_id::text, owner_team_id::text, overruled,
    channel_id::text, topic_id::text, bucket, triaged, tenth, agreed, count(*)
FROM (
    SELECT r.version, r.rule, {WAY_SQL} AS way, r.team_id, r.owner_team_id, {OVERRULED_SQL} AS overruled,
        r.channel_id, r.topic_id, CASE WHEN {{own}} THEN floor(date_part('epoch', r.at) / %(step)s)::int END AS bucket,
        r.rule IS NULL AND NOT r.acted AS triaged,
        CASE WHEN r.likely IS NOT NULL AND (r.dealt OR r.moved) AND {{own}}
            THEN least(9, floor(r.likely * 10))::int END AS tenth,
        r.said_team_id = r.owner_team_id AS agreed
    FROM insight_routed r WHERE r.counted AND r.at >= %(start)s AND r.at < %(end)s {{narrowed}}
) AS routed
GROUP BY GROUPING SETS ((version, rule, way, team_id, owner_team_id, overruled), (owner_team_id, channel_id),
    (owner_team_id, topic_id), (bucket, triaged), (tenth, agreed))"""


def _put(found: Counted, row: tuple[Any, ...], step: int) -> None:
    by_channel, by_topic, by_time, *_of_routes, channel, topic, bucket, triaged, tenth, agreed, count = row[1:]
    owner = row[8]
    if by_channel:
        found.channels[owner, channel] = count
    elif by_topic:
        found.topics[owner, topic] = count
    elif by_time and bucket is not None:
        found.times.append((datetime.fromtimestamp(bucket * step, UTC), triaged, count))
    elif tenth is not None:
        found.likely[tenth, bool(agreed)] = found.likely.get((tenth, bool(agreed)), 0) + count


def _step(period: Period) -> int:
    """The longest stretch of time in seconds that lies within one hour of the reader's clock: a few zones differ by
    halves and quarters of an hour.
    """
    offsets = [at.astimezone(period.zone).utcoffset() for at in (period.start, period.end)]
    seconds = [int(one.total_seconds()) % _HOUR for one in offsets if one is not None]
    return _HOUR if not any(seconds) else _HOUR // 2 if all(one % (_HOUR // 2) == 0 for one in seconds) else _HOUR // 4


def by_hour(times: Iterable[tuple[datetime, bool, int]], zone: ZoneInfo) -> dict[tuple[int, int], int]:
    """How many came on which day of the week (1 is Monday) in which hour, by the clock of `zone`."""
    found: dict[tuple[int, int], int] = {}
    for at, _triaged, count in times:
        local = at.astimezone(zone)
        key = local.isoweekday(), local.hour
        found[key] = found.get(key, 0) + count
    return found


_RULES = """
SELECT v.number, e.place, e.rule->>'name', coalesce(e.rule->'then'->>'owner', '')
FROM ownership_policyversion v
    CROSS JOIN LATERAL jsonb_array_elements(v.rules->'rules') WITH ORDINALITY AS e(rule, place)
WHERE v.number = ANY(%(versions)s)
    AND (v.number, e.place) IN (SELECT * FROM unnest(%(versions)s::int[], %(rules)s::int[]))"""


def rules_of(routes: Iterable[Route]) -> Mapping[tuple[int, int], Rule]:
    """What the rules that decided are called, by version and number."""
    pairs = sorted({(one.version, one.rule) for one in routes if one.version is not None and one.rule is not None})
    if not pairs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_RULES, {"versions": [version for version, _ in pairs], "rules": [rule for _, rule in pairs]})
        return {(version, place): Rule(name, owner) for version, place, name, owner in cursor.fetchall()}
