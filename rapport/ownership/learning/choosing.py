"""How much words, meaning and facts count: whatever does best on examples left out, on a sample of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.calibration import softmax, temperature
from rapport.ownership.learning.encoders import MiniLm, Universal
from rapport.ownership.learning.machine import fit
from rapport.ownership.learning.points import FACTS, WORDS, Blend, Points

Floats = npt.NDArray[np.float32]
_SAMPLE = 2_000
FEW = 100
_FACTS_MIN = 0.1
_RIDGES = (0.05, 0.15, 0.3)
_SHARPNESS = (2.0, 4.0)
NAMES_RIDGE = 3.0
"""Names alone: so much smoothing that the likest name wins; each stands for far more than itself."""


def chosen(
    points: Points, targets: Floats, how: tuple[Floats, npt.NDArray[np.bool_]], encoders: Sequence[str]
) -> tuple[Blend, float]:
    """(blend, ridge). `how` is (counts, which rows are decisions); with under a hundred of them a plain choice.

    What does better on examples left out is kept (`_worth`): first how much words and facts count beside
    meaning, then whether both encoders are needed, then the ridge and the sharpness.
    """
    counts, real = how
    with_facts = bool((np.diff(points.facts.indptr) > 0).mean() >= _FACTS_MIN)
    first = next(blends(encoders, with_facts))
    if not real.any():
        return first, NAMES_RIDGE
    if int(real.sum()) < FEW:
        return first, _RIDGES[1]
    rows = _sample(targets)
    sample, weights, asked = points.take(rows), counts[rows], real[rows]
    aims = targets[rows][:, np.flatnonzero(targets[rows].any(0))]

    def heard(blend: Blend, ridge: float) -> Floats:
        return fit(sample, aims, weights, blend, ridge).without[asked]

    def worth(blend: Blend, ridge: float) -> float:
        return _worth(heard(blend, ridge), aims[asked])

    blend = max(blends(encoders, with_facts), key=lambda one: worth(one, _RIDGES[1]))
    blend = _leaner(blend, partial(heard, ridge=_RIDGES[1]), aims[asked].argmax(1))
    pairs = [(blend.sharper(sharpness), ridge) for sharpness in _SHARPNESS for ridge in _RIDGES]
    return max(pairs, key=lambda pair: worth(*pair))


def _leaner(blend: Blend, heard: Callable[[Blend], Floats], truth: npt.NDArray[np.int64]) -> Blend:
    """The same by the better encoder for English alone, unless both are better by more than the error of the sample.

    An encoder that adds nothing is not waited for.
    """
    both = blend.weights.get(MiniLm.id, 0.0) + blend.weights.get(Universal.id, 0.0)
    if not (blend.weights.get(MiniLm.id) and blend.weights.get(Universal.id)):
        return blend
    alone = replace(blend, weights={**blend.weights, MiniLm.id: both, Universal.id: 0.0})
    better = (heard(blend).argmax(1) == truth).astype(float) - (heard(alone).argmax(1) == truth)
    return blend if better.mean() > better.std() / len(better) ** 0.5 else alone


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
