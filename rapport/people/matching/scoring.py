"""What the agreement of two records is worth, in bits: log2 of how much likelier one human makes it than two."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapport.people.matching.comparing import compare
from rapport.people.matching.kinds import CROSSED, KINDS
from rapport.people.matching.model import Model
from rapport.people.matching.table import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bits = NDArray[np.float64]
    Numbers = NDArray[np.int64]

#: Of what fields of one group say, the strongest counts fully, each next one less: they say partly the same.
_DISCOUNT = (1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.2, 0.2, 0.2)
#: A company and its domain are the same but for a few.
_DISCOUNT_WORK = (1.0, 0.2, 0.4)
#: What a family has in common: relatives and housemates agree in it.
_HOUSEHOLD = ("family", "phone", *(name for name, kind in KINDS.items() if kind.group in ("place", "work")))
#: The most that a household's agreement is worth where given names or birth dates say that they are two.
_HOUSEHOLD_BITS = 3.0
#: The same for twins, who are rarer than mistakes.
_TWINS_BITS = 6.0
#: The most that it is worth when addresses agree in what is made of the name.
_DERIVED_BITS = 1.5
#: Of two fields that say whether it is the same person, both different: whatever else agrees, it is not sure.
_PERSONAL = tuple(name for name, kind in KINDS.items() if kind.personal and name != "phone")
_PARTNER = {one: other for pair in CROSSED for one, other in (pair, pair[::-1])}


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
    #: For each kind which pairs have the very same value, and log2 of its share of all.
    shares: "dict[str, tuple[Numbers, Bits]]"
    derived: "NDArray[np.bool_]"
    guessed: "NDArray[np.bool_]"


def compared(table: Table, model: Model, ones: "Numbers", others: "Numbers") -> Compared:
    """Compare pairs of records; exact agreement is explained by chance as often as the value is frequent."""
    import numpy as np

    levels, agreed = compare(table, ones, others)
    rare = {}
    for kind in levels:
        same = np.flatnonzero(agreed[kind] >= 0)
        if kind in model.shares and len(same):
            codes, place = np.unique(agreed[kind][same], return_inverse=True)
            words = [table.columns[kind].words[code] for code in codes.tolist()]
            shares = model.shares[kind].of(words, model.salt)[place]
            if (partner := _PARTNER.get(kind, "")) in model.shares:
                # In the other's place: as frequent as it is there, or in its own where it is more so.
                crossed = levels[kind][same] == KINDS[kind].level("crossed")
                there = model.shares[partner].of(words, model.salt)[place]
                shares = np.where(crossed, np.maximum(shares, there), shares)
            rare[kind] = (same, np.log2(shares))
    derived, guessed = table.derived[ones] & table.derived[others], table.guessed[ones] | table.guessed[others]
    return Compared(levels, rare, derived, guessed)


def weigh(pairs: Compared, model: Model) -> Scores:
    """The worth of each comparison under a model."""
    import numpy as np

    bits = {}
    for kind, level in pairs.levels.items():
        same = np.log2(np.array([1.0, *model.same[kind]]))
        bits[kind] = (same - np.log2(np.array([1.0, *model.chance[kind]])))[level]
        if kind in pairs.shares:
            at, share = pairs.shares[kind]
            bits[kind][at] = same[level[at]] - share
    if "age" in bits and "birth_date" in bits:
        bits["age"][pairs.levels["birth_date"] > 0] = 0.0
    _discount_addresses(pairs, bits)
    for group in {KINDS[kind].group for kind in bits} - {""}:
        factors = _DISCOUNT_WORK if group == "work" else _DISCOUNT
        _discount_group([bits[kind] for kind in bits if KINDS[kind].group == group], factors)
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
            bits[kind] = np.where(partly & pairs.derived, np.minimum(bits[kind], _DERIVED_BITS), bits[kind])
    for kind in ("given", "family"):
        if kind in bits:
            bits[kind] = np.where(pairs.guessed & (bits[kind] < 0), bits[kind] * 0.5, bits[kind])


def _discount_group(group: "list[Bits]", discount: tuple[float, ...]) -> None:
    """In place: the strongest field of a group counts fully, the others ever less."""
    import numpy as np

    if len(group) < 2:
        return
    stacked = np.stack(group)
    order = np.argsort(-np.abs(stacked), axis=0, kind="stable")
    factors = np.empty_like(stacked)
    np.put_along_axis(factors, order, np.array(discount[: len(group)])[:, None] * np.ones_like(stacked), axis=0)
    for one, factor in zip(group, factors, strict=True):
        one *= factor


def _discount_households(levels: "dict[str, NDArray[np.int8]]", bits: "dict[str, Bits]") -> None:
    """In place: where given name or birth date is another, and nothing personal agrees, relatives explain it all."""
    import numpy as np

    size = len(next(iter(bits.values()))) if bits else 0
    born, agrees = np.zeros(size, bool), np.zeros(size, bool)
    given = levels.get("given", np.zeros(size, np.int8))
    named = (given > 0) & (given <= KINDS["given"].level("similar"))
    for kind in ("birth_date", "age"):
        if kind in levels:
            # A parent and a child may have one name; sisters and brothers have two.
            born |= (levels[kind] == 1) | ((levels[kind] == KINDS[kind].level("different")) & (given == 0))
    for kind in _PERSONAL:
        if kind in levels and kind != "birth_date":
            agrees |= levels[kind] > max(KINDS[kind].level("near"), KINDS[kind].level("different"))
    # Twins agree in everything else, and their birth date, too.
    relatives = (named | born) & ~agrees
    twins = named & (levels["birth_date"] == KINDS["birth_date"].exact) if "birth_date" in levels else born & ~born
    most = np.where(twins, _TWINS_BITS, _HOUSEHOLD_BITS)
    if not relatives.any():
        return
    shared = [bits[kind] for kind in _HOUSEHOLD if kind in bits]
    together = sum((np.maximum(one, 0) for one in shared), np.zeros(size))
    factor = np.where(relatives & (together > most), most / np.maximum(together, 1e-9), 1.0)
    for one in shared:
        one *= np.where(one > 0, factor, 1.0)


def _may_be_sure(levels: "dict[str, NDArray[np.int8]]", size: int) -> "NDArray[np.bool_]":
    """Whether something personal agrees exactly and nothing contradicts: only then is a pair ever sure. A telephone is
    not personal enough, and without a given name only a number or an address is."""
    import numpy as np

    none = np.zeros(size, np.int8)
    exact: dict[str, NDArray[np.bool_]] = {kind: levels.get(kind, none) == KINDS[kind].exact for kind in _PERSONAL}
    alone = exact["number"] | exact["email"] | exact["account"]
    agrees = alone | (exact["birth_date"] & (levels.get("given", none) > 0))
    against = np.zeros(size, bool)
    for kind, least in (
        ("given", "similar"), ("family", "similar"), ("birth_date", "near"), ("number", "near"),
        ("gender", "different"),        ("age", "different"),
    ):  # fmt: skip
        if kind in levels:
            against |= (levels[kind] > 0) & (levels[kind] <= KINDS[kind].level(least))
    sure: NDArray[np.bool_] = agrees & ~against
    return sure
