"""What was never seen: how much of it to reckon with, and what would be said of it.

Examples left out one by one say how right it is about more of the same. Of what nobody decided yet they say nothing: a
label without a decision, or "none of ours" of which hardly any are known. So each label is left out whole, too, and
what is said of its messages then is what will be said of such.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
NONES_ENOUGH = 80
"""So many decisions "none of ours" before the gate says anything: about a hundred, less some that were forgotten."""
_NONES_SAY = 10
"""While there is no gate, so many times their share of what was decided is reckoned with: a few say that they come, and
hardly how often."""
_MOST, _MOST_FOUND = 0.5, 0.9
CAME_LEAST, _LABELS_LEAST = 100, 3
"""Of fewer that came, or with fewer labels decided, nothing is found out: what is decided has to say it."""
_CELLS, _ROUNDS, _CAREFUL = 8, 300, 0.5
"""How many cells of sureness are told apart, how often the share is put right, and how many of its errors it is read on
the low side: where nothing unseen comes, chance alone would find some."""


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

    def after(
        self, decided: Mapping[str | None, int], sure: tuple[Doubles, Doubles], besides: tuple[int, int]
    ) -> "Unseen":
        """With the share found in what came of late, where that is enough to find it in.

        `sure` is how sure it is of (what was seen, what came undecided), `besides` how much came and was decided, as
        (ours, none of ours). With two labels there is but the other to guess when one is left out, as surely as ever.
        """
        ours = [count for label, count in decided.items() if label is not None]
        many = len(sure[1]) + sum(besides)
        if many < CAME_LEAST or len(ours) < _LABELS_LEAST:
            return self
        found = (came(sure[0], self.sure, sure[1]) * len(sure[1]) + besides[1]) / many
        return replace(self, share=reckoned(ours, decided.get(None, 0), found))


def reckoned(decided: Sequence[int], nones: int, found: float | None = None) -> float:
    """Of what comes, how much may have a label without a decision, or be none of ours without a gate that sees it.

    `decided` are the decisions of each label. The next is the first of its kind as often as kinds came just once so far
    (Good and Turing). `found` is the share among what came of late (`came`), where so much came that it can be found.
    """
    total, once = sum(decided) + nones, sum(count == 1 for count in decided)
    if found is not None:
        return min(_MOST_FOUND, max(found, max(once, nones) / max(total, 1)))
    said = _NONES_SAY * nones if nones < NONES_ENOUGH else 0
    return min(_MOST, max(once, said) / max(total, 1))


def came(seen: Doubles, unseen: Doubles, lately: Doubles) -> float:
    """The share of the unseen among what came `lately`, of all of which it is known how sure it is.

    Their sureness is that of what was seen (left out one by one) and of what was not (left out by label), mixed: the
    share is the one that makes what came likeliest (expectation and maximisation).
    """
    edges = np.quantile(np.concatenate([seen, unseen]), np.linspace(0, 1, _CELLS + 1)[1:-1])
    known, not_known = (_shares(edges, sure)[np.searchsorted(edges, lately)] for sure in (seen, unseen))
    share = 0.2
    for _ in range(_ROUNDS):
        mixed = share * not_known + (1 - share) * known
        share = float((share * not_known / mixed).sum()) / (len(lately) + 2)
    sharpness = float((((not_known - known) / (share * not_known + (1 - share) * known)) ** 2).sum())
    return max(0.0, share - _CAREFUL / float(np.sqrt(max(sharpness, 1e-9))))


def _shares(edges: Doubles, sure: Doubles) -> Doubles:
    """The share of each cell, none of them nought."""
    cells = len(edges) + 1
    return np.asarray((np.bincount(np.searchsorted(edges, sure), minlength=cells) + 0.5) / (len(sure) + 0.5 * cells))
