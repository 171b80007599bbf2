"""How much words, meaning and facts count: whatever does best on examples left out, on a sample of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.calibration import softmax, temperature
from rapport.ownership.learning.encoders import RARE, MiniLm, Universal
from rapport.ownership.learning.machine import fit
from rapport.ownership.learning.points import FACTS, WORDS, Blend, Points

Floats = npt.NDArray[np.float32]
_SAMPLE = 2_000
FEW = 100
_FACTS_MIN = 0.1
_RIDGES = (0.05, 0.15, 0.3)
_SHARPNESS = {1.0: (0.5, 1.0), 2.0: (2.0, 4.0)}
_RARE_SHARES = (0.2, 0.35, 0.5)
_SLIGHT = 0.5
"""So many errors of the sample the encoders have to be better than words alone: they cost ten times as much."""
_LOOKS = ((2.0, 0.15), (1.0, 0.05))
"""(sharpness, ridge) to compare blends by: as suits short texts, and as suits long ones, of which no two are much alike
in their words."""
NAMES_RIDGE = 3.0
"""Names alone: so much smoothing that the likest name wins; each stands for far more than itself."""


def chosen(
    points: Points, targets: Floats, how: tuple[Floats, npt.NDArray[np.bool_]], encoders: Sequence[str]
) -> tuple[Blend, float]:
    """(blend, ridge). `how` is (counts, which rows are decisions); with under a hundred of them a plain choice.

    What does better on examples left out is kept (`_worth`): first how much words and facts count beside
    meaning, then whether both encoders are needed, then the ridge and the sharpness; last, of so few examples that
    all are looked at, how much rare tokens count: with more they add nothing, and cost more.
    """
    counts, real = how
    with_facts = bool((np.diff(points.facts.indptr) > 0).mean() >= _FACTS_MIN)
    first = next(blends(encoders, with_facts))
    if not real.any():
        return first, NAMES_RIDGE
    if int(real.sum()) < FEW:
        return first, _RIDGES[1]
    rows = _sample(targets)
    asked = real[rows]
    sample = _Sample(points.take(rows), targets[rows][:, np.flatnonzero(targets[rows].any(0))], counts[rows], asked)
    found = _sharpened(sample, _leaner(sample, *_blended(sample, encoders, with_facts)))
    return (_rarer(sample, found) if len(rows) == len(targets) else found).look


_Look = tuple[Blend, float]


@dataclass(frozen=True)
class _Tried:
    """How good a look at the sample is (`_worth`), and the label guessed of each decision left out."""

    look: _Look
    worth: float
    guessed: npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Sample:
    """Some of the examples: points, targets, how much each counts, and which are decisions."""

    points: Points
    targets: Floats
    counts: Floats
    asked: npt.NDArray[np.bool_]

    def tried(self, blend: Blend, ridge: float) -> _Tried:
        scores = fit(self.points, self.targets, self.counts, blend, ridge).without[self.asked]
        return _Tried((blend, ridge), _worth(scores, self.targets[self.asked]), scores.argmax(1))

    def better(self, one: _Tried, other: _Tried) -> tuple[float, float]:
        """By how much more is right, and the error of that."""
        truth = self.targets[self.asked].argmax(1)
        gained = (one.guessed == truth).astype(float) - (other.guessed == truth)
        return float(gained.mean()), float(gained.std()) / len(gained) ** 0.5


def _best(tried: Iterable[_Tried]) -> _Tried:
    return max(tried, key=lambda one: one.worth)


def _blended(sample: _Sample, encoders: Sequence[str], with_facts: bool) -> tuple[_Tried, _Tried]:
    """(the best, the best by words alone): first how much words count, by both looks; then how much facts do."""
    every = list(blends(encoders, with_facts))
    first = every[0].weights.get(FACTS, 0.0)
    tried = [
        sample.tried(one.sharper(sharp), ridge)
        for one in every if one.weights.get(FACTS, 0.0) == first for sharp, ridge in _LOOKS
    ]  # fmt: skip
    found = []
    for best in (_best(tried), _best(one for one in tried if not one.look[0].encoders)):
        words, (blend, ridge) = _words_of(best.look[0]), best.look
        more = [one for one in every if one.weights.get(FACTS, 0.0) != first and abs(_words_of(one) - words) < 1e-6]
        found.append(_best([best, *(sample.tried(one.sharper(blend.sharpness), ridge) for one in more)]))
    return found[0], found[1]


def _words_of(blend: Blend) -> float:
    """The share of words in what is not facts."""
    return blend.weights.get(WORDS, 0.0) / max(1 - blend.weights.get(FACTS, 0.0), 1e-9)


def _leaner(sample: _Sample, best: _Tried, plain: _Tried) -> _Tried:
    """The same by words alone, or by the better encoder for English alone, where more adds nothing that can be told
    from chance: an encoder that adds nothing is not waited for.
    """
    gained, error = sample.better(best, plain)
    if gained <= _SLIGHT * error:
        return plain
    blend, ridge = best.look
    if not (blend.weights.get(MiniLm.id) and blend.weights.get(Universal.id)):
        return best
    both = blend.weights[MiniLm.id] + blend.weights[Universal.id]
    alone = sample.tried(replace(blend, weights={**blend.weights, MiniLm.id: both, Universal.id: 0.0}), ridge)
    gained, error = sample.better(best, alone)
    return best if gained > error else alone


def _sharpened(sample: _Sample, found: _Tried) -> _Tried:
    """With the sharpness and the ridge that do best, near those it was found with."""
    near = _SHARPNESS[found.look[0].sharpness]
    return _best(sample.tried(found.look[0].sharper(sharp), ridge) for sharp in near for ridge in _RIDGES)


def _rarer(sample: _Sample, found: _Tried) -> _Tried:
    """With a share of rare tokens (`encoders.RARE`), where that does better and their encoder is asked anyhow."""
    blend, ridge = found.look
    if not blend.weights.get(MiniLm.id) or RARE not in sample.points.dense:
        return found
    more = (
        replace(blend, weights={name: weight * (1 - rare) for name, weight in blend.weights.items()} | {RARE: rare})
        for rare in _RARE_SHARES
    )
    return _best([found, *(sample.tried(one, ridge) for one in more)])


def _sample(targets: Floats) -> npt.NDArray[np.int64]:
    """Some of all, drawn alike each time.

    Not all examples of some labels: with few labels to confuse, words look better than they are.
    """
    return np.sort(np.random.default_rng(0).permutation(len(targets))[:_SAMPLE])


def blends(encoders: Sequence[str], with_facts: bool) -> Iterator[Blend]:
    """What may be tried, the plain choice first: meaning alone, where there is an encoder; else words."""
    meaning = _meaning(encoders)
    for words in (0.0, 0.2, 0.4, 0.6, 1.0) if meaning else (1.0,):
        for facts in (0.15, 0.0, 0.4) if with_facts else (0.0,):
            rest = {name: share * (1 - words) for name, share in meaning.items()} | {WORDS: words}
            yield Blend({name: share * (1 - facts) for name, share in rest.items()} | {FACTS: facts})


def _meaning(encoders: Sequence[str]) -> dict[str, float]:
    if MiniLm.id in encoders and Universal.id in encoders:
        return {MiniLm.id: 0.75, Universal.id: 0.25}
    return {name: 1 / len(encoders) for name in encoders}


def _worth(scores: Floats, targets: Floats) -> float:
    """Accuracy, and a quarter of the log-likelihood: what is right first, what knows how sure it is next."""
    truth = targets.argmax(1)
    shares = softmax(scores.astype(np.float64) * temperature(scores, truth))
    likelihood = float(np.log(shares[np.arange(len(truth)), truth].clip(1e-9)).mean())
    return float((scores.argmax(1) == truth).mean()) + likelihood / 4
