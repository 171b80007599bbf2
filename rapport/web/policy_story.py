"""A what-if as a page tells it: two columns, as it was and as it would have been, and the pictures between."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rapport.conversations.models import Conversation, Topic
from rapport.insight import charts
from rapport.ownership.models import WhatIf
from rapport.ownership.simulate.lint import Oddity
from rapport.people.trees import call
from rapport.web import locales
from rapport.web.bands import Bands
from rapport.web.policy_odd import Odd, in_words
from rapport.web.policy_story_parts import Caveat, MemberLoad, caveats, strip
from rapport.web.policy_story_promises import (
    PromiseSteps,
    ended_words,
    promise_sentences,
    steps_of,
    turned_words,
)
from rapport.web.policy_story_promises import figures as promise_figures
from rapport.web.policy_within import Within
from rapport.web.reasons import thing
from rapport.web.reports_show import Cell, Chart, Plan, Shape

_TEAMS_MAX = 12
_MEMBERS_MAX = 30
_RULES_MAX = 20


@dataclass(frozen=True)
class Shown:
    """One conversation that would move, with each side's reason."""

    conversation: Conversation
    base: str
    draft: str


@dataclass(frozen=True)
class Flow:
    """What would go from one team to another, with its examples."""

    source: str
    target: str
    count: int
    shown: list[Shown]


@dataclass(frozen=True)
class Change:
    """What else would become otherwise: of which kind, from what to what, with its examples."""

    says: str
    count: int
    shown: list[Shown]


@dataclass(frozen=True)
class Beside:
    """A figure in both columns, and what the difference is called."""

    label: str
    was: str
    would: str
    note: str = ""


