"""How the page of ownership is drawn: who owns what, how it came to them, how sure that was, and what was overruled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import quote_plus, urlencode

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.core.errors import NotVisible
from rapport.insight.periods import buckets
from rapport.insight.routing import Asked, Counted, Moved
from rapport.insight.sources import NOBODY
from rapport.web import locales
from rapport.web.bands import Bands
from rapport.web.celldraw import table_rows
from rapport.web.faces import hue_of_place
from rapport.web.overview_pictures import Heat, heat, heat_rows, likely_chart, triage_chart
from rapport.web.reports_show import Cell, Chart, Names
from rapport.web.routed_words import WAYS, css_of, weekday
from rapport.web.teamdraw import OfTeam, Part, team_head, team_rows

_ABOUT, _BANDS_KEPT, _LISTED, TEAMS_SHOWN = 3, 12, 8, 20
_TITLES = {"channel": lazy("By which channel it comes to the teams"), "way": lazy("How it was decided")}
_Counts = Mapping[tuple[str | None, str | None], int]
TRIAGE = ("suggested", "sorted", "untouched")
BY_RULE = ("rule", "@earlier", "@holder")


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
    """A picture of bands to the teams, from the sources of a side: "channel" or "way"."""

    key: str
    bands: Bands


@dataclass(frozen=True)
class Table:
    """Figures that say the same as a picture, or the rest of a list: what they are, a label a column, the lines."""

    label: str
    head: list[str]
    rows: SafeString
    css: str = "figures"


class Overview:
    """Everything the page tells, in the scope of whoever looks."""

    def __init__(self, asked: Asked, counted: Counted, names: Names, hues: Mapping[str, str]) -> None:
        self.asked, self.counted, self._names, self._hues = asked, counted, names, hues
        self._asked_id = str(asked.team_id) if asked.team_id else None

    @cached_property
    def _ways_of(self) -> dict[str | None, dict[str, int]]:
        """By owner how many came by which way: of the team that is asked about, or of all."""
        found: dict[str | None, dict[str, int]] = {}
        for (owner, way), count in self.counted.ways.items():
            if self._asked_id in (None, owner):
                found.setdefault(owner, {})[way] = count
        return found

    @cached_property
    def _by_way(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for ways in self._ways_of.values():
            for way, count in ways.items():
                found[way] = found.get(way, 0) + count
        return found

    @cached_property
    def total(self) -> int:
        """How many came."""
        return sum(self._by_way.values())

    @cached_property
    def ways(self) -> list[Part]:
        """How they came to their owners."""
        return self._parts(self._by_way, {})

    @property
    def tiles(self) -> list[tuple[str, Cell, list[tuple[str, str]]]]:
        """The figures that one reads first: what each is, the figure with its list, and of how many it is."""
        by_rule, triage, learned = (
            sum(self._by_way.get(way, 0) for way in ways) for ways in (BY_RULE, TRIAGE, ("learned",))
        )
        beside = [(f"{part.label}: {part.cell.words}", part.cell.url) for part in self.ways if part.key in TRIAGE]
        settled, right = sum(self.counted.likely.values()), _right(self.counted.likely)
        first, away = self._given(None if self._asked_id is None else [self._asked_id])
        overruled = self._share(away, first, {"overruled": "yes", **self._first()}, own=False)
        found = [
            (_("Came in"), self._cell(self.total, {}), []),
            (_("By a rule"), self._share(by_rule, self.total, {"way": "rules"}), _some_of(by_rule, self.total)),
            (_("By itself"), self._share(learned, self.total, {"way": "learned"}), _some_of(learned, self.total)),
            (_("Left to triage"), self._share(triage, self.total, {"way": "triage"}), beside),
            (_("Overruled"), overruled, [*_some_of(away, first), *self._most_overruled()]),
        ]  # fmt: skip
        if settled:
            share = self._share(right, settled, {"said": "right"})
            found.append((_("Suggested right"), share, _some_of(right, settled)))
        return found

    def _most_overruled(self) -> list[tuple[str, str]]:
        """From whom to whom people moved the most, with the list of it."""
        flows = self._moved
        if not flows:
            return []
        (first, owner), many = max(flows.items(), key=lambda one: (one[1], one[0]))
        names = {"source": self._team(first), "target": self._team(owner), "count": locales.number(many)}
        url = self._url({"overruled": "yes", "first": first, "team": owner}, own=False)
        return [(_("%(source)s to %(target)s: %(count)s") % names, url)]

    @cached_property
    def _moved(self) -> dict[tuple[str, str], int]:
        """By from whom and to whom how much people moved, of what is shown as overruled."""
        found: dict[tuple[str, str], int] = {}
        for one in self.counted.moved:
            pair = (_id(one.first_id), _id(one.owner_id))
            found[pair] = found.get(pair, 0) + one.many
        return found

    @property
    def moved(self) -> Bands | None:
        """From team to team what people moved on; None where it is one line or none."""
        if len(self._moved) < 2:
            return None
        slugs = self._names.by["slug"]
        css = {first: self._hues.get(slugs.get(first, ""), "hue-0") for first, _owner in self._moved}
        given = [(*pair, many) for pair, many in self._moved.items()]
        return Bands(_("From whom to whom"), given, self._team, css, _BANDS_KEPT)

    @cached_property
    def owners(self) -> dict[str | None, int]:
        """How much each team has, the busiest first; the one asked about also where it has nothing."""
        counts: dict[str | None, int] = {self._asked_id: 0} if self._asked_id else {}
        counts |= {owner: sum(ways.values()) for owner, ways in self._ways_of.items()}
        return dict(sorted(counts.items(), key=lambda item: (-item[1], self._team(item[0]))))

    @property
    def teams(self) -> SafeString:
        """Who owns what: the busiest."""
        return team_rows(self._of_teams(0, TEAMS_SHOWN))

    @property
    def more_teams(self) -> int:
        """How many more teams own something."""
        return max(0, len(self.owners) - TEAMS_SHOWN)

    def _of_teams(self, first: int, last: int | None) -> list[OfTeam]:
        return [self._of_team(owner, count) for owner, count in list(self.owners.items())[first:last]]

    @property
    def flows(self) -> list[Flows]:
        """Two pictures: by which channel it came to the teams, and how that was decided."""
        return [
            self._flows("channel", {key: hue_of_place(place) for place, key in enumerate(self._sources("channel"))}),
            self._flows("way", {way: css_of(way) for way in WAYS}),
        ]

    def table(self, which: str) -> Table:
        """What stands folded on the page until it is opened. Raises NotVisible for what there is not."""
        if which in _TITLES:
            return self._flow_table(which)
        if which == "heat":
            rows = heat_rows(self.counted.times, self.asked.period.zone, self._cell)
            return Table(_("When it comes"), ["", *(weekday(day) for day in range(1, 8))], rows)
        if which == "teams":
            rest = team_rows(self._of_teams(TEAMS_SHOWN, None))
            return Table(_("Who owns what"), team_head(), rest, "stacked teams-table")
        raise NotVisible("There is no such table.")

    def _came(self, side: str) -> dict[tuple[str, str], int]:
        """How much came from each source of a side to each team."""
        if side == "way":
            return {(way, _id(owner)): n for owner, found in self._ways_of.items() for way, n in found.items()}
        given = self.counted.channels.items()
        return {(_id(key), _id(owner)): n for (owner, key), n in given if self._asked_id in (None, owner)}

    def _sources(self, side: str) -> list[str]:
        return [part.key for part in (self.ways if side == "way" else self.channels) if part.key]

    def _source(self, side: str, source: str) -> str:
        return str(WAYS[source][0]) if side == "way" else self._names.name("channel", source)

    def _flows(self, side: str, css: Mapping[str, str]) -> Flows:
        # What a source is called and what a team is called must not be taken for one another: both may be nobody.
        drawn = Bands(
            str(_TITLES[side]), [(f"<{source}", team, count) for (source, team), count in self._came(side).items()],
            lambda key: self._source(side, key[1:]) if key.startswith("<") else self._names.name("team", key),
            {f"<{source}": color for source, color in css.items()}, _BANDS_KEPT,
        )  # fmt: skip
        return Flows(side, drawn)

    def _flow_table(self, side: str) -> Table:
        given, order = self._came(side), self._sources(side)
        rows = [
            (self._team(owner), [self._cell(given.get((key, _id(owner)), 0), {side: key, "team": _id(owner)}, own=False)
                                 for key in order])
            for owner in list(self.owners)[:TEAMS_SHOWN]
        ]  # fmt: skip
        return Table(str(_TITLES[side]), ["", *(self._source(side, key) for key in order)], table_rows(rows))

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
        return [self._overruled(one) for one in sorted(self.counted.moved, key=lambda one: (-one.many, str(one)))]

    def _overruled(self, one: Moved) -> Overruled:
        first, owner = _id(one.first_id), _id(one.owner_id)
        given = {"rule": one.rule} if one.rule else {"way": one.way}
        by = {"overruled": "yes", "first": first, "team": owner, **given}
        return Overruled(
            one.rule or str(WAYS[one.way][0]), one.way, self._names.name("team", first),
            self._names.name("team", owner), self._cell(one.many, by, own=False),
            self._of(one),
            f"{reverse('policy_overruled')}?{urlencode({'days': str(self.asked.period.days), **by})}",
        )  # fmt: skip

    def _of(self, one: Moved) -> str:
        """How many of all that were given alike."""
        return f"{_some_of(one.many, one.of)[0][0]} · {locales.percent(one.many / one.of)}"

    def _given(self, teams: Sequence[str | None] | None) -> tuple[int, int]:
        """Of what a rule, or what was learned, gave to these teams (None: to any) how much, and how much went away."""
        first = self.counted.first
        wanted = {team for team, _overruled in first} if teams is None else teams
        away = sum(first.get((team, True), 0) for team in wanted)
        return away + sum(first.get((team, False), 0) for team in wanted), away

    @cached_property
    def _most(self) -> dict[str, dict[str | None, list[str]]]:
        """Of each team the topics, and the channels, that most is about or comes by."""
        counted = self.counted
        return {"topic": self._about("topic", counted.topics), "channel": self._about("channel", counted.channels)}

    def _of_team(self, owner: str | None, count: int) -> OfTeam:
        parts = self._parts(self._ways_of.get(owner, {}), {"team": _id(owner)})
        first, away = self._given([owner])
        slug = self._names.by["slug"].get(_id(owner), "")
        here = {"days": str(self.asked.period.days), "team": slug}
        return OfTeam(
            self._team(owner), f"{reverse('policy_overview')}?{urlencode(here)}" if slug else "",
            self._hues.get(slug, "hue-0"), self._cell(count, {"team": _id(owner)}, own=False), parts,
            "; ".join(f"{part.label} {part.share}" for part in parts),
            self._share(away, first, {"overruled": "yes", "first": _id(owner)}, own=False),
            self._most["topic"].get(owner, []), self._most["channel"].get(owner, []),
        )  # fmt: skip

    def _about(self, dimension: str, counts: _Counts) -> dict[str | None, list[str]]:
        found: dict[str | None, list[str]] = {}
        for (owner, key), _count in sorted(counts.items(), key=lambda item: -item[1]):
            if key and len(found.setdefault(owner, [])) < _ABOUT:
                found[owner].append(self._names.name(dimension, _id(key)))
        return found

    def _parts(self, counts: Mapping[str, int], by: Mapping[str, str]) -> list[Part]:
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


def _some_of(some: int, of: int) -> list[tuple[str, str]]:
    """Of how many a share is: what stands beside it, which is no link."""
    return [(_("%(some)s of %(all)s") % {"some": locales.number(some), "all": locales.number(of)}, "")] if of else []


def _right(likely: Mapping[tuple[int, bool], int]) -> int:
    return sum(count for (_tenth, right), count in likely.items() if right)


def _id(found: str | None) -> str:
    return found or NOBODY
