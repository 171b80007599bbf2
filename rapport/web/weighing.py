"""Why this member: the weighing that was kept with a decision, in words.

How much others had and were given are figures about people (decisions/0014): they are shown to those who see the load
of the team anyway, and to leads and administrators where the company allows figures on individuals. Everybody sees in
which order they came, what else spoke for or against them, and everything of whom it was given to, and of themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.insight.measures import may_see_individuals
from rapport.ownership.models import Decision
from rapport.staff.models import Company, Member
from rapport.web import locales
from rapport.web.reasons import Said

#: What spoke for somebody, and what against, by the name of the factor.
_FACTORS: Mapping[str, tuple[Said, Said]] = {
    "here": (lazy("answered this conversation last"), ""),
    "person": (lazy("answered this person last"), ""),
    "holder": (lazy("holds the relationship"), ""),
    "language": (lazy("speaks its language"), lazy("speaks other languages")),
    "room": ("", lazy("capacity taken")),
    "week": (lazy("was given little this week"), lazy("was given much this week")),
    "lately": ("", lazy("was given something just now")),
}
#: What says how much somebody has and was given.
_LOAD = frozenset({"room", "week", "lately"})
_OUT: Mapping[str, Said] = {
    "away": lazy("absent"), "off": lazy("outside working hours"), "full": lazy("no room"),
    "skill": lazy("does not know what is asked for"), "reads": lazy("only reads"),
}  # fmt: skip
_HOW: Mapping[str, Said] = {
    "best": lazy("Whoever suits it best was asked for: the most points."),
    "rotation": lazy("Whoever is next in turn was asked for: who was given nothing for the longest time."),
    "load": lazy("Whoever has the most room was asked for."),
    "on_call": lazy("Whoever is on call was asked for."),
}


@dataclass(frozen=True)
class Eyes:
    """Whose eyes see it; `led` has the teams whose load they see. `leads`: they are a lead's or an administrator's."""

    member_id: UUID
    led: frozenset[UUID]
    leads: bool


@dataclass(frozen=True)
class Spoke:
    """One thing that spoke for or against somebody, with its points as text ("+20")."""

    says: str
    points: str
    good: bool


@dataclass(frozen=True)
class Candidate:
    """A member of the team as they were weighed; `out`: why they could not be chosen."""

    name: str
    points: str
    spoke: list[Spoke]
    out: str
    chosen: bool


@dataclass(frozen=True)
class Weighing:
    """All of it; `more`: so many of a large team are not listed. `withheld`: how much others have is left out."""

    how: str
    weight: str
    skills: list[str]
    candidates: list[Candidate]
    more: int
    withheld: bool = False

    @property
    def chosen(self) -> str:
        """The name of whom it was given to, or nothing."""
        return next((one.name for one in self.candidates if one.chosen), "")


def weighing_of(decisions: Iterable[Decision], eyes: Eyes) -> Weighing | None:
    """Of the newest decision that weighed members, as far as these eyes may see it; None where none did."""
    found = next((one for one in decisions if one.weighed and one.weighed["of"]), None)
    if found is None:
        return None
    kept: dict[str, Any] = found.weighed or {}
    ids = [UUID(one["m"]) for one in kept["of"]]
    names = dict(Member.objects.filter(id__in=ids).values_list("id", "name"))
    shown = found.owner_team_id in eyes.led or (
        eyes.leads and may_see_individuals(Company.here().individual_figures, eyes.leads)
    )
    whole = {id for id in ids if shown or id in (found.owner_member_id, eyes.member_id)}
    candidates = [
        _candidate(
            one if id in whole else _without_load(one), names.get(id) or _("somebody who is gone"),
            chosen=id == found.owner_member_id, whole=id in whole,
        )
        for one, id in zip(kept["of"], ids, strict=True)
    ]  # fmt: skip
    withheld = any(UUID(one["m"]) not in whole and _without_load(one) != one for one in kept["of"])
    return Weighing(
        str(_HOW.get(kept["how"], "")), locales.number(kept["weight"]), kept.get("skills", []), candidates,
        kept.get("more", 0), withheld=withheld,
    )  # fmt: skip


def _without_load(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {**kept, "f": [[factor, points] for factor, points in kept["f"] if factor not in _LOAD]}


def _candidate(kept: Mapping[str, Any], name: str, *, chosen: bool, whole: bool) -> Candidate:
    """`whole`: with all that was weighed, so that it has a sum."""
    spoke = [Spoke(str(_FACTORS[factor][points < 0]), _signed(points), points > 0)
             for factor, points in kept["f"] if factor in _FACTORS and points]  # fmt: skip
    total = sum(points for _factor, points in kept["f"])
    points = _signed(total) if kept["f"] and whole else ""
    return Candidate(name, points, spoke, str(_OUT.get(kept.get("o", ""), "")), chosen)


def _signed(points: int) -> str:
    return f"+{points}" if points > 0 else f"−{-points}" if points < 0 else "0"
