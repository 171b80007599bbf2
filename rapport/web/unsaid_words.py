"""Why what was learned suggests nothing of a conversation, or did not act: as the decision kept it, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from rapport.conversations.models import Priority
from rapport.ownership.kinds import PRIORITY, TEAM, TOPIC
from rapport.ownership.learned import BURST, OFF, PROMISE, UNPROMISED
from rapport.ownership.policy import PRIORITIES
from rapport.ownership.suggesting import SAME, WORD
from rapport.ownership.unsaid import (
    ALL,
    APART,
    AUTOMATIC,
    BROKEN,
    CONFIDENTIAL,
    EMPTY,
    FAILED,
    GONE,
    MANY,
    NEW,
    NONE,
    UNLIKE,
    UNSURE,
    Silence,
    unpack,
)
from rapport.web import locales
from rapport.web.learning_kinds import TABS

Names = Mapping[str, Mapping[str, str]]
"""Of teams and topics what their labels are called."""

_ASKED: Mapping[str, str | Promise] = {
    NEW: lazy("nothing had been learned yet."),
    MANY: lazy("so much came at once that what was learned was not asked about all of it."),
    FAILED: lazy("what was learned could not be asked."),
    EMPTY: lazy("there were no words to ask about."),
    UNSURE: lazy("what was learned was unsure. The likeliest was %(name)s, at %(percent)s: too little to suggest."),
    UNLIKE: lazy("it was unlike anything decided before. The likeliest was %(name)s, at %(percent)s."),
    GONE: lazy("what was learned named one that is not to be suggested any more."),
    APART: lazy("in confidence only what this team has learned is asked, and it suggests nothing."),
}
_NONE: Mapping[str, str | Promise] = {
    TEAM: lazy("it looked like what is none of ours (%(percent)s)."),
    TOPIC: lazy("it looked like what has no topic (%(percent)s)."),
}
_NOT_ASKED: Mapping[str, str | Promise] = {
    AUTOMATIC: lazy("What was learned is not asked about automatic mail and mailing lists."),
    BROKEN: lazy("As a rule could not be tried, what was learned was not asked."),
    CONFIDENTIAL: lazy("As it is in confidence, what was learned from others is not asked."),
}
_HELD: Mapping[str, str | Promise] = {
    UNPROMISED: lazy("What people decided so far is not enough to promise anything of it."),
    PROMISE: lazy("Read on the careful side, that is less than the %(wanted)s of 100 that are promised."),
    BURST: lazy("It was sure enough, but a burst of decisions waited for a lead to look at it."),
    OFF: lazy("It was sure enough, but no lead has let it decide."),
    APART: lazy("What a confidential team has learned only ever suggests."),
    SAME: lazy("It was so already."),
    WORD: lazy("The topic that its words found stays."),
}


def lines(packed: str | None, names: Names, *, in_confidence: bool) -> tuple[str, ...]:
    """A line for each reason why nothing is suggested, of several kinds at once where it is the same.

    `in_confidence`: of a conversation that is by now, what was learned of whose it is is not told.
    """
    found: dict[str, list[str]] = {}
    for kind, one in unpack(packed).items():
        said = _line(kind, one, names) if not (kind == TEAM and in_confidence) else ""
        if said:
            found.setdefault(said, []).extend([str(TABS[kind])] if kind in TABS else [])
    return tuple(f"{', '.join(kinds)}: {said}" if kinds else said for said, kinds in found.items())


def held(told: Mapping[str, Any]) -> str:
    """Why what is suggested was not done by itself; empty where that was not kept."""
    sentence = _HELD.get(told.get("held", ""))
    return str(sentence) % {"wanted": locales.number(told.get("wanted", 0))} if sentence else ""


def _line(kind: str, one: Silence, names: Names) -> str:
    if kind == ALL:
        return str(_NOT_ASKED.get(one.why, ""))
    sentence = _NONE.get(kind, "") if one.why == NONE else _ASKED.get(one.why, "")
    if kind == PRIORITY and one.label in PRIORITIES:
        name = str(Priority(PRIORITIES.index(one.label)).label)
    else:
        name = names.get(kind, {}).get(one.label, one.label)
    return str(sentence) % {"name": name, "percent": locales.likely((one.percent or 0) / 100)}
