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


def promised(probability: Floats, right: npt.NDArray[np.bool_], wanted: float, doubt: float = 1.0) -> Trade:
    """The lowest threshold at which the precision of the past is `wanted` even when read `doubt` standard errors down.

    `NEVER` where there is no such: too few decisions, or too many wrong.
    """
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(right[order])
    count = np.arange(1, len(order) + 1)
    share = hits / np.maximum(count, 1)
    # Wilson's lower end: honest for few, where the plain error of 10 out of 10 would be nought.
    z2 = doubt * doubt
    width = doubt * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    low = (share + z2 / (2 * count) - width) / (1 + z2 / count)
    ends = np.append(probability[order][1:] < probability[order][:-1], True) if len(order) else np.zeros(0, bool)
    fine = np.flatnonzero((low >= wanted) & ends)
    if not len(fine):
        return NEVER
    last = int(fine[-1])
    return Trade(float(probability[order][last]), (last + 1) / len(order), float(share[last]))


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
            self._curve = (self._count, logistic(_logit(past)[:, None], right, ridge=2.0) if varied else None)
        curve = self._curve[1]
        return probability if curve is None else curve(_logit(probability)[:, None])

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


def _logit(p: Floats) -> Floats:
    inside = np.clip(p, 1e-5, 1 - 1e-5)
    return np.asarray(np.log(inside / (1 - inside)))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))
