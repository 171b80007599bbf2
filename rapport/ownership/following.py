"""When a decision is dated that replaces another. In the scope of its caller, which has locked the conversation."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.ownership.models import Decision

_NEXT = timedelta(microseconds=1)


def following(conversation_id: UUID) -> dict[str, Any]:
    """`id` and `at` of a decision that comes after all others of the conversation: now, and never before them.

    Which reason is in force is told by the two. Another machine's clock may be ahead of ours, ours may have been put
    back, and the demo company travels.
    """
    others = Decision.objects.filter(conversation_id=conversation_id)
    last = others.order_by("-at", "-id").values_list("id", "at").first()
    fresh, at = new_id(), now()
    if last is None:
        return {"id": fresh, "at": at}
    id, before = last
    return {"id": max(fresh, UUID(int=id.int + 1)), "at": max(at, before + _NEXT)}
