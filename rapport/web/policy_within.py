"""The part of a what-if about the members of a team: ways of giving conversations to them, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.insight import charts
from rapport.ownership.simulate.within.month import WAITS
from rapport.web import locales
from rapport.web.reasons import Said
from rapport.web.reports_show import Cell, Chart, Plan, Shape

_MEMBERS_MAX = 60
_WAYS: dict[str, Said] = {
    "round_robin": lazy("In turn, whatever each has"),
    "least_loaded": lazy("Whoever has least open"),
    "by_room": lazy("By room, as with “load”"),
    "rotation": lazy("In turn, those with room"),
    "best": lazy("Whoever suits best"),
    "really": lazy("As it really was"),
}
_REALLY = "really"


@dataclass(frozen=True)
class Way:
    """One way of giving conversations, its figures in words, and the class of its color."""

    label: str
    css: str
    kept: str
    more: str
    usual: str
    most: str
    even: str
    knew: str
    longest: str
    without: str


@dataclass(frozen=True)
class MemberRow:
    """What each way, by what it is called, would have given a member for each of their available hours."""

    name: str
    team: str
    hours: str
    given: list[tuple[str, str]]


class Within:
    """The section; `told` is plain data of `simulate.within.telling`, empty where nothing came."""

    def __init__(self, told: Mapping[str, Any], names: Mapping[str, str], *, individuals: bool) -> None:
        self.told, self._names, self.individuals = told, names, individuals
        # What is kept as JSON has lost its order: the one that others are compared with comes first.
        self._ways: dict[str, Any] = dict(sorted(told.get("ways", {}).items(), key=lambda one: _place(one[0])))

    @property
    def arrivals(self) -> int:
        """How many conversations it is about."""
        return int(self.told.get("arrivals", 0))

    @property
    def shortened(self) -> bool:
        """Whether there were more, of which the latest were taken."""
        return bool(self.told.get("shortened"))

    @cached_property
    def ways(self) -> list[Way]:
        """Each way with its figures."""
        return [self._way(place, key, one) for place, (key, one) in enumerate(self._ways.items())]

    def _way(self, place: int, key: str, one: Mapping[str, Any]) -> Way:
        return Way(
            label=_label(key), css=f"series-{place}", kept=_share(one["kept"]), more=_points(one["kept_more"], place),
            usual=_hours(one["p50"]), most=_hours(one["p90"]), even=_plain(one["gini"]), knew=_share(one["continuity"]),
            longest=_hour(one["longest"]), without=_hour(one["without"]),
        )  # fmt: skip

    @property
    def lede(self) -> str:
        """What it comes to: in time as it really was, and by the other ways, the best first."""
        if not self.told.get("promised"):
            return ""
        kept = {key: (one["kept"][0] or 0.0) for key, one in self._ways.items()}
        order = sorted(kept, key=lambda key: (key != _REALLY, -kept[key]))
        said = [_("%(way)s: %(share)s in time") % {"way": _label(key), "share": locales.percent(kept[key])}
                for key in order]  # fmt: skip
        return "; ".join(said)

    @property
    def charts(self) -> list[Chart]:
        """How long first answers took, and how many came in time on each day."""
        if not self.arrivals:
            return []
        return [self._waits(), *([self._days()] if self.told.get("promised") else [])]

    def _waits(self) -> Chart:
        marks = [_("up to %(hours)s h") % {"hours": locales.number(one)} for one in WAITS] + [_("longer")]
        series = [[100 * n / max(1, sum(one["waits"])) for n in one["waits"]] for one in self._ways.values()]
        drawing = charts.bars(series)
        shapes = [
            Shape(bar, f"{self._head[bar.series]}, {marks[bar.bucket]}: {_percent(series[bar.series][bar.bucket])}", "",
                  f"series-{bar.series}")
            for bar in drawing.bars if bar.height
        ]  # fmt: skip
        rows = [(mark, [Cell(_percent(of[place])) for of in series]) for place, mark in enumerate(marks)]
        said = [_("%(way)s: half within %(hours)s") % {"way": one.label, "hours": one.usual} for one in self.ways]
        title = _("How long first answers take")
        plan = Plan("within-waits", title, "; ".join(said), drawing, shapes, self._legend, [])
        return Chart(plan, [], _scale(drawing), [marks[0], marks[3], marks[-1]], self._head, rows)

    def _days(self) -> Chart:
        series = [[100 * k / of if of else None for k, of in one["by_day"]] for one in self._ways.values()]
        drawing = charts.lines(series)
        marks = [_("day %(number)s") % {"number": locales.number(n + 1)} for n in range(len(series[0]))]
        lines = [(f"series-{line.series}", line.points) for line in drawing.lines]
        rows = [
            (mark, [Cell("–" if of[place] is None else _percent(of[place] or 0.0)) for of in series])
            for place, mark in enumerate(marks)
        ]
        said = [_("%(way)s: %(share)s in time") % {"way": one.label, "share": one.kept} for one in self.ways]
        title = _("First answers in time, by the day they came")
        plan = Plan("within-days", title, "; ".join(said), drawing, [], self._legend, [])
        return Chart(plan, lines, _scale(drawing), [marks[0], marks[len(marks) // 2], marks[-1]], self._head, rows)

    @property
    def _legend(self) -> list[tuple[str, str]]:
        return [(one.css, one.label) for one in self.ways]

    @property
    def _head(self) -> list[str]:
        return [one.label for one in self.ways]

    @property
    def members(self) -> list[MemberRow]:
        """What each would be given for each available hour, where figures on individuals may be shown."""
        if not self.individuals:
            return []
        return [
            MemberRow(
                one["name"], self._names.get(one["team"], one["team"]), locales.number(round(one["hours"])),
                [(_label(key), _rate(one["given"].get(key, 0.0), one["hours"])) for key in self._ways],
            )
            for one in self.told.get("members", ())[:_MEMBERS_MAX]
        ]  # fmt: skip


def _place(key: str) -> tuple[int, str]:
    return (list(_WAYS).index(key) if key in _WAYS else len(_WAYS), key)


def _label(key: str) -> str:
    return str(_WAYS.get(key, key))


def _share(told: Sequence[float | None]) -> str:
    value, low, high = told
    if value is None:
        return "–"
    if low is None or high is None or locales.percent(low) == locales.percent(high):
        return locales.percent(value)
    between = {"low": locales.percent(low), "high": locales.percent(high)}
    return f"{locales.percent(value)} ({_('%(low)s to %(high)s') % between})"


def _points(told: Sequence[float | None], place: int) -> str:
    """The difference to the first way in points, or that it may be chance."""
    value, low, high = told
    if not place or value is None or low is None or high is None:
        return ""
    if low <= 0 <= high:
        return _("may be chance")
    signed = f"{'+' if value > 0 else '−'}{locales.number(round(abs(value) * 100, 1))}"
    return _("%(points)s points") % {"points": signed}


def _hours(told: Sequence[float | None]) -> str:
    return "–" if told[0] is None else _hour(told[0])


def _hour(value: float) -> str:
    if value < 1:
        return _("%(minutes)s min") % {"minutes": locales.number(round(value * 60))}
    return _("%(hours)s h") % {"hours": locales.number(round(value, 1))}


def _plain(told: Sequence[float | None]) -> str:
    return "–" if told[0] is None else locales.number(round(told[0], 2))


def _rate(given: float, hours: float) -> str:
    return locales.number(round(given / hours, 2)) if hours else "–"


def _percent(value: float) -> str:
    return locales.percent(value / 100)


def _scale(drawing: charts.Drawing) -> tuple[str, str, str]:
    return _percent(drawing.top), _percent(drawing.top / 2), _percent(0)
