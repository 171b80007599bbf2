"""Counts, and the times that things took, of packed columns: by stretch of time and by group. Pure.

numpy is imported where it is needed: most processes never count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rapport.insight.worktime import Worktime

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Whole = npt.NDArray[np.int64]
    Real = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

Times = tuple[float, ...]
SEPARATOR = "\x1f"
"""Between names."""
_AT_ONCE = 200_000
_SECOND = 1e6
#: Seconds from 1970 to 2000.
_EPOCH_S = 946_684_800.0
_SMALL = 32_000


@dataclass(frozen=True)
class Piece:
    """Some of what is counted, each column as bytes (big-endian): `at` and `began` eight a value, microseconds since
    2000; `mark` one a value; and by dimension the names with SEPARATOR between, and which of them each is: two a value,
    four where there are more names than that tells apart, none where there is one name.
    """

    count: int
    at: bytes
    began: bytes
    mark: bytes
    names: tuple[str, ...] = ()
    codes: tuple[bytes, ...] = ()


@dataclass
class Names:
    """The names of a dimension in the order in which they were met: a code is a place in it."""

    places: dict[str, int] = field(default_factory=dict)

    def place(self, name: str) -> int:
        """The code of a name."""
        return self.places.setdefault(name, len(self.places))


@dataclass(frozen=True)
class Some:
    """Columns of many: `at` and `began` in microseconds since 2000, `mark`, and `code` by dimension, of `Names`."""

    at: "Whole"
    began: "Whole"
    mark: "Whole"
    code: Mapping[str, "Whole"]

    def where(self, mask: "Mask") -> "Some":
        """Those of which the mask is true."""
        began = self.began[mask] if len(self.began) else self.began
        mark = self.mark[mask] if len(self.mark) else self.mark
        return Some(self.at[mask], began, mark, {one: codes[mask] for one, codes in self.code.items()})

    def marked(self, bit: int) -> "Some":
        """Those whose mark has the bit."""
        return self.where((self.mark & bit) > 0)


@dataclass
class Table:
    """How many lie between each two of the bounds (rows), of each group (columns): what is added, one after another."""

    bounds: Sequence[int]
    cells: "Whole | None" = None

    def add(self, some: Some, groups: "Whole | None" = None, many: int = 1, times: int = 1) -> None:
        """Count once more, `times` each; `groups` are codes below `many`, which may grow; None is one group."""
        import numpy as np

        rows = len(self.bounds) - 1
        place = between(some.at, self.bounds)
        inside = (place >= 0) & (place < rows)
        spot = place[inside] * many + (0 if groups is None else groups[inside])
        counted = np.bincount(spot, minlength=rows * many).reshape(rows, many) * times
        if self.cells is not None:
            counted[:, : self.cells.shape[1]] += self.cells
        self.cells = counted

    def rows(self) -> list[list[int]]:
        """What was counted, row by row; no columns where nothing was."""
        return [[] for _ in self.bounds[1:]] if self.cells is None else self.cells.tolist()


def unpacked(
    pieces: Iterable[Piece], by: Sequence[str], names: Mapping[str, Names], keep: Mapping[str, str]
) -> Iterator[Some]:
    """The pieces together, some hundred thousand values at a time, of those whose names are `keep`'s."""
    import numpy as np

    for batch in _batches(pieces):
        some = _together(batch, by, names)
        if keep:
            mask = np.ones(len(some.at), bool)
            for dimension, name in keep.items():
                mask &= some.code[dimension] == names[dimension].place(name)
            some = some.where(mask)
        yield some


def alike(some: Iterable[Piece], others: Iterable[Piece], by: Sequence[str]) -> bool:
    """Whether these hold what the others hold, in any order; what cannot be read holds something else."""
    import numpy as np

    names = {one: Names() for one in by}
    try:
        return np.array_equal(_ordered(some, by, names), _ordered(others, by, names))
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return False


def _ordered(pieces: Iterable[Piece], by: Sequence[str], names: Mapping[str, Names]) -> "Whole":
    """A column each value, in order."""
    import numpy as np

    parts = []
    for one in unpacked(pieces, by, names, {}):
        rest = (column if len(column) else np.zeros_like(one.at) for column in (one.began, one.mark))
        parts.append(np.stack([one.at, *rest, *one.code.values()]))
    found = np.concatenate(parts, axis=1) if parts else np.empty((0, 0), np.int64)
    return found[:, np.lexsort(found)] if parts else found


