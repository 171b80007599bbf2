"""Conditions about who is speaking."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

from rapport.ownership.conditions.base import (
    Check,
    Input,
    Plain,
    chosen,
    either,
    gettext_noop,
    known,
    one_or_list,
    texts,
    ticked,
)
from rapport.ownership.conditions.patterns import AddressPatterns, parse_addresses
from rapport.ownership.facts import Facts
from rapport.ownership.problems import Problems

RELATIONSHIPS = {
    "customer": "a customer", "employee": "an employee", "partner": "a partner", "analyst": "an analyst",
    "journalist": "a journalist", "supplier": "a supplier", "prospect": "a prospect",
    "other": "known otherwise", "unknown": "unknown to us",
}  # fmt: skip
"""What the sender can be to us; "unknown" is one without any relationship."""

_WHOSE = {"person": "this person’s", "thread": "this thread’s", "any": "their"}


@dataclass(frozen=True)
class Relationship:
    """What the sender is to us."""

    name: ClassVar[str] = "relationship"
    label: ClassVar[str] = gettext_noop("Relationship of the sender")
    description: ClassVar[str] = gettext_noop(
        "What the sender is to us today; “unknown” is somebody without any relationship."
    )
    input: ClassVar[Input] = Input("choices", choices=tuple((kind, kind.capitalize()) for kind in RELATIONSHIPS))

    kinds: tuple[str, ...]

    def check(self, facts: Facts) -> Check:
        """Hit when the sender has one of the kinds."""
        for kind in self.kinds:
            if kind in facts.relationships or (kind == "unknown" and not facts.relationships):
                return Check(True, f"the sender is {RELATIONSHIPS[kind]}")
        return self._miss

    @cached_property
    def _miss(self) -> Check:
        return Check(False, f"the sender is not {self._kinds}")

    @cached_property
    def _kinds(self) -> str:
        return either([RELATIONSHIPS[kind] for kind in self.kinds])

    def plain(self) -> Plain:
        """One kind or a list."""
        return one_or_list(self.kinds)

    def describe(self) -> str:
        """ "the sender is a customer"."""
        return f"the sender is {self._kinds}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A kind of relationship or a list."""
        kinds = chosen(value, problems, "a relationship", RELATIONSHIPS)
        return cls(kinds) if kinds else None


@dataclass(frozen=True)
class Sender:
    """The address of the sender."""

    name: ClassVar[str] = "from"
    label: ClassVar[str] = gettext_noop("Address of the sender")
    description: ClassVar[str] = gettext_noop(
        "An address, a domain with all below it (example.com), or a pattern with stars."
    )
    input: ClassVar[Input] = Input("texts", placeholder="anna@example.com, example.org, *-press@*")

    addresses: AddressPatterns

    def check(self, facts: Facts) -> Check:
        """Hit when the sender's address is meant by one of the patterns."""
        if self.addresses.first_met((facts.from_address,)):
            return Check(True, f"it is from {facts.from_address}")
        return self._miss

    @cached_property
    def _miss(self) -> Check:
        return Check(False, f"it is not from {self.addresses.described}")

    def plain(self) -> Plain:
        """One pattern or a list."""
        return one_or_list(self.addresses.written)

    def describe(self) -> str:
        """ "it is from example.com"."""
        return f"it is from {self.addresses.described}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A pattern or a list."""
        addresses = parse_addresses(value, problems)
        return cls(addresses) if addresses else None


@dataclass(frozen=True)
class Organization:
    """The organization the sender belongs to."""

    name: ClassVar[str] = "organization"
    label: ClassVar[str] = gettext_noop("Organization of the sender")
    description: ClassVar[str] = gettext_noop(
        "The name or the domain of the organization; “any” and “none” mean what they say."
    )
    input: ClassVar[Input] = Input("texts", placeholder="Acme, acme.example, any, none")

    organizations: tuple[str, ...]

    @cached_property
    def _meant(self) -> frozenset[str]:
        return frozenset(one.casefold() for one in self.organizations)

    def check(self, facts: Facts) -> Check:
        """Hit on the organization's name or domain."""
        name, domain = facts.organization.casefold(), facts.organization_domain.casefold()
        if (name or domain) and (name in self._meant or domain in self._meant or "any" in self._meant):
            return Check(True, f"the sender belongs to {facts.organization or facts.organization_domain}")
        if not (name or domain) and "none" in self._meant:
            return Check(True, "the sender belongs to no organization we know")
        return self._miss

    @cached_property
    def _miss(self) -> Check:
        return Check(False, f"the sender does not belong to {either(self.organizations)}")

    def plain(self) -> Plain:
        """One organization or a list."""
        return one_or_list(self.organizations)

    def describe(self) -> str:
        """ "the sender belongs to Acme"."""
        return f"the sender belongs to {either(self.organizations)}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A name, a domain, "any" or "none", or a list."""
        organizations = texts(value, problems, "an organization")
        return cls(organizations) if organizations else None


