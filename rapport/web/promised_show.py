"""How promises kept and broken are drawn: a card for each clock with its picture, a table, the worst, and the lists."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise as Words
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from rapport.insight import charts, promised
from rapport.insight.periods import before
from rapport.insight.promised import KEPT, MISSED, PAUSED, RUNNING, Asked, OfClock, Outcome, Row
from rapport.insight.sources import Narrowing
from rapport.ownership.policy import Policy
from rapport.ownership.promising import length_of
from rapport.staff.hours import Hours
from rapport.staff.opening import named
from rapport.web import locales
from rapport.web.promise_words import CLOCKS as CLOCK_WORDS
from rapport.web.reports_show import Cell, Chart, Names, Plan, Privacy, Shape, day_label

STATES: Mapping[str, str | Words] = {
    "decided": lazy("Kept or missed"), KEPT: lazy("Kept"), MISSED: lazy("Missed"), RUNNING: lazy("Running now"),
    PAUSED: lazy("Paused now"),
}  # fmt: skip
MEANS: Mapping[str, str | Words] = {
    "decided": lazy("Promises of which it was known during the period whether they were kept."),
    KEPT: lazy("Done in time, during the period."),
    MISSED: lazy("Ran out during the period before it was done. What is done too late stays missed, as does what is "
                 "not done yet."),
    RUNNING: lazy("Promises whose time passes at this moment, whatever the period; the next to run out first."),
    PAUSED: lazy("Promises that stand at this moment, as the policy says: while they are to answer, or it is snoozed. "
                 "Their end moves by as much open time as they stand."),
    "late": lazy("Open time, of the business hours it was promised in, from when it was due until it was done, or "
                 "until now."),
    "steps": lazy("Promises of which a step was done: somebody told or involved, the priority raised, or it was given "
                  "on."),
}  # fmt: skip
"""What each list and figure counts: on the page, above the lists, and in docs/reports.md."""
_DIGITS_MAX = 10
"""Of the minutes of a promise: what an address says may be anything."""


@dataclass(frozen=True)
class Terms:
    """What promises are called by what was promised: the names in the policy in force, else the time and the hours."""

    policy: Policy
    hours: Mapping[str, Hours]

    def name(self, key: str) -> str:
        """Of "clock|minutes|hours"."""
        clock, _bar, rest = key.partition("|")
        minutes, _bar, hours = rest.partition("|")
        if clock not in CLOCK_WORDS or not minutes.isdecimal() or len(minutes) > _DIGITS_MAX:
            return _("No longer there")
        return f"{CLOCK_WORDS[clock][0]}, {self.within(clock, int(minutes), hours)}"

    def within(self, clock: str, minutes: int, hours: str) -> str:
        """The same without the clock."""
        if not minutes:
            return _("before there were clocks")
        open_hours = named(self.hours, hours)
        time = f"{locales.span(minutes * 60, open_hours.minutes_a_day or 1440)} ({hours or _('the company’s hours')})"
        names = [
            name for name, promise in self.policy.promises.items()
            if (span := promise.span(clock)) and promise.hours in ("", hours)
            and length_of(span, open_hours).total_seconds() == minutes * 60
        ]  # fmt: skip
        return f"{', '.join(names)}: {time}" if names else time


@dataclass(frozen=True)
class Card:
    """One clock: its share with the change to the period before, its figures with their lists, and its picture."""

    clock: str
    name: str
    share: Cell
    change: str
    tone: str
    figures: list[tuple[str, Cell]]
    chart: Chart | None


@dataclass(frozen=True)
class Late:
    """One promise in a list, in words."""

    row: Row
    clock: str
    promise: str
    late: str
    state: str
    steps: str


class Page:
    """Everything that the page shows."""

    def __init__(
        self, asked: Asked, found: Mapping[str, OfClock], names: Names, privacy: Privacy, terms: Terms
    ) -> None:
        self.asked, self.found, self._names, self._privacy, self.terms = asked, found, names, privacy, terms

    @property
    def is_empty(self) -> bool:
        """Whether nothing was promised at all."""
        return not any(one.total.decided + one.before.decided + one.running + one.paused for one in self.found.values())

    @property
    def narrowed(self) -> list[str]:
        """The promise that it is narrowed to, which the form does not show."""
        return narrowed(self.asked.narrowing, self.terms)

    @property
    def is_hidden(self) -> bool:
        """Whether how a team keeps its promises is not shown, as it is too small."""
        return not self._privacy.shows_speed(self.asked.narrowing)

    @property
    def some_hidden(self) -> bool:
        """Whether some line of the table is not shown, for the same reason."""
        return self.is_hidden or any(cell.hidden for _name, cells in self.groups for cell in cells)

    @cached_property
    def cards(self) -> list[Card]:
        """The clocks of which anything is to be told."""
        return [
            self._card(name, one) for name, one in self.found.items()
            if one.total.decided or one.before.decided or one.running or one.paused
        ]  # fmt: skip

    @property
    def clock_names(self) -> list[str]:
        """Over the columns of the table by team, promise, channel, topic or member: three for each clock."""
        return [str(CLOCK_WORDS[clock][0]) for clock in self._clocks]

    @cached_property
    def groups(self) -> list[tuple[str, list[Cell]]]:
        """That table: who has most promises first."""
        counts: dict[str, int] = {}
        for one in self.found.values():
            for key, outcome in one.groups.items():
                counts[key] = counts.get(key, 0) + outcome.decided
        order = sorted(counts, key=lambda key: (-counts[key], self.group_name(key)))
        return [
            (self.group_name(key), [cell for clock in self._clocks for cell in self._group_cells(clock, key)])
            for key in order
        ]

    def group_name(self, key: str) -> str:
        """What one of the dimension is called."""
        dimension = self.asked.dimension
        return self.terms.name(key) if dimension == "promise" else self._names.name(dimension, key)

    def lines(self) -> Iterable[list[object]]:
        """The report as lines of a file: the period, the one before, each part, each group; a line a clock."""
        period, earlier = self.asked.period, before(self.asked.period)
        for clock, one in self.found.items():
            name = str(CLOCK_WORDS[clock][0])
            if not self.is_hidden:
                yield [f"{period.first} – {period.last}", name, *_plain(one.total)]
                yield [f"{earlier.first} – {earlier.last}", name, *_plain(one.before)]
                for place, bucket in enumerate(self.asked.buckets):
                    yield [bucket.first.isoformat(), name, *_plain(one.series.get(place, Outcome()))]
            for key, outcome in one.groups.items():
                if self._shows(key):
                    yield [self.group_name(key), name, *_plain(outcome)]

    @property
    def _clocks(self) -> list[str]:
        return [card.clock for card in self.cards]

    def _shows(self, key: str = "") -> bool:
        return self._privacy.shows_speed(self.asked.narrowing, self.asked.dimension, key)

    def _card(self, clock: str, one: OfClock) -> Card:
        running, paused = (self._now(state, clock, n) for state, n in ((RUNNING, one.running), (PAUSED, one.paused)))
        figures = [(str(STATES[RUNNING]), running), (str(STATES[PAUSED]), paused)]
        name = str(CLOCK_WORDS[clock][0])
        if self.is_hidden:
            return Card(clock, name, Cell("–", hidden=True), "", "", figures, None)
        share, change, tone = self._share(clock, one.total, {}), *_change(one)
        total = one.total
        told: list[tuple[str, Cell]] = [
            (str(STATES[KEPT]), self._count(KEPT, clock, total.kept)),
            (str(STATES[MISSED]), self._count(MISSED, clock, total.missed)),
        ]
        if total.missed:
            told += [(_("Late by, median"), Cell(_span(total.median))),
                     (_("Late by, nine out of ten at most"), Cell(_span(total.p90)))]  # fmt: skip
        if total.stepped:
            told.append((_("With steps done"), self._count("decided", clock, total.stepped, {"steps": "yes"})))
        if total.moved:
            told.append((_("Given on by a step"), self._count("decided", clock, total.moved, {"moves": "yes"})))
        return Card(clock, name, share, change, tone, [*told, *figures], self._chart(clock, one))

    def _chart(self, clock: str, one: OfClock) -> Chart:
        asked, places = self.asked, range(len(self.asked.buckets))
        now, then = ([series.get(place, Outcome()) for place in places] for series in (one.series, one.series_before))
        shares = [[100 * o.share if o.share is not None else None for o in series] for series in (now, then)]
        drawing = charts.lines([*shares, [100.0]])  # the scale goes to the whole
        labels = [day_label(bucket.first, asked.period, asked.buckets) for bucket in asked.buckets]
        rows = []
        for place, bucket in enumerate(asked.buckets):
            by = {"start": bucket.start.isoformat(), "end": bucket.end.isoformat()}
            outcome, earlier = now[place], then[place].share
            rows.append((labels[place], [
                self._share(clock, outcome, by),
                self._count(KEPT, clock, outcome.kept, by), self._count(MISSED, clock, outcome.missed, by),
                Cell(locales.percent(earlier) if earlier is not None else "–"),
            ]))  # fmt: skip
        title = _("%(clock)s: share kept") % {"clock": CLOCK_WORDS[clock][0]}
        shapes = [
            Shape(slot, f"{labels[slot.bucket]}: {rows[slot.bucket][1][0].words}", rows[slot.bucket][1][0].url)
            for slot in drawing.slots if slot.bucket < len(rows) and rows[slot.bucket][1][0].url
        ]  # fmt: skip
        legend = [("series-0", _("This period")), ("series-1", _("The period before"))]
        plan = Plan(f"kept-{clock}", title, _trend(now, labels), drawing, shapes, legend, [])
        lines = [(f"series-{line.series}", line.points) for line in drawing.lines[:2]]
        marks = [labels[0], labels[len(labels) // 2], labels[-1]] if len(labels) > 2 else labels
        scale = (locales.percent(1), locales.percent(0.5), locales.percent(0))
        head = [_("Share kept"), str(STATES[KEPT]), str(STATES[MISSED]), _("The period before")]
        return Chart(plan, lines, scale, marks, head, rows)

    def _group_cells(self, clock: str, key: str) -> list[Cell]:
        if not self._shows(key):
            return [Cell("–", hidden=True)] * 3
        outcome, by = self.found[clock].groups.get(key, Outcome()), {self.asked.dimension: key}
        late = Cell(_span(outcome.median) if outcome.missed else "–")
        return [self._share(clock, outcome, by), self._count(MISSED, clock, outcome.missed, by), late]

    def _share(self, clock: str, outcome: Outcome, by: Mapping[str, str]) -> Cell:
        if outcome.share is None:
            return Cell("–")
        return Cell(locales.percent(outcome.share), self._url("decided", clock, by), round(outcome.share, 4))

    def _count(self, state: str, clock: str, count: int, by: Mapping[str, str] | None = None) -> Cell:
        return Cell(locales.number(count), self._url(state, clock, by or {}) if count else "", count)

    def _now(self, state: str, clock: str, count: int) -> Cell:
        return Cell(locales.number(count), self._url(state, clock, {}) if count else "", count)

    def _url(self, state: str, clock: str, by: Mapping[str, str]) -> str:
        period = self.asked.period
        query = {
            "start": period.start.isoformat(), "end": period.end.isoformat(), **self.asked.narrowing.by, "clock": clock,
            **by,
        }  # fmt: skip
        return f"{reverse('promise_rows', args=[state])}?{urlencode(query)}"


def late_of(rows: Sequence[Row], terms: Terms) -> list[Late]:
    """The rows of a list in words."""
    return [_late(row, terms) for row in rows]


def narrowed(narrowing: Narrowing, terms: Terms) -> list[str]:
    """What a list is narrowed to beside team, channel, topic and member."""
    found = []
    for name, value in narrowing.by.items():
        if name == "clock" and value in CLOCK_WORDS:
            found.append(str(CLOCK_WORDS[value][0]))
        elif name == "promise":
            found.append(terms.name(value))
        elif name == "steps":
            found.append(_("with steps done") if value == "yes" else _("without steps"))
        elif name == "moves":
            found.append(_("given on by a step") if value == "yes" else _("not given on"))
    return found


def _late(row: Row, terms: Terms) -> Late:
    day = named(terms.hours, row.hours).minutes_a_day or 1440
    late = locales.span(row.late, day) if row.late is not None else ""
    if row.stopped_at:
        state = _("done %(when)s") % {"when": locales.moment(row.stopped_at)}
    elif row.halted_at:
        state = _("stands since %(when)s") % {"when": locales.moment(row.halted_at)}
    else:
        state = _("not done yet")
    steps = ngettext("%(count)s step", "%(count)s steps", row.steps) % {"count": row.steps} if row.steps else ""
    promise = terms.within(row.clock, row.span_minutes, row.hours)
    return Late(row, str(CLOCK_WORDS[row.clock][0]), promise, late, state, steps)


def _span(seconds: float | None) -> str:
    return "–" if seconds is None else locales.span(seconds)


def _plain(outcome: Outcome) -> list[object]:
    late = [None if one is None else round(one) for one in (outcome.median, outcome.p90)]
    share = None if outcome.share is None else round(outcome.share, 4)
    return [outcome.kept, outcome.missed, share, *late, outcome.stepped, outcome.moved]


def file_head() -> list[object]:
    """The columns of the file."""
    return [
        _("Part"), _("Clock"), _("Kept"), _("Missed"), _("Share kept"), _("Late by, median (seconds of open time)"),
        _("Late by, nine out of ten at most (seconds of open time)"), _("With steps done"), _("Given on by a step"),
    ]  # fmt: skip


def _change(one: OfClock) -> tuple[str, str]:
    new, old = one.total.share, one.before.share
    if new is None or old is None:
        return "", ""
    if new == old:
        return _("as before"), ""
    points = locales.number(round(abs(new - old) * 100, 1))
    given = {"arrow": "↑" if new > old else "↓", "points": points}
    return _("%(arrow)s %(points)s points") % given, "good" if new > old else "bad"


def _trend(series: Sequence[Outcome], labels: Sequence[str]) -> str:
    """What the picture shows, for who does not see it."""
    known = [(one.share, label) for one, label in zip(series, labels, strict=True) if one.share is not None]
    if not known:
        return _("Nothing was promised in this period.")
    least = min(known, key=lambda one: one[0])
    return _("Least was kept at %(when)s: %(share)s.") % {"when": least[1], "share": locales.percent(least[0])}


assert set(promised.LISTS) == set(STATES)  # noqa: S101 - each list has its words
