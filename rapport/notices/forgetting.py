"""The notices' part of an erasure: members were told of messages by the name of who wrote them."""

from typing import Any

from rapport.people.forgetting import Step, Target, at_once, counted

_THEIRS = """who <> '' AND ((message_id, conversation_id) IN (SELECT id, conversation_id FROM conversations_message
        WHERE person_id = ANY(%s) AND direction = 'in')
    OR who = ANY(%s) AND conversation_id IN (SELECT id FROM conversations_conversation WHERE person_id = ANY(%s)))"""


def _of(target: Target) -> list[Any]:
    return [target.ids, list(target.names), target.ids]


STEPS = (
    Step(
        "notices",
        at_once(f"UPDATE notices_notice SET who = '' WHERE {_THEIRS}", _of),
        lambda t: counted(f"SELECT count(*) FROM notices_notice WHERE {_THEIRS}", _of(t)),
    ),
)  # fmt: skip