@dataclass(frozen=True)
class Held:
    """Whether a member holds the relationship with the sender."""

    name: ClassVar[str] = "held"
    label: ClassVar[str] = gettext_noop("Relationship held")
    description: ClassVar[str] = gettext_noop(
        "A member who works here holds the relationship with the sender (or nobody does)."
    )
    input: ClassVar[Input] = Input("yes")

    yes: bool

    def check(self, facts: Facts) -> Check:
        """Hit when it is as asked; the reason names the member."""
        if facts.holder:
            return Check(self.yes, f"{facts.holder_name} holds the relationship with the sender")
        return Check(not self.yes, "nobody holds the relationship with the sender")

    def plain(self) -> Plain:
        """True or false."""
        return self.yes

    def describe(self) -> str:
        """ "a member holds the relationship with the sender"."""
        return f"{'a member' if self.yes else 'nobody'} holds the relationship with the sender"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """True or false."""
        yes = ticked(value, problems)
        return None if yes is None else cls(yes)


@dataclass(frozen=True)
class EarlierOwner:
    """Which team owned this person's or this thread's earlier conversation."""

    name: ClassVar[str] = "earlier_owner"
    label: ClassVar[str] = gettext_noop("Earlier owner")
    description: ClassVar[str] = gettext_noop("A team has owned a conversation of this person before.")
    input: ClassVar[Input] = Input(
        "choices",
        of="teams",
        choices=(
            ("person", gettext_noop("Of the person")), ("thread", gettext_noop("Of the thread")),
            ("any", gettext_noop("Of either")),
        ),
        # What goes on in a thread comes to its conversation and is not decided anew: no message is ever asked this.
        past=("thread", "any"),
    )

    of: str
    teams: tuple[str, ...] = ()

    def check(self, facts: Facts) -> Check:
        """Hit when there was such an owner, and it was one of the teams if any are given."""
        for whose in ("thread", "person") if self.of == "any" else (self.of,):
            team = facts.earlier_owner_of_thread if whose == "thread" else facts.earlier_owner_of_person
            if team and (not self.teams or team in self.teams):
                return Check(True, f"{team} owned {_WHOSE[whose]} earlier conversation")
        return self._miss

    @cached_property
    def _miss(self) -> Check:
        if not self.teams:
            return Check(False, f"no team owned {_WHOSE[self.of]} earlier conversation")
        return Check(False, f"{_WHOSE[self.of]} earlier conversation was not owned by {either(self.teams)}")

    def plain(self) -> Plain:
        """What is asked, with the teams where they are given."""
        return {"of": self.of, "team": one_or_list(self.teams)} if self.teams else self.of

    def describe(self) -> str:
        """ "customer-service owned this person's earlier conversation"."""
        team = either(self.teams) if self.teams else "some team"
        return f"{team} owned {_WHOSE[self.of]} earlier conversation"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """ "person", "thread" or "any", or a table of it (`of`) and the teams (`team`)."""
        given = value if isinstance(value, dict) else {"of": value}
        if "of" not in given or not set(given) <= {"of", "team"}:
            problems.note('expected "person", "thread" or "any", or { of = "person", team = "…" }')
            return None
        of = chosen(given["of"], problems, "a kind of earlier owner", _WHOSE)
        teams = known(given["team"], problems, "a team", "teams") if "team" in given else ()
        if of is None or teams is None:
            return None
        if len(of) > 1:
            problems.note("expected one of person, thread and any")
            return None
        return cls(of[0], teams)
