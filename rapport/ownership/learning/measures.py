"""How good predictions are, as figures. Every figure is a share, 0 to 1."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def accuracy(right: Sequence[bool] | npt.NDArray[np.bool_]) -> float:
    """Of these, so many right; 0 of none."""
    return float(np.mean(right)) if len(right) else 0.0


def macro_f1(truth: Sequence[str], said: Sequence[str]) -> float:
    """The mean over labels (true or said) of each label's F1: a rare label counts as much as a common one."""
    pairs = list(zip(truth, said, strict=True))
    labels = sorted({*truth, *said})
    return float(np.mean([_f1(pairs, label) for label in labels])) if labels else 0.0


def _f1(pairs: Sequence[tuple[str, str]], label: str) -> float:
    both = sum(a == label == b for a, b in pairs)
    either = sum(a == label for a, _ in pairs) + sum(b == label for _, b in pairs)
    return 2 * both / either if either else 0.0


def auroc(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """The chance that a positive scores higher than a negative, ties by half; 0.5 where one kind is absent."""
    many = int(positive.sum())
    if not many or many == len(positive):
        return 0.5
    order = np.argsort(scores, kind="stable")
    ranked = np.empty(len(scores))
    ordered = scores[order]
    _, first, counts = np.unique(ordered, return_index=True, return_counts=True)
    ranked[order] = np.repeat(first + (counts + 1) / 2, counts)
    return float((ranked[positive].sum() - many * (many + 1) / 2) / (many * (len(scores) - many)))


def ece(probability: Floats, right: npt.NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error: how far what was said differs from what came true, over 15 equal steps."""
    if not len(right):
        return 0.0
    place = np.minimum((probability * bins).astype(int), bins - 1)
    error = 0.0
    for step in range(bins):
        here = place == step
        if here.any():
            error += here.mean() * abs(float(probability[here].mean()) - float(right[here].mean()))
    return float(error)
