"""A batch that is being decided: what to ask about each of what was learned, once for both policies of a trial."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from rapport.ownership import learned, suggesting
from rapport.ownership.engine import Directory, TeamEntry, Verdict
from rapport.ownership.facts import Facts
from rapport.ownership.kinds import TEAM, Slot
from rapport.ownership.learned import Answers, Question
from rapport.ownership.policy import Policy
from rapport.ownership.shadowing import Beside, OnTrial, beside


@dataclass(frozen=True)
class Heeded:
    """The verdict that is heeded, of which policy and version; of a trial both verdicts, and the policy not heeded."""

    verdict: Verdict
    policy: Policy
    version: int | None
    beside: Beside | None = None
    other: Policy | None = None


def heeded(base: Heeded, on: OnTrial | None, message: tuple[UUID, Facts], directory: Directory) -> Heeded:
    """With the policy on trial asked too, which is heeded where it decides for a share that has this message."""
    if on is None:
        return base
    said = beside(on, *message, directory, base.verdict)
    if said.acted and said.trial is not None and on.policy is not None:
        return Heeded(said.trial, on.policy, on.version, said, base.policy)
    return replace(base, beside=said, other=on.policy)


@dataclass(frozen=True)
class Arrived:
    """One message: what to ask about it, how much it weighs by its priority, and what a trial says of it.

    `beside_asks`: the policy that is not heeded leaves open whose it is, so what was learned would have been asked.
    """

    question: Question
    weigh: Callable[[str], float]
    beside: Beside | None = None
    beside_asks: bool = False

    def own(self, found: Answers) -> Answers:
        """Of the answers those that the policy which is heeded asked for."""
        kinds = {slot.kind for slot in self.question.slots}
        return {kind: answer for kind, answer in found.items() if kind in kinds}

    def with_beside(self, found: Answers, teams: Mapping[str, TeamEntry]) -> "Arrived":
        """With what would have been done by the policy that is not heeded, what was learned included."""
        if self.beside is None or self.beside.other is None or not self.beside_asks or TEAM not in found:
            return self
        done = suggesting.sort(self.beside.other, {TEAM: found[TEAM]}, teams, {}, self.weigh)
        return replace(self, beside=self.beside.with_other(done.verdict))


def leaves_open(policy: Policy | None, verdict: Verdict | None, facts: Facts) -> bool:
    """Whether what was learned is asked whose it is, where this policy said this."""
    if policy is None or verdict is None:
        return False
    return Slot(TEAM) in suggesting.question(policy, verdict, facts, {}, None).slots


def ask(arrived: Sequence[Arrived]) -> dict[int, Answers]:
    """What was learned, by the place in the batch, in the system's scope.

    Of many only the first are asked about: those without an owner before all others, and last those of which only the
    policy asks that is not heeded. The rest keep no suggestion, which says that nobody was asked.
    """
    places = [place for place, one in enumerate(arrived) if one.question.slots or one.beside_asks]
    places.sort(key=lambda place: _rank(arrived[place]))
    return dict(zip(places, learned.ask([_both(arrived[place]) for place in places]), strict=False))


def _rank(one: Arrived) -> int:
    slots = one.question.slots
    return 0 if Slot(TEAM) in slots else 1 if slots else 2


def _both(one: Arrived) -> Question:
    slots = one.question.slots
    also = one.beside_asks and Slot(TEAM) not in slots
    return replace(one.question, slots=(*slots, Slot(TEAM))) if also else one.question
