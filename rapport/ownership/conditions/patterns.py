"""Addresses as a policy writes them: exact, by domain, or with stars. Linear in the address; no regular
expressions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from rapport.ownership.conditions.base import Plain, either, texts
from rapport.ownership.problems import Problems


@dataclass(frozen=True)
class AddressPatterns:
    """Several patterns, lower case: "a@b.c" is one address, "b.c" a domain with all below it, "*" any
    characters.
    """

    written: tuple[str, ...]

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(one for one in self.written if "*" not in one)

    @cached_property
    def _endings(self) -> tuple[str, ...]:
        domains = [one.lstrip("@") for one in self.written if "*" not in one and "@" not in one.lstrip("@")]
        return tuple(f"{sign}{domain}" for domain in domains for sign in "@.")

    @cached_property
    def _starred(self) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(one.split("*")) for one in self.written if "*" in one)

    @cached_property
    def described(self) -> str:
        """The patterns in words."""
        return either(self.written)

    def first_met(self, addresses: Iterable[str]) -> str | None:
        """The first of the addresses that is meant; None when none is."""
        for address in addresses:
            if address in self._exact or address.endswith(self._endings):
                return address
            if self._starred and any(_meets(address, parts) for parts in self._starred):
                return address
        return None


def parse_addresses(value: Plain, problems: Problems) -> AddressPatterns | None:
    """A pattern or a list; None when a problem was noted."""
    given = texts(value, problems, "an address, a domain or a pattern with *")
    if given is None:
        return None
    wrong = next((one for one in given if one.count("@") > 1 or any(sign in one for sign in " <>,;")), None)
    if wrong is not None:
        problems.note(f"“{wrong}” is no address, domain or pattern with *")
        return None
    return AddressPatterns(tuple(dict.fromkeys(one.lower() for one in given)))


def _meets(address: str, parts: tuple[str, ...]) -> bool:
    # The leftmost place for each part is as good as any: no going back, so the time is linear.
    first, *middle, last = parts
    if len(address) < len(first) + len(last) or not (address.startswith(first) and address.endswith(last)):
        return False
    at, end = len(first), len(address) - len(last)
    for part in middle:
        at = address.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
