"""The promises of a what-if as its page tells them: which would end otherwise, and what their steps would have done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from rapport.ownership.policy import Span
from rapport.web import locales
from rapport.web.promise_words import CLOCKS as NAMES
from rapport.web.promise_words import WHY, step_words

_CLOCKS = {"first": "first_answer", "next": "next_answer", "resolution": "resolution"}
_LABELS = {
    "first": lazy("First answers in time"), "next": lazy("Next answers in time"),
    "resolution": lazy("Resolved in time"),
}  # fmt: skip
_STATES = {
    "kept": lazy("in time"), "broken": lazy("late"), "open": lazy("still open"), "never": lazy("never due"),
    "": lazy("not promised"),
}  # fmt: skip


@dataclass(frozen=True)
class StepRow:
    """A step in both columns: when it comes and what it does; what it would have come to."""

    label: str
    was: str
    would: str


@dataclass(frozen=True)
class PromiseSteps:
    """The steps of one promise, in their order."""

    name: str
    rows: list[StepRow]

    @property
    def otherwise(self) -> list[StepRow]:
        """Those of which more or less would have come: what the page shows at once."""
        return [one for one in self.rows if one.was != one.would]

    @property
    def alike(self) -> list[StepRow]:
        """Those that come to the same by both policies."""
        return [one for one in self.rows if one.was == one.would]


def figures(told: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Each clock that any policy promises: which, what it is called, and what became of it by each."""
    sides = {clock: told["promises"].get(clock) for clock in _CLOCKS}
    return [
        (clock, str(_LABELS[clock]), _kept(both[0]), _kept(both[1]))
        for clock, both in sides.items() if both and any(sum(side.values()) for side in both)
    ]  # fmt: skip


def turned_words(one: Mapping[str, Any]) -> str:
    """Which clock would have ended otherwise, and how."""
    return _("%(clock)s: %(was)s, would be %(would)s") % {
        "clock": NAMES[_CLOCKS[one["clock"]]][0], "was": _STATES[one["from"]], "would": _STATES[one["to"]],
    }  # fmt: skip


def ended_words(told: str) -> str:
    """How a clock ended in one conversation, as an example keeps it: its state, and when it was due."""
    state, _space, due = told.partition(" ")
    words = str(_STATES.get(state, state))
    if not due:
        return words
    return _("%(state)s; due %(when)s") % {"state": words, "when": locales.moment(datetime.fromisoformat(due))}


def steps_of(told: Mapping[str, Any], names: Mapping[str, str]) -> list[PromiseSteps]:
    """By promise, every step that came due by either policy; `names` of teams by short name."""
    sides = [{_key(one): one for one in side} for side in told.get("steps", ())]
    if not any(sides):
        return []
    found: dict[str, list[StepRow]] = {}
    for key in sorted({**sides[0], **sides[1]}, key=_in_order):
        was, would = (_came(side.get(key)) for side in sides)
        found.setdefault(key[0], []).append(StepRow(_label(key, names), was, would))
    return [PromiseSteps(name or _("A promise that a rule makes itself"), rows) for name, rows in found.items()]


_Key = tuple[str, str, int, str, str]


def _key(one: Mapping[str, Any]) -> _Key:
    return one["promise"], one["clock"], one["minutes"], one["do"], one["to"]


def _in_order(key: _Key) -> tuple[object, ...]:
    promise, clock, *when = key
    return promise, list(_CLOCKS).index(clock), *when


def _label(key: _Key, names: Mapping[str, str]) -> str:
    _promise, clock, minutes, do, to = key
    given = {"clock": NAMES[_CLOCKS[clock]][0], "span": Span(0, abs(minutes))}
    when = (_("%(clock)s, at its end") if not minutes else _("%(clock)s, %(span)s before its end") if minutes < 0
            else _("%(clock)s, %(span)s after its end")) % given  # fmt: skip
    whom = _("a member") if to == "member" else to
    return _("%(when)s: %(does)s") % {"when": when, "does": step_words(do, whom, names)}


def _came(one: Mapping[str, Any] | None) -> str:
    """How often it came due, what came of it, and how the clock ended after it."""
    if one is None:
        return "–"
    then = one["then"]
    parts = [ngettext("due %(count)s time", "due %(count)s times", one["due"]) % {"count": locales.number(one["due"])}]
    if one["do"] != "tell" and one["done"]:
        parts.append(str(_DONE[one["do"]]) % {"count": locales.number(one["done"])})
    parts += [str(_TOLD[whom]) % {"count": locales.number(n)} for whom, n in one.get("told", {}).items() if n]
    for why, count in one["not"].items():
        reason = WHY.get(why) or (_("they were told already") if one["do"] == "tell" else _("it was so already"))
        parts.append(_("%(count)s not: %(why)s") % {"count": locales.number(count), "why": reason})
    words = _RESOLVED if one["clock"] == "resolution" else _ANSWERED
    parts += [str(words[state]) % {"count": locales.number(then[state])} for state in words if then[state]]
    return " · ".join(parts)


_DONE = {
    "involve": lazy("involved a team in %(count)s"), "reassign": lazy("gave %(count)s away"),
    "priority": lazy("raised %(count)s"),
}  # fmt: skip
_TOLD = {
    "member": lazy("told who had it in %(count)s"),
    "leads": lazy("told the leads in %(count)s, as nobody had taken it"),
}
_ANSWERED = {
    "kept": lazy("then %(count)s answered in time"), "broken": lazy("then %(count)s answered late or not yet"),
    "open": lazy("%(count)s still have time"),
}  # fmt: skip
_RESOLVED = {
    "kept": lazy("then %(count)s resolved in time"), "broken": lazy("then %(count)s resolved late or not yet"),
    "open": lazy("%(count)s still have time"),
}  # fmt: skip


def _kept(side: Mapping[str, int]) -> str:
    known = side["kept"] + side["broken"]
    parts = [locales.percent(side["kept"] / known) if known else "–"]
    parts.append(ngettext("%(count)s late", "%(count)s late", side["broken"]) % _count(side["broken"]))
    if side.get("open"):
        parts.append(_("%(count)s still open") % _count(side["open"]))
    if side.get("never"):
        parts.append(_("%(count)s never due") % _count(side["never"]))
    return " · ".join(parts)


def _count(count: int) -> dict[str, str]:
    return {"count": locales.number(count)}


def promise_sentences(sides: Sequence[Mapping[str, int]]) -> str:
    """What becomes of first answers, in a sentence; empty where nothing does."""
    (kept, broken), (kept_then, broken_then) = ((side["kept"], side["broken"]) for side in sides)
    if (kept, broken) == (kept_then, broken_then):
        return ""
    said = _("First answers promised: %(was)s (%(late)s late); it would be %(would)s (%(late_then)s late).")
    return said % {
        "was": locales.number(kept + broken), "late": locales.number(broken),
        "would": locales.number(kept_then + broken_then), "late_then": locales.number(broken_then),
    }  # fmt: skip
