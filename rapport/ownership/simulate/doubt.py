"""How much of a difference is chance. Pure.

Two policies judged by the same conversations are paired: only those on which one agrees with people and the other does
not tell them apart (McNemar). Two shares of different conversations are compared by Newcombe's interval; where they
were not drawn alike all the time, within each part of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb, erfc, fsum, sqrt
from typing import NamedTuple

_Z = 1.959964  # 95 percent
_EXACT_MAX = 1000
CHANCE = 0.05
"""Below this a difference is called more than chance."""


@dataclass(frozen=True)
class Difference:
    """How much more (in shares of one) the second has than the first, between `low` and `high` at 95 percent.

    `chance` is how often so large a difference would come by chance alone.
    """

    share: float
    low: float
    high: float
    chance: float

    @property
    def is_clear(self) -> bool:
        """Whether it is more than chance would bring."""
        return self.chance < CHANCE


def paired(only_first: int, only_second: int, total: int) -> Difference:
    """Of `total` cases judged by both, in how many only the first or only the second was right.

    The interval is Agresti and Min's, which holds for few cases too; the chance is McNemar's, exact up to a thousand.
    """
    if not total:
        return Difference(0.0, -1.0, 1.0, 1.0)
    share = (only_second - only_first) / total
    b, c, n = only_first + 0.5, only_second + 0.5, total + 2
    middle, wide = (c - b) / n, _Z * sqrt(max(0.0, (b + c) - (c - b) ** 2 / n)) / n
    return Difference(share, max(-1.0, middle - wide), min(1.0, middle + wide), _mcnemar(only_first, only_second))


def unpaired(first: tuple[int, int], second: tuple[int, int]) -> Difference:
    """Two shares, each (how many, of how many), of different cases: Newcombe's interval of the difference."""
    if not first[1] or not second[1]:
        return Difference(0.0, -1.0, 1.0, 1.0)
    p1, p2 = first[0] / first[1], second[0] / second[1]
    (l1, u1), (l2, u2) = wilson(*first), wilson(*second)
    share = p2 - p1
    low = share - sqrt((p2 - l2) ** 2 + (u1 - p1) ** 2)
    high = share + sqrt((u2 - p2) ** 2 + (p1 - l1) ** 2)
    pooled = (first[0] + second[0]) / (first[1] + second[1])
    spread = sqrt(pooled * (1 - pooled) * (1 / first[1] + 1 / second[1]))
    return Difference(share, max(-1.0, low), min(1.0, high), erfc(abs(share) / spread / sqrt(2)) if spread else 1.0)


class Apart(NamedTuple):
    """Two shares of several lots, as if each lot were as large for both, and the difference within the lots."""

    first: float
    second: float
    difference: Difference


def within_lots(lots: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> Apart:
    """Two shares, each (how many, of how many) lot by lot: what differs from one lot to another makes no difference.

    Each lot counts by how much it says (Mantel and Haenszel); one that has cases of one side only says nothing. Of one
    lot it is `unpaired`, of several the interval is made of their Wilson intervals (MOVER), and the chance is that of
    Cochran, Mantel and Haenszel.
    """
    both = [(one, other) for one, other in lots if one[1] and other[1]]
    if len(both) < 2:
        one, other = both[0] if both else ((0, 0), (0, 0))
        return Apart(one[0] / one[1] if one[1] else 0.0, other[0] / other[1] if other[1] else 0.0, unpaired(one, other))
    sizes = [one[1] * other[1] / (one[1] + other[1]) for one, other in both]
    weights = [size / sum(sizes) for size in sizes]
    first, second = (fsum(w * lot[n][0] / lot[n][1] for w, lot in zip(weights, both, strict=True)) for n in (0, 1))
    down, up, excess, spread = 0.0, 0.0, 0.0, 0.0
    for weight, (one, other) in zip(weights, both, strict=True):
        (l1, u1), (l2, u2) = wilson(*one), wilson(*other)
        p1, p2 = one[0] / one[1], other[0] / other[1]
        down += weight**2 * ((p2 - l2) ** 2 + (u1 - p1) ** 2)
        up += weight**2 * ((u2 - p2) ** 2 + (p1 - l1) ** 2)
        hits, of = one[0] + other[0], one[1] + other[1]
        excess += other[0] - hits * other[1] / of
        spread += hits * (of - hits) * one[1] * other[1] / (of * of * (of - 1))
    share = second - first
    chance = erfc(abs(excess) / sqrt(2 * spread)) if spread else 1.0
    return Apart(first, second, Difference(share, max(-1.0, share - sqrt(down)), min(1.0, share + sqrt(up)), chance))


def wilson(some: int, of: int) -> tuple[float, float]:
    """Between what a share lies at 95 percent (Wilson)."""
    if not of:
        return 0.0, 1.0
    p, z2 = some / of, _Z**2
    middle, wide = p + z2 / (2 * of), _Z * sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return max(0.0, (middle - wide) / (1 + z2 / of)), min(1.0, (middle + wide) / (1 + z2 / of))


def _mcnemar(b: int, c: int) -> float:
    n = b + c
    if not n:
        return 1.0
    if n > _EXACT_MAX:
        return erfc(max(0.0, abs(b - c) - 1) / sqrt(n) / sqrt(2))
    tail = sum(comb(n, k) for k in range(min(b, c) + 1))
    return min(1.0, 2.0 * tail / 2.0**n)
