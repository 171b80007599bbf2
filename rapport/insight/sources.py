"""How each measure asks the store: the same words for the figure and for the list behind it.

Row-level security answers with what the member may see: nothing here filters by audience, and nothing may run in the
system's scope.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.core.errors import Invalid

NOBODY = "none"
"""Stands in a filter for "without": no team, no topic, no member."""

_C = "conversations_conversation c"
COUNTED = "c.status <> ALL (ARRAY['spam', 'merged'])"
"""What counts anywhere."""
TURN = f"insight_turn t JOIN {_C} ON c.id = t.conversation_id"
_SAID = f"insight_said m JOIN {_C} ON c.id = m.conversation_id"


@dataclass(frozen=True)
class Source:
    """What is counted: rows of `table` at the moment `at`, each with a key of its own and perhaps a time it took."""

    table: str
    at: str
    where: str
    key: str
    member: str = "c.owner_member_id"
    took: bool = False
    promised: bool = False
    more: Mapping[str, str] = field(default_factory=dict)
    """What else it may be narrowed by: the condition, with `%(name)s` for what was asked."""


#: How a conversation came to its first owner, of a row `r` of insight_routed. The number is what is counted by.
WAY_SQL = """CASE WHEN r.rule IS NOT NULL THEN 0 WHEN r.acted THEN 1 WHEN NOT (r.dealt OR r.moved) THEN 4
    WHEN r.said_team_id = r.owner_team_id THEN 2 ELSE 3 END"""
#: That a rule or what was learned decided, and a member gave it to another team, where it is.
OVERRULED_SQL = "(r.moved AND r.owner_team_id IS DISTINCT FROM r.team_id AND (r.rule IS NOT NULL OR r.acted))"
_RULES = """(r.version, r.rule) IN (SELECT v.number, one.place FROM ownership_policyversion v CROSS JOIN LATERAL
    jsonb_array_elements(v.rules->'rules') WITH ORDINALITY AS one(rule, place) WHERE {})"""
_OWNER = "one.rule->'then'->>'owner'"
_NAMED = f"coalesce({_OWNER}, '') = %(way)s OR %(way)s = 'rule' AND {_OWNER} NOT LIKE '@%%'"
MORE = {
    "way": f"""CASE %(way)s WHEN 'rules' THEN r.rule IS NOT NULL
        WHEN 'learned' THEN {WAY_SQL} = 1 WHEN 'suggested' THEN {WAY_SQL} = 2
        WHEN 'sorted' THEN {WAY_SQL} = 3 WHEN 'untouched' THEN {WAY_SQL} = 4 WHEN 'triage' THEN {WAY_SQL} IN (2, 3, 4)
        ELSE {_RULES.format(_NAMED)} END""",
    "rule": _RULES.format("one.rule->>'name' = %(rule)s"),
    "first": "coalesce(r.team_id::text, 'none') = %(first)s",
    "overruled": f"{OVERRULED_SQL} = (%(overruled)s = 'yes')",
    "likely": "least(9, floor(r.likely * 10))::text = %(likely)s",
    "said": """r.likely IS NOT NULL AND (r.dealt OR r.moved)
        AND coalesce(r.said_team_id = r.owner_team_id, false) = (%(said)s = 'right')""",
    "hour": "extract(hour FROM r.at AT TIME ZONE %(zone)s)::text = %(hour)s",
    "weekday": "extract(isodow FROM r.at AT TIME ZONE %(zone)s)::text = %(weekday)s",
}
_ANSWERED = f"c.first_answered_at IS NOT NULL AND {COUNTED}"
_RESOLVED = f"t.to_status = 'resolved' AND {COUNTED}"

SOURCES: dict[str, Source] = {
    "received": Source(_SAID, "m.at", f"m.direction = 'in' AND {COUNTED}", "m.message_id"),
    "sent": Source(_SAID, "m.at", f"m.direction = 'out' AND {COUNTED}", "m.message_id", member="m.member_id"),
    "opened": Source(_C, "c.created_at", COUNTED, "c.id"),
    "answered": Source(_C, "c.first_answered_at", _ANSWERED, "c.id", took=True, promised=True),
    "promised": Source(
        _C, "c.first_answered_at", f"{_ANSWERED} AND c.first_answer_due_at IS NOT NULL", "c.id", took=True
    ),
    "kept": Source(
        _C, "c.first_answered_at", f"{_ANSWERED} AND c.first_answered_at <= c.first_answer_due_at", "c.id", took=True
    ),
    "broken": Source(
        _C, "c.first_answered_at", f"{_ANSWERED} AND c.first_answered_at > c.first_answer_due_at", "c.id", took=True
    ),
    "resolved": Source(TURN, "t.at", _RESOLVED, "c.id", took=True),
    "reopened": Source(
        TURN, "t.at", f"t.from_status = 'resolved' AND t.to_status = 'open' AND {COUNTED}", "c.id"
    ),
    #: Open at a moment: the status that the first turn after it began with, or the present one when there is none.
    "backlog": Source(
        _C, "c.created_at",
        f"""{COUNTED} AND c.id IN (
            SELECT o.id FROM conversations_conversation o WHERE o.status = 'open'
                AND NOT EXISTS (SELECT 1 FROM insight_turn t WHERE t.conversation_id = o.id AND t.at >= %(moment)s)
            UNION ALL
            SELECT f.conversation_id FROM (
                SELECT DISTINCT ON (t.conversation_id) t.conversation_id, t.from_status FROM insight_turn t
                WHERE t.at >= %(moment)s ORDER BY t.conversation_id, t.at
            ) AS f WHERE f.from_status = 'open')""",
        "c.id",
    ),
    "routed": Source(
        f"insight_routed r JOIN {_C} ON c.id = r.conversation_id", "r.at", "r.counted", "c.id", more=MORE
    ),
}  # fmt: skip

TERMS = "k.name || '|' || k.span_minutes || '|' || k.hours"
"""What was promised: the clock, how much open time, and in which hours."""
IS_KEPT = "coalesce(k.stopped_at <= k.due_at, false)"
#: Where what was missed ended, or stands: NULL where its time still passes.
ENDED = "coalesce(k.stopped_at, CASE WHEN k.halted_at > k.due_at THEN k.halted_at END)"
PROMISED = Source(
    f"insight_promised k JOIN {_C} ON c.id = k.conversation_id", "k.at", COUNTED, "k.conversation_id",
    more={
        "clock": "k.name = %(clock)s",
        "promise": f"{TERMS} = %(promise)s",
        "steps": "(k.steps > 0) = (%(steps)s = 'yes')",
        "moves": "(k.moves > 0) = (%(moves)s = 'yes')",
        "moments": "k.at = ANY(%(moments)s::timestamptz[])",
    },
)  # fmt: skip

DIMENSIONS = {"team": "c.owner_team_id", "channel": "c.channel_id", "topic": "c.topic_id", "member": ""}
"""What a report may be broken down and narrowed by; whose a figure is differs by measure."""


@dataclass(frozen=True)
class Narrowing:
    """What a report is about: by dimension an id, or NOBODY."""

    by: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"

    def sql(self, source: Source) -> tuple[str, dict[str, Any]]:
        """The condition, and its parameters. Raises Invalid for what is no id."""
        parts: list[str] = ["TRUE"]
        values: dict[str, Any] = {"zone": self.zone}
        for name, wanted in self.by.items():
            if name in source.more:
                parts.append(source.more[name])
                values[name] = wanted
                continue
            column = column_of(source, name)
            if wanted == NOBODY:
                parts.append(f"{column} IS NULL")
            else:
                parts.append(f"{column} = %({name})s::uuid")
                values[name] = _uuid(wanted)
        return " AND ".join(parts), values

    def texts(self, source: Source) -> dict[str, str]:
        """By dimension the id as the database writes it, or NOBODY. Raises Invalid for what is no id."""
        return {
            name: wanted if wanted == NOBODY or name in source.more else str(_uuid(wanted))
            for name, wanted in self.by.items()
        }


def column_of(source: Source, dimension: str) -> str:
    """Where a source keeps a dimension."""
    return DIMENSIONS[dimension] or source.member


def within(source: Source, name: str, start: datetime, end: datetime) -> tuple[str, dict[str, Any]]:
    """The condition of time: the period, or for the backlog the moment at its end."""
    if name == "backlog":
        return f"{source.at} < %(moment)s", {"moment": end}
    return f"{source.at} >= %(start)s AND {source.at} < %(end)s", {"start": start, "end": end}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid(_("This report is about something that does not exist."), _("Choose from the lists.")) from error
