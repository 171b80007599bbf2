"""Parts of the story of a what-if: what the past cannot tell, and who would have had how much when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.insight import charts
from rapport.web.reasons import Said


@dataclass(frozen=True)
class Caveat:
    """What cannot be known of the past; `asked`: a rule of either policy depends on it."""

    says: str
    asked: bool


@dataclass(frozen=True)
class Strip:
    """Two bars for each hour of the day, and the same in words."""

    bars: list[charts.Bar]
    says: str


@dataclass(frozen=True)
class MemberLoad:
    """What one member would have been given; `hours` is a small picture of when."""

    name: str
    team: str
    given: Sequence[int]
    most: Sequence[int]
    hours: Strip


#: What cannot be known as of then, and the conditions that depend on it.
_CAVEATS: tuple[tuple[Said, set[str]], ...] = (
    (lazy("What was learned acts as it acted then; of what a rule decided then nothing was asked."), set()),
    (lazy("Whom the replay gave somebody before stands for whom they answered."), {"weighed"}),
    (lazy("Topics, teams, members, hours, organizations, relationships, who held them and who might know of somebody "
          "are as they were when it was decided, as far back as their changes are kept."), set()),
    (lazy("A relationship counts from when it was written down, though it may say that it began before: until then "
          "no rule could go by it."), {"relationship"}),
    (lazy("Addresses that stand only in a mail’s way (Bcc, Delivered-To) are not kept, so a rule that asks for one "
          "does not hit."), {"to"}),
    (lazy("Which of somebody’s earlier conversations was the latest is told by its messages, not by what members did "
          "with it."), {"earlier_owner"}),
    (lazy("Whether a mail answered one that we never had is told by its subject alone."), {"reply"}),
    (lazy("Promises are replayed over what people really did: nobody answers sooner because a step would have told "
          "them. Messages count at the time they were written, those of merged conversations as one run."),
     set()),
    (lazy("Who of a team had it when a step came due is who really had it. Where a policy gives it to another team, "
          "nobody had taken it there."), set()),
    (lazy("What was found and did not become a conversation is not replayed."), {"mention"}),
)  # fmt: skip


def caveats(asks: Iterable[str]) -> list[Caveat]:
    """All of them, first those that a rule depends on; `asks` are the conditions of both policies by name."""
    asked = set(asks)
    found = [Caveat(str(says), bool(asked & names)) for says, names in _CAVEATS]
    return sorted(found, key=lambda one: not one.asked)


def strip(sides: Sequence[Sequence[int]]) -> Strip:
    """A small picture of two days' hours, beside each other: as it was, as it would be."""
    peaks = [f"{max(range(24), key=lambda hour: side[hour]):02}:00" if any(side) else "–" for side in sides]
    says = _("Most at %(was)s, would be %(would)s") % {"was": peaks[0], "would": peaks[1]}
    return Strip([bar for bar in charts.bars(sides).bars if bar.height], says)
