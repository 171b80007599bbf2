"""Which member of the owning team, by room alone or by who holds the relationship. Pure: a choice with its reason.

All the other ways, and the weighing that is kept, are in `ownership.within`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from rapport.ownership.within.values import Choice, MemberLoad

__all__ = ["Choice", "MemberLoad", "by_load", "choose", "choose_holder"]

_NEVER = datetime.min.replace(tzinfo=UTC)


def choose(members: Iterable[MemberLoad]) -> Choice:
    """The member present with the smallest share of their capacity taken; among equals who waited longest."""
    everyone = list(members)
    if not everyone:
        return Choice(None, "the team has no members")
    present = [member for member in everyone if member.present]
    if not present:
        return Choice(None, "nobody of the team is present")
    free = [member for member in present if member.open_count < member.capacity]
    if not free:
        return Choice(None, "everyone present has as much as they can take")
    best = min(free, key=by_load)
    return Choice(best, f"{best.name} has the most room of those present ({best.open_count:g} of {best.capacity})")


def choose_holder(members: Iterable[MemberLoad], address: str, name: str) -> Choice:
    """The member who holds the relationship, unless they are away or not of the team; then the team's queue."""
    if not address:
        return Choice(None, "nobody holds the relationship with the sender")
    holder = next((member for member in members if member.email == address), None)
    if holder is None:
        return Choice(None, f"{name}, who holds the relationship, is not of the team")
    if not holder.present:
        return Choice(None, f"{name}, who holds the relationship, is not present")
    return Choice(holder, f"{name} holds the relationship")


def by_load(member: MemberLoad) -> tuple[float, datetime, UUID]:
    """The smaller, the more room: the share of the capacity taken, then who waited longest."""
    return member.open_count / member.capacity, member.last_assigned_at or _NEVER, member.id
