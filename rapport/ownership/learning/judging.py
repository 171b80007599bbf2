"""How sure it is, and whether it is anything of ours: learned from what was said of each example left out."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning import calibration
from rapport.ownership.learning.calibration import Logistic, softmax, temperature
from rapport.ownership.learning.machine import Fitted
from rapport.ownership.learning.unseen import NONES_ENOUGH

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
HEAT_LEAST, TRIED_MIN = 5, 40
_LOST_MAX = 0.01
_UNLIKE_SHARE, _ROUNDING = 0.05, 1e-4
_ROWS = 1_024


@dataclass(frozen=True)
class Scored:
    """Scores of points: a column a label (without "none of ours"), that of "none", and how close examples are."""

    labels: Floats
    none: Floats
    close: Floats


@dataclass(frozen=True)
class Judge:
    """Turns scores into probabilities. Without decisions enough (`confidence` None) it is but a share among labels.

    The `heat` to begin with is what suited names alone on two public sets, on the careful side. Less alike than
    `unlike_at` to the likest is what is unlike all that was decided: few decisions are, each compared with the others.
    None is less than `least_at`: of what is, confidence has learned nothing, and it is no surer than any was (`rate`).
    """

    heat: float = 30.0
    confidence: Logistic | None = None
    gate: Logistic | None = None
    gate_at: float = 1.0
    tried: int = 0
    nones: int = 0
    unlike_at: float = 0.0
    least_at: float = 0.0
    rate: float = 1.0

    def shares(self, scored: Scored) -> Doubles:
        """The softmax over labels."""
        if not scored.labels.shape[1]:
            return np.zeros((len(scored.labels), 0))
        return softmax(scored.labels.astype(np.float64) * self.heat)

    def right(self, scored: Scored) -> Doubles:
        """The probability that a person would choose the likeliest label."""
        shares = self.shares(scored)
        if not shares.shape[1]:
            return np.zeros(len(shares))
        if self.confidence is None:
            alone = shares.shape[1] == 1  # With one label only there is no other to be wrong for.
            return np.asarray(shares.max(1) * ((1 - 1 / (2 + self.tried)) if alone else 1))
        sure = self.confidence(signs(scored, shares))
        return np.where(scored.close[:, 0] < self.least_at, np.minimum(sure, self.rate), sure)

    def none(self, scored: Scored) -> Doubles:
        """The probability of "none of ours"; while the gate is untrained, only how unlike everything known it is."""
        shares = self.shares(scored)
        if self.gate is not None and shares.shape[1]:
            return self.gate(signs(scored, shares))
        top = scored.labels.max(1) if scored.labels.shape[1] else np.zeros(len(scored.labels))
        return np.clip(1 - (top + scored.close[:, 0]) / 2, 0, 1).astype(np.float64)


def signs(scored: Scored, shares: Doubles) -> Doubles:
    """Seven signs of how sure it is: share, score, margin, spread, "none", closeness of the likest and likest five."""
    scores = scored.labels.astype(np.float64)
    few = min(2, scores.shape[1])
    top = np.sort(np.partition(scores, -few, axis=1)[:, -few:], axis=1)
    best = shares.max(1).clip(1e-6, 1 - 1e-6)
    spread = -(shares * np.log(shares.clip(1e-12))).sum(1)
    margin = top[:, -1] - top[:, 0] if few == 2 else top[:, -1]
    return np.column_stack(
        [np.log(best / (1 - best)), top[:, -1], margin, spread, scored.none, scored.close[:, 0], scored.close[:, 1]]
    )


def judged(
    fitted: Fitted, truth: npt.NDArray[np.int64], real: npt.NDArray[np.bool_], count: int
) -> tuple[Judge, tuple[Doubles, npt.NDArray[np.int64], npt.NDArray[np.bool_]]]:
    """Learn confidence and gate from what was said of the examples left out; names are no decisions.

    Of each decision beside it how sure it was, the likeliest label and whether that was right; of none where there are
    too few to learn from.
    """
    scored = Scored(fitted.without[real][:, :count], fitted.without[real][:, count], fitted.close[real])
    truth = truth[real]
    ours = truth < count
    nothing = (np.zeros(0), np.zeros(0, np.int64), np.zeros(0, bool))
    if count < 2 or ours.sum() < TRIED_MIN:
        judge = Judge(tried=int(ours.sum()), nones=int((~ours).sum()))
        if count < 2 or judge.tried < HEAT_LEAST:
            return judge, nothing
        # Too few to fit anything else: but where they contradict each other, it speaks less surely.
        return replace(judge, heat=min(judge.heat, temperature(scored.labels[ours], truth[ours]))), nothing
    heat = temperature(scored.labels[ours], truth[ours])
    label, looks = looked(scored, heat)
    right = ours & (label == truth)
    least, unlike = (float(np.quantile(scored.close[:, 0], part)) - _ROUNDING for part in (0, _UNLIKE_SHARE))
    judge = Judge(heat, None, None, 1.0, int(ours.sum()), int((~ours).sum()), unlike, least, float(right.mean()))
    gated = judge.nones >= NONES_ENOUGH
    # While there is no gate, what is none of ours is one more way to be wrong.
    told = ours if gated else np.ones(len(ours), bool)
    varied = bool(right[told].any() and not right[told].all())
    confidence = calibration.logistic(looks[told], right[told]) if varied else None
    judge = replace(judge, confidence=confidence)
    if gated:
        judge = _gated(judge, looks, ours)
    sure = confidence(looks) if confidence else softmax(scored.labels.astype(np.float64) * heat).max(1)
    if judge.gate:
        sure = sure * (1 - judge.gate(looks))
    return judge, (np.asarray(sure), label, right)


def looked(scored: Scored, heat: float) -> tuple[npt.NDArray[np.int64], Doubles]:
    """(the likeliest label, the signs) of each, a thousand rows at a time: with many labels a row is long."""
    labels, looks = [], []
    for first in range(0, len(scored.labels), _ROWS):
        part = slice(first, first + _ROWS)
        some = Scored(scored.labels[part], scored.none[part], scored.close[part])
        shares = softmax(some.labels.astype(np.float64) * heat)
        labels.append(shares.argmax(1))
        looks.append(signs(some, shares))
    return np.concatenate(labels), np.concatenate(looks)


def _gated(judge: Judge, looks: Doubles, ours: npt.NDArray[np.bool_]) -> Judge:
    gate = calibration.logistic(looks, ~ours)
    said = gate(looks)
    # It refuses where few of ours are lost, and never below the probability at which guessing would do as well.
    at = float(np.quantile(said[ours], 1 - _LOST_MAX))
    return replace(judge, gate=gate, gate_at=min(max(at, 0.02), 0.5))
