"""Where the bands of a picture stand that shows how much goes from whom to whom. Pure.

Two columns of blocks, as high as much goes from or to them, and a band for each flow between. The names stand inside,
over the bands, so that on a phone the picture is as wide as the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 400
LEFT, RIGHT = 9.0, 391.0
_BLOCK = 9.0
_HIGH, _HIGH_EACH = 260.0, 60.0
_LEAST, _GAP = 18.0, 7.0

Flow = tuple[str, str, int]
"""From whom, to whom, how many."""


@dataclass(frozen=True)
class Block:
    """One block of a column; `middle` is where its name stands."""

    key: str
    count: int
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Half way down."""
        return round(self.y + self.height / 2 + 4.5, 1)


@dataclass(frozen=True)
class Band:
    """One flow, as SVG writes its outline."""

    flow: Flow
    path: str


@dataclass(frozen=True)
class Picture:
    """The whole, in a field of WIDTH by `height`."""

    height: float
    left: list[Block]
    right: list[Block]
    bands: list[Band]


def picture(flows: Sequence[Flow]) -> Picture:
    """The flows, the largest first on either side."""
    total = sum(count for _, _, count in flows) or 1
    # Few bands need little room: one alone would be a wall.
    most = max(len({flow[side] for flow in flows}) for side in (0, 1))
    scale = min(_HIGH, _HIGH_EACH * most) / total
    left, right = _column(flows, 0, LEFT - _BLOCK, scale), _column(flows, 1, RIGHT, scale)
    at = {("left", one.key): one.y for one in left} | {("right", one.key): one.y for one in right}
    ends = {one.key: place for place, one in enumerate(right)}
    bands = []
    starts = {one.key: place for place, one in enumerate(left)}
    for flow in sorted(flows, key=lambda one: (starts[one[0]], ends[one[1]])):
        begins, arrives = at["left", flow[0]], at["right", flow[1]]
        left_high, right_high = _share(left, flow[0], flow[2]), _share(right, flow[1], flow[2])
        bands.append(Band(flow, _path(begins, left_high, arrives, right_high)))
        at["left", flow[0]] += left_high
        at["right", flow[1]] += right_high
    height = max((one.y + one.height for one in (*left, *right)), default=0.0) + 2
    return Picture(round(height, 1), left, right, bands)


def _column(flows: Sequence[Flow], side: int, x: float, scale: float) -> list[Block]:
    counts: dict[str, int] = {}
    for flow in flows:
        key = str(flow[side])
        counts[key] = counts.get(key, 0) + flow[2]
    found, y = [], 2.0
    for key, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        high = max(_LEAST, count * scale)
        found.append(Block(key, count, x, round(y, 1), _BLOCK, round(high, 1)))
        y += high + _GAP
    return found


def _share(column: Sequence[Block], key: str, count: int) -> float:
    block = next(one for one in column if one.key == key)
    return block.height * count / block.count


def _path(begins: float, left: float, arrives: float, right: float) -> str:
    a, b, middle = LEFT, RIGHT, (LEFT + RIGHT) / 2
    return (
        f"M{a} {begins:.1f}C{middle} {begins:.1f} {middle} {arrives:.1f} {b} {arrives:.1f}"
        f"V{arrives + right:.1f}C{middle} {arrives + right:.1f} {middle} {begins + left:.1f} {a} {begins + left:.1f}Z"
    )
