"""Kernel least squares: closed form, so that what it would have said without each example is known exactly and at once.

Regularised least squares on indicator targets with the kernel of `points.Blend`. Up to `EVERY` examples every one is a
landmark; beyond, `LANDMARKS` of them are (Nystroem). Leaving one out (Rifkin and Lippert 2007): f_i - y_i by
(1 - h_i), no folds and no second fit; all that is calibrated is calibrated on these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.points import Blend, Points

Floats = npt.NDArray[np.float32]
EVERY, LANDMARKS = 9_000, 6_000
_ROWS = 1_024
_EXACT_IN_DOUBLE = 2_000


@dataclass(frozen=True)
class Recalled:
    """What is said beside, for near copies of some landmarks alone: their places, weights, and the kernel's power."""

    places: npt.NDArray[np.int64]
    weights: Floats
    power: float

    def change(self, kernel: Floats) -> Floats:
        """By how much scores change, a row a point; `kernel` is that of the machine."""
        return np.asarray(kernel[:, self.places] ** np.float32(self.power) @ self.weights, np.float32)


@dataclass(frozen=True)
class Machine:
    """A fitted machine: `scores` are about 1 for the right label and 0 for the others."""

    blend: Blend
    landmarks: Points
    rows: npt.NDArray[np.int64]
    weights: Floats
    prior: Floats
    recalled: Recalled | None = None

    def kernel(self, points: Points) -> Floats:
        """Each point against each landmark."""
        return self.blend.kernel(points, self.landmarks)

    def scores(self, kernel: Floats) -> Floats:
        """Scores, a row a point, a column a label."""
        scores = np.asarray(kernel @ self.weights + self.prior, np.float32)
        return scores + self.recalled.change(kernel) if self.recalled else scores

    def spoke(self, kernel: Floats, at: int, column: int) -> float:
        """How much the landmark `at` spoke for the label of the column, to a point with that row of the kernel."""
        spoke = float(kernel[at] * self.weights[at, column])
        if self.recalled:
            row = np.flatnonzero(self.recalled.places == at)
            spoke += float(kernel[at] ** self.recalled.power * self.recalled.weights[row, column].sum())
        return spoke

    def close(self, kernel: Floats) -> Floats:
        """Of each row the likeness (0 to 1) to the likest landmark, and the mean of the likest five."""
        return _close(kernel, None, self.blend.sharpness)


@dataclass(frozen=True)
class Fitted:
    """The machine and, of each example left out, what it scores and how close the others are.

    `within` is what it scores with it, of all where every one is a landmark, else of none. `apart` is what it scores
    with all of its label left out: what is said of what was never seen.
    """

    machine: Machine
    without: Floats
    close: Floats
    within: Floats
    apart: tuple[Floats, Floats] | None = None


def fit(
    points: Points, targets: Floats, counts: Floats, blend: Blend, ridge: float, with_apart: bool = False
) -> Fitted:
    """Fit on points with indicator `targets` (a column a label); `counts` says how many times each row counts."""
    n = len(targets)
    prior = np.asarray((targets * counts[:, None]).sum(0) / max(float(counts.sum()), 1e-9), np.float32)
    rows = _landmarks(targets, n)
    place = np.full(n, -1)
    place[rows] = np.arange(len(rows))
    landmarks = points if len(rows) == n else points.take(rows)
    for harder in (1, 4, 16):
        try:
            on = (landmarks, rows, place)
            weights, without, close, apart = _solved(
                points, on, (targets - prior, counts), blend, ridge * harder, with_apart
            )
            break
        except ArithmeticError:  # Rounding; the more it is smoothed, the less that matters.
            continue
    else:
        raise ArithmeticError("the examples cannot be told apart from noise")
    machine = Machine(blend, landmarks, rows, weights, prior)
    within = targets[:0]
    if len(rows) == n:  # The system that was solved: kernel . weights + ridge / counts * weights = targets.
        within = np.asarray(targets - weights * (ridge * harder / np.maximum(counts, 1e-6))[:, None], np.float32)
    without = np.asarray(without + prior, np.float32)
    return Fitted(machine, without, close, within, (apart[0] + prior, apart[1]) if apart else None)


