"""From scores to probabilities that come true, and to the probability above which a promise holds.

All is learned from predictions made without the example in question: left out (`machine`), or made before it was
decided.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_STEPS = 60
_CELLS_MAX = 400_000
ENOUGH = 60
WINDOW = 600
_READ_EVERY = 20
_DOUBT = 1.28
"""So many standard errors down a precision of the past is read: nine times in ten it is better."""
_MOVED_PULL = (4.0, 8.0)
"""How firmly offset and slope stay where nothing moves; a decision pulls at the offset with a quarter at most."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """Probability = 1 / (1 + exp(-(offset + weights . (x - mean) / scale)))."""

    weights: tuple[float, ...]
    offset: float
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def __call__(self, rows: Floats) -> Floats:
        """One probability a row."""
        return _sigmoid((rows - np.array(self.mean)) / np.array(self.scale) @ np.array(self.weights) + self.offset)


def logistic(
    rows: Floats, positive: npt.NDArray[np.bool_], counts: Floats | None = None, ridge: float = 1.0
) -> Logistic:
    """Fit by Newton's method to the end (a loose tolerance stops at the start without a word)."""
    mean, scale = rows.mean(0), np.maximum(rows.std(0), 1e-6)
    x = np.column_stack([(rows - mean) / scale, np.ones(len(rows))])
    y, w = positive.astype(np.float64), np.ones(len(rows)) if counts is None else counts
    penalty = np.diag([ridge] * rows.shape[1] + [1e-6])
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = _sigmoid(x @ beta)
        slope = x.T @ (w * (p - y)) + penalty @ beta
        curve = (x * (w * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ x + penalty
        step = np.linalg.solve(curve, slope)
        beta -= step / max(1.0, float(np.abs(step).max()) / 2)
        if float(np.abs(step).max()) < 1e-8:
            break
    return Logistic(tuple(beta[:-1]), float(beta[-1]), tuple(mean), tuple(scale))


def temperature(scores: npt.NDArray[np.floating], truth: npt.NDArray[np.int64]) -> float:
    """By how much to multiply scores before the softmax, so that the log-likelihood of what was true is greatest.

    Of a large matrix every so manieth row is looked at: some hundred thousand scores say it well enough.
    """
    step = 1 + scores.size // _CELLS_MAX
    scores, truth = scores[::step], truth[::step]
    best, at = -np.inf, 1.0
    for by in np.geomspace(1, 60, 40):
        shifted = scores * by
        top = shifted.max(1)
        whole = np.log(np.exp(shifted - top[:, None]).sum(1))
        likelihood = float((shifted[np.arange(len(truth)), truth] - top - whole).mean())
        if likelihood > best:
            best, at = likelihood, float(by)
    return at


def softmax(scores: Floats) -> Floats:
    """Shares, a row each."""
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Trade:
    """At which probability to assign so that the promise is kept, and what came of it in the past."""

    threshold: float
    coverage: float
    precision: float


NEVER = Trade(2.0, 0.0, 0.0)


def promised(
    probability: Floats, right: npt.NDArray[np.bool_], wanted: float, never: tuple[Floats, float] | None = None
) -> Trade:
    """The lowest threshold at which the precision of the past is `wanted` even when it is read on the careful side.

    `never` are (probabilities, how much each counts) of what could not have been right. `NEVER` where there is no such
    threshold: too few decisions, or too many wrong.
    """
    beside, weight = never or (np.zeros(0), 0.0)
    every = np.append(probability, beside)
    order = np.argsort(-every, kind="stable")
    each = np.append(np.ones(len(right)), np.full(len(beside), weight))[order]
    hit = np.append(right, np.zeros(len(beside)))[order]
    low = _low(np.cumsum(hit), np.cumsum(each), np.cumsum(each**2))
    ends = np.append(every[order][1:] < every[order][:-1], True) if len(order) else np.zeros(0, bool)
    fine = np.flatnonzero((low >= wanted) & ends)
    if not len(fine):
        return NEVER
    threshold = float(every[order][fine[-1]])
    taken = probability >= threshold
    return Trade(threshold, float(taken.mean()), float(right[taken].mean()) if taken.any() else 0.0)


def _low(hits: Floats, count: Floats, squares: Floats) -> Floats:
    """Wilson's lower end: honest for few, where the plain error of 10 out of 10 would be nought."""
    share, z2 = hits / count, _DOUBT * _DOUBT
    many = count**2 / squares
    width = _DOUBT * np.sqrt(share * (1 - share) / many + z2 / (4 * many**2))
    return np.asarray((share + z2 / (2 * many) - width) / (1 + z2 / many))


def trade_curve(probability: Floats, right: npt.NDArray[np.bool_], points: int = 50) -> Sequence[Trade]:
    """Coverage against precision, from few and sure to all: what the page draws."""
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(right[order])
    at = np.unique(np.linspace(0, max(len(order) - 1, 0), min(points, len(order))).astype(int))
    return [Trade(float(probability[order][i]), (i + 1) / len(order), float(hits[i] / (i + 1))) for i in at]


@dataclass
class Window:
    """The latest decisions, as they came: what was said before each, and whether it was right."""

    said: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _count: int = 0
    _curve: tuple[int, Logistic | None] = (0, None)
    _trades: dict[float, tuple[int, Trade]] = field(default_factory=dict)

    def add(self, probability: float, right: bool) -> None:
        """One more decision; the oldest of more than 600 is let go."""
        self.said.append((probability, right))
        self._count += 1

    @property
    def enough(self) -> bool:
        """Whether there are as many as a threshold can be read from."""
        return len(self.said) >= ENOUGH

    def recalibrated(self, probability: Floats) -> Floats:
        """Probabilities as the latest decisions make them; as they were while there are too few."""
        if self.enough and self._is_old(self._curve[0]):
            past, right = self._arrays()
            varied = bool(right.any() and not right.all())
            self._curve = (self._count, logistic(logit(past)[:, None], right, ridge=2.0) if varied else None)
        curve = self._curve[1]
        return probability if curve is None else curve(logit(probability)[:, None])

    def trade(self, wanted: float) -> Trade:
        """The threshold that kept the promise over the window."""
        at, trade = self._trades.get(wanted, (0, NEVER))
        if self.enough and self._is_old(at):
            trade = promised(*self._arrays(), wanted)
            self._trades[wanted] = (self._count, trade)
        return trade

    def _is_old(self, at: int) -> bool:
        """Read anew every twenty decisions: the fit costs a millisecond."""
        return not at or self._count - at >= _READ_EVERY

    def _arrays(self) -> tuple[Floats, npt.NDArray[np.bool_]]:
        return np.array([p for p, _ in self.said]), np.array([r for _, r in self.said], bool)


_Outcomes = tuple[Floats, npt.NDArray[np.bool_]]


def moved(lately: _Outcomes, before: _Outcomes) -> Logistic:
    """By how much to move probabilities (as log-odds) so that they suit what came `lately`: of few decisions little.

    Outcomes `before`, which they suited, count as much as it all together: where people only tell what is wrong, they
    say nothing of how often it is.
    """
    said, right = (np.append(one, other) for one, other in zip(lately, before, strict=True))
    counts = np.append(np.ones(len(lately[0])), np.full(len(before[0]), min(1.0, len(lately[0]) / len(before[0]))))
    x = np.column_stack([np.ones(len(said)), logit(said)])
    usual, pull = np.array([0.0, 1.0]), np.diag(_MOVED_PULL)
    beta = usual.copy()
    for _ in range(_STEPS):
        p = _sigmoid(x @ beta)
        slope = x.T @ (counts * (p - right)) + pull @ (beta - usual)
        step = np.linalg.solve((x * (counts * p * (1 - p))[:, None]).T @ x + pull, slope)
        beta -= step / max(1.0, float(np.abs(step).max()))
        if float(np.abs(step).max()) < 1e-8:
            break
    return Logistic((max(float(beta[1]), 0.0),), float(beta[0]), (0.0,), (1.0,))


def logit(p: Floats) -> Floats:
    """Log-odds, of as good as certain ones bounded."""
    inside = np.clip(p, 1e-5, 1 - 1e-5)
    return np.asarray(np.log(inside / (1 - inside)))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))
