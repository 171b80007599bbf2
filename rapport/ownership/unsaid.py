"""Why what was learned suggests nothing: found by the code that decides, and kept small with the decision. Pure.

A decision is stored for every conversation there ever was, so a reason is two letters: whose it is, what it is about
or how much it matters, and why nothing is said of it; where it was merely unsure, what was likeliest and how likely.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rapport.ownership.kinds import PRIORITY, TEAM, TOPIC

ALL = "all"
"""Not of one kind but of everything: what was learned was not asked at all."""
NEW, MANY, FAILED = "new", "many", "failed"
"""It could not be asked: nothing has been learned, or too much came at once, or something went wrong."""
EMPTY, NONE, UNSURE, UNLIKE, GONE, APART = "empty", "none", "unsure", "unlike", "gone", "apart"
"""It was asked: there were no words; it looks like none of ours; too unlikely, or unlike anything decided as well; what
it names is not to be suggested. `APART`: a confidential team's own model said nothing, or there is none."""
AUTOMATIC, BROKEN, CONFIDENTIAL = "automatic", "broken", "confidential"
"""It was not asked: nobody wrote it, a rule could not be tried, or it is in confidence."""

_NOT_ASKED = (NEW, MANY, FAILED)
# Stored decisions depend on the letters: add, never change.
_KINDS = {ALL: "a", TEAM: "t", TOPIC: "o", PRIORITY: "p"}
_WHYS = {
    NEW: "0", MANY: "m", FAILED: "f", EMPTY: "e", NONE: "n", UNSURE: "?", UNLIKE: "u", GONE: "g", APART: "c",
    AUTOMATIC: "a", BROKEN: "b", CONFIDENTIAL: "h",
}  # fmt: skip
_KIND_OF = {letter: kind for kind, letter in _KINDS.items()}
_WHY_OF = {letter: why for why, letter in _WHYS.items()}
_BETWEEN = ";"


@dataclass(frozen=True, slots=True)
class Silence:
    """Why nothing is suggested; of what was likeliest its label and how likely, in whole percent, rounded down."""

    why: str
    label: str = ""
    percent: int | None = None

    @property
    def was_asked(self) -> bool:
        """Whether there was an answer, if only that it has nothing to say."""
        return self.why not in _NOT_ASKED


def pack(silences: Mapping[str, Silence]) -> str:
    """What to store, such as "t?product 22;o0"; empty where everything was said."""
    return _BETWEEN.join(_KINDS[kind] + _WHYS[one.why] + _said(one) for kind, one in silences.items())


def unpack(packed: str | None) -> dict[str, Silence]:
    """By kind (or `ALL`), as it was given. What a later version wrote and this one does not know is left out."""
    found = {}
    for one in (packed or "").split(_BETWEEN):
        kind, why, said = _KIND_OF.get(one[:1]), _WHY_OF.get(one[1:2]), one[2:]
        if kind and why:
            label, _, percent = said.rpartition(" ")
            found[kind] = Silence(why, label, int(percent) if percent.isdecimal() else None)
    return found


def _said(one: Silence) -> str:
    return "" if one.percent is None else f"{one.label} {one.percent}"
