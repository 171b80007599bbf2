"""What was learned since the last refit: the same least squares, on what the refit got wrong, one correction at a time.

Each correction adds a row to the inverse of a small system (the border of a matrix), so it costs about a millisecond,
and the very next prediction has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.points import Blend, Points, stacked

Floats = npt.NDArray[np.float32]
RIDGE = 0.08
CORRECTIONS_MAX = 600
"""So many a refit leaves behind at most; beyond, the oldest are let go (they are in the next refit all the same)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A correction: id and label (None: none of ours)."""

    id: str
    label: str | None


class Corrections:
    """Corrections on top of a machine. Columns are labels by name, so that new ones may come at any time."""

    def __init__(self, blend: Blend) -> None:
        self.blend = blend
        self.kept: list[Kept] = []
        self._points: list[Points] = []
        self._stack: Points | None = None
        self._inverse: npt.NDArray[np.float64] = np.zeros((0, 0))
        self._missed: list[dict[str | None, float]] = []
        self._weights: dict[str | None, npt.NDArray[np.float64]] = {}

    def __len__(self) -> int:
        return len(self.kept)

    def add(self, kept: Kept, point: Points, said: Mapping[str | None, float]) -> None:
        """Learn that `point` is `kept.label` where the machine `said` these scores (about 1 for the right one)."""
        if len(self) >= CORRECTIONS_MAX:
            self.forget(self.kept[0].id)
        row = self.kernel(point)[0].astype(np.float64)
        inverse, across = self._inverse, self._inverse @ row
        rest = max(1.0 + RIDGE - float(row @ across), 1e-6)
        n = len(self)
        grown = np.empty((n + 1, n + 1))
        grown[:n, :n] = inverse + np.outer(across, across) / rest
        grown[:n, n] = grown[n, :n] = -across / rest
        grown[n, n] = 1 / rest
        self._inverse = grown
        self.kept.append(kept)
        self._points.append(point)
        self._stack = point if self._stack is None else stacked([self._stack, point])
        labels = {kept.label, *(label for label, score in said.items() if abs(score) > 0.02)}
        self._missed.append({label: float(label == kept.label) - said.get(label, 0.0) for label in labels})
        self._solve()

    def forget(self, id: str) -> bool:
        """Let go of it; whether it was here."""
        rows = [at for at, kept in enumerate(self.kept) if kept.id != id]
        if len(rows) == len(self):
            return False
        self.kept = [self.kept[at] for at in rows]
        self._points = [self._points[at] for at in rows]
        self._missed = [self._missed[at] for at in rows]
        self._stack = stacked(self._points) if rows else None
        if self._stack is None:
            self._inverse = np.zeros((0, 0))
        else:
            system = self.blend.kernel(self._stack, self._stack).astype(np.float64)
            self._inverse = np.asarray(np.linalg.inv(system + RIDGE * np.eye(len(rows))), np.float64)
        self._solve()
        return True

    def kernel(self, points: Points) -> Floats:
        """Points against corrections."""
        if self._stack is None:
            return np.zeros((points.words.shape[0], 0), np.float32)
        return self.blend.kernel(points, self._stack)

    def change(self, points: Points) -> tuple[dict[str | None, Floats], Floats]:
        """(by how much each label's scores change, the kernel), a row a point."""
        kernel = self.kernel(points)
        return {label: np.asarray(kernel @ weights, np.float32) for label, weights in self._weights.items()}, kernel

    def weight(self, row: int, label: str) -> float:
        """How much the correction in that row speaks for the label, to a point exactly like it."""
        found = self._weights.get(label)
        return float(found[row]) if found is not None else 0.0

    def _solve(self) -> None:
        every = {label for missed in self._missed for label in missed}
        labels = sorted(every, key=lambda one: (one is None, one or ""))
        if not labels:
            self._weights = {}
            return
        goal = np.array([[missed.get(label, 0.0) for label in labels] for missed in self._missed])
        solved = self._inverse @ goal
        self._weights = {label: solved[:, at] for at, label in enumerate(labels)}
