"""Which member of the owning team. Pure: a choice among values, with its reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MemberLoad:
    """A member and how much they have: `open_count` conversations of at most `capacity`; `present` at this
    moment; how many more they may be given `at_once` (None: as many as there is room for).
    """

    id: UUID
    email: str
    name: str
    open_count: int = 0
    capacity: int = 20
    present: bool = True
    last_assigned_at: datetime | None = None
    at_once: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers (None: whoever of the team takes it) and why, as a clause."""

    member: MemberLoad | None
    reason: str


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
    best = min(free, key=_load)
    return Choice(best, f"{best.name} has the most room of those present ({best.open_count} of {best.capacity})")


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


def _load(member: MemberLoad) -> tuple[float, datetime, UUID]:
    return member.open_count / member.capacity, member.last_assigned_at or _NEVER, member.id
