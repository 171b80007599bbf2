"""Decisions that a refit would forget, recalled: those that other examples, or labels' names, speak against.

A refit smooths, so that no single decision draws much; what is decided against all that is alike is smoothed away
with it. Whoever decided so should find it kept: for the same message, and for near copies of it.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.machine import Fitted, Recalled
from rapport.ownership.learning.points import Points

Floats = npt.NDArray[np.float32]
RECALLED_MAX = 600
NEAR = 10.0
"""How fast what is recalled falls off with likeness: its say is for near copies and hardly for anything else."""
AHEAD = 0.1
"""A decision that counts less than one, while there are few, and is kept by less is forgotten for near copies."""
SAME = 0.03
"""Less unlike than that two are the same message."""
_RIDGE = 0.08


def recalling(
    fitted: Fitted, points: Points, targets: Floats, said: npt.NDArray[np.bool_], counts: Floats
) -> Fitted:  # fmt: skip
    """The same, which gives each decision that somebody `said` its own label again: the latest 600 that it forgot.

    Where the same message was decided in several ways, the commonest; of as common ones the latest. Where some rows
    stand for the others nothing is recalled: then there are many of everything.
    """
    machine, label = fitted.machine, targets.argmax(1)
    if len(machine.rows) < len(targets):
        return fitted
    ahead = (fitted.within * targets).sum(1) - np.where(targets > 0, -np.inf, fitted.within).max(1)
    rows = np.flatnonzero(said & (ahead < np.where(counts < 1, AHEAD, 0)))[-RECALLED_MAX:]
    power = NEAR / machine.blend.sharpness
    near = machine.kernel(points.take(rows)) ** np.float32(power)
    kept = _commonest(near >= np.exp(-NEAR * SAME), targets * said[:, None], label[rows])
    rows, near = rows[kept], near[kept]
    if not len(rows):
        return fitted
    inverse = np.linalg.inv(near[:, rows].astype(np.float64) + _RIDGE * np.eye(len(rows)))
    missed = targets[rows] - fitted.within[rows]
    weights = (inverse @ missed).astype(np.float32)
    without = fitted.without + near.T @ weights
    # Of each of them, as the same least squares say it without that one.
    without[rows] = fitted.without[rows] + missed - weights / np.diag(inverse)[:, None].astype(np.float32)
    return replace(
        fitted, machine=replace(machine, recalled=Recalled(rows, weights, power)), without=without.astype(np.float32)
    )


def _commonest(same: npt.NDArray[np.bool_], targets: Floats, label: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each row's label is the commonest of those of the `same` message, of as common ones the latest."""
    n = len(targets)
    # The latest of two weighs more, and all that is added together less than one decision.
    votes = same @ (targets * (1 + np.arange(n) / (2 * n * n))[:, None])
    return np.asarray(votes.argmax(1) == label)
