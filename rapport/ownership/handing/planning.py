"""What somebody who leaves hands over, and to whom. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from rapport.ownership.handing.choosing import hand, with_one_more
from rapport.ownership.handing.shifts import Leaving
from rapport.ownership.within.values import MemberLoad

OFF, SUGGEST, LATE, WAITING = "off", "suggest", "late", "waiting"
"""What a team does at the end of a shift: nothing; show what would be late; move it; move all that wait for us, too."""
NOBODY_SOONER = "nobody of the team is there before you are back"
NOBODY_COMES = "nobody of the team is there in the next two weeks"


_Wave = tuple[datetime, tuple[MemberLoad, ...]]


@dataclass(frozen=True, slots=True)
class Held:
    """A conversation that somebody has: when its promise runs out, whether they wait for our answer, its weight.

    Those who `had` it within the day get it only where nobody else can take it.
    """

    id: UUID
    due_at: datetime | None = None
    awaiting: bool = False
    weight: float = 1
    had: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could take over, and from when they are there."""

    load: MemberLoad
    there_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """To whom one conversation goes and why; without anybody into the team's queue (`queued`), or else it stays."""

    id: UUID
    to: Candidate | None
    reason: str
    queued: bool = False


def why_over(one: Held, leaving: Leaving, at: datetime) -> str:
    """ "late" where the promise runs out while they are away, "waiting" where only an answer is waited for, or "".

    What is late already is late; what runs out before they leave is still theirs to keep.
    """
    before_back = one.due_at is not None and (leaving.back_at is None or one.due_at < leaving.back_at)
    if one.due_at is not None and before_back and (one.due_at >= leaving.at or one.due_at <= at):
        return LATE
    return WAITING if one.awaiting else ""


def goes_over(one: Held, mode: str, leaving: Leaving, at: datetime) -> bool:
    """Whether a team with this setting hands it over."""
    why = why_over(one, leaving, at)
    return (mode in (LATE, WAITING) and why == LATE) or (mode == WAITING and why == WAITING)


def plan(
    held: Sequence[Held], others: Sequence[Candidate], at: datetime, back_at: datetime | None, *, queues: bool = False
) -> list[Move]:
    """For each of `held`, in order, the best of those who are there, or else of the next shift that begins.

    Who comes no sooner than the one who leaves is of no help: where they are of the next shift themselves, it stays
    with them. Where none of those who come has room, or nobody comes at all, it goes to the team's queue, if it
    `queues`. What was planned counts as load for what follows.
    """
    waves = _waves(others, at, back_at)
    moves = []
    for one in held:
        given = _given(one, waves, at, one.had) if one.had else None
        moves.append(given or _given(one, waves, at, ()) or _left(one, waves, back_at, queues))
    return moves


def _given(one: Held, waves: list[_Wave], at: datetime, had: Collection[UUID]) -> Move | None:
    """To the first who come and can take it, without those who had it; they then have one more."""
    for number, (there_at, loads) in enumerate(waves):
        choice = hand([load for load in loads if load.id not in had])
        if choice.member is not None:
            waves[number] = there_at, with_one_more(loads, choice.member.id, at, one.weight)
            return Move(one.id, Candidate(choice.member, there_at), choice.reason)
    return None


def _left(one: Held, waves: Sequence[_Wave], back_at: datetime | None, queues: bool) -> Move:
    if waves:
        return Move(one.id, None, hand(waves[0][1]).reason, queues)
    return Move(one.id, None, NOBODY_SOONER) if back_at else Move(one.id, None, NOBODY_COMES, queues)


def _waves(others: Sequence[Candidate], at: datetime, back_at: datetime | None) -> list[_Wave]:
    """Those who could take over by when they are there, the first first; each as if present then."""
    sooner = [one for one in others if one.there_at <= at or back_at is None or one.there_at < back_at]
    times = sorted({max(one.there_at, at) for one in sooner})
    return [
        (time, tuple(replace(one.load, present=True) for one in sooner if max(one.there_at, at) == time))
        for time in times
    ]
