"""Many records as columns of numbers: each value once in a vocabulary, each record by the number of its value."""

from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rapport.people.matching.kinds import KINDS
from rapport.people.matching.records import Prepared

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass
class Column:
    """The values of one kind: those of record n are `codes[starts[n]:starts[n + 1]]`, numbers in `words`."""

    kind: str
    codes: "NDArray[np.int32]"
    starts: "NDArray[np.int64]"
    words: list[str]

    @cached_property
    def first(self) -> "NDArray[np.int32]":
        """For each record its first value's number, -1 where it has none."""
        import numpy as np

        found = np.full(len(self.starts) - 1, -1, np.int32)
        has = self.starts[1:] > self.starts[:-1]
        found[has] = self.codes[self.starts[:-1][has]]
        return found

    @cached_property
    def most(self) -> int:
        """The most values any record has."""
        import numpy as np

        return int(np.diff(self.starts).max()) if len(self.starts) > 1 else 0


@dataclass
class Table:
    """Records as columns by kind; `derived` marks those whose addresses are made of their names."""

    size: int
    columns: dict[str, Column]
    derived: "NDArray[np.bool_]"
    guessed: "NDArray[np.bool_]"

    def value(self, kind: str, record: int) -> str:
        """The first value of a record, or ""."""
        column = self.columns.get(kind)
        code = int(column.first[record]) if column else -1
        return column.words[code] if column and code >= 0 else ""

    def values(self, kind: str, record: int) -> list[str]:
        """All values of a record."""
        column = self.columns.get(kind)
        if column is None:
            return []
        return [column.words[code] for code in column.codes[column.starts[record] : column.starts[record + 1]]]


class Builder:
    """Takes records one by one, so that a million of them need not be in memory as objects."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = defaultdict(dict)
        self._codes: dict[str, array[int]] = defaultdict(lambda: array("i"))
        self._records: dict[str, array[int]] = defaultdict(lambda: array("i"))
        self._derived = bytearray()
        self._guessed = bytearray()

    def add(self, record: Prepared) -> None:
        """Take one more record."""
        number = len(self._derived)
        for kind, values in record.values.items():
            numbers = self._numbers[KINDS[kind].words]
            for value in values:
                self._codes[kind].append(numbers.setdefault(value, len(numbers)))
                self._records[kind].append(number)
        self._derived.append(record.derived)
        self._guessed.append(record.guessed)

    def table(self) -> Table:
        """The table of all that was taken."""
        import numpy as np

        size = len(self._derived)
        words = {name: list(numbers) for name, numbers in self._numbers.items()}
        columns = {}
        for kind in KINDS:
            if kind in self._codes:
                counts = np.bincount(np.frombuffer(self._records[kind], np.int32), minlength=size)
                starts = np.concatenate(([0], np.cumsum(counts)))
                codes = np.frombuffer(self._codes[kind], np.int32)
                columns[kind] = Column(kind, codes, starts, words[KINDS[kind].words])
        flags = (np.frombuffer(bytes(one), np.bool_) for one in (self._derived, self._guessed))
        return Table(size, columns, *flags)


def table_of(records: Iterable[Prepared]) -> Table:
    """The table of these records, in their order."""
    builder = Builder()
    for record in records:
        builder.add(record)
    return builder.table()
