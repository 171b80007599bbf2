"""The decisions' part of an erasure: reasons given may name who wrote, and so may those of trials and tries."""

from typing import Any
from uuid import UUID

import orjson

from rapport.core import bulk
from rapport.ownership import hearing, teaching
from rapport.ownership.models import Example
from rapport.people.forgetting import Place, Step, Target, changed, column, counted, next_after

_THEIRS = """FROM ownership_decision d JOIN conversations_conversation c ON c.id = d.conversation_id
    WHERE c.person_id = ANY(%s)"""


def _decisions(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    rows: list[tuple[Any, ...]] = bulk.select(
        f"""SELECT d.conversation_id, d.id, d.sentence, d.trace {_THEIRS} AND d.id > %s
        ORDER BY d.id LIMIT %s FOR UPDATE OF d""",
        [target.ids, after, limit],
    )
    fresh = [(row, target.redacted(row[2]), target.redacted_all(row[3])) for row in rows]
    done = [one for one in fresh if (one[1], one[2]) != (one[0][2], one[0][3])]
    bulk.update(
        "ownership_decision",
        ["conversation_id", "id"],
        {
            "conversation_id": ("uuid", [row[0] for row, _, _ in done]),
            "id": ("uuid", [row[1] for row, _, _ in done]),
            "sentence": ("text", [sentence for _, sentence, _ in done]),
            "trace": ("text", [orjson.dumps(trace).decode() for _, _, trace in done]),
        },
        "sentence = row.sentence, trace = row.trace::jsonb",
    )
    return len(done), next_after(rows, limit, lambda row: row[1])


_SHADOWS = """FROM ownership_shadow s JOIN conversations_conversation c ON c.id = s.conversation_id
    WHERE c.person_id = ANY(%s) AND s.sentence <> ''"""


def _shadows(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    """What a policy on trial said; all that was said of a conversation is in one batch."""
    ids = column(
        f"SELECT DISTINCT s.conversation_id {_SHADOWS} AND s.conversation_id > %s ORDER BY 1 LIMIT %s",
        [target.ids, after, limit],
    )
    rows: list[tuple[Any, ...]] = bulk.select(
        "SELECT conversation_id, trial_id, sentence FROM ownership_shadow WHERE conversation_id = ANY(%s) FOR UPDATE",
        [ids],
    )
    done = [(*row[:2], target.redacted(row[2])) for row in rows if target.redacted(row[2]) != row[2]]
    bulk.update(
        "ownership_shadow",
        ["conversation_id", "trial_id"],
        {
            "conversation_id": ("uuid", [row[0] for row in done]),
            "trial_id": ("uuid", [row[1] for row in done]),
            "sentence": ("text", [row[2] for row in done]),
        },
        "sentence = row.sentence",
    )
    return len(done), next_after(ids, limit, lambda id: id)


_NAMED = " OR ".join(f"{name}::text ILIKE ANY(%s)" for name in ("draft", "base", "names", "story"))
"""Of what was tried: both policies, with which setup of the company, and what came out."""


def _tries(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    """What was tried on the past: theirs are no examples any more; what still names an address is thrown away."""
    theirs = set(map(str, column("SELECT id FROM conversations_conversation WHERE person_id = ANY(%s)", [target.ids])))
    rows: list[tuple[Any, ...]] = bulk.select(
        """SELECT id, story FROM ownership_whatif WHERE story IS NOT NULL AND id > %s
        ORDER BY id LIMIT %s FOR UPDATE""",
        [after, limit],
    )
    done = [(row[0], fresh) for row in rows if (fresh := _without(row[1], theirs)) != row[1]]
    bulk.update(
        "ownership_whatif",
        ["id"],
        {"id": ("uuid", [row[0] for row in done]), "story": ("text", [orjson.dumps(row[1]).decode() for row in done])},
        "story = row.story::jsonb",
    )
    place = next_after(rows, limit, lambda row: row[0])
    gone = changed(f"DELETE FROM ownership_whatif WHERE {_NAMED}", [target.likes] * 4) if place is None else 0
    return len(done) + gone, place


def _without(told: Any, theirs: set[str]) -> Any:
    """A story without the examples that are theirs."""
    if isinstance(told, dict):
        return {key: _without(one, theirs) for key, one in told.items()}
    if isinstance(told, list):
        return [_without(one, theirs) for one in told if not (isinstance(one, dict) and one.get("id") in theirs)]
    return told


_EXAMPLES = """FROM ownership_example WHERE conversation_id IN (
    SELECT id FROM conversations_conversation WHERE person_id = ANY(%s))"""


def _examples(target: Target, _after: UUID, _limit: int) -> tuple[int, Place]:
    """What was learned from their conversations: gone, and out of the models at once (a worker learns anew)."""
    gone = list(Example.objects.filter(conversation__person_id__in=target.ids))
    count = changed(f"DELETE {_EXAMPLES}", [target.ids])
    teaching.outdate(gone)
    return count, None


_KNOWN = """FROM ownership_decision d JOIN conversations_conversation c ON c.id = d.conversation_id
    WHERE c.person_id = ANY(%s) AND d.facts IS NOT NULL"""


def _facts(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    """What was known of them beside the text when it came: relationships, organization, earlier owners."""
    ids = column(f"SELECT d.id {_KNOWN} AND d.id > %s ORDER BY d.id LIMIT %s", [target.ids, after, limit])
    changed(
        """UPDATE ownership_decision SET facts = NULL WHERE id = ANY(%s) AND conversation_id IN (
            SELECT id FROM conversations_conversation WHERE person_id = ANY(%s))""",
        [ids, target.ids],
    )
    return len(ids), next_after(ids, limit, lambda id: id)


STEPS = (
    Step("examples", _examples, lambda t: counted(f"SELECT count(*) {_EXAMPLES}", [t.ids])),
    Step("facts", _facts, lambda t: counted(f"SELECT count(*) {_KNOWN}", [t.ids])),
    Step("decisions", _decisions, lambda t: counted(f"SELECT count(*) {_THEIRS}", [t.ids])),
    Step("trials", _shadows, lambda t: counted(f"SELECT count(*) {_SHADOWS}", [t.ids])),
    Step("tries", _tries, lambda t: counted(f"SELECT count(*) FROM ownership_whatif WHERE {_NAMED}", [t.likes] * 4)),
)


def _heard(target: Target, _after: UUID, _limit: int) -> tuple[int, Place]:
    hearing.outdate(target.ids)
    return 0, None


LAST = (Step("heard", _heard, lambda _: 0),)
"""What was heard undecided is out of the models when there are no words left to hear: after the messages' own steps."""
