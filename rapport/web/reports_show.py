"""How reports are drawn: figures with their change and their address, pictures, and tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_skeleton
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rapport.channels.models import Channel
from rapport.conversations.models import Topic
from rapport.core.errors import NotAllowed
from rapport.insight import charts
from rapport.insight.figures import Asked, Figure, Figures, Report
from rapport.insight.measures import MEASURES, Measure, Unit, may_see_individuals, speed_is_shown
from rapport.insight.periods import Bucket, Period, before
from rapport.insight.sources import NOBODY, Narrowing
from rapport.staff.models import Company, Member, Membership, Role
from rapport.web import locales
from rapport.web.rights import member_of
from rapport.web.shell import Shell


@dataclass(frozen=True)
class Privacy:
    """What this reader may see of the people who work here."""

    allowed: bool
    individuals: bool
    sizes: Mapping[str, int]

    @classmethod
    def of(cls, request: HttpRequest) -> "Privacy":
        """For whoever looks."""
        allowed = Company.here().individual_figures
        leads = member_of(request).role in (Role.ADMIN, Role.LEAD)
        sizes: dict[str, int] = {}
        for team_id in Membership.objects.filter(member__is_active=True).values_list("team_id", flat=True):
            sizes[str(team_id)] = sizes.get(str(team_id), 0) + 1
        return cls(allowed, may_see_individuals(allowed, leads), sizes)

    def check_individuals(self) -> None:
        """Raises NotAllowed where figures on individuals are not for this reader."""
        if not self.individuals:
            raise NotAllowed(
                _("Figures on individuals are not shown."),
                _("The company decides about them; where it allows them, leads and administrators see them."),
            )

    def shows_speed(self, narrowing: Narrowing, dimension: str = "", key: str = "") -> bool:
        """Whether how fast it went may be shown for what a figure is narrowed to."""
        team = key if dimension == "team" else narrowing.by.get("team", "")
        members = None if team in ("", NOBODY) else self.sizes.get(team, 0)
        return speed_is_shown(self.allowed, members)


_NOBODY = {
    "team": gettext_lazy("No team yet"), "channel": gettext_lazy("No channel"), "topic": gettext_lazy("No topic"),
    "member": gettext_lazy("Nobody"),
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What teams, channels, topics and members are called, for the lists to choose from and for headings."""

    by: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, shell: Shell, privacy: Privacy) -> "Names":
        """Those that this reader may ask about."""
        members = Member.objects.order_by("name").values_list("id", "name") if privacy.individuals else []
        return cls({
            "team": {str(team.id): team.name for team in shell.all_teams},
            "channel": {str(id): name for id, name in Channel.objects.order_by("name").values_list("id", "name")},
            "topic": {str(id): name for id, name in Topic.objects.values_list("id", "name")},
            "member": {str(id): name for id, name in members},
        })  # fmt: skip

    def name(self, dimension: str, key: str) -> str:
        """What one is called."""
        if key == NOBODY:
            return str(_NOBODY[dimension])
        return self.by[dimension].get(key) or _("No longer there")

    def of_narrowing(self, narrowing: Narrowing) -> list[str]:
        """What a list is narrowed to, in words."""
        return [self.name(dimension, key) for dimension, key in narrowing.by.items() if dimension in self.by]


@dataclass(frozen=True)
class Cell:
    """A figure as it is shown: words, where they lead, and for the file its plain value."""

    words: str
    url: str = ""
    plain: object = ""
    more: tuple[tuple[str, str], ...] = ()
    hidden: bool = False


@dataclass(frozen=True)
class Tile:
    """One measure for the whole period, against the one before."""

    measure: Measure
    cell: Cell
    change: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Shape:
    """A bar, or the room of a bucket, with what it says and where it leads."""

    shape: object
    says: str
    url: str
    css: str = ""


@dataclass(frozen=True)
class Plan:
    """What a picture shows of which measures, in words and shapes; `legend` has the class and name of each series."""

    key: str
    title: str
    summary: str
    drawing: charts.Drawing
    shapes: list[Shape]
    legend: Sequence[tuple[str, str]]
    measures: list[Measure]
    hidden: bool = False


@dataclass(frozen=True)
class Chart:
    """A picture, the words beside it, and the table that says the same."""

    plan: Plan
    lines: list[tuple[str, str]]
    scale: tuple[str, str, str]
    marks: Sequence[str]
    head: Sequence[str | Promise]
    rows: list[tuple[str, list[Cell]]]


