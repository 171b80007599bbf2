"""What the agreement of two records is worth, in bits: the logarithm of how much likelier one human makes it than two."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapport.people.matching.comparing import compare
from rapport.people.matching.kinds import KINDS
from rapport.people.matching.model import Model
from rapport.people.matching.table import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bits = NDArray[np.float64]
    Numbers = NDArray[np.int64]

#: Of what fields of one group say, the strongest counts fully, each next one less: they say partly the same.
_DISCOUNT = (1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.2, 0.2, 0.2)
#: What a family has in common: relatives and housemates agree in it.
_HOUSEHOLD = ("family", "phone", *(name for name, kind in KINDS.items() if kind.group in ("place", "work")))
#: The most that a household's agreement is worth where given names or birth dates say that they are two.
_HOUSEHOLD_BITS = 3.0
#: Of two fields that say whether it is the same person, both different: whatever else agrees, it is not sure.
_PERSONAL = tuple(name for name, kind in KINDS.items() if kind.personal and name != "phone")


@dataclass(frozen=True)
class Scores:
    """For each pair the sum of bits (with the prior), each kind's bits, and the levels they come from."""

    total: "Bits"
    bits: "dict[str, Bits]"
    levels: "dict[str, NDArray[np.int8]]"
    sure: "NDArray[np.bool_]"

    @property
    def probability(self) -> "Bits":
        """How likely each pair is one human."""
        return probability(self.total)


def probability(bits: "Bits") -> "Bits":
    """The probability of so many bits."""
    import numpy as np

    return 1 / (1 + np.exp2(-np.clip(bits, -900, 900)))


@dataclass(frozen=True)
class Compared:
    """Pairs with all that does not change while a model is learned: levels, and how often chance explains them."""

    levels: "dict[str, NDArray[np.int8]]"
    #: log2 of how often two different people agree so.
    chance: "dict[str, Bits]"
    derived: "NDArray[np.bool_]"
    guessed: "NDArray[np.bool_]"


def compared(table: Table, model: Model, ones: "Numbers", others: "Numbers") -> Compared:
    """Compare pairs of records; exact agreement is explained by chance as often as the value is frequent."""
    import numpy as np

    levels, agreed = compare(table, ones, others)
    chance = {}
    for kind, level in levels.items():
        bits = np.log2(np.array([1.0, *model.chance[kind]]))[level]
        same = np.flatnonzero(agreed[kind] >= 0)
        if kind in model.shares and len(same):
            codes, place = np.unique(agreed[kind][same], return_inverse=True)
            words = table.columns[kind].words
            shares = model.shares[kind].of([words[code] for code in codes.tolist()], model.salt)
            bits[same] = np.log2(shares)[place]
        chance[kind] = bits
    derived, guessed = table.derived[ones] & table.derived[others], table.guessed[ones] | table.guessed[others]
    return Compared(levels, chance, derived, guessed)


def weigh(pairs: Compared, model: Model) -> Scores:
    """The worth of each comparison under a model."""
    import numpy as np

    bits = {
        kind: np.where(level > 0, np.log2(np.array([1.0, *model.same[kind]]))[level] - pairs.chance[kind], 0.0)
        for kind, level in pairs.levels.items()
    }
    _discount_addresses(pairs, bits)
    for group in {KINDS[kind].group for kind in bits} - {""}:
        _discount_group([bits[kind] for kind in bits if KINDS[kind].group == group])
    _discount_households(pairs.levels, bits)
    prior = float(np.log2(model.prior / (1 - model.prior)))
    total = np.full(len(pairs.derived), prior)
    for one in bits.values():
        total += one
    return Scores(total, bits, pairs.levels, _may_be_sure(pairs.levels, len(total)))


def score(table: Table, model: Model, ones: "Numbers", others: "Numbers") -> Scores:
    """The worth of the agreement of each pair of records."""
    return weigh(compared(table, model, ones, others), model)


def _discount_addresses(pairs: Compared, bits: "dict[str, Bits]") -> None:
    """ann.miller@here and ann.miller@there say little more than that both are called Ann Miller."""
    import numpy as np

    for kind in ("email", "account"):
        if kind in bits:
            partly = (pairs.levels[kind] > 1) & (pairs.levels[kind] < KINDS[kind].exact) | (kind == "account")
            bits[kind] = np.where(partly & pairs.derived & (bits[kind] > 0), bits[kind] * 0.3, bits[kind])
    for kind in ("given", "family"):
        if kind in bits:
            bits[kind] = np.where(pairs.guessed & (bits[kind] < 0), bits[kind] * 0.5, bits[kind])


def _discount_group(group: "list[Bits]") -> None:
    """In place: the strongest field of a group counts fully, the others ever less."""
    import numpy as np

    if len(group) < 2:
        return
    stacked = np.stack(group)
    order = np.argsort(-np.abs(stacked), axis=0, kind="stable")
    factors = np.empty_like(stacked)
    np.put_along_axis(factors, order, np.array(_DISCOUNT[: len(group)])[:, None] * np.ones_like(stacked), axis=0)
    for one, factor in zip(group, factors, strict=True):
        one *= factor


def _discount_households(levels: "dict[str, NDArray[np.int8]]", bits: "dict[str, Bits]") -> None:
    """In place: where the given name or birth date is another, and nothing personal agrees, relatives explain it all."""
    import numpy as np

    size = len(next(iter(bits.values()))) if bits else 0
    other, agrees = np.zeros(size, bool), np.zeros(size, bool)
    for kind in ("given", "birth_date", "age"):
        if kind in levels:
            other |= levels[kind] == 1
    for kind in _PERSONAL:
        if kind in levels:
            agrees |= levels[kind] > KINDS[kind].level("near" if kind != "birth_date" else "year")
    relatives = other & ~agrees
    if not relatives.any():
        return
    shared = [bits[kind] for kind in _HOUSEHOLD if kind in bits]
    together = sum((np.maximum(one, 0) for one in shared), np.zeros(size))
    factor = np.where(relatives & (together > _HOUSEHOLD_BITS), _HOUSEHOLD_BITS / np.maximum(together, 1e-9), 1.0)
    for one in shared:
        one *= np.where(one > 0, factor, 1.0)


def _may_be_sure(levels: "dict[str, NDArray[np.int8]]", size: int) -> "NDArray[np.bool_]":
    """Whether nothing personal contradicts, and something personal agrees exactly: only then is a pair ever sure."""
    import numpy as np

    agrees, against = np.zeros(size, bool), np.zeros(size, bool)
    for kind, level in levels.items():
        if KINDS[kind].personal:
            agrees |= level == KINDS[kind].exact
        if kind in ("given", "family", "birth_date", "number", "gender", "age"):
            against |= level == KINDS[kind].level("different")
    return agrees & ~against
