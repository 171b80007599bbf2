"""What people did about what was suggested, and from when on that was known. Reads, in the system's scope.

What `ownership.outcomes` reads of today, over time: what was decided, taken back and set aside later is not known yet.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rapport.conversations.visibility import EVERYONE
from rapport.core import bulk
from rapport.ownership.kinds import PRIORITY
from rapport.ownership.outcomes import SAID, STOOD
from rapport.ownership.settled import SETTLED
from rapport.ownership.simulate.kept_of_late import Came

_BEFORE = timedelta(days=180)
"""Suggestions of so long before a span are read: the latest six hundred count."""
Chosen = tuple[datetime, datetime | None, bool]
"""When people chose a label, when that was set aside, and whether it was the suggested one."""


def came(kind: str, span: tuple[datetime, datetime]) -> list[Came]:
    """All that came to be known of suggestions of a kind, from half a year before a span to its end."""
    told, said, name = SAID[kind]
    statement = f"""SELECT s.told->>'{name}', (s.told->>'sure')::float,
        CASE WHEN (s.told->>'acted')::boolean AND {SETTLED} THEN coalesce(least(c.first_answered_at, c.resolved_at,
            (SELECT min(d.at) FROM ownership_decision d WHERE d.conversation_id = c.id AND d.source = 'member'
                AND d.owner_team_id IS DISTINCT FROM d.from_team_id)), c.last_activity_at) END,
        {STOOD[kind]} IS NOT DISTINCT FROM s.told->>'{name}', e.at, e.aside, e.same
    FROM (SELECT d.id, d.conversation_id, {told} AS told FROM ownership_decision d
        WHERE {said} AND d.at >= %b AND d.at < %b) AS s
    JOIN conversations_conversation c ON c.id = s.conversation_id AND NOT c.confidential
        AND c.audience @> ARRAY['{EVERYONE}'::uuid]
    LEFT JOIN LATERAL (SELECT array_agg(e.at ORDER BY e.id) AS at, array_agg(e.set_aside ORDER BY e.id) AS aside,
            array_agg(e.label IS NOT DISTINCT FROM s.told->>'{name}' ORDER BY e.id) AS same
        FROM ownership_example e WHERE e.conversation_id = s.conversation_id AND e.kind = '{kind}'
        AND NOT (e.implied AND e.kind = '{PRIORITY}') AND e.audience @> ARRAY['{EVERYONE}'::uuid]) AS e ON true
    WHERE s.told ? 'sure' ORDER BY s.id"""
    found = []
    for place, (label, sure, dealt, stood, *chosen) in enumerate(bulk.select(statement, [span[0] - _BEFORE, span[1]])):
        moments = over_time(list(zip(*chosen, strict=True)) if chosen[0] else [], (dealt, stood))
        found += [Came(at, place, label, sure, right) for at, right in moments]
    return found


def over_time(
    chosen: Sequence[Chosen], stood: tuple[datetime | None, bool]
) -> Iterator[tuple[datetime, bool | None]]:
    """From when on it was right, wrong, or (None) nothing was known. What people chose last and was not set aside says.

    `stood`: since when people had dealt with it where it was followed by itself, and whether that was right.
    """
    dealt, was_right = stood
    moments = {at for at, _, _ in chosen} | {aside for _, aside, _ in chosen if aside} | ({dealt} if dealt else set())
    before: bool | None = None
    for moment in sorted(moments):
        known = [same for at, aside, same in chosen if at <= moment and (aside is None or aside > moment)]
        right = known[-1] if known else was_right if dealt and dealt <= moment else None
        if right is not before:
            yield moment, right
        before = right
