"""Conditions about the time."""

from dataclasses import dataclass
from typing import ClassVar, Self

from rapport.ownership.conditions.base import Check, Input, Plain, chosen, gettext_noop, known
from rapport.ownership.facts import Facts
from rapport.ownership.problems import PolicyError, Problems

_SIDES = ("inside", "outside")


@dataclass(frozen=True)
class Time:
    """Whether it came inside or outside business hours."""

    name: ClassVar[str] = "time"
    label: ClassVar[str] = gettext_noop("Time")
    description: ClassVar[str] = gettext_noop(
        "It came inside or outside business hours: the company’s own, or those you name."
    )
    input: ClassVar[Input] = Input(
        "time", of="hours", choices=(("inside", gettext_noop("Inside")), ("outside", gettext_noop("Outside")))
    )

    side: str
    hours: str = ""

    def check(self, facts: Facts) -> Check:
        """Hit on the wanted side. Raises PolicyError when there are no such hours (any more)."""
        inside = facts.inside_hours.get(self.hours)
        if inside is None:
            raise PolicyError(f"there are no business hours “{self.hours}”", "Choose others in the policy.")
        return Check(inside == (self.side == "inside"), self._came("inside" if inside else "outside"))

    def _came(self, side: str) -> str:
        return f"it came {side} {self.hours or 'business hours'}"

    def plain(self) -> Plain:
        """The side, with the hours where they are named."""
        return {"is": self.side, "hours": self.hours} if self.hours else self.side

    def describe(self) -> str:
        """ "it came outside business hours"."""
        return self._came(self.side)

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """ "inside" or "outside", or a table of it (`is`) and the name of the `hours`."""
        given = value if isinstance(value, dict) else {"is": value}
        if "is" not in given or not set(given) <= {"is", "hours"} or isinstance(given["is"], list):
            problems.note('expected "inside" or "outside", or { is = "outside", hours = "…" }')
            return None
        side = chosen(given["is"], problems, "a side of business hours", _SIDES)
        hours = known(given["hours"], problems, "a set of business hours", "hours") if "hours" in given else ("",)
        if side is None or hours is None:
            return None
        if len(hours) > 1:
            problems.note("expected one name of business hours")
            return None
        return cls(side[0], hours[0])
