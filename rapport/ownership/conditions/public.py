"""Conditions about the public: who can read it, how it was found, how far it reaches, whether the author is proven."""

from dataclasses import dataclass
from typing import ClassVar, Self

from rapport.ownership.conditions.base import (
    Check,
    Condition,
    Input,
    Plain,
    chosen,
    either,
    gettext_noop,
    one_or_list,
    ticked,
)
from rapport.ownership.conditions.combine import All, AnyOf, Not
from rapport.ownership.facts import Facts
from rapport.ownership.problems import Problems

_ORIGINS = {
    "addressed": gettext_noop("addressed to us"), "search": gettext_noop("found by a search"),
    "feed": gettext_noop("found in a feed"),
}  # fmt: skip
_VISIBILITIES = {"public": gettext_noop("public"), "private": gettext_noop("private")}
_REACHES = (100, 1_000, 10_000, 100_000, 1_000_000)
_REACH_MAX = 10_000_000_000


@dataclass(frozen=True)
class Visibility:
    """Whether everybody can read it."""

    name: ClassVar[str] = "visibility"
    label: ClassVar[str] = gettext_noop("Public or private")
    description: ClassVar[str] = gettext_noop("Whether everybody can read it, or only we.")
    input: ClassVar[Input] = Input("choices", choices=tuple((one, words) for one, words in _VISIBILITIES.items()))

    wanted: str

    def check(self, facts: Facts) -> Check:
        """Hit when it is as wanted."""
        words = "it is public" if facts.is_public else "it is private"
        return Check(facts.is_public == (self.wanted == "public"), words)

    def plain(self) -> Plain:
        """ "public" or "private"."""
        return self.wanted

    def describe(self) -> str:
        """ "it is public"."""
        return f"it is {self.wanted}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """ "public" or "private"."""
        wanted = chosen(value, problems, "public or private", _VISIBILITIES)
        if wanted and len(wanted) > 1:
            problems.note("expected either public or private: both together say nothing")
            return None
        return cls(wanted[0]) if wanted else None


@dataclass(frozen=True)
class Mention:
    """How it came to us. What was only found becomes a conversation by a rule with this condition, and by no other."""

    name: ClassVar[str] = "mention"
    label: ClassVar[str] = gettext_noop("How it came")
    description: ClassVar[str] = gettext_noop(
        "Addressed to us, found by a search, or found in a feed. What was found becomes a conversation only where a "
        "rule with this condition holds; the rest stays among the mentions."
    )
    input: ClassVar[Input] = Input("choices", choices=tuple((one, words) for one, words in _ORIGINS.items()))

    origins: tuple[str, ...]

    def check(self, facts: Facts) -> Check:
        """Hit on the way it came."""
        words = _ORIGINS.get(facts.origin, facts.origin)
        if facts.origin in self.origins:
            return Check(True, f"it was {words}")
        return Check(False, f"it was {words}, not {self._wanted}")

    @property
    def _wanted(self) -> str:
        return either([_ORIGINS[origin] for origin in self.origins])

    def plain(self) -> Plain:
        """One way or a list."""
        return one_or_list(self.origins)

    def describe(self) -> str:
        """ "it was found by a search"."""
        return f"it was {self._wanted}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A way or a list."""
        origins = chosen(value, problems, "a way it came", _ORIGINS)
        return cls(origins) if origins else None


@dataclass(frozen=True)
class Reach:
    """How many follow whoever says it."""

    name: ClassVar[str] = "reach"
    label: ClassVar[str] = gettext_noop("Reach of the author")
    description: ClassVar[str] = gettext_noop(
        "At least so many people follow whoever says it, as their service counts."
    )
    input: ClassVar[Input] = Input("choices", choices=tuple((str(n), f"at least {n:,}") for n in _REACHES))

    at_least: int

    def check(self, facts: Facts) -> Check:
        """Hit when enough follow them; a service that does not say is a miss."""
        if facts.reach is None:
            return Check(False, "how many follow the author is not known")
        return Check(facts.reach >= self.at_least, f"{facts.reach:,} follow the author")

    def plain(self) -> Plain:
        """The number."""
        return self.at_least

    def describe(self) -> str:
        """ "at least 10,000 follow the author"."""
        return f"at least {self.at_least:,} follow the author"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A number, or the only one of a list, as the policy page sends it."""
        given = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= 11:
            given = int(given)
        if isinstance(given, bool) or not isinstance(given, int) or not 0 < given <= _REACH_MAX:
            problems.note("expected a number of followers, such as 10000")
            return None
        return cls(given)


@dataclass(frozen=True)
class Verified:
    """Whether the service proved who they are."""

    name: ClassVar[str] = "verified"
    label: ClassVar[str] = gettext_noop("Identity is proven")
    description: ClassVar[str] = gettext_noop(
        "The service proved something of theirs: a domain of their own, a signed sign-in."
    )
    input: ClassVar[Input] = Input("yes")

    wanted: bool = True

    def check(self, facts: Facts) -> Check:
        """Hit when it is what is wanted."""
        words = "the author's identity is proven" if facts.is_verified else "the author's identity is not proven"
        return Check(facts.is_verified == self.wanted, words)

    def plain(self) -> Plain:
        """True or False."""
        return self.wanted

    def describe(self) -> str:
        """ "the author's identity is proven"."""
        return f"the author's identity is {'' if self.wanted else 'not '}proven"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """True or False."""
        wanted = ticked(value, problems)
        return None if wanted is None else cls(wanted)


def speaks_of_found(condition: Condition) -> bool:
    """Whether a condition says of what was found (by a search, in a feed) that it is meant."""
    if isinstance(condition, All | AnyOf):
        return any(speaks_of_found(one) for one in condition.conditions)
    if isinstance(condition, Not):
        return False
    return isinstance(condition, Mention) and bool({"search", "feed"} & set(condition.origins))
