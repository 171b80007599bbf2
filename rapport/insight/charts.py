"""Where the bars and lines of a picture stand, in a field of WIDTH by HEIGHT. Pure.

The field is stretched to the room there is, so it holds shapes only; words stand beside it, in the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH, HEIGHT = 1000.0, 200.0
_GAP = 0.24


@dataclass(frozen=True)
class Bar:
    """One bar of the series `series` in the bucket `bucket`."""

    series: int
    bucket: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """The points of one series, as SVG writes them."""

    series: int
    points: str


@dataclass(frozen=True)
class Slot:
    """The room of one bucket, from top to bottom."""

    bucket: int
    x: float
    width: float


@dataclass(frozen=True)
class Drawing:
    """A whole picture; `top` is the value at its upper edge, `grid` the heights of the lines behind it."""

    top: float
    bars: list[Bar]
    lines: list[Line]
    slots: list[Slot]
    grid: tuple[float, ...]


def bars(series: Sequence[Sequence[float]]) -> Drawing:
    """Several series as bars beside each other."""
    top, count = _top(series), _length(series)
    slot = WIDTH / count
    wide = slot * (1 - _GAP) / len(series)
    found = []
    for place, values in enumerate(series):
        for bucket, value in enumerate(values):
            high = max(value / top * HEIGHT, 1.5 if value else 0.0)
            x = bucket * slot + slot * _GAP / 2 + place * wide
            found.append(Bar(place, bucket, _round(x), _round(HEIGHT - high), _round(wide), _round(high)))
    return Drawing(top, found, [], _slots(count), _GRID)


def lines(series: Sequence[Sequence[float | None]]) -> Drawing:
    """Several series as lines. Where there is no value, the line goes on from the last to the next."""
    top, count = _top(series), _length(series)
    slot = WIDTH / count
    found = []
    for place, values in enumerate(series):
        points = [
            (_round((bucket + 0.5) * slot), _round(HEIGHT - value / top * HEIGHT))
            for bucket, value in enumerate(values)
            if value is not None
        ]
        if len(points) == 1:
            points = [(_round(points[0][0] - slot / 3), points[0][1]), (_round(points[0][0] + slot / 3), points[0][1])]
        found.append(Line(place, " ".join(f"{x},{y}" for x, y in points)))
    return Drawing(top, [], found, _slots(count), _GRID)


def round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50...: a number that one reads at once. Even, so that half of it is whole."""
    if value <= 2:
        return 2.0
    scale = 10.0 ** floor(log10(value))
    return next(step * scale for step in (1, 2, 4, 5, 6, 8, 10) if step * scale >= value)


_GRID = (0.0, HEIGHT / 2, HEIGHT)


def _top(series: Sequence[Sequence[float | None]]) -> float:
    return round_up(max((value for values in series for value in values if value is not None), default=0))


def _length(series: Sequence[Sequence[float | None]]) -> int:
    return max(len(series[0]), 1)


def _slots(count: int) -> list[Slot]:
    return [Slot(bucket, _round(bucket * WIDTH / count), _round(WIDTH / count)) for bucket in range(count)]


def _round(value: float) -> float:
    return ceil(value * 100) / 100
