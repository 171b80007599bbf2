"""How much of a difference is chance. Pure.

Two policies judged by the same conversations are paired: only those on which one agrees with people and the other does
not tell them apart (McNemar). Two shares of different conversations are compared by Newcombe's interval.
"""

from dataclasses import dataclass
from math import comb, erfc, sqrt

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
    return Difference(share, low, high, erfc(abs(share) / spread / sqrt(2)) if spread else 1.0)


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
