"""What nobody decided yet is heard all the same: it tells what is common here, and what names of labels stand for.

For what everybody profits from only of conversations everybody may see; for a confidential team's own models only of
its own. Runs in the system's scope. No text is kept: a model has of all that was heard but means and hashed words.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from rapport.conversations.visibility import EVERYONE
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.ownership.kinds import PRIORITY, Slot
from rapport.ownership.lessons import SAID, may_be_read, told_of
from rapport.ownership.models import LearnedModel

HEARD_MAX = 3_000
DECIDED_MAX = 200
"""From so many decisions on, hearing changes little, and costs time: see decision 0024."""
ANEW_LEAST = 16
LASTS = timedelta(days=1)
"""What came to be confidential since is out of the model by then at the latest."""
_LATELY = timedelta(days=180)


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


def is_worth_it(slot: Slot, last: LearnedModel) -> bool:
    """Whether to learn anew for what was heard alone: as much again came since, or what was heard is a day old."""
    heard, decided = last.figures.get("heard", 0), last.figures.get("examples", 0)
    if slot.kind == PRIORITY or decided >= DECIDED_MAX:
        return False
    if heard and now() - last.made_at >= LASTS:
        return True
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
    heard = LearnedModel.objects.filter(figures__heard__gt=0)
    for audience, confidential in found:
        openly = EVERYONE in audience and not confidential
        heard.filter(audience=[] if openly else audience).update(stale=True)
