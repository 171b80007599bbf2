"""What a choice within the team is made of, and what comes out of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

KEPT_MAX = 40
"""Of so many members the weighing is kept with the decision; of a larger team the best and the first left out."""

AWAY, OFF, FULL, SKILL, READS = "away", "off", "full", "skill", "reads"
"""Why somebody is left out: absent, outside their hours, no room, not the skills asked for, only reads."""


@dataclass(frozen=True, slots=True)
class MemberLoad:
    """A member of a team and how much they have.

    `open_count` is the weight of what they have open (an ordinary mail weighs 1) of at most `capacity`; `present`: they
    work at this moment. `away`: it is an absence that keeps them, not the hour. `given` and `lately` are the weights of
    what they were given in the last seven days and in the last hour, `worked` the minutes of working time they had in
    those days. `skills` are lower case, `languages` codes. `reads`: they cannot answer at all. `at_once`: so many more
    they may be given for now (None: as many as there is room for).
    """

    id: UUID
    email: str
    name: str
    open_count: float = 0
    capacity: int = 20
    present: bool = True
    last_assigned_at: datetime | None = None
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    away: bool = False
    given: float = 0
    lately: float = 0
    worked: float = 0
    on_call: bool = False
    reads: bool = False
    at_once: int | None = None

    def with_more(self, weight: float, at: datetime) -> "MemberLoad":
        """The same member once they have one conversation more."""
        left = None if self.at_once is None else max(0, self.at_once - 1)
        return replace(
            self, open_count=self.open_count + weight, given=self.given + weight, lately=self.lately + weight,
            last_assigned_at=at, at_once=left,
        )  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """What is asked of a team: by which way (`policy.WAYS`) whom to give a conversation of this `weight`.

    `skills` must be there (lower case), `language` is its code or empty. `holder` is the address of whoever holds the
    relationship. `answered` has when each member last answered this person, `answered_here` this very conversation.
    """

    how: str = "best"
    weight: float = 1
    urgent: bool = False
    language: str = ""
    skills: tuple[str, ...] = ()
    holder: str = ""
    holder_name: str = ""
    answered: Mapping[UUID, datetime] = field(default_factory=dict)
    answered_here: Mapping[UUID, datetime] = field(default_factory=dict)


class Factor(NamedTuple):
    """One thing that spoke for (points above 0) or against somebody."""

    name: str
    points: float


class Weighed(NamedTuple):
    """What spoke for and against one member, all of it together in `points`.

    `out` says why they could not be chosen (`AWAY`, `OFF`, ...).
    """

    member_id: UUID
    factors: tuple[Factor, ...] = ()
    out: str = ""
    points: float = 0

    def plain(self) -> dict[str, Any]:
        """As it is kept with a decision: no figures of anybody's work, only how much they spoke for or against."""
        told = [[name, round(points)] for name, points in self.factors if round(points)]
        found: dict[str, Any] = {"m": str(self.member_id), "f": told}
        return found | ({"o": self.out} if self.out else {})


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers (None: whoever of the team takes it) and why, as a clause.

    `weighed` has everybody, the chosen first, then by their points, then who was left out.
    """

    member: MemberLoad | None
    reason: str
    weighed: tuple[Weighed, ...] = ()

    def plain(self, ask: Ask) -> dict[str, Any] | None:
        """The weighing as it is kept with a decision; None where nothing was weighed.

        Skills are kept all the same: whoever hands it out later asks for them, too.
        """
        if not self.weighed and not ask.skills:
            return None
        everyone = [one.plain() for one in self.weighed[:KEPT_MAX]]
        kept: dict[str, Any] = {"how": ask.how, "weight": ask.weight, "of": everyone}
        kept |= {"more": len(self.weighed) - KEPT_MAX} if len(self.weighed) > KEPT_MAX else {}
        kept |= {"skills": list(ask.skills)} if ask.skills else {}
        return kept | ({"language": ask.language} if ask.language else {})
