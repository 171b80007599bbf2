"""People out of pairs, without chains: A like B and B like C makes one of A and C only if these are alike, too."""

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bits = NDArray[np.float64]
    Numbers = NDArray[np.int64]

#: No single agreement or contradiction outweighs more than a few others.
_BITS_MOST = 15.0
_LARGE = 600
_STRICTER = 6.0


def clusters(
    size: int, pairs: tuple["Numbers", "Numbers"], bits: "Bits", ask: Callable[["Numbers", "Numbers"], "Bits"]
) -> "Numbers":
    """For each record the number of its human. `bits` are the pairs' scores, 0 being as likely as not; `ask` scores
    further pairs, those within what hangs together."""
    import numpy as np

    labels = np.arange(size)
    small = _groups(pairs, bits, 0.0)
    several = [group for group in small if len(group) > 2]
    for one in small:
        if len(one) == 2:
            labels[one] = min(one)
    if not several:
        return labels
    corners = [np.triu_indices(len(group), 1) for group in several]
    members = [np.array(group) for group in several]
    ones = np.concatenate([group[corner[0]] for group, corner in zip(members, corners, strict=True)])
    others = np.concatenate([group[corner[1]] for group, corner in zip(members, corners, strict=True)])
    scored = np.clip(ask(ones, others), -_BITS_MOST, _BITS_MOST)
    at = 0
    for group, corner in zip(members, corners, strict=True):
        for part in agglomerated(len(group), corner, scored[at : at + len(corner[0])]):
            labels[group[np.array(part)]] = group[np.array(part)].min()
        at += len(corner[0])
    return labels


def agglomerated(size: int, corner: tuple["Numbers", "Numbers"], bits: "Bits") -> "list[list[int]]":
    """Records 0 to size - 1 by human: the two groups most alike are joined while, on average, they are rather alike."""
    import numpy as np

    alike = np.full((size, size), -np.inf)
    alike[corner] = bits
    alike[corner[1], corner[0]] = bits
    groups: dict[int, list[int]] = {n: [n] for n in range(size)}
    weights = np.ones(size)
    while len(groups) > 1:
        one, other = np.unravel_index(int(np.argmax(alike)), alike.shape)
        if alike[one, other] <= 0:
            break
        together = weights[one] + weights[other]
        with np.errstate(invalid="ignore"):
            merged = (alike[one] * weights[one] + alike[other] * weights[other]) / together
        merged[[one, other]] = -np.inf
        alike[one], alike[:, one] = merged, merged
        alike[other], alike[:, other] = -np.inf, -np.inf
        weights[one] = together
        groups[int(one)] += groups.pop(int(other))
    return list(groups.values())


def _groups(pairs: tuple["Numbers", "Numbers"], bits: "Bits", least: float) -> list[list[int]]:
    """What hangs together by pairs of more than `least` bits; what is large, by ever better pairs."""
    kept = bits > least
    ones, others = pairs[0][kept], pairs[1][kept]
    found = connected(ones.tolist(), others.tolist())
    large = [group for group in found if len(group) > _LARGE]
    if not large or least > 40:
        return found
    import numpy as np

    within = np.isin(ones, np.concatenate([np.array(group) for group in large]))
    small = [group for group in found if len(group) <= _LARGE]
    return small + _groups((ones[within], others[within]), bits[kept][within], least + _STRICTER)


def connected(ones: list[int], others: list[int]) -> list[list[int]]:
    """What hangs together, at least two each."""
    parent: dict[int, int] = {}

    def top(n: int) -> int:
        while (above := parent.setdefault(n, n)) != n:
            parent[n] = n = parent[above]
        return n

    for one, other in zip(ones, others, strict=True):
        first, second = top(one), top(other)
        if first != second:
            parent[max(first, second)] = min(first, second)
    found: dict[int, list[int]] = defaultdict(list)
    for n in parent:
        found[top(n)].append(n)
    return [sorted(group) for group in found.values()]
