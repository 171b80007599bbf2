"""Sharing out somebody's conversations: who would get which, by the rule that assigns new ones. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from rapport.ownership.within.choosing import choose
from rapport.ownership.within.values import Ask, MemberLoad


@dataclass(frozen=True)
class Share:
    """That a conversation would go to a member, or stays where it is (None) because nobody can take it."""

    conversation_id: UUID
    member: MemberLoad | None


def share_out(
    conversation_ids: Sequence[UUID], members: Iterable[MemberLoad], weights: Mapping[UUID, float] | None = None
) -> list[Share]:
    """Give each, in order, to the present member who then has the most room of their capacity left.

    `weights` has how much each conversation takes of it; what is not in it takes 1.
    """
    weighs = weights or {}
    loads = {member.id: member for member in members}
    found = []
    for conversation_id in conversation_ids:
        weight = weighs.get(conversation_id, 1)
        best = choose(loads.values(), Ask("load", weight)).member
        if best is not None:
            loads[best.id] = replace(best, open_count=best.open_count + weight)
        found.append(Share(conversation_id, best))
    return found
