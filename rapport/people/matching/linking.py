"""All of it: records in, pairs and people out; a whole table at once, or one newcomer against a few."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapport.people.matching.blocking import Keys
from rapport.people.matching.clustering import clusters, connected
from rapport.people.matching.estimating import estimate
from rapport.people.matching.model import Model
from rapport.people.matching.records import Prepared
from rapport.people.matching.scoring import Scores, score
from rapport.people.matching.table import Builder, Table, table_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bits = NDArray[np.float64]
    Numbers = NDArray[np.int64]

#: From here on a pair is suggested (probability), and from here on it is called sure (bits: 1 in 130,000).
SUGGEST = 0.5
SURE_BITS = 17.0
_CHUNK = 200_000
#: Of records of which too many share a key, each is still compared with so many.
_WINDOW = 6


@dataclass(frozen=True)
class Linked:
    """A table with its model, all pairs that were compared with their bits, and for each record its human."""

    table: Table
    model: Model
    ones: "Numbers"
    others: "Numbers"
    bits: "Bits"
    sure: "NDArray[np.bool_]"

    def people(self) -> "Numbers":
        """For each record the number of its human, by what is likelier than not."""
        return clusters(self.table.size, (self.ones, self.others), self.bits, self._ask)

    def sure_people(self) -> "Numbers":
        """The same, by sure pairs alone, with all that follows from them."""
        import numpy as np

        labels = np.arange(self.table.size)
        for group in connected(self.ones[self.sure].tolist(), self.others[self.sure].tolist()):
            labels[group] = group[0]
        return labels

    def _ask(self, ones: "Numbers", others: "Numbers") -> "Bits":
        return scored(self.table, self.model, ones, others)[0]


def link(records: Iterable[Prepared], salt: bytes = b"") -> Linked:
    """Compare the records of a table with one another, by a model learned from them."""
    builder, keys = Builder(), Keys(salt)
    for record in records:
        builder.add(record)
        keys.add(record)
    table = builder.table()
    caps = keys.caps()
    ones, others = keys.pairs(caps, _WINDOW)
    model = estimate(table, (ones, others), salt, caps)
    bits, sure = scored(table, model, ones, others)
    return Linked(table, model, ones, others, bits, sure)


def scored(table: Table, model: Model, ones: "Numbers", others: "Numbers") -> "tuple[Bits, NDArray[np.bool_]]":
    """The bits of many pairs, and which are sure; a part at a time, so that memory stays bounded."""
    import numpy as np

    bits, sure = np.zeros(len(ones)), np.zeros(len(ones), bool)
    for start in range(0, len(ones), _CHUNK):
        part = slice(start, start + _CHUNK)
        found = score(table, model, ones[part], others[part])
        bits[part], sure[part] = found.total, is_sure(found)
    return bits, sure


def is_sure(found: Scores) -> "NDArray[np.bool_]":
    """Which pairs are sure: likely enough, with something personal that agrees and nothing that contradicts."""
    return found.sure & (found.total >= SURE_BITS)


def against(model: Model, newcomer: Prepared, candidates: Sequence[Prepared]) -> Scores:
    """How likely each candidate is the newcomer, by the very functions that score a whole table."""
    import numpy as np

    table = table_of([newcomer, *candidates])
    others = np.arange(1, table.size)
    return score(table, model, np.zeros(len(others), np.int64), others)