_On = tuple[Points, npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _solved(
    points: Points, on: _On, goal: tuple[Floats, Floats], blend: Blend, ridge: float, with_apart: bool
) -> tuple[Floats, Floats, Floats, tuple[Floats, Floats] | None]:
    """(weights, scores without each, closeness, both without each label), on landmarks with their rows and places.

    The last only where every row is a landmark.
    """
    landmarks, rows, place = on
    kernels = _kernels(points, landmarks, blend)
    parts = _parts(len(place))
    close = [_close(kernel, place[part], blend.sharpness) for part, kernel in zip(parts, kernels, strict=True)]
    if len(rows) != len(place):
        weights, without = _by_landmarks(kernels, rows, goal, ridge)
        return weights, without, np.concatenate(close), None
    label = goal[0].argmax(1)
    pairs = zip(parts, kernels, strict=True)
    far = [_far(kernel, label, part, blend.sharpness) for part, kernel in pairs if with_apart]
    inverse = _exact(_whole(kernels), goal[1], ridge)
    weights = inverse @ goal[0].astype(inverse.dtype)
    without = np.asarray(goal[0] - weights / np.diag(inverse)[:, None], np.float32)
    apart = (_apart(inverse, weights, goal[0], label), np.concatenate(far)) if with_apart else None
    return weights.astype(np.float32), without, np.concatenate(close), apart


def _apart(inverse: npt.NDArray[Any], weights: Floats, targets: Floats, label: npt.NDArray[np.int64]) -> Floats:
    """What is scored of each row without any of its label: by a block of the inverse as without one by its diagonal."""
    found = targets.copy()
    for one in np.unique(label):
        rows = np.flatnonzero(label == one)
        block = inverse[np.ix_(rows, rows)].astype(np.float64)
        found[rows] -= np.linalg.solve(block, weights[rows].astype(np.float64)).astype(np.float32)
    return found


def _far(kernel: Floats, label: npt.NDArray[np.int64], part: npt.NDArray[np.int64], sharpness: float) -> Floats:
    """As `_close`, without regard to what has the same label as a row."""
    return _close(np.where(label[part, None] == label, np.float32(1e-9), kernel), None, sharpness)


def _close(kernel: Floats, own: npt.NDArray[np.int64] | None, sharpness: float) -> Floats:
    """As `Machine.close`, without regard to a row's `own` column (-1: it has none)."""
    if own is not None:
        kernel = kernel.copy()
        there = np.flatnonzero(own >= 0)
        kernel[there, own[there]] = 1e-9
    few = min(5, kernel.shape[1])
    top = np.partition(kernel, -few, axis=1)[:, -few:] if few else np.full((len(kernel), 1), 1e-9, np.float32)
    likeness = np.maximum(1 + np.log(np.maximum(top, 1e-9)) / sharpness, 0)
    return np.column_stack([likeness.max(1), likeness.mean(1)]).astype(np.float32)


def _kernels(points: Points, landmarks: Points, blend: Blend) -> list[Floats]:
    """The kernel in parts of a thousand rows."""
    return [blend.kernel(points.take(part), landmarks) for part in _parts(points.words.shape[0])]


def _whole(kernels: list[Floats]) -> Floats:
    """All parts as one matrix in the order of columns, which is what LAPACK works on in place; parts are let go."""
    n = kernels[0].shape[1]
    whole = np.empty((n, n), np.float32, order="F")
    at = n
    while kernels:
        part = kernels.pop()
        at -= len(part)
        whole[:, at : at + len(part)] = part.T
    return whole


def _landmarks(targets: Floats, n: int) -> npt.NDArray[np.int64]:
    """Which rows: all, or an equal share of each label, the rest at random; always the same for the same input."""
    if n <= EVERY:
        return np.arange(n)
    chance = np.random.default_rng(0).permutation(n)
    label = targets.argmax(1)[chance]
    order = np.argsort(label, kind="stable")
    place = np.empty(n, np.int64)
    starts = np.searchsorted(label[order], np.arange(targets.shape[1]))
    place[order] = np.arange(n) - starts[label[order]]
    return np.sort(chance[np.argsort(place, kind="stable")[:LANDMARKS]])


def _exact(kernel: Floats, counts: Floats, ridge: float) -> npt.NDArray[Any]:
    """The inverse of the system in which every row is a landmark."""
    system = kernel if len(kernel) > _EXACT_IN_DOUBLE else kernel.astype(np.float64)
    system[np.diag_indices(len(system))] += (ridge / np.maximum(counts, 1e-6)).astype(system.dtype)
    return _inverse(system)


def _by_landmarks(
    kernels: Sequence[Floats], rows: npt.NDArray[np.int64], goal: tuple[Floats, Floats], ridge: float
) -> tuple[Floats, Floats]:
    from scipy.linalg import blas

    targets, counts = goal
    parts = _parts(len(targets))
    among = np.concatenate([kernel[_inside(rows, part)] for part, kernel in zip(parts, kernels, strict=True)])
    # In double: what is added on the diagonal is a millionth of a millionth of the sum of so many products.
    system = np.asfortranarray(ridge * among.astype(np.float64))
    right = np.zeros((len(among), targets.shape[1]))
    for part, kernel in zip(parts, kernels, strict=True):
        heavy = kernel * np.sqrt(counts[part, None]).astype(np.float64)
        system = blas.dsyrk(1.0, heavy.T, 1.0, system, lower=1, overwrite_c=1)
        right += heavy.T @ (targets[part] * np.sqrt(counts[part, None]))
    system[np.diag_indices(len(system))] += 1e-3 * ridge
    inverse = _inverse(system)
    weights = inverse @ right
    without = np.empty_like(targets)
    for part, kernel in zip(parts, kernels, strict=True):
        exact = kernel.astype(np.float64)
        own = np.minimum(np.einsum("ij,ij->i", exact @ inverse, exact) * counts[part], 0.99)[:, None]
        without[part] = (exact @ weights - own * targets[part]) / (1 - own)
    return weights.astype(np.float32), without


def _inside(rows: npt.NDArray[np.int64], part: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.asarray(rows[(rows >= part[0]) & (rows <= part[-1])] - part[0], np.int64)


def _parts(n: int) -> Sequence[npt.NDArray[np.int64]]:
    return [np.arange(first, min(first + _ROWS, n)) for first in range(0, n, _ROWS)]


def _inverse(system: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Of a positive definite matrix (its lower half is read), in its own precision.

    Should rounding have made it not quite so, a little is added to its diagonal.
    """
    from scipy.linalg import lapack

    single = system.dtype == np.float32
    factor_of, inverse_of = (lapack.spotrf, lapack.spotri) if single else (lapack.dpotrf, lapack.dpotri)
    # Only a large matrix is worked on in place: what rounding spoiled cannot be tried again there.
    large = len(system) > _EXACT_IN_DOUBLE
    for _ in range(6):
        factor, failed = factor_of(system, lower=1, overwrite_a=large)
        if not failed:
            inverse, _ = inverse_of(factor, lower=1, overwrite_c=1)
            return _mirrored(inverse)
        if large:
            break
        system[np.diag_indices(len(system))] += 0.01 * float(np.diag(system).mean())
    raise ArithmeticError("the examples cannot be told apart from noise")


def _mirrored(lower: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The whole of a symmetric matrix of which the lower half is known, block by block so that no copy is needed."""
    n = len(lower)
    for first in range(0, n, _ROWS):
        last = min(first + _ROWS, n)
        block = np.tril(lower[first:last, first:last])
        lower[first:last, first:last] = block + np.tril(block, -1).T
        lower[first:last, last:] = lower[last:, first:last].T
    return lower