class Story:
    """Everything the page tells of one finished what-if, in the scope of whoever looks."""

    def __init__(
        self, run: WhatIf, names: Mapping[str, str], hues: Mapping[str, str], *, individuals: bool,
        kept: Container[int] = (),
    ) -> None:  # fmt: skip
        """`kept` are the numbers of the draft's rules whose conversations the reader may not see."""
        self.run, self.told = run, run.story or {}
        self._names, self._hues = names, hues
        self.individuals, self._kept = individuals, kept

    @property
    def total(self) -> int:
        """How many were replayed."""
        return int(self.told["total"])

    @property
    def moved(self) -> int:
        """How many would have gone to another team."""
        return int(self.told["moved"])

    @property
    def moved_share(self) -> str:
        """The same as a share."""
        return locales.percent(self.moved / self.total) if self.total else "–"

    @cached_property
    def flows(self) -> list[Flow]:
        """From whom to whom; of the examples those that the reader may still see."""
        return [
            Flow(self._name(flow["from"]), self._name(flow["to"]), flow["count"], self._examples(flow["shown"]))
            for flow in self.told["flows"]
        ]

    @cached_property
    def changes(self) -> list[Change]:
        """What else would become otherwise: topics, priorities, what is in confidence."""
        return [
            Change(self._change_says(one), one["count"], self._examples(one["shown"]))
            for one in self.told.get("changes", ())
        ]

    @cached_property
    def _seen(self) -> dict[UUID, Conversation]:
        told = [one for part in ("flows", "changes", "turned", "met") for one in self.told.get(part, ())]
        ids = {UUID(one["id"]) for part in told for one in part["shown"]}
        found = Conversation.objects.select_related("person").in_bulk(ids)
        call(one.person for one in found.values())
        return found

    def _examples(self, shown: Sequence[Mapping[str, Any]]) -> list[Shown]:
        ids = [(UUID(one["id"]), one) for one in shown]
        return [Shown(self._seen[id], one["base"], one["draft"]) for id, one in ids if id in self._seen]

    @cached_property
    def turned(self) -> list[Change]:
        """Promises that one policy breaks and the other does not."""
        return [
            Change(turned_words(one), one["count"], [
                Shown(shown.conversation, ended_words(shown.base), ended_words(shown.draft))
                for shown in self._examples(one["shown"])
            ])
            for one in self.told.get("turned", ())
        ]  # fmt: skip

    @property
    def steps(self) -> list[PromiseSteps]:
        """What the steps of promises would have done."""
        return steps_of(self.told, self._names)

    @property
    def steps_otherwise(self) -> bool:
        """Whether any step comes to something else."""
        return any(one.otherwise for one in self.steps)

    @property
    def steps_alike(self) -> int:
        """How many steps come to the same by both."""
        return sum(len(one.alike) for one in self.steps)

    @property
    def asked(self) -> int:
        """Of how much that cannot be known a rule depends."""
        return sum(one.asked for one in self.caveats)

    def _change_says(self, one: Mapping[str, Any]) -> str:
        if one["what"] == "confidential":
            return _("In confidence") if one["to"] == "yes" else _("No more in confidence")
        if one["what"] == "priority":
            return _("Priority %(from)s to %(to)s") % {side: thing(one[side]) for side in ("from", "to")}
        sides = {side: self._topics.get(one[side]) or one[side] or _("none") for side in ("from", "to")}
        return _("Topic %(from)s to %(to)s") % sides

    @cached_property
    def _topics(self) -> dict[str, str]:
        return dict(Topic.objects.values_list("slug", "name"))

    @property
    def caveats(self) -> list[Caveat]:
        """What cannot be known as of then, first what a rule depends on."""
        return caveats(self.told.get("asks", ()))

    @property
    def bands(self) -> Bands:
        """The flows as bands; small teams together."""
        given = [(flow["from"], flow["to"], flow["count"]) for flow in self.told["flows"]]
        return Bands(_("From whom to whom"), given, self._name, self._hues)

    @property
    def agreement(self) -> dict[str, Any]:
        """How often each said what people settled on, in words."""
        told = self.told["agreement"]
        of = told["settled"]
        was, would = (f"{locales.percent(n / of)}" if of else "–" for n in told["right"])
        return {**told, "was": was, "would": would, "says": difference(told)}

    @property
    def sentences(self) -> list[str]:
        """What else would be so, after how many would move: of the figures below what is more than chance."""
        found = []
        was, would = self.told["triage"]
        if was != would:
            many = abs(would - was)
            said = ngettext("%(count)s more would be left to those who sort.",
                            "%(count)s more would be left to those who sort.", many) if would > was else ngettext(
                            "%(count)s fewer would be left to those who sort.",
                            "%(count)s fewer would be left to those who sort.", many)  # fmt: skip
            found.append(said % {"count": locales.number(many)})
        settled = self.agreement
        if settled["settled"] and settled["clear"]:
            found.append(_("Said at once what people settled on: %(difference)s") % {"difference": settled["says"]})
        first = promise_sentences(self.told["promises"]["first"])
        found += [first] if first else []
        return found

    @property
    def figures(self) -> list[Beside]:
        """The short figures, side by side."""
        told, found = self.told, []
        settled = self.agreement
        counts = [_("%(some)s of %(all)s") % {"some": locales.number(n), "all": locales.number(settled["settled"])}
                  for n in settled["right"]]  # fmt: skip
        found.append(Beside(
            _("Said at once what people settled on"), f"{settled['was']} · {counts[0]}",
            f"{settled['would']} · {counts[1]}", settled["says"],
        ))  # fmt: skip
        was, would = (locales.number(n) for n in told["triage"])
        note = difference(told["left"]) if "left" in told else ""
        found.append(Beside(_("Left to those who sort"), was, would, note))
        found += [
            Beside(label, was, would, _late_words(told.get("late", {}).get(clock)))
            for clock, label, was, would in promise_figures(told)
        ]
        queued = [sum(one.values()) for one in told["queued"]]
        if any(queued):
            found.append(Beside(_("Nobody present had room"), *(locales.number(n) for n in queued)))
        return found

    @property
    def charts(self) -> list[Chart]:
        """What comes to each team by hour of the day: the teams for which most changes first."""
        teams = sorted(
            self.told["teams"],
            key=lambda one: -sum(abs(a - b) for a, b in zip(*one["hours"], strict=True)),
        )
        moved = [one for one in teams if one["hours"][0] != one["hours"][1]]
        return [self._hours(place, one) for place, one in enumerate(moved[:_TEAMS_MAX])]

    @property
    def unchanged(self) -> str:
        """The teams to which the same would come at the same hours, in words; empty where there is none."""
        same = [one for one in self.told["teams"] if any(one["count"]) and one["hours"][0] == one["hours"][1]]
        said = (f"{self._name(one['team'])} ({locales.number(one['count'][0])})" for one in same[:_TEAMS_MAX])
        return ", ".join(said) + ("…" if len(same) > _TEAMS_MAX else "")

    @property
    def members(self) -> list[MemberLoad]:
        """What each member would have been given, where figures on individuals may be shown."""
        if not self.individuals:
            return []
        return [
            MemberLoad(one["name"], self._name(one["team"]), one["given"], one["most"], strip(one["hours"]))
            for one in self.told["members"][:_MEMBERS_MAX]
        ]

    @cached_property
    def within(self) -> Within:
        """Ways of giving the same conversations to members of the teams."""
        return Within(self.told.get("within", {}), self._names, individuals=self.individuals)

    @property
    def rules(self) -> list[str]:
        """What the past says about the draft's rules."""
        told = self.told["rules"][1]
        found = [
            ngettext("%(rule)s could not be tried %(count)s time.", "%(rule)s could not be tried %(count)s times.", n)
            % {"rule": self._rule(number), "count": locales.number(n)}
            for number, n in told["failed"].items()
        ]
        never = _("%(rule)s never hit, in what you may see.")
        found += [never % {"rule": self._rule(number)} for number in told["never"] if number not in self._kept]
        more = len(found) - _RULES_MAX
        return found[:_RULES_MAX] + ([_("and %(count)s more") % {"count": locales.number(more)}] if more > 0 else [])

    @property
    def met(self) -> list[Change]:
        """Rules of the draft that hit where another had decided, with examples."""
        told = self.told.get("met", ())
        return [Change(self._met_says(one), one["count"], self._examples(one["shown"])) for one in told]

    def _met_says(self, one: Mapping[str, Any]) -> str:
        given = {"rule": self._rule(one["rule"]), "other": self._rule(one["other"])}
        if one["differs"]:
            return _("%(rule)s hits where %(other)s has decided, and would give it to another team.") % given
        return _("%(rule)s hits only where %(other)s has decided.") % given

    def _rule(self, number: object) -> str:
        name = self.told["rules"][1]["names"].get(str(number), "")
        return _("Rule %(number)s “%(name)s”") % {"number": number, "name": name}

    @property
    def odd(self) -> list[Odd]:
        """What is odd about the draft by itself."""
        return in_words([Oddity(**one) for one in self.told["odd"]], dict(self._names))

    @property
    def truth(self) -> str:
        """How true the replay is, by what the same version decided then."""
        same, all_ = self.told["recorded"]
        return locales.percent(same / all_) if all_ else ""

    def _name(self, slug: str) -> str:
        return self._names.get(slug, slug) or _("nobody")

    def _hours(self, place: int, team: Mapping[str, Any]) -> Chart:
        drawing = charts.bars(team["hours"])
        labels = [f"{hour:02}:00" for hour in range(24)]
        was, would = (locales.number(count) for count in team["count"])
        title = _("%(team)s: %(was)s, would be %(would)s") % {
            "team": self._name(team["team"]), "was": was, "would": would,
        }  # fmt: skip
        legend = [("series-0", _("As it was")), ("series-1", _("As it would be"))]
        peaks = [max(range(24), key=lambda hour: side[hour]) for side in team["hours"]]
        summary = _("Most comes at %(was)s as it was, and at %(would)s as it would be.") % {
            "was": labels[peaks[0]], "would": labels[peaks[1]],
        }  # fmt: skip
        shapes = [
            Shape(bar, f"{labels[bar.bucket]}: {legend[bar.series][1]} {team['hours'][bar.series][bar.bucket]}", "",
                  f"series-{bar.series}")
            for bar in drawing.bars if bar.height
        ]  # fmt: skip
        rows = [
            (labels[hour], [Cell(locales.number(side[hour])) for side in team["hours"]]) for hour in range(24)
        ]
        plan = Plan(f"team-{place}", title, summary, drawing, shapes, legend, [])
        scale = (locales.number(drawing.top), locales.number(drawing.top / 2), locales.number(0))
        return Chart(plan, [], scale, [labels[0], labels[12], labels[23]], [word for _css, word in legend], rows)


