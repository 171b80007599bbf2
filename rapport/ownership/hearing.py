"""What nobody decided yet is heard all the same: it tells what is common here, and what names of labels stand for.

For what everybody profits from only of conversations everybody may see; for a confidential team's own models only of
its own. Runs in the system's scope. No text is kept: a model has of all that was heard but means and hashed words, and
of what came of late (`came`) one number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q

from rapport.conversations.visibility import EVERYONE
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.ownership.kinds import PRIORITY, TEAM, TOPIC, Slot
from rapport.ownership.lessons import SAID, may_be_read, told_of
from rapport.ownership.models import LearnedModel

HEARD_MAX = 3_000
DECIDED_MAX = 200
"""From so many decisions on, hearing changes little, and costs time: see decision 0024."""
PROMISED_LEAST = 40
"""Of fewer decisions nothing is promised, so that nothing has to be found out for it."""
ANEW_LEAST = 16
LASTS = timedelta(days=1)
"""What came to be confidential since is out of the model by then at the latest."""
_LATELY = timedelta(days=180)
LATELY_MAX = 300


@dataclass(frozen=True)
class Came:
    """The latest that was asked about: texts and facts of what nobody decided, and how much was decided as whose."""

    texts: tuple[str, ...] = ()
    facts: tuple[Mapping[str, str], ...] = ()
    ours: int = 0
    nones: int = 0


def _undecided(slot: Slot) -> str:
    return f"""conversations_conversation c WHERE c.id >= %s AND {may_be_read(slot)} AND c.merged_into IS NULL
        AND c.status <> 'spam' AND NOT EXISTS (
            SELECT 1 FROM ownership_example e WHERE e.conversation_id = c.id AND e.kind = '{slot.kind}')"""


def undecided(slot: Slot) -> list[str]:
    """The opening messages of what came in half a year and nobody decided: of more than 3,000 so many, drawn evenly.

    Drawn by the digest of the id: nearly the same ones each time and for each kind, so that few are encoded anew.
    """
    statement = f"""WITH drawn AS MATERIALIZED (
            SELECT c.id FROM {_undecided(slot)} ORDER BY md5(c.id::text) LIMIT {HEARD_MAX})
        SELECT {SAID} JOIN drawn ON drawn.id = c.id ORDER BY c.id"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [first_since(now() - _LATELY)])
        texts = [told_of(*row)[0] for row in cursor]
    return [text for text in texts if text]


_ASKED = {
    TEAM: """EXISTS (SELECT 1 FROM ownership_decision d
        WHERE d.conversation_id = c.id AND d.source = 'policy' AND d.rule IS NULL)""",
    TOPIC: """(e.id IS NOT NULL OR c.topic_id IS NULL OR EXISTS (SELECT 1 FROM ownership_decision d
        WHERE d.conversation_id = c.id AND d.guesses->'topic'->>'acted' = 'true'))""",
}
"""Of a conversation `c`, whether what was learned is asked: not where a rule, or a topic's own words, said it."""


def came(slot: Slot) -> Came:
    """The latest 300 that came and were asked about, decided or not: how much of it is like nothing decided so far?

    Of priorities, all of which are known, and of what only suggests, there is nothing.
    """
    if slot.team is not None or slot.kind not in _ASKED:
        return Came()
    statement = f"""WITH latest AS MATERIALIZED (
            SELECT c.id, e.id AS decided, e.label FROM conversations_conversation c LEFT JOIN LATERAL (
                SELECT e.id, e.label FROM ownership_example e WHERE e.conversation_id = c.id
                AND e.kind = '{slot.kind}' AND e.set_aside IS NULL AND e.audience @> ARRAY['{EVERYONE}'::uuid]
                ORDER BY e.id DESC LIMIT 1) AS e ON true
            WHERE c.id >= %s AND {may_be_read(slot)} AND c.merged_into IS NULL
                AND (c.status <> 'spam' OR e.id IS NOT NULL) AND {_ASKED[slot.kind]}
            ORDER BY c.id DESC LIMIT {LATELY_MAX})
        SELECT latest.decided, latest.label, {SAID} JOIN latest ON latest.id = c.id ORDER BY c.id"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [first_since(now() - _LATELY)])
        rows = [(decided, label, told_of(*said)) for decided, label, *said in cursor]
    told = [said for decided, _, said in rows if decided is None and said[0]]
    nones = sum(decided is not None and label is None for decided, label, _ in rows)
    ours = sum(label is not None for _, label, _ in rows)
    return Came(tuple(text for text, _ in told), tuple(facts for _, facts in told), ours, nones)


def is_worth_it(slot: Slot, last: LearnedModel) -> bool:
    """Whether to learn anew for what was heard alone: as much again came since, or what was heard is a day old."""
    heard, came = last.figures.get("heard", 0), last.figures.get("came", 0)
    if (heard or came) and now() - last.made_at >= LASTS:
        return True
    if slot.kind == PRIORITY or last.figures.get("examples", 0) >= DECIDED_MAX:
        return False
    return heard < HEARD_MAX and _came_since(last.made_at, slot, max(heard, ANEW_LEAST))


def _came_since(since: datetime, slot: Slot, enough: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {_undecided(slot)} LIMIT %s) AS one", [first_since(since), enough]
        )
        return int(cursor.fetchone()[0]) >= enough


def first_since(since: datetime) -> UUID:
    """Ids are in the order of time: those from here on came since."""
    return UUID(int=new_id(int(since.timestamp() * 1000)).int >> 80 << 80)


def outdate(people: Iterable[UUID]) -> None:
    """Ask for new models where what these people wrote may have been heard; of models it cannot be in, nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT audience, confidential FROM conversations_conversation WHERE person_id = ANY(%s)
            OR id IN (SELECT conversation_id FROM conversations_message WHERE person_id = ANY(%s))""",
            [list(people)] * 2,
        )
        found: list[tuple[list[UUID], bool]] = cursor.fetchall()
    heard = LearnedModel.objects.filter(Q(figures__heard__gt=0) | Q(figures__came__gt=0))
    for audience, confidential in found:
        openly = EVERYONE in audience and not confidential
        heard.filter(audience=[] if openly else audience).update(stale=True)
