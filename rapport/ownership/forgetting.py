"""The decisions' part of an erasure: the reasons given at the time may name who wrote."""

from typing import Any
from uuid import UUID

import orjson

from rapport.core import bulk
from rapport.people.forgetting import Place, Step, Target, counted, next_after

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


STEPS = (Step("decisions", _decisions, lambda t: counted(f"SELECT count(*) {_THEIRS}", [t.ids])),)
