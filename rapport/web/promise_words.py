"""What is said of promises: the events of their steps, a step that is to come, a promise of the policy."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from rapport.ownership.policy import LEADS, OWNER, TEAM, Promise

#: By clock: what it is called, that it is due soon, that it is late.
CLOCKS = {
    "first_answer": (_("First answer"), _("the first answer is due soon"), _("the first answer is late")),
    "next_answer": (_("Next answer"), _("the next answer is due soon"), _("the next answer is late")),
    "resolution": (_("Resolution"), _("the resolution is due soon"), _("the resolution is late")),
}
PHRASES = {
    "promise.near": (_("told that a promise runs out"), "clock"),
    "promise.broken": (_("told that a promise is broken"), "bell-alert"),
    "promise.stuck": (_("a promise could not be passed on as the policy says"), "exclamation-triangle"),
}
#: Why a step could not be done.
WHY = {
    "gone": _("the team is gone"),
    "empty": _("nobody is in the team"),
    "left": _("the member works here no longer, or only reads"),
    "confidence": _("it is kept to its team in confidence"),
    "often": _("it was passed on too often already"),
}
Names = Mapping[str, str]


def _state(data: Mapping[str, Any], late: bool) -> str:
    words = CLOCKS.get(str(data.get("clock")))
    return str(words[2 if late else 1]) if words else ""


def _late(data: Mapping[str, Any]) -> bool:
    return str(data.get("meant", "")) >= str(data.get("due", ""))


def _told(late: bool) -> Callable[[Mapping[str, Any], Names], str]:
    def said(data: Mapping[str, Any], names: Names) -> str:
        state = _state(data, late)
        who = names.get(str(data.get("member") or data.get("team") or ""), "")
        if not state or not who:
            return state
        if data.get("whom") == "leads":
            return gettext("%(state)s: the leads of %(team)s were told") % {"state": state, "team": who}
        return gettext("%(state)s: %(who)s was told") % {"state": state, "who": who}

    return said


def _stuck(data: Mapping[str, Any], names: Names) -> str:
    why = WHY.get(str(data.get("why")))
    if why is None:
        return ""
    team = names.get(str(data.get("team", "")), "") or str(data.get("slug", ""))
    given = {"state": _state(data, _late(data)), "why": why, "team": team}
    if team:
        return gettext("%(state)s, but it cannot be given to %(team)s: %(why)s") % given
    return gettext("%(state)s, but it cannot be passed on: %(why)s") % given


DETAILED: Mapping[str, Callable[[Mapping[str, Any], Names], str]] = {
    "promise.near": _told(late=False), "promise.broken": _told(late=True), "promise.stuck": _stuck,
}  # fmt: skip


def because(phrase: str, data: Mapping[str, Any]) -> str:
    """A phrase of what a step did, with the promise it was done for."""
    state = _state(data, _late(data)) if data.get("meant") and "why" not in data and "whom" not in data else ""
    return gettext("%(phrase)s, as %(state)s") % {"phrase": phrase, "state": state} if state else phrase


def actor_of(kind: str, data: Mapping[str, Any]) -> str:
    """Who did what no member did: a step of a promise is Rapport's; of other things nobody is named."""
    return "Rapport" if data.get("meant") and not kind.startswith("promise.") else ""


def step_words(do: str, to: str, names: Names) -> str:
    """What a step does; `names` of teams by short name."""
    who = names.get(to.removeprefix(TEAM), to.removeprefix(TEAM)) if to.startswith(TEAM) else to
    if do == "tell":
        if to in (OWNER, LEADS):
            return gettext("tells who answers for it") if to == OWNER else gettext("tells the leads")
        return gettext("tells %(who)s") % {"who": who}
    words = {
        "involve": _("involves %(who)s"), "reassign": _("gives it to %(who)s"),
        "priority": _("raises the priority to %(who)s"),
    }  # fmt: skip
    return str(words[do]) % {"who": who}


def promise_words(promise: Promise) -> str:
    """A promise of the policy in a line."""
    spans = (
        (_("first answer within %(span)s"), promise.first_answer),
        (_("each next answer within %(span)s"), promise.next_answer),
        (_("resolved within %(span)s"), promise.resolution),
    )
    parts = [str(words) % {"span": span} for words, span in spans if span]
    if promise.pause:
        pauses = {"waiting": _("while they are to answer"), "snoozed": _("while it is snoozed until a date")}
        parts.append(gettext("pauses %(when)s") % {"when": ", ".join(str(pauses[one]) for one in promise.pause)})
    if promise.steps:
        count = len(promise.steps)
        parts.append(ngettext("%(count)s step", "%(count)s steps", count) % {"count": count})
    hours = f" ({promise.hours})" if promise.hours else ""
    return "; ".join(parts) + hours
