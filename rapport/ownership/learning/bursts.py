"""A burst of corrections that contradict the past: found, so that a person looks before more is learned from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log

from rapport.ownership.learning.values import Example

WITHIN = timedelta(hours=1)
MANY = 10
# Another label was five times as likely. A share by itself would not tell: while few decisions were learned from, what
# is as good as excluded still has a tenth.
_UNEXPECTED = 0.2
_CHANCE = 1e-4
_USUAL_MIN = 0.1


@dataclass(frozen=True, slots=True)
class Burst:
    """Within an hour, `count` decisions of one member, `against` of them as good as excluded by all learned before."""

    member: str
    since: datetime
    until: datetime
    count: int
    against: int
    ids: tuple[str, ...]


def bursts(examples: Iterable[Example]) -> list[Burst]:
    """The worst hour of each member whose decisions contradict the past more often than chance allows.

    What is usual is measured on the others' decisions, at least one in ten: models do err. Examples without member,
    time or expectation say nothing here.
    """
    heard = [one for one in examples if one.member and one.at and one.expected is not None]
    found = []
    for member in sorted({one.member for one in heard}):
        own = sorted((one for one in heard if one.member == member), key=_when)
        others = [one for one in heard if one.member != member]
        usual = max(_USUAL_MIN, (sum(map(_against, others)) + 1) / (len(others) + 2) if others else _USUAL_MIN)
        worst = _worst_hour(own, min(usual, 0.9))
        if worst:
            found.append(Burst(member, _when(worst[0]), _when(worst[-1]), len(worst), sum(map(_against, worst)),
                               tuple(one.id for one in worst if _against(one))))  # fmt: skip
    return found


def _worst_hour(own: Sequence[Example], usual: float) -> Sequence[Example]:
    worst: Sequence[Example] = ()
    least, first = _CHANCE, 0
    for last in range(len(own)):
        while _when(own[last]) - _when(own[first]) > WITHIN:
            first += 1
        hour = own[first : last + 1]
        if len(hour) >= MANY and (chance := _at_least(sum(map(_against, hour)), len(hour), usual)) < least:
            worst, least = hour, chance
    return worst


def _against(example: Example) -> bool:
    return example.expected is not None and example.expected < _UNEXPECTED


def _when(example: Example) -> datetime:
    if example.at is None:
        raise ValueError("an example without time")
    return example.at


def _at_least(hits: int, tries: int, share: float) -> float:
    """The chance of so many hits or more, were each as likely as `share`."""
    total = 0.0
    for k in range(hits, tries + 1):
        ways = lgamma(tries + 1) - lgamma(k + 1) - lgamma(tries - k + 1)
        total += exp(ways + k * log(share) + (tries - k) * log(1 - share))
    return min(total, 1.0)
