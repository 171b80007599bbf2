"""The policy: ordered rules of ownership, as values. Pure.

Every rule is tried, in order. A rule with an owner *decides*: the first such rule that hits gives the owner,
and what it says besides. Those that hit after it are shown but change nothing. A rule without an owner
*adds*: it counts wherever it stands, before or after the deciding one. For topic, priority and each clock of
the promise the first rule that sets it wins; teams to involve and skills add up; confidential, once set, stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rapport.ownership.conditions import Condition
from rapport.ownership.within.weights import Weights

PRIORITIES = ("low", "normal", "high", "urgent")
"""From the least to the most; the position is the number that is stored."""
APPROVALS = ("public", "all")
"""Which answers a second member must approve: those in public, or every one."""
EARLIER_OWNER = "@earlier"
"""As an owner: the team that owned this thread or, failing that, this person before."""
BY_LOAD = "load"
"""As a way to assign: the member present with the most room."""
HOLDER = "@holder"
"""As an owner: the team of the member who holds the relationship with the sender, and that member."""
BY_HOLDER = "holder"
"""As a way to assign: the member who holds the relationship."""
BEST = "best"
"""As a way to assign: whoever suits it best, all things weighed (`within.choosing`)."""
ROTATION = "rotation"
"""As a way to assign: of those present with room, whoever was given nothing for the longest time."""
ON_CALL = "on_call"
"""As a way to assign: whoever is on call, whatever the hour and however much they have; nobody on call: as `BEST`."""
WAYS = (BY_LOAD, BY_HOLDER, BEST, ROTATION, ON_CALL)
"""Every way to assign."""
WEIGHED = (BEST, ROTATION, ON_CALL)
"""The ways that ask for more of members than their room."""
_MINUTES_MAX = 366 * 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """A length of business time: working days and minutes. Written "2d", "4h", "30m" or "1d 4h"."""

    days: int = 0
    minutes: int = 0

    def __str__(self) -> str:
        hours, minutes = divmod(self.minutes, 60)
        return " ".join(f"{n}{unit}" for n, unit in ((self.days, "d"), (hours, "h"), (minutes, "m")) if n)


def parse_span(written: str) -> Span | None:
    """A span from "2d", "4h", "90m" or "1d 4h"; None when it is none, is nothing, or is more than a year."""
    amounts = {"d": 0, "h": 0, "m": 0}
    number = ""
    for sign in written.strip().lower():
        if sign.isascii() and sign.isdigit() and len(number) < 6:
            number += sign
        elif sign in amounts and number and not amounts[sign]:
            amounts[sign], number = int(number), ""
        elif sign != " " or number:
            return None
    span = Span(amounts["d"], amounts["h"] * 60 + amounts["m"])
    return span if not number and span != Span() and span.days * 24 * 60 + span.minutes <= _MINUTES_MAX else None


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step comes: at so many percent of the time promised, or so long before or after its end. Open time."""

    percent: int = 0
    span: Span | None = None
    after: bool = False

    def __str__(self) -> str:
        return f"{self.span} {'after' if self.after else 'before'}" if self.span else f"{self.percent}%"


@dataclass(frozen=True, slots=True)
class Step:
    """What is done when a promise comes near its end, or is past it.

    `do` is one of DEEDS; `to` is OWNER, LEADS, "team:SLUG" or a member's address, or for "priority" one of those.
    Without a clock it holds for each that is promised.
    """

    at: Moment
    do: str
    to: str
    clock: str = ""


DEEDS = ("tell", "involve", "reassign", "priority")
"""What a step does: tell somebody, involve a team, give it to another team or member, raise the priority."""
OWNER, LEADS, TEAM = "owner", "leads", "team:"
"""Whom a step means: who answers for it (its leads where nobody has taken it), the owner team's leads, a team."""


@dataclass(frozen=True, slots=True)
class Promise:
    """By when we answer, for the first time and each later one, and when it is resolved; in the business hours `hours`.

    Without a name it is the hours of the owner's team, else the company's. `pause`: what pauses the resolution.
    """

    first_answer: Span | None = None
    resolution: Span | None = None
    hours: str = ""
    next_answer: Span | None = None
    pause: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def span(self, clock: str) -> Span | None:
        """How much open time is promised for a clock."""
        spans = {"first_answer": self.first_answer, "next_answer": self.next_answer, "resolution": self.resolution}
        return spans[clock]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule does when it hits. Teams and topics are slugs, a member is an e-mail address.

    `promise` is the name of one of the policy's promises, or one of its own. `approval` says which answers a second
    member must approve: "public" or "all". `skills`, in lower case, are asked of whoever of the team is to answer.
    """

    owner: str = ""
    member: str = ""
    assign: str = ""
    skills: tuple[str, ...] = ()
    involve: tuple[str, ...] = ()
    topic: str = ""
    priority: str = ""
    promise: str | Promise | None = None
    approval: str = ""
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """When something holds, then this follows."""

    name: str
    when: Condition
    then: Outcome

    @property
    def decides(self) -> bool:
        """Whether it gives an owner; else it adds."""
        return bool(self.then.owner)


@dataclass(frozen=True)
class PolicyTest:
    """A message and what is expected of it, as plain data; `ownership.policy_tests` reads and tries them."""

    name: str
    message: Mapping[str, Any]
    expect: Mapping[str, Any]


@dataclass(frozen=True)
class Policy:
    """All rules in their order (the first is number 1), the team that sorts what no rule matched, named
    promises, the tests that every version of it has to get right, and how much a conversation weighs.
    """

    triage: str
    rules: tuple[Rule, ...] = ()
    promises: Mapping[str, Promise] = field(default_factory=dict)
    tests: tuple[PolicyTest, ...] = ()
    weights: Weights = field(default_factory=Weights)

    def promise(self, given: str | Promise | None) -> Promise | None:
        """The promise an outcome means."""
        return self.promises.get(given) if isinstance(given, str) else given

    @property
    def names_members(self) -> bool:
        """Whether any rule gives to a member: then who is in which team must be known, and how much they have."""
        return any(rule.then.assign or rule.then.member or rule.then.owner == HOLDER for rule in self.rules)

    @property
    def weighs_members(self) -> bool:
        """Whether any rule asks for more than their room: turns, their week, who answered whom, who is on call."""
        return any(rule.then.assign in WEIGHED for rule in self.rules)
