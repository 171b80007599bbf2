"""What matching has learned: how much each agreement is worth, and how rare each value is."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rapport.people.matching.kinds import KINDS
from rapport.people.matching.table import Column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Values of a kind whose share is remembered; all others are as rare as the rarest of these.
_REMEMBERED = 20_000
_IMAGINED = 200


def number_of(text: str, salt: bytes = b"") -> int:
    """A signed 64-bit number for a text, from which it cannot be read back."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8, key=salt).digest(), "big", signed=True)


@dataclass(frozen=True)
class Frequencies:
    """How large a share of the records has a value: `shares` by `numbers` (sorted), `floor` for all others."""

    numbers: "NDArray[np.int64]"
    shares: "NDArray[np.float64]"
    floor: float

    def of(self, words: list[str], salt: bytes) -> "NDArray[np.float64]":
        """The share of each word."""
        import numpy as np

        found = np.full(len(words), self.floor)
        if not len(self.numbers) or not words:
            return found
        numbers = np.fromiter((number_of(word, salt) for word in words), np.int64, len(words))
        place = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        known = self.numbers[place] == numbers
        found[known] = self.shares[place[known]]
        return found


def frequencies(column: Column, salt: bytes) -> Frequencies:
    """The shares of a column's values. A value met once counts as met twice: we look at two who share it."""
    import numpy as np

    counts = np.bincount(column.codes, minlength=len(column.words))
    total = max(1, int((column.starts[1:] > column.starts[:-1]).sum()))
    often = np.flatnonzero(counts > 2)
    if len(often) > _REMEMBERED:
        often = often[np.argpartition(-counts[often], _REMEMBERED)[:_REMEMBERED]]
    numbers = np.fromiter((number_of(column.words[n], salt) for n in often.tolist()), np.int64, len(often))
    order = np.argsort(numbers)
    # In a small table everything is frequent: some imagined records have values as frequent as is generally so.
    usual = KINDS[column.kind].chance[-1] * _IMAGINED
    least = 2 if len(often) < _REMEMBERED else max(2, int(counts[often].min()))
    shares = (counts[often][order] + usual) / (total + _IMAGINED)
    return Frequencies(numbers[order], shares, min(0.5, (least + usual) / (total + _IMAGINED)))


@dataclass(frozen=True)
class Model:
    """`same` and `chance`: for each kind how often its levels are met in two records of one human, and of two.
    `prior`: how likely any two records are of one human. `caps`: how many may share a key of a rule of blocking."""

    same: dict[str, tuple[float, ...]]
    chance: dict[str, tuple[float, ...]]
    prior: float
    shares: dict[str, Frequencies] = field(default_factory=dict)
    caps: dict[int, int] = field(default_factory=dict)
    #: Keys that so many share that looking for them is not worth the while.
    crowded: frozenset[int] = frozenset()
    records: int = 0
    salt: bytes = b""

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return {
            "same": {kind: list(one) for kind, one in self.same.items()},
            "chance": {kind: list(one) for kind, one in self.chance.items()},
            "prior": self.prior,
            "records": self.records,
            "salt": self.salt.hex(),
            "crowded": sorted(self.crowded),
            "caps": {str(rule): cap for rule, cap in self.caps.items()},
            "shares": {
                kind: {"numbers": _packed(one.numbers), "shares": _packed(one.shares), "floor": one.floor}
                for kind, one in self.shares.items()
            },
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Model":
        """The reverse; kinds whose levels are others by now begin anew."""
        import numpy as np

        fits = [kind for kind in given["same"] if kind in KINDS and len(given["same"][kind]) == KINDS[kind].exact]
        fresh = default()
        return cls(
            fresh.same | {kind: tuple(given["same"][kind]) for kind in fits},
            fresh.chance | {kind: tuple(given["chance"][kind]) for kind in fits},
            given["prior"],
            {
                kind: Frequencies(
                    np.frombuffer(base64.b64decode(one["numbers"]), "<i8"),
                    np.frombuffer(base64.b64decode(one["shares"]), "<f8"),
                    one["floor"],
                )
                for kind, one in given["shares"].items()
                if kind in KINDS
            },
            {int(rule): cap for rule, cap in given["caps"].items()},
            frozenset(given["crowded"]),
            given["records"],
            bytes.fromhex(given["salt"]),
        )


def _packed(numbers: "NDArray[np.generic]") -> str:
    return base64.b64encode(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).decode()


def default(records: int = 1000, salt: bytes = b"") -> Model:
    """What is believed before anything was learned: one in ten has a double."""
    return Model(
        {kind: one.same for kind, one in KINDS.items()},
        {kind: one.chance for kind, one in KINDS.items()},
        0.2 / max(2, records),
        records=records,
        salt=salt,
    )
