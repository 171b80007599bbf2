"""How the page of ownership is drawn: who owns what, how it came to them, how sure that was, and what was overruled."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from urllib.parse import quote_plus, urlencode

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from rapport.insight.periods import buckets
from rapport.insight.routing import Asked, Counted, Route, Rule
from rapport.insight.sources import NOBODY
from rapport.ownership.policy import EARLIER_OWNER, HOLDER
from rapport.web import locales
from rapport.web.bands import Bands
from rapport.web.celldraw import table_rows
from rapport.web.faces import hue_of_place
from rapport.web.overview_pictures import Heat, heat, likely_chart, triage_chart
from rapport.web.reports_show import Cell, Chart, Names
from rapport.web.routed_words import WAYS, css_of

_ABOUT, _TEAMS_DRAWN, _OVERRULED, _LISTED = 3, 20, 12, 8
_Counts = Mapping[tuple[str | None, str | None], int]
TRIAGE = ("suggested", "sorted", "untouched")


@dataclass(frozen=True)
class Part:
    """A share of a whole: what it is, how many, and the list behind it; `x`, `width`: its place in a bar of 100."""

    key: str
    label: str
    means: str
    css: str
    cell: Cell
    share: str
    x: float = 0.0
    width: float = 0.0


@dataclass(frozen=True)
class OfTeam:
    """One team: what is theirs, how it came to them, and what was first theirs and was moved on."""

    name: str
    url: str
    hue: str
    came: Cell
    parts: list[Part]
    says: str
    overruled: Cell
    topics: list[str]
    channels: list[str]


@dataclass(frozen=True)
class Overruled:
    """What a rule (or what was learned) gave to one team, and members to another; of how many of the rule's."""

    rule: str
    way: str
    source: str
    target: str
    cell: Cell
    of: str
    more: str


@dataclass(frozen=True)
class Flows:
    """A picture of bands to the teams, and the table that says the same: a line a team, a column for each source."""

    key: str
    bands: Bands
    head: list[str]
    rows: SafeString


class Went(NamedTuple):
    """So many went the same way, whichever version of the policy decided: `rule` is its name, "" without one.

    `way` is one of routing.WAYS; `told` the same, or that the rule gave it to an earlier owner or a holder.
    """

    rule: str
    way: str
    told: str
    first_id: str | None
    owner_id: str | None
    overruled: bool
    many: int


def merged(routes: Iterable[Route], rules: Mapping[tuple[int, int], Rule]) -> list[Went]:
    """The routes of all versions together: a rule is known by its name."""
    called = {
        pair: (rule.name, rule.owner if rule.owner in (EARLIER_OWNER, HOLDER) else "rule")
        for pair, rule in rules.items()
    }
    counts: dict[tuple[str, str, str, str | None, str | None, bool], int] = {}
    for version, number, way, first, owner, overruled, count in routes:
        rule, told = called.get((version or 0, number or 0), ("", way))
        key = rule, way, told if way == "rule" else way, first, owner, overruled
        counts[key] = counts.get(key, 0) + count
    return [Went(*key, count) for key, count in counts.items()]


