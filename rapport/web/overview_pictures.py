"""Pictures of the page of ownership that are drawn from counts alone: how sure, triage over time, hours of a week."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from rapport.insight import charts
from rapport.insight.periods import Bucket, Period
from rapport.insight.routing import by_hour
from rapport.web import celldraw, locales
from rapport.web.reports_show import Cell, Chart, Plan, Shape
from rapport.web.routed_words import tenth, weekday

Counting = Callable[[int, Mapping[str, str]], Cell]
_LEVELS = 5
_SQUARE, _GAP = 40, 3


def likely_chart(counts: Mapping[tuple[int, bool], int], counting: Counting) -> Chart:
    """Of the suggestions said to be so likely, how many people settled on: beside what was promised."""
    known = [counts.get((place, True), 0) + counts.get((place, False), 0) for place in range(10)]
    first = next(place for place, count in enumerate(known) if count)
    places = list(range(first, 10))
    happened = [100 * counts.get((place, True), 0) / known[place] if known[place] else None for place in places]
    said = [min(99.0, 10 * place + 5) if known[place] else None for place in places]
    drawing = charts.bars([[one or 0 for one in said], [one or 0 for one in happened]])
    rows, shapes = [], []
    for place in places:
        right, wrong = counts.get((place, True), 0), counts.get((place, False), 0)
        share = locales.percent(right / known[place]) if known[place] else "–"
        cells = [counting(right, {"likely": str(place), "said": "right"}),
                 counting(wrong, {"likely": str(place), "said": "otherwise"})]  # fmt: skip
        rows.append((tenth(place), [*cells, Cell(share)]))
    for bar in drawing.bars:
        label, cells = rows[bar.bucket]
        says = _("Said to be %(said)s likely: people settled on %(share)s") % {"said": label, "share": cells[-1].words}
        if bar.height:
            shapes.append(Shape(bar, says, "", f"series-{bar.series}"))
    legend = [("series-0", _("Said")), ("series-1", _("Happened"))]
    summary = _("Where both are as high, it is as sure as it should be.")
    title = _("How sure suggestions were, and how often people settled on them")
    plan = Plan("likely", title, summary, drawing, shapes, legend, [])
    marks = [tenth(places[0]), tenth(places[-1])] if len(places) > 1 else [tenth(places[0])]
    head = [_("Settled on it"), _("Settled otherwise"), _("Share")]
    return Chart(plan, [], _percents(drawing.top), marks, head, rows)


def triage_chart(
    times: Sequence[tuple[datetime, bool, int]], period: Period, parts: Sequence[Bucket],
    url: Callable[[datetime, datetime], str],
) -> Chart:  # fmt: skip
    """The share of what came that no rule decided and that was left to people, by day or week."""
    came, left = [0] * len(parts), [0] * len(parts)
    place = 0
    for at, triaged, count in sorted(times):
        while place + 1 < len(parts) and at >= parts[place].end:
            place += 1
        came[place] += count
        left[place] += count * triaged
    shares = [100 * some / of if of else None for some, of in zip(left, came, strict=True)]
    drawing = charts.lines([shares])
    labels = [locales.weekday(part.first) if period.days <= 28 else locales.day(part.first) for part in parts]
    rows = [
        (label, [Cell(locales.percent(some / of) if of else "–", url(part.start, part.end) if some else ""),
                 Cell(locales.number(some)), Cell(locales.number(of))])
        for label, part, some, of in zip(labels, parts, left, came, strict=True)
    ]  # fmt: skip
    shapes = [
        Shape(slot, f"{rows[slot.bucket][0]}: {rows[slot.bucket][1][0].words}", rows[slot.bucket][1][0].url)
        for slot in drawing.slots if rows[slot.bucket][1][0].url
    ]  # fmt: skip
    title = _("Share left to triage")
    summary = _("Of what came in, the share that no rule and nothing learned decided.")
    lines = [("series-0", line.points) for line in drawing.lines]
    plan = Plan("triage", title, summary, drawing, shapes, [("series-0", title)], [])
    marks = [labels[0], labels[len(labels) // 2], labels[-1]] if len(labels) > 2 else labels
    return Chart(plan, lines, _percents(drawing.top), marks, [title, _("Left to triage"), _("Came in")], rows)


@dataclass(frozen=True)
class Square:
    """One hour of one weekday: where it stands, how much (0 to 5), what it says and the list behind it."""

    x: int
    y: int
    level: int
    says: str
    url: str


@dataclass(frozen=True)
class Heat:
    """A week as squares; `field` is the size of the whole."""

    squares: SafeString
    days: list[str]
    summary: str
    field: tuple[int, int] = (24 * _SQUARE, 7 * _SQUARE)
    levels: tuple[int, ...] = tuple(range(_LEVELS + 1))
    hours: tuple[str, ...] = ("00:00", "06:00", "12:00", "18:00", "24:00")


def heat(times: Sequence[tuple[datetime, bool, int]], zone: ZoneInfo, counting: Counting) -> Heat:
    """When it comes, by the clock of `zone`."""
    counts = by_hour(times, zone)
    most = max(counts.values(), default=0)
    days = [weekday(day) for day in range(1, 8)]
    squares = []
    for day in range(1, 8):
        for hour in range(24):
            count = counts.get((day, hour), 0)
            cell = _hour(count, day, hour, counting)
            level = -(-_LEVELS * count // most) if most else 0
            says = f"{days[day - 1]} {hour:02}:00: {cell.words}"
            squares.append(Square(hour * _SQUARE, (day - 1) * _SQUARE, level, says, cell.url))
    peak = max(counts, key=lambda key: (counts[key], key), default=None)
    said = _peak(days[peak[0] - 1], peak[1]) if peak else ""
    return Heat(celldraw.squares(squares, _SQUARE - _GAP), days, said)


def heat_rows(times: Sequence[tuple[datetime, bool, int]], zone: ZoneInfo, counting: Counting) -> SafeString:
    """The lines of the table that says the same: an hour each, a column for each day."""
    counts = by_hour(times, zone)
    return celldraw.table_rows(
        (f"{hour:02}:00", [_hour(counts.get((day, hour), 0), day, hour, counting) for day in range(1, 8)])
        for hour in range(24)
    )


def _hour(count: int, day: int, hour: int, counting: Counting) -> Cell:
    return counting(count, {"weekday": str(day), "hour": str(hour)})


def _peak(day: str, hour: int) -> str:
    return _("Most comes on %(day)s at %(hour)s.") % {"day": day, "hour": f"{hour:02}:00"}


def _percents(top: float) -> tuple[str, str, str]:
    return locales.percent(top / 100), locales.percent(top / 200), locales.percent(0)
