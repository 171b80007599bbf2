"""Ways of giving a conversation to somebody of a team, to be compared. Pure: each is made anew for each simulation."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from math import inf
from uuid import UUID

from rapport.ownership.simulate.within.month import Asked, Standing, Strategy
from rapport.ownership.within.choosing import choose
from rapport.ownership.within.values import Ask, Choice, MemberLoad


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


def weighed(how: str) -> Callable[[], Strategy]:
    """Ours for `assign = "load"`, `"best"` and the like: the very choice that decides, with what is known of it."""

    def ask(asked: Asked) -> Ask:
        one = asked.arrival
        answered = {id: moment(at) for id, at in asked.answered.items()}
        return Ask(how, one.weight, one.urgent, one.language, one.skills, one.holder, answered=answered)

    return lambda: chosen_by(lambda members, asked: choose(members, ask(asked)))


def chosen_by(choose: Callable[[Iterable[MemberLoad], Asked], Choice]) -> Strategy:
    """Any function over members as the pipeline makes them, such as the one that decides."""

    def strategy(team: Sequence[Standing], asked: Asked) -> UUID | None:
        found = choose([load_of(one) for one in team], asked).member
        return found.id if found else None

    return strategy


def load_of(one: Standing) -> MemberLoad:
    """A member as the pipeline sees them."""
    worker = one.worker
    return MemberLoad(
        worker.id, worker.email, worker.name, one.open, int(worker.capacity), one.present,
        moment(one.last) if one.last > -inf else None, skills=worker.skills, languages=worker.languages,
        given=one.week, lately=one.hour, worked=one.worked / 60,
    )  # fmt: skip


def moment(at: float) -> datetime:
    """Seconds since 1970 as a moment."""
    return datetime.fromtimestamp(at, UTC)


STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "round_robin": round_robin,
    "least_loaded": least_loaded,
    "by_room": weighed("load"),
    "rotation": weighed("rotation"),
    "best": weighed("best"),
}
"""Every way by its name, the one that others are compared with first."""
