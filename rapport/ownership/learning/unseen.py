"""What was never seen: how much of it to reckon with, and what would be said of it.

Examples left out one by one say how right it is about more of the same. Of what nobody decided yet they say nothing: a
label without a decision, or "none of ours" of which hardly any are known. So each label is left out whole, too, and
what is said of its messages then is what will be said of such.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
NONES_ENOUGH = 80
"""So many decisions "none of ours" before the gate says anything: about a hundred, less some that were forgotten."""
_NONES_SAY = 10
"""While there is no gate, so many times their share of what was decided is reckoned with: a few say that they come, and
hardly how often."""
_MOST = 0.5


@dataclass(frozen=True)
class Unseen:
    """How sure it is of messages whose label it never saw, what it guesses, and the share of such to reckon with."""

    sure: Doubles
    guessed: npt.NDArray[np.int64]
    share: float

    def beside(self, seen: int, label: int | None = None) -> tuple[Doubles, float]:
        """(how sure, how much each counts) beside so many outcomes of what was seen; with `label`, those it guesses."""
        weight = self.share / (1 - self.share) * seen / max(len(self.sure), 1)
        if not weight:
            return np.zeros(0), 0.0
        return (self.sure if label is None else self.sure[self.guessed == label]), weight


def reckoned(decided: Sequence[int], nones: int) -> float:
    """Of what comes, how much may have a label without a decision, or be none of ours without a gate that sees it.

    `decided` are the decisions of each label. The next is the first of its kind as often as kinds came just once so far
    (Good and Turing).
    """
    total, once = sum(decided) + nones, sum(count == 1 for count in decided)
    said = _NONES_SAY * nones if nones < NONES_ENOUGH else 0
    return min(_MOST, max(once, said) / max(total, 1))
