"""Learning a model from the records themselves, by expectation-maximisation; nobody says which are one human.

How often chance explains an agreement is measured on random pairs, which are nearly all of different people. How often
records of one human agree is estimated on pairs that share a key: each counts as far as it is believed to be one.
What the data says is mixed with what is generally so (`kinds`), so that few records do not mislead.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rapport.people.matching.kinds import KINDS
from rapport.people.matching.model import Model, default, frequencies
from rapport.people.matching.scoring import Compared, compared, probability, weigh
from rapport.people.matching.table import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

_STEPS_MOST = 40
_SETTLED = 1e-4
_RANDOM_PAIRS = 60_000
_TRAINING_PAIRS = 400_000
#: So many imagined pairs agree as is generally so.
_BELIEF_SAME, _BELIEF_CHANCE = 40.0, 40.0
#: How many pairs of one human are imagined in a table before it is looked at, and against how many of its records.
_BELIEF_PAIRS = 0.5


@dataclass(frozen=True)
class Step:
    """A model after a step of estimation, and how well it explains what was seen (log2, with what was believed)."""

    model: Model
    fit: float


def estimate(
    table: Table, pairs: tuple["Numbers", "Numbers"], salt: bytes = b"", caps: dict[int, int] | None = None
) -> Model:
    """A model of these records, learned from the pairs that share keys (or a sample of them)."""
    import numpy as np

    chance = np.random.default_rng(20)
    model = replace(
        default(table.size, salt),
        shares={kind: frequencies(column, salt) for kind, column in table.columns.items()},
        caps=caps or {},
    )
    if table.size < 2:
        return model
    ones, others = pairs
    scale = 1.0
    if len(ones) > _TRAINING_PAIRS:
        chosen = chance.choice(len(ones), _TRAINING_PAIRS, replace=False)
        scale = len(ones) / len(chosen)
        ones, others = ones[chosen], others[chosen]
    random = compared(table, model, *_random_pairs(table.size, chance))
    seen = compared(table, model, ones, others)
    model = _measure_chance(model, random, None)
    for _ in range(2):
        model = settle(seen, model, scale)
        model = _measure_chance(model, random, probability(weigh(random, model).total))
    return settle(seen, model, scale)


def settle(seen: Compared, model: Model, scale: float = 1.0) -> Model:
    """Estimate until nothing changes any more. `scale`: of how many pairs each one seen stands for."""
    before = -float("inf")
    for _ in range(_STEPS_MOST):
        step = advance(seen, model, scale)
        if step.fit - before < _SETTLED * max(1.0, abs(step.fit)) and before != -float("inf"):
            return step.model
        model, before = step.model, step.fit
    return model


def advance(seen: Compared, model: Model, scale: float = 1.0) -> Step:
    """One step: how likely is each pair one human under this model, and what follows for the model. `fit` is of the
    model given."""
    import numpy as np

    bits = weigh(seen, model).total
    likely = probability(bits)
    together = model.records * (model.records - 1) / 2
    believed = sum(_BELIEF_SAME * float(np.dot(KINDS[kind].same, np.log2(model.same[kind]))) for kind in seen.levels)
    # Of pairs that share no key we know only that they are there.
    unseen = max(0.0, together - scale * len(bits))
    fit = (
        scale * float(np.logaddexp2(bits, 0.0).sum()) + (scale * len(bits) + unseen) * float(np.log2(1 - model.prior))
        + _BELIEF_PAIRS * float(np.log2(model.prior)) + believed
    )  # fmt: skip
    same = dict(model.same)
    for kind, level in seen.levels.items():
        counted = np.bincount(level, weights=likely, minlength=KINDS[kind].exact + 1)[1:] * scale
        mixed = counted + _BELIEF_SAME * np.array(KINDS[kind].same)
        same[kind] = _bounded((mixed / mixed.sum()).tolist(), KINDS[kind].different_most)
    prior = (scale * float(likely.sum()) + _BELIEF_PAIRS) / (max(1.0, together) + _BELIEF_PAIRS)
    return Step(replace(model, same=same, prior=min(0.5, max(1e-12, prior))), fit)


def _bounded(shares: list[float], most: float) -> tuple[float, ...]:
    """The nearest shares of which the first is no more than `most`."""
    if shares[0] <= most:
        return tuple(shares)
    rest = (1 - most) / (1 - shares[0])
    return (most, *(share * rest for share in shares[1:]))


def _measure_chance(model: Model, random: Compared, likely: "NDArray[np.float64] | None") -> Model:
    """How often two different people agree; pairs that are believed to be one human count less."""
    import numpy as np

    chance = dict(model.chance)
    for kind, level in random.levels.items():
        weights = None if likely is None else 1 - likely
        counted = np.bincount(level, weights=weights, minlength=KINDS[kind].exact + 1)[1:]
        mixed = counted + _BELIEF_CHANCE * np.array(KINDS[kind].chance)
        chance[kind] = tuple((mixed / mixed.sum()).tolist())
    return replace(model, chance=chance)


def _random_pairs(size: int, chance: "np.random.Generator") -> tuple["Numbers", "Numbers"]:
    """Random pairs of different records, all of them where they are few."""
    import numpy as np

    if size * (size - 1) // 2 <= _RANDOM_PAIRS:
        one, other = np.triu_indices(size, 1)
        return one.astype(np.int64), other.astype(np.int64)
    ones = chance.integers(0, size, _RANDOM_PAIRS)
    others = (ones + chance.integers(1, size, _RANDOM_PAIRS)) % size
    return np.minimum(ones, others), np.maximum(ones, others)