def _late_words(told: Mapping[str, Any] | None) -> str:
    """How many more or fewer conversations are late, with the doubt."""
    if not told:
        return ""
    of = {"count": locales.number(told["of"]), "difference": difference(told)}
    return _("Late, of the %(count)s conversations that either promises it: %(difference)s") % of


def difference(told: Mapping[str, Any]) -> str:
    """How much more or less of something, with its doubt, in words; `told` has share, low, high and clear."""
    if not told.get("settled", 1):
        return _("People have settled nothing in this time, so nothing can be said.")
    same = len(set(told.get("right", ()))) == 1 or not any(told.get("only", (1,)))
    if not (told["share"] or told["clear"]) and same:
        return _("No difference.")
    points = {name: locales.number(round(abs(told[name]) * 100, 1)) for name in ("share", "low", "high")}
    if not told["clear"]:
        return _("The difference may be chance: between %(low)s points less and %(high)s points more.") % {
            "low": locales.number(round(max(0.0, -told["low"]) * 100, 1)),
            "high": locales.number(round(max(0.0, told["high"]) * 100, 1)),
        }
    if told["share"] > 0:
        return _("%(share)s points more, and with 95 %% certainty between %(low)s and %(high)s.") % points
    return _("%(share)s points less, and with 95 %% certainty between %(high)s and %(low)s.") % points
