"""Ways of giving a conversation to somebody of a team, to be compared. Pure: each is made anew for each simulation."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from math import inf
from typing import Any, Protocol
from uuid import UUID

from rapport.ownership.assign import MemberLoad
from rapport.ownership.assign import choose as choose_by_room
from rapport.ownership.simulate.within.month import Asked, Standing, Strategy


class Chosen(Protocol):
    """What a choice tells."""

    @property
    def member(self) -> MemberLoad | None:
        """Who it is; None: nobody can."""
        ...


def round_robin() -> Strategy:
    """Plain: whoever works and is next in turn, whatever they have already."""
    turns: dict[str, UUID] = {}

    def choose(team: Sequence[Standing], asked: Asked) -> UUID | None:
        there = [one.worker.id for one in team if one.present]
        if not there:
            return None
        last = turns.get(asked.arrival.team)
        turns[asked.arrival.team] = next((id for id in there if last is None or id > last), there[0])
        return turns[asked.arrival.team]

    return choose


def least_loaded() -> Strategy:
    """Plain: of those who work and have room, whoever has least open; of equals the first."""

    def choose(team: Sequence[Standing], asked: Asked) -> UUID | None:
        free = [one for one in team if one.present and one.room]
        return min(free, key=lambda one: one.open).worker.id if free else None

    return choose


def by_room() -> Strategy:
    """Ours for `assign = "load"`: the smallest share of their capacity, of equals whoever waited longest."""
    return chosen_by(lambda members, _asked: choose_by_room(members))


def chosen_by(choose: Callable[[Iterable[MemberLoad], Asked], Chosen]) -> Strategy:
    """Any function over members as the pipeline makes them, such as the one that decides."""

    def strategy(team: Sequence[Standing], asked: Asked) -> UUID | None:
        found = choose([load_of(one) for one in team], asked).member
        return found.id if found else None

    return strategy


#: What a member's load has beyond who they are, from where it stands here. Only what the type has is told.
_TOLD: dict[str, Callable[[Standing], Any]] = {
    "open_count": lambda one: one.open,
    "capacity": lambda one: one.worker.capacity,
    "present": lambda one: one.present,
    "last_assigned_at": lambda one: moment(one.last) if one.last > -inf else None,
    "skills": lambda one: one.worker.skills,
    "languages": lambda one: one.worker.languages,
    "given": lambda one: one.week,
    "lately": lambda one: one.hour,
    "worked": lambda one: one.worked / 60,
}
_HAS = [(name, told) for name, told in _TOLD.items() if name in {one.name for one in fields(MemberLoad)}]


def load_of(one: Standing) -> MemberLoad:
    """A member as the pipeline sees them."""
    worker = one.worker
    return MemberLoad(worker.id, worker.email, worker.name, **{name: told(one) for name, told in _HAS})


def moment(at: float) -> datetime:
    """Seconds since 1970 as a moment."""
    return datetime.fromtimestamp(at, UTC)


STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "round_robin": round_robin,
    "least_loaded": least_loaded,
    "by_room": by_room,
}
"""Every way by its name, the one that others are compared with first."""