@dataclass
class Page:
    """Everything the page shows of a report."""

    asked: Asked
    report: Report
    names: Names
    privacy: Privacy
    measures: Sequence[Measure] = field(default=MEASURES)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was counted."""
        return not any(figure.count for figure in (*self.report.total.values(), *self.report.before.values()))

    @cached_property
    def tiles(self) -> list[Tile]:
        """Each measure with its change."""
        return [self._tile(measure) for measure in self.measures]

    @cached_property
    def groups(self) -> list[tuple[str, list[Cell]]]:
        """The table by team, channel, topic or member: the busiest first."""
        asked = self.asked
        found = sorted(self.report.groups.items(), key=lambda one: (-_weight(one[1]), one[0]))
        return [
            (self.names.name(asked.dimension, key), [
                self._cell(m, figures, asked.period.start, asked.period.end, {asked.dimension: key})
                for m in self.measures
            ])
            for key, figures in found
        ]  # fmt: skip

    @cached_property
    def pictures(self) -> list[Chart]:
        """The three pictures."""
        return [
            self._bars("traffic", _("Messages in and out"), ("received", "sent")),
            self._bars("flow", _("Opened and resolved"), ("opened", "resolved")),
            self._backlog(),
            self._speed(),
        ]

    @property
    def speed_is_hidden(self) -> bool:
        """Whether some figure on speed is not shown, so that the page says why."""
        return any(cell.hidden for _name, cells in self.groups for cell in cells) or any(
            tile.cell.hidden for tile in self.tiles
        )

    def _tile(self, measure: Measure) -> Tile:
        period = self.asked.period
        cell = self._cell(measure, self.report.total, period.start, period.end, {})
        change, tone = ("", "") if cell.hidden else _change(measure, self.report.total, self.report.before)
        return Tile(measure, cell, change, tone)

    def _cell(
        self, measure: Measure, figures: Figures, start: datetime, end: datetime, by: dict[str, str]
    ) -> Cell:
        key = by.get(self.asked.dimension, "")
        if measure.about_speed and not self.privacy.shows_speed(self.asked.narrowing, self.asked.dimension, key):
            return Cell("–", hidden=True)
        query = {"start": start.isoformat(), "end": end.isoformat(), **self.asked.narrowing.by, **by}

        def url(source: str) -> str:
            return f"{reverse('report_rows', args=[source])}?{urlencode(query)}"

        return _cell(measure, figures, url)

    def _bars(self, key: str, title: str, sources: tuple[str, ...]) -> Chart:
        measures = [m for name in sources for m in self.measures if m.name == name]
        values = [[_count(one, name) for one in self.report.series] for name in sources]
        drawing = charts.bars(values)
        labels, cells = self._labels, self._table(measures)
        shapes = []
        for bar in drawing.bars:
            cell = cells[bar.bucket][1][bar.series]
            says = f"{labels[bar.bucket]}: {measures[bar.series].label} {cell.words}"
            if cell.url:
                shapes.append(Shape(bar, says, cell.url, f"series-{bar.series}"))
        legend = [(f"series-{number}", str(m.label)) for number, m in enumerate(measures)]
        return self._chart(Plan(key, title, _peaks(measures, values, labels), drawing, shapes, legend, measures))

    def _backlog(self) -> Chart:
        measure = next(m for m in self.measures if m.name == "backlog")
        values = [_count(one, "backlog") for one in self.report.series]
        drawing = charts.lines([values])
        title, summary = str(measure.label), _peaks([measure], [values], self._labels)
        slots = self._slots(drawing, [measure])
        return self._chart(Plan("backlog", title, summary, drawing, slots, [("series-2", title)], [measure]))

    def _speed(self) -> Chart:
        measure = next(m for m in self.measures if m.name == "first_answer")
        hidden = not self.privacy.shows_speed(self.asked.narrowing)
        works = [one["answered"].work if "answered" in one and not hidden else None for one in self.report.series]
        values = [[w.median / 3600 if w else None for w in works], [w.p90 / 3600 if w else None for w in works]]
        drawing = charts.lines(values)
        legend = [("series-0", _("Median")), ("series-1", _("Nine out of ten"))]
        summary = _("Hours of business time from the beginning of a conversation to its first answer.")
        title, slots = _("Time to the first answer, in hours"), self._slots(drawing, [measure])
        return self._chart(Plan("speed", title, summary, drawing, slots, legend, [measure], hidden))

    def _chart(self, plan: Plan) -> Chart:
        labels = self._labels
        marks = [labels[0], labels[len(labels) // 2], labels[-1]] if len(labels) > 2 else labels
        lines = [(plan.legend[line.series][0], line.points) for line in plan.drawing.lines]
        top = plan.drawing.top
        scale = (locales.number(top), locales.number(top / 2), locales.number(0))
        return Chart(plan, lines, scale, marks, [m.label for m in plan.measures], self._table(plan.measures))

    def _slots(self, drawing: charts.Drawing, measures: list[Measure]) -> list[Shape]:
        cells = self._table(measures)
        return [
            Shape(slot, f"{cells[slot.bucket][0]}: {cells[slot.bucket][1][0].words}", cells[slot.bucket][1][0].url)
            for slot in drawing.slots
            if cells[slot.bucket][1][0].url
        ]

    def _table(self, measures: Sequence[Measure]) -> list[tuple[str, list[Cell]]]:
        pairs = zip(self._labels, self.asked.buckets, self.report.series, strict=True)
        return [
            (label, [self._cell(m, figures, bucket.start, bucket.end, {}) for m in measures])
            for label, bucket, figures in pairs
        ]

    @cached_property
    def _labels(self) -> list[str]:
        asked = self.asked
        return [day_label(bucket.first, asked.period, asked.buckets) for bucket in asked.buckets]


def day_label(day: date, period: Period, parts: Sequence[Bucket]) -> str:
    """What a part of a period is called: by its first day, or its month."""
    if len(parts) > 1 and (parts[1].first - parts[0].first).days > 26:
        return str(format_skeleton("yMMM", day, locale=locales.locale()))
    return locales.weekday(day) if period.days <= 35 else locales.day(day)


def _count(figures: Figures, source: str) -> int:
    return figures[source].count if source in figures else 0


def _weight(figures: Figures) -> int:
    return sum(figure.count for figure in figures.values())


def _cell(measure: Measure, figures: Figures, url: Any) -> Cell:
    figure = figures.get(measure.source if measure.source != "promised" else "answered", Figure())
    if measure.unit == Unit.COUNT:
        return Cell(locales.number(figure.count), url(measure.source) if figure.count else "", figure.count)
    if measure.unit == Unit.SHARE:
        return _share(figure, url)
    if figure.work is None or figure.clock is None:
        return Cell("–")
    more = (
        (_("Nine out of ten: %(time)s") % {"time": locales.span(figure.work.p90)}, ""),
        (_("By the clock: %(median)s, nine out of ten %(p90)s") % {
            "median": locales.span(figure.clock.median), "p90": locales.span(figure.clock.p90)}, ""),
    )  # fmt: skip
    return Cell(locales.span(figure.work.median), url(measure.source), round(figure.work.median), more)


def _share(figure: Figure, url: Any) -> Cell:
    if figure.share is None:
        return Cell("–")
    late = figure.promised - figure.kept
    more = [(_("%(kept)s of %(all)s") % {
        "kept": locales.number(figure.kept), "all": locales.number(figure.promised)}, url("promised"))]  # fmt: skip
    if late:
        said = ngettext("%(count)s late", "%(count)s late", late) % {"count": locales.number(late)}
        more.append((said, url("broken")))
    lead = url("kept") if figure.kept else ""
    return Cell(locales.percent(figure.share), lead, round(figure.share, 4), tuple(more))


def _change(measure: Measure, now: Figures, then: Figures) -> tuple[str, str]:
    """The difference to the period before, in words, and whether it is good news."""
    new, old = (_value(measure, figures) for figures in (now, then))
    if new is None or old is None:
        return "", ""
    if new == old:
        return _("as before"), ""
    tone = "" if not measure.better else "good" if (new > old) == (measure.better == "more") else "bad"
    signs = {"arrow": "↑" if new > old else "↓"}
    if measure.unit == Unit.SHARE:
        points = abs(new - old) * 100
        return _("%(arrow)s %(points)s points") % {**signs, "points": locales.number(round(points, 1))}, tone
    if not old:
        return _("%(arrow)s from 0") % signs, tone
    return _("%(arrow)s %(share)s") % {**signs, "share": locales.percent(abs(new - old) / old)}, tone


def _value(measure: Measure, figures: Figures) -> float | None:
    figure = figures.get("answered" if measure.source == "promised" else measure.source, Figure())
    if measure.unit == Unit.COUNT:
        return figure.count
    if measure.unit == Unit.SHARE:
        return figure.share
    return figure.work.median if figure.work else None


def _peaks(measures: Sequence[Measure], values: Sequence[Sequence[float]], labels: Sequence[str]) -> str:
    parts = []
    for measure, series in zip(measures, values, strict=True):
        most = max(series, default=0)
        where = labels[list(series).index(most)] if series else ""
        said = _("%(what)s: most at %(when)s, with %(count)s.")
        parts.append(said % {"what": measure.label, "when": where, "count": locales.number(most)})
    return " ".join(parts)


def csv_of(shown: Page) -> tuple[list[object], Iterable[list[object]]]:
    """A report as lines: the period, each part of it, and each group."""
    head: list[object] = [_("Part"), *[_unit(m) for m in shown.measures]]
    period, earlier = shown.asked.period, before(shown.asked.period)
    lines: list[list[object]] = [
        [f"{period.first} – {period.last}", *(tile.cell.plain for tile in shown.tiles)],
        [f"{earlier.first} – {earlier.last}", *(
            shown._cell(m, shown.report.before, earlier.start, earlier.end, {}).plain for m in shown.measures)],
    ]  # fmt: skip
    for bucket, (_label, cells) in zip(shown.asked.buckets, shown._table(shown.measures), strict=True):
        lines.append([bucket.first.isoformat(), *(cell.plain for cell in cells)])
    lines += [[name, *(cell.plain for cell in cells)] for name, cells in shown.groups]
    return head, lines


def _unit(measure: Measure) -> str:
    seconds = _("%(what)s (median, seconds of business time)") % {"what": measure.label}
    return seconds if measure.unit == Unit.TIME else str(measure.label)

