"""Conditions made of others."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Self

from rapport.ownership.conditions.base import Check, Condition, Input, Plain, gettext_noop, ticked
from rapport.ownership.conditions.matches import Matches
from rapport.ownership.facts import Facts
from rapport.ownership.problems import Problems

_REASON_MAX = 160
_HIT_MAX = 1_000
_DEPTH_MAX = 40
_EXPRESSIONS = frozenset({"regex", "regexp", "pattern", "patterns", "match"})


@dataclass(frozen=True)
class _Several:
    """Conditions in a list, written as such and joined by a word."""

    input: ClassVar[Input] = Input("conditions")
    joined: ClassVar[str]

    conditions: tuple[Condition, ...]

    def plain(self) -> Plain:
        """The list of what is inside."""
        return [plain_condition(condition) for condition in self.conditions]

    def describe(self) -> str:
        """The conditions joined by "and" or "or"."""
        return f" {self.joined} ".join(_bracketed(condition) for condition in self.conditions)

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A list of conditions."""
        inside = _parse_list(value, problems)
        return cls(inside) if inside else None


@dataclass(frozen=True)
class All(_Several):
    """Each of several conditions."""

    name: ClassVar[str] = "all"
    label: ClassVar[str] = gettext_noop("All of")
    description: ClassVar[str] = gettext_noop("Each of the conditions inside holds.")
    joined: ClassVar[str] = "and"

    def check(self, facts: Facts) -> Check:
        """Hit with every reason; the first miss ends it with its own."""
        reasons = []
        for condition in self.conditions:
            check = condition.check(facts)
            if not check.hit:
                return check
            reasons.append(check.reason)
        return Check(True, _shortened(" and ".join(reasons), _HIT_MAX))


@dataclass(frozen=True)
class AnyOf(_Several):
    """At least one of several conditions."""

    name: ClassVar[str] = "any"
    label: ClassVar[str] = gettext_noop("Any of")
    description: ClassVar[str] = gettext_noop("At least one of the conditions inside holds.")
    joined: ClassVar[str] = "or"

    def check(self, facts: Facts) -> Check:
        """The first hit ends it with its reason; a miss has every reason, shortened."""
        reasons = []
        for condition in self.conditions:
            check = condition.check(facts)
            if check.hit:
                return check
            reasons.append(check.reason)
        return Check(False, _shortened(" and ".join(reasons)))


@dataclass(frozen=True)
class Not:
    """The contrary of a condition."""

    name: ClassVar[str] = "not"
    label: ClassVar[str] = gettext_noop("Not")
    description: ClassVar[str] = gettext_noop("The condition inside does not hold.")
    input: ClassVar[Input] = Input("conditions")

    condition: Condition

    def check(self, facts: Facts) -> Check:
        """Hit when what is inside misses, with its reason."""
        hit, reason = self.condition.check(facts)
        return Check(not hit, reason)

    def plain(self) -> Plain:
        """What is inside."""
        return plain_condition(self.condition)

    def describe(self) -> str:
        """ "not (it is a reply)"."""
        return f"not ({self.condition.describe()})"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """One condition, or a table of several that would hold together."""
        inside = parse_condition(value, problems)
        return cls(inside) if inside else None


@dataclass(frozen=True)
class Always:
    """No condition: it always holds."""

    name: ClassVar[str] = "always"
    label: ClassVar[str] = gettext_noop("Always")
    description: ClassVar[str] = gettext_noop("Every message, whatever it is.")
    input: ClassVar[Input] = Input("yes")

    def check(self, facts: Facts) -> Check:
        """Always a hit."""
        return Check(True, "the rule is for every message")

    def plain(self) -> Plain:
        """True."""
        return True

    def describe(self) -> str:
        """The condition in words."""
        return "every message"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """True; never written as False."""
        if ticked(value, problems):
            return cls()
        if value is False:
            problems.note("expected true; leave the rule out instead")
        return None


def parse_condition(value: Plain, problems: Problems) -> Condition | None:
    """A condition from a table of conditions, which must all hold; None when a problem was noted."""
    from rapport.ownership.conditions import REGISTRY  # the registry lists this module's classes too

    if not isinstance(value, dict) or not value:
        problems.note('expected conditions such as { relationship = "customer" }; { always = true } for every message')
        return None
    if problems.depth > _DEPTH_MAX:
        problems.note("conditions are nested too deeply")
        return None
    parsed = []
    for key in sorted(value, key=_place):
        with problems.at(key):
            if key in REGISTRY:
                parsed.append(REGISTRY[key].parse(value[key], problems))
            elif str(key).lower() in _EXPRESSIONS:
                problems.note(f"there is no condition “{key}”; did you mean “matches”?")
                parsed.append(None)
            else:
                problems.unknown("a condition", str(key), REGISTRY)
                parsed.append(None)
    made = tuple(condition for condition in parsed if condition is not None)
    if len(made) < len(parsed):
        return None
    return made[0] if len(made) == 1 else All(made)


def _place(name: str) -> tuple[bool, int]:
    """Where a condition comes in a table of several: a table has no order, or loses it when stored.

    What takes longest is asked last.
    """
    from rapport.ownership.conditions import REGISTRY

    return name == Matches.name, list(REGISTRY).index(name) if name in REGISTRY else len(REGISTRY)


def plain_condition(condition: Condition) -> dict[str, Plain]:
    """The table a policy file has for a condition; `parse_condition` makes an equal condition of it."""
    if isinstance(condition, All) and len(condition.conditions) > 1:
        places = [_place(inner.name) for inner in condition.conditions]
        if all(one < next_one for one, next_one in pairwise(places)):
            return {inner.name: inner.plain() for inner in condition.conditions}
    return {condition.name: condition.plain()}


def each_in(condition: Condition) -> Iterator[Condition]:
    """The condition itself and all those within."""
    yield condition
    if isinstance(condition, Not):
        yield from each_in(condition.condition)
    for inner in condition.conditions if isinstance(condition, _Several) else ():
        yield from each_in(inner)


def names_in(condition: Condition) -> set[str]:
    """The names of all that it asks, its own and those of the conditions within."""
    return {one.name for one in each_in(condition)}


def _parse_list(value: Plain, problems: Problems) -> tuple[Condition, ...] | None:
    if not isinstance(value, list) or not value:
        problems.note('expected a list of conditions such as [{ reply = true }, { language = "de" }]')
        return None
    parsed = []
    for number, inner in enumerate(value):
        with problems.at(number):
            parsed.append(parse_condition(inner, problems))
    made = tuple(condition for condition in parsed if condition is not None)
    return made if len(made) == len(parsed) else None


def _bracketed(condition: Condition) -> str:
    joined = isinstance(condition, _Several) and len(condition.conditions) > 1
    return f"({condition.describe()})" if joined else condition.describe()


def _shortened(reason: str, most: int = _REASON_MAX) -> str:
    return reason if len(reason) <= most else f"{reason[: most - 1]}…"