def between(at: "Whole", bounds: Sequence[int]) -> "Whole":
    """Which of the bounds each is at or behind, from 0; -1 is before the first."""
    import numpy as np

    return np.searchsorted(np.asarray(bounds, np.int64), at, side="right") - 1


def worked(some: Some, kinds: "Whole", hours: Sequence[Worktime]) -> "Real":
    """The open seconds from the beginning of each to its moment; `kinds` says by which of the hours each counts."""
    import numpy as np

    took = np.zeros(len(some.at))
    for number, one in enumerate(hours):
        mine = kinds == number
        if mine.any():
            took[mine] = _open_seconds(some.at[mine], one) - _open_seconds(some.began[mine], one)
    return took


def clocked(some: Some) -> "Real":
    """The seconds from the beginning of each to its moment."""
    return (some.at - some.began) / _SECOND


def quantiles(values: "Real", keys: Sequence["Whole"], shares: Sequence[float]) -> list[dict[int, Times]]:
    """By key the values below which those shares lie, as percentile_cont of PostgreSQL draws the line between two; for
    each of the ways to give keys, of which those below 0 are left out. What is not a number counts nowhere.
    """
    import numpy as np

    order = np.argsort(values)
    ordered = values[order]
    known = ~np.isnan(ordered)
    found = []
    for one in keys:
        sorted_keys = one[order]
        here = known & (sorted_keys >= 0)
        found.append(_of_keys(ordered[here], sorted_keys[here], shares))
    return found


def _of_keys(ordered: "Real", keys: "Whole", shares: Sequence[float]) -> dict[int, Times]:
    """The values are in order; those of each key are, then, too."""
    import numpy as np

    if not len(ordered):
        return {}
    # Two bytes are sorted by their digits, far sooner.
    spots = np.argsort(keys.astype(np.int16) if keys.max() < _SMALL else keys, kind="stable")
    ordered, keys = ordered[spots], keys[spots]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(keys)) + 1])
    ends = np.concatenate([starts[1:], [len(keys)]])
    columns = []
    for share in shares:
        # The part between two is worked out before the start is added: the last digit would follow who stands before.
        place = share * (ends - starts - 1)
        whole = np.floor(place)
        low = starts + whole.astype(np.int64)
        high = np.minimum(low + 1, ends - 1)
        columns.append((ordered[low] + (place - whole) * (ordered[high] - ordered[low])).tolist())
    return dict(zip(keys[starts].tolist(), zip(*columns, strict=True), strict=True))


def _open_seconds(at: "Whole", hours: Worktime) -> "Real":
    """Open seconds before each moment, as rapport_open_until counts them in the database."""
    import numpy as np

    starts, ends, before = (np.asarray(one, np.float64) for one in (hours.starts, hours.ends, hours.before))
    moment = at / _SECOND + _EPOCH_S
    place = np.searchsorted(starts, moment, side="right") - 1
    return np.where(place < 0, np.nan, before[place] + np.minimum(moment, ends[place]) - starts[place])


def _batches(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    some: list[Piece] = []
    size = 0
    for piece in pieces:
        some.append(piece)
        size += piece.count
        if size >= _AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def _together(some: Sequence[Piece], by: Sequence[str], names: Mapping[str, Names]) -> Some:
    import numpy as np

    def whole(columns: Iterable[bytes], kind: str) -> "Whole":
        return np.frombuffer(b"".join(columns), kind).astype(np.int64)

    sizes = [one.count for one in some]
    code = {}
    for spot, dimension in enumerate(by):
        known = [one.names[spot].split(SEPARATOR) for one in some]
        place = names[dimension].place
        table = np.array([place(name) for each in known for name in each], np.int64)
        first = np.repeat(np.cumsum([0, *(len(each) for each in known[:-1])]), sizes)
        code[dimension] = table[first + _codes(some, spot)]
    at, began = (whole(columns, ">i8") for columns in ((o.at for o in some), (o.began for o in some)))
    return Some(at, began, whole((one.mark for one in some), "u1"), code)


def _codes(some: Sequence[Piece], spot: int) -> "Whole":
    """Which of its piece's names each is, by a dimension."""
    import numpy as np

    given = [one.codes[spot] or bytes(2 * one.count) for one in some]
    widths = [len(codes) // one.count for codes, one in zip(given, some, strict=True)]
    if set(widths) == {2}:
        return np.frombuffer(b"".join(given), ">i2").astype(np.int64)
    columns = [np.frombuffer(codes, f">i{width}") for codes, width in zip(given, widths, strict=True)]
    return np.concatenate(columns).astype(np.int64)
