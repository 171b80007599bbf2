"""What was learned since the last refit: the same least squares, on what the refit got wrong, one correction at a time.

Each correction adds a row to the inverse of a small system (the border of a matrix), so it costs about a millisecond,
and the very next prediction has it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.points import Blend, Points, stacked

Floats = npt.NDArray[np.float32]
RIDGE = 0.08
NEARER = 2.0
"""A correction's say falls off so many times as fast as that of an example, which a refit weighed against all others:
it is about what is like it, and one that is wrong spoils little else."""
CORRECTIONS_MAX = 600
"""So many a refit leaves behind at most; beyond, the oldest are let go (they are in the next refit all the same)."""
_ONE_BY_ONE = 8


@dataclass(frozen=True, slots=True)
class Kept:
    """A correction: id, label (None: none of ours), and how close the examples of the last refit are to it."""

    id: str
    label: str | None
    close: tuple[float, float] = (0.0, 0.0)


class Corrections:
    """Corrections on top of a machine. Columns are labels by name, so that new ones may come at any time."""

    def __init__(self, blend: Blend) -> None:
        self.blend = blend
        self.kept: list[Kept] = []
        self.labels: list[str | None] = []
        self._points: list[Points] = []
        self._stack: Points | None = None
        self._among: Floats = np.zeros((0, 0), np.float32)
        self._inverse: npt.NDArray[np.float64] = np.zeros((0, 0))
        self._missed: npt.NDArray[np.float64] = np.zeros((0, 0))
        self._weights: npt.NDArray[np.float64] = np.zeros((0, 0))

    def __len__(self) -> int:
        return len(self.kept)

    def add(self, kept: Kept, point: Points, said: Mapping[str | None, float]) -> None:
        """Learn that `point` is `kept.label` where the machine `said` these scores (about 1 for the right one)."""
        if len(self) >= CORRECTIONS_MAX:
            self.forget([self.kept[0].id])
        missed = self._row_of(kept.label, said)
        row = self.kernel(point)[0].astype(np.float64)
        across = self._inverse @ row
        rest = max(1.0 + RIDGE - float(row @ across), 1e-6)
        n = len(self)
        grown = np.empty((n + 1, n + 1))
        grown[:n, :n] = self._inverse
        grown[:n, :n] += np.outer(across, across / rest)
        grown[:n, n] = grown[n, :n] = -across / rest
        grown[n, n] = 1 / rest
        self._inverse = grown
        self._among = np.pad(self._among, ((0, 1), (0, 1)))
        self._among[n, :n] = self._among[:n, n] = row
        weight = (missed - row @ self._weights) / rest
        self._weights = np.vstack([self._weights - np.outer(across, weight), weight])
        self._missed = np.vstack([self._missed, missed])
        self.kept.append(kept)
        self._points.append(point)
        self._stack = point if self._stack is None else stacked([self._stack, point])

    def _row_of(self, label: str | None, said: Mapping[str | None, float]) -> npt.NDArray[np.float64]:
        """By how much each label was missed, a column each; of those that matter, new ones get a column."""
        known = {one: at for at, one in enumerate(self.labels)}
        heard = {label, *(one for one, score in said.items() if abs(score) > 0.02)}
        new = sorted(heard - known.keys(), key=lambda one: (one is None, one or ""))
        if new:
            self.labels += new
            wider = np.zeros((len(self), len(new)))
            self._missed, self._weights = np.hstack([self._missed, wider]), np.hstack([self._weights, wider])
        return np.array([
            float(one == label) - said.get(one, 0.0) if one in heard else 0.0 for one in self.labels
        ])  # fmt: skip

    def forget(self, ids: Collection[str]) -> bool:
        """Let go of them; whether any was here."""
        gone = set(ids)
        rows = [at for at, kept in enumerate(self.kept) if kept.id not in gone]
        fewer = len(self) - len(rows)
        if not fewer:
            return False
        for at in reversed(sorted(set(range(len(self))) - set(rows)) if fewer <= _ONE_BY_ONE else []):
            self._without(at)
        self.kept = [self.kept[at] for at in rows]
        self._points = [self._points[at] for at in rows]
        self._stack = stacked(self._points) if rows else None
        self._missed, self._among = self._missed[rows], self._among[np.ix_(rows, rows)]
        if fewer > _ONE_BY_ONE or self._stack is None:
            self._solve()
        self._weights = self._inverse @ self._missed
        return True

    def _without(self, at: int) -> None:
        """The inverse of the system without a row: the border taken off again."""
        keep = np.delete(np.arange(len(self._inverse)), at)
        side, corner = self._inverse[keep, at], self._inverse[at, at]
        self._inverse = self._inverse[np.ix_(keep, keep)] - np.outer(side, side / corner)

    def _solve(self) -> None:
        system = self._among.astype(np.float64)
        np.fill_diagonal(system, 1 + RIDGE)
        self._inverse = np.asarray(np.linalg.inv(system), np.float64)

    def kernel(self, points: Points) -> Floats:
        """Points against corrections."""
        if self._stack is None:
            return np.zeros((points.words.shape[0], 0), np.float32)
        return self.blend.kernel(points, self._stack)

    def change(self, points: Points) -> tuple[Floats, Floats]:
        """(by how much the scores of `labels` change, the kernel), a row a point."""
        kernel = self.kernel(points)
        return np.asarray(kernel @ self._weights, np.float32), kernel

    def without(self) -> "Amended":
        """What would be said of each correction, were it the only one not learned."""
        own = np.array([[float(one == kept.label) for one in self.labels] for kept in self.kept], np.float32)
        own -= (self._weights / np.diag(self._inverse)[:, None]).astype(np.float32)
        nearest = self._among.max(1, initial=1e-9)
        close = np.array([kept.close for kept in self.kept], np.float32)
        close[:, 0] = np.maximum(close[:, 0], 1 + np.log(nearest.clip(1e-9)) / self.blend.sharpness)
        ours = [at for at, one in enumerate(self.labels) if one is not None]
        none = own[:, self.labels.index(None)] if None in self.labels else np.zeros(len(own), np.float32)
        return Amended(tuple(one for one in self.labels if one is not None), own[:, ours], none, close)

    def weight(self, row: int, label: str) -> float:
        """How much the correction in that row speaks for the label, to a point exactly like it."""
        return float(self._weights[row, self.labels.index(label)]) if label in self.labels else 0.0


class Memory:
    """Corrections of messages in English and, where a machine of their own answers them, of all others.

    Each is learned where it would have been asked, see `points.english`; what nobody can tell, in both.
    """

    def __init__(self, near: Blend, far: Blend | None = None) -> None:
        self._near, self._far = Corrections(near), Corrections(far) if far else None
        self._ids: dict[str, str | None] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def labels(self) -> Iterable[str | None]:
        """The label of each."""
        return self._ids.values()

    def parts(self, english: Floats) -> list[tuple[Corrections, Floats]]:
        """What has something to say, with how far each row believes it."""
        every = [(self._near, english if self._far else np.ones_like(english))]
        if self._far:
            every.append((self._far, 1 - english))
        return [(one, believed) for one, believed in every if len(one) and believed.any()]

    def add(self, kept: Kept, point: Points, said: Mapping[str | None, float], english: float) -> None:
        """Learn it, see `Corrections.add`."""
        self._ids[kept.id] = kept.label
        if english > 0 or self._far is None:
            self._near.add(kept, point, said)
        if english < 1 and self._far is not None:
            self._far.add(kept, point, said)

    def forget(self, ids: Collection[str]) -> None:
        """Let go of them."""
        for id in ids:
            self._ids.pop(id, None)
        for one in (self._near, self._far):
            if one is not None:
                one.forget(ids)


@dataclass(frozen=True)
class Amended:
    """Scores with what was learned since: the labels of the columns, "none of ours", and how close examples are."""

    labels: tuple[str, ...]
    scores: Floats
    none: Floats
    close: Floats


def amended(before: Amended, points: Points, parts: Iterable[tuple[Corrections, Floats]]) -> Amended:
    """Scores as corrections change them, each as far as a row believes it."""
    for corrections, believed in parts:
        rows = np.flatnonzero(believed)
        change, kernel = corrections.change(points if len(rows) == len(believed) else points.take(rows))
        change = change * believed[rows, None]
        labels = _with(before.labels, corrections.labels)
        scores = np.zeros((len(believed), len(labels)), np.float32)
        place = {label: at for at, label in enumerate(labels)}
        scores[:, [place[label] for label in before.labels]] = before.scores
        none, close = before.none.copy(), before.close.copy()
        for at, label in enumerate(corrections.labels):
            (none if label is None else scores[:, place[label]])[rows] += change[:, at]
        near = 1 + np.log(kernel.max(1).clip(1e-9)) / corrections.blend.sharpness
        close[rows, 0] = np.maximum(close[rows, 0], near)
        before = Amended(labels, scores, none, close)
    return before


def amended_to(one: Amended, labels: tuple[str, ...]) -> Amended:
    """The same with a column for each of `labels` too; what has none scores nought."""
    every = _with(one.labels, labels)
    place = {label: at for at, label in enumerate(every)}
    scores = np.zeros((len(one.scores), len(every)), np.float32)
    scores[:, [place[label] for label in one.labels]] = one.scores
    return Amended(every, scores, one.none, one.close)


def _with(labels: tuple[str, ...], more: Sequence[str | None]) -> tuple[str, ...]:
    new = {label for label in more if label is not None}.difference(labels)
    return tuple(sorted({*labels, *new})) if new else labels
