"""A what-if from beginning to end: read the past in parts, replay them, in several processes if there is much of it.

Nothing is written: every part runs in a transaction in which the database refuses to.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from rapport.core import scope
from rapport.ownership.conditions import names_in
from rapport.ownership.conditions.who import EarlierOwner
from rapport.ownership.plain import policy_from_dict
from rapport.ownership.policy import EARLIER_OWNER, HOLDER, Policy
from rapport.ownership.simulate import apart, happened, history
from rapport.ownership.simulate.changed import Changed, read
from rapport.ownership.simulate.desks import Load, seat_all
from rapport.ownership.simulate.earlier import Earlier
from rapport.ownership.simulate.former import Setups, Shifts, timeline
from rapport.ownership.simulate.joined import Joined
from rapport.ownership.simulate.kept_of_late import KeptOfLate
from rapport.ownership.simulate.past import Asked, Staffing
from rapport.ownership.simulate.promises import asked_by
from rapport.ownership.simulate.replay import Drafted, Pair, Tally, pair, replay
from rapport.ownership.simulate.senders import Senders
from rapport.ownership.simulate.story import story
from rapport.ownership.simulate.suggested import came
from rapport.ownership.simulate.within.telling import within

PART = 1000
_WORTH_A_PROCESS = 8_000
"""So many conversations take about as long as starting another process."""


Progress = Callable[[int, int], bool]
"""Told how many of how many are done; whether to go on."""


class Stopped(Exception):
    """Whoever asked does not want to know any more."""


def what_if(asked: Asked, progress: Progress = lambda done, total: True, processes: int = 1) -> dict[str, Any]:
    """The story of it (`simulate.story`). Raises PolicyError for a policy that cannot be read, Stopped when told to."""
    base, draft = policy_from_dict(asked.base), policy_from_dict(asked.draft)
    ids = _visible(asked)
    parts = [ids[at : at + PART] for at in range(0, len(ids), PART)]
    tally = Tally()
    count = min(processes, 1 + len(ids) // _WORTH_A_PROCESS)
    for done, part in enumerate(_replayed(asked, parts, count), 1):
        tally.add(part)
        if not progress(min(done * PART, len(ids)), len(ids)):
            raise Stopped
    changed = read(asked.setup)
    with history.read_only():
        shifts = history.shifts(asked.since)
    loads, staffing = _load(tally, shifts, changed)
    told = story(tally, loads, (base, draft), staffing, shifts.otherwise(changed).sizes())
    return told | {"setup": dict(asked.setup), "within": within(asked.since, asked.until, asked.member_id)}


def _visible(asked: Asked) -> list[UUID]:
    with history.read_only() if asked.member_id is None else scope.member(asked.member_id):
        return history.conversations(asked.since, asked.until)


def _replayed(asked: Asked, parts: Sequence[list[UUID]], processes: int) -> Iterator[Tally]:
    if processes < 2:
        here = Replayer(asked)
        yield from map(here.part, parts)
        return
    yield from apart.replayed(asked, parts, processes)


class Replayer:
    """What replays parts: both policies made ready, the company, and whom it has met."""

    def __init__(self, asked: Asked) -> None:
        base, draft = policy_from_dict(asked.base), policy_from_dict(asked.draft)
        self._policies: Pair = pair(base, draft, asked.number)
        self._with = asked_by((base, draft))
        self._before = Earlier() if asks_earlier(base) or asks_earlier(draft) else None
        self._span, self._until = (asked.since, asked.until), asked.until
        self._late: dict[str, KeptOfLate] = {}
        self._changed = read(asked.setup)
        self._setups: tuple[Setups, Setups] | None = None
        self._senders, self._joined = Senders(), Joined()

    def part(self, ids: Sequence[UUID]) -> Tally:
        """One part, in a transaction that cannot write."""
        with history.read_only():
            if self._setups is None:
                self._setups = self._read()
                self._late = {kind: KeptOfLate(came(kind, self._span)) for kind in self._changed.promised}
            setups, others = self._setups
            past = history.past(ids, self._senders, setups, self._before, self._joined)
            if self._with.turns:
                past = happened.with_turns(past, with_held=self._with.steps)
        tally = Tally()
        # Setups change seldom: most parts are of one.
        for scenery, of_it in groupby(past, key=lambda one: setups.at(one.then)):
            group = list(of_it)
            other = others.at(group[0].then) if others is not setups else None
            drafted = Drafted(other, self._changed.learned, self._changed.promised, self._late)
            tally.add(replay(group, self._policies, scenery, drafted))
        return tally

    def _read(self) -> tuple[Setups, Setups]:
        whole = timeline()
        setups = Setups(whole, self._until)
        return setups, Setups(whole, self._until, self._changed) if self._changed.changes_rows else setups


def asks_earlier(policy: Policy) -> bool:
    """Whether anything in it depends on who owned a conversation before."""
    return any(
        rule.then.owner in (EARLIER_OWNER, HOLDER) or EarlierOwner.name in names_in(rule.when) for rule in policy.rules
    )


def _load(tally: Tally, shifts: Shifts, changed: Changed) -> tuple[tuple[Load, Load], Staffing]:
    """Both policies' desks, and everybody who sat at one."""
    if not tally.jobs:
        return (Load(), Load()), Staffing()
    others = shifts.otherwise(changed)
    loads = seat_all(tally.jobs, shifts.at, others.at)
    first, second = shifts.everybody(), others.everybody()
    seats = {slug: (*second.seats.get(slug, ()), *of) for slug, of in first.seats.items()}
    return loads, Staffing({**second.seats, **seats})