class Overview:
    """Everything the page tells, in the scope of whoever looks."""

    def __init__(
        self, asked: Asked, counted: Counted, rules: Mapping[tuple[int, int], Rule], names: Names,
        hues: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.asked, self.counted, self._names, self._hues = asked, counted, names, hues
        self._asked_id = str(asked.team_id) if asked.team_id else None
        self._routes = merged(counted.routes, rules)

    @cached_property
    def own(self) -> list[Went]:
        """What is the team's that is asked about; all, where none is."""
        wanted = self._asked_id
        return [one for one in self._routes if wanted is None or one.owner_id == wanted]

    @cached_property
    def total(self) -> int:
        """How many came."""
        return _sum(self.own)

    @cached_property
    def ways(self) -> list[Part]:
        """How they came to their owners."""
        return self._parts(self.own, {})

    @property
    def tiles(self) -> list[tuple[str, Cell, list[tuple[str, str]]]]:
        """The figures that one reads first: what each is, the figure with its list, and what is beside it."""
        by_rule = [one for one in self.own if one.way == "rule"]
        triage = [one for one in self.own if one.way in TRIAGE]
        learned = [one for one in self.own if one.way == "learned"]
        beside = [(f"{part.label}: {part.cell.words}", part.cell.url) for part in self.ways if part.key in TRIAGE]
        settled, right = sum(self.counted.likely.values()), _right(self.counted.likely)
        first = [one for one in self._routes if one.way in ("rule", "learned") and self._was_first(one)]
        away = _sum(one for one in first if one.overruled)
        found = [
            (_("Came in"), self._cell(self.total, {}), []),
            (_("By a rule"), self._share(_sum(by_rule), self.total, {"way": "rules"}), []),
            (_("By itself"), self._share(_sum(learned), self.total, {"way": "learned"}), []),
            (_("Left to triage"), self._share(_sum(triage), self.total, {"way": "triage"}), beside),
            (_("Overruled"), self._share(away, _sum(first), {"overruled": "yes", **self._first()}, own=False), []),
        ]  # fmt: skip
        if settled:
            found.append((_("Suggested right"), self._share(right, settled, {"said": "right"}), []))
        return found

    @cached_property
    def owners(self) -> dict[str | None, int]:
        """How much each team has, the busiest first; the one asked about also where it has nothing."""
        counts: dict[str | None, int] = {self._asked_id: 0} if self._asked_id else {}
        for one in self.own:
            counts[one.owner_id] = counts.get(one.owner_id, 0) + one.many
        return dict(sorted(counts.items(), key=lambda item: (-item[1], self._team(item[0]))))

    @cached_property
    def teams(self) -> list[OfTeam]:
        """Who owns what."""
        return [self._of_team(owner, count) for owner, count in self.owners.items()]

    @property
    def flows(self) -> list[Flows]:
        """Two pictures: by which channel it came to the teams, and how that was decided."""
        ways: dict[tuple[str, str], int] = {}
        for one in self.own:
            key = one.told, _id(one.owner_id)
            ways[key] = ways.get(key, 0) + one.many
        given = self.counted.channels.items()
        came = {(_id(key), _id(owner)): n for (owner, key), n in given if self._asked_id in (None, owner)}
        order = [part.key for part in self.channels if part.key]
        hues = {key: hue_of_place(place) for place, key in enumerate(order)}
        return [
            self._flows("channel", _("By which channel it comes to the teams"), came, hues, order),
            self._flows("way", _("How it was decided"), ways, {way: css_of(way) for way in WAYS},
                        [part.key for part in self.ways]),
        ]  # fmt: skip

    def _flows(
        self, side: str, title: str, given: Mapping[tuple[str, str], int], css: Mapping[str, str], order: Sequence[str]
    ) -> Flows:
        def name(source: str) -> str:
            return str(WAYS[source][0]) if side == "way" else self._names.name("channel", source)

        # What a source is called and what a team is called must not be taken for one another: both may be nobody.
        drawn = Bands(
            title, [(f"<{source}", team, count) for (source, team), count in given.items()],
            lambda key: name(key[1:]) if key.startswith("<") else self._names.name("team", key),
            {f"<{source}": color for source, color in css.items()}, _TEAMS_DRAWN,
        )  # fmt: skip
        rows = [
            (self._team(owner), [self._cell(given.get((key, _id(owner)), 0), {side: key, "team": _id(owner)}, own=False)
                                 for key in order])
            for owner in list(self.owners)[:_TEAMS_DRAWN]
        ]  # fmt: skip
        return Flows(f"o-{side}", drawn, [name(key) for key in order], table_rows(rows))

    @cached_property
    def channels(self) -> list[Part]:
        """What came by which channel, the most first."""
        return self._listed("channel", self.counted.channels)

    @property
    def topics(self) -> list[Part]:
        """What it was about, the most first."""
        return self._listed("topic", self.counted.topics)

    @property
    def likely(self) -> Chart | None:
        """How likely suggestions were said to be, beside how often people settled on them."""
        return likely_chart(self.counted.likely, self._cell) if self.counted.likely else None

    @property
    def triage(self) -> Chart:
        """The share left to triage, over time."""
        period = self.asked.period
        parts = buckets(period, "day" if period.days <= 28 else "week")
        return triage_chart(self.counted.times, period, parts, self._triaged)

    @property
    def heat(self) -> Heat:
        """When it comes, by weekday and hour."""
        return heat(self.counted.times, self.asked.period.zone, self._cell)

    @cached_property
    def overruled(self) -> list[Overruled]:
        """What people moved on after a rule, or what was learned, had decided: the most frequent first."""
        found: dict[tuple[str, str, str, str], int] = {}
        all_of: dict[tuple[str, str, str], int] = {}
        for one in self._routes:
            if one.way not in ("rule", "learned"):
                continue
            source = one.rule, one.told, _id(one.first_id)
            all_of[source] = all_of.get(source, 0) + one.many
            if one.overruled:
                found[*source, _id(one.owner_id)] = found.get((*source, _id(one.owner_id)), 0) + one.many
        order = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_OVERRULED]
        return [self._overruled(key, count, all_of[key[:3]]) for key, count in order]

    @property
    def fired(self) -> set[str]:
        """The names of the rules that decided something."""
        return {one.rule for one in self._routes if one.way == "rule"}

    def _overruled(self, key: tuple[str, str, str, str], count: int, of: int) -> Overruled:
        rule, way, first, owner = key
        by = {"overruled": "yes", "first": first, "team": owner, **({"rule": rule} if rule else {"way": way})}
        said = _("%(some)s of %(all)s") % {"some": locales.number(count), "all": locales.number(of)}
        return Overruled(
            rule or str(WAYS[way][0]), way, self._names.name("team", first), self._names.name("team", owner),
            self._cell(count, by, own=False), f"{said} · {locales.percent(count / of)}",
            f"{reverse('policy_overruled')}?{urlencode({'days': str(self.asked.period.days), **by})}",
        )  # fmt: skip

    @cached_property
    def _by_owner(self) -> dict[str | None, list[Went]]:
        return _by(self.own, lambda one: one.owner_id)

    @cached_property
    def _by_first(self) -> dict[str | None, list[Went]]:
        """What a rule, or what was learned, gave to each team at first."""
        decided = (one for one in self._routes if one.way in ("rule", "learned"))
        return _by(decided, lambda one: one.first_id)

    @cached_property
    def _most(self) -> dict[str, dict[str | None, list[str]]]:
        """Of each team the topics, and the channels, that most is about or comes by."""
        counted = self.counted
        return {"topic": self._about("topic", counted.topics), "channel": self._about("channel", counted.channels)}

    def _of_team(self, owner: str | None, count: int) -> OfTeam:
        theirs = self._by_owner.get(owner, [])
        first = self._by_first.get(owner, [])
        parts = self._parts(theirs, {"team": _id(owner)})
        away = _sum(one for one in first if one.overruled)
        slug = self._names.by["slug"].get(_id(owner), "")
        here = {"days": str(self.asked.period.days), "team": slug}
        return OfTeam(
            self._team(owner), f"{reverse('policy_overview')}?{urlencode(here)}" if slug else "",
            self._hues.get(slug, "hue-0"), self._cell(count, {"team": _id(owner)}, own=False), parts,
            "; ".join(f"{part.label} {part.share}" for part in parts),
            self._share(away, _sum(first), {"overruled": "yes", "first": _id(owner)}, own=False),
            self._most["topic"].get(owner, []), self._most["channel"].get(owner, []),
        )  # fmt: skip

    def _about(self, dimension: str, counts: _Counts) -> dict[str | None, list[str]]:
        found: dict[str | None, list[str]] = {}
        for (owner, key), _count in sorted(counts.items(), key=lambda item: -item[1]):
            if key and len(found.setdefault(owner, [])) < _ABOUT:
                found[owner].append(self._names.name(dimension, _id(key)))
        return found

    def _parts(self, routes: Sequence[Went], by: Mapping[str, str]) -> list[Part]:
        counts: dict[str, int] = {}
        for one in routes:
            counts[one.told] = counts.get(one.told, 0) + one.many
        of, x, found = sum(counts.values()), 0.0, []
        for way, (label, means) in WAYS.items():
            if count := counts.get(way, 0):
                width = 100 * count / of
                cell = self._cell(count, {**by, "way": way}, own=not by)
                found.append(Part(way, str(label), str(means), css_of(way), cell, locales.percent(count / of),
                                  round(x, 2), round(width, 2)))  # fmt: skip
                x += width
        return found

    def _listed(self, dimension: str, given: _Counts) -> list[Part]:
        counts: dict[str, int] = {}
        for (owner, key), count in given.items():
            if self._asked_id in (None, owner):
                counts[_id(key)] = counts.get(_id(key), 0) + count
        order = sorted(counts.items(), key=lambda one: (one[0] == NOBODY, -one[1], one[0]))
        most, of = max(counts.values(), default=1), sum(counts.values())
        found = [
            Part(key, self._names.name(dimension, key), "", "series-0", self._cell(n, {dimension: key}),
                 locales.percent(n / of), 0.0, round(100 * n / most, 1))
            for key, n in order[:_LISTED]
        ]  # fmt: skip
        rest = sum(n for _key, n in order[_LISTED:])
        if rest:
            found.append(Part("", _("others"), "", "", Cell(locales.number(rest)), locales.percent(rest / of)))
        return found

    def _was_first(self, one: Went) -> bool:
        return self._asked_id in (None, one.first_id)

    def _first(self) -> dict[str, str]:
        return {"first": str(self._asked_id)} if self._asked_id else {}

    def _team(self, team_id: str | None) -> str:
        return self._names.name("team", _id(team_id))

    @cached_property
    def _lists(self) -> tuple[str, str]:
        """How the address of a list begins, of all and of the team asked about: a page has hundreds of them."""
        address = f"{reverse('report_rows', args=['routed'])}?days={self.asked.period.days}"
        return address, f"{address}&team={self._asked_id}" if self._asked_id else address

    def _url(self, by: Mapping[str, str], *, own: bool = True) -> str:
        return self._lists[own] + "".join([f"&{name}={quote_plus(value)}" for name, value in by.items()])

    def _triaged(self, start: datetime, end: datetime) -> str:
        team = {"team": str(self._asked_id)} if self._asked_id else {}
        given = {"way": "triage", "start": start.isoformat(), "end": end.isoformat(), **team}
        return f"{reverse('report_rows', args=['routed'])}?{urlencode(given)}"

    def _cell(self, count: int, by: Mapping[str, str], *, own: bool = True) -> Cell:
        return Cell(locales.number(count), self._url(by, own=own) if count else "", count)

    def _share(self, count: int, of: int, by: Mapping[str, str], *, own: bool = True) -> Cell:
        if not of:
            return Cell("–")
        return Cell(locales.percent(count / of), self._url(by, own=own) if count else "", round(count / of, 4))


def _by(routes: Iterable[Went], key: Callable[[Went], str | None]) -> dict[str | None, list[Went]]:
    found: dict[str | None, list[Went]] = {}
    for one in routes:
        found.setdefault(key(one), []).append(one)
    return found


def _sum(routes: Iterable[Went]) -> int:
    return sum(one.many for one in routes)


def _right(likely: Mapping[tuple[int, bool], int]) -> int:
    return sum(count for (_tenth, right), count in likely.items() if right)


def _id(found: str | None) -> str:
    return found or NOBODY
