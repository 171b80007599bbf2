"""Conditions about how it came: on which channel, to whom, as what kind of message."""

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
    ticked,
)
from rapport.ownership.conditions.patterns import AddressPatterns, parse_addresses
from rapport.ownership.facts import Facts
from rapport.ownership.problems import Problems

_KINDS = {
    "message": gettext_noop("an ordinary message"), "auto_reply": gettext_noop("an automatic reply"),
    "bounce": gettext_noop("a returned mail"), "list": gettext_noop("mailing-list mail"),
    "abuse_report": gettext_noop("an abuse report"), "call": gettext_noop("a call"),
}  # fmt: skip


@dataclass(frozen=True)
class Channel:
    """The channel it came by."""

    name: ClassVar[str] = "channel"
    label: ClassVar[str] = gettext_noop("Channel")
    description: ClassVar[str] = gettext_noop("The connected account it came by, or a kind of channel such as email.")
    input: ClassVar[Input] = Input("names", of="channels")

    channels: tuple[str, ...]

    def check(self, facts: Facts) -> Check:
        """Hit on the channel's name or kind."""
        if facts.channel in self.channels or facts.channel_kind in self.channels:
            return Check(True, f"it came by {facts.channel or facts.channel_kind}")
        return self._miss

    @cached_property
    def _miss(self) -> Check:
        return Check(False, f"it did not come by {either(self.channels)}")

    def plain(self) -> Plain:
        """One channel or a list."""
        return one_or_list(self.channels)

    def describe(self) -> str:
        """ "it came by Support mailbox"."""
        return f"it came by {either(self.channels)}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A channel's name or kind, or a list."""
        channels = known(value, problems, "a channel", "channels")
        return cls(channels) if channels else None


@dataclass(frozen=True)
class Recipient:
    """The address it was sent to."""

    name: ClassVar[str] = "to"
    label: ClassVar[str] = gettext_noop("Address it was sent to")
    description: ClassVar[str] = gettext_noop(
        "Among the addresses it was sent, copied or delivered to: an address, a domain with all below it, "
        "or a pattern with stars."
    )
    input: ClassVar[Input] = Input("texts", placeholder="help@example.com, example.org, press*@*")

    addresses: AddressPatterns

    def check(self, facts: Facts) -> Check:
        """Hit when one of the recipients is meant by one of the patterns."""
        met = self.addresses.first_met(facts.to_addresses)
        if met:
            return Check(True, f"it was sent to {met}")
        return self._miss

    @cached_property
    def _miss(self) -> Check:
        return Check(False, f"it was not sent to {self.addresses.described}")

    def plain(self) -> Plain:
        """One pattern or a list."""
        return one_or_list(self.addresses.written)

    def describe(self) -> str:
        """ "it was sent to help@example.com"."""
        return f"it was sent to {self.addresses.described}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A pattern or a list."""
        addresses = parse_addresses(value, problems)
        return cls(addresses) if addresses else None


@dataclass(frozen=True)
class Kind:
    """What kind of message it is."""

    name: ClassVar[str] = "kind"
    label: ClassVar[str] = gettext_noop("Kind of message")
    description: ClassVar[str] = gettext_noop(
        "An ordinary message, an automatic reply, a returned mail, mailing-list mail, a report."
    )
    input: ClassVar[Input] = Input("choices", choices=tuple((kind, words) for kind, words in _KINDS.items()))

    kinds: tuple[str, ...]

    def check(self, facts: Facts) -> Check:
        """Hit on the kind of the message."""
        if facts.kind in self.kinds:
            return Check(True, f"it is {_KINDS.get(facts.kind, facts.kind)}")
        return self._miss

    @cached_property
    def _miss(self) -> Check:
        return Check(False, f"it is not {self._kinds}")

    @cached_property
    def _kinds(self) -> str:
        return either([_KINDS[kind] for kind in self.kinds])

    def plain(self) -> Plain:
        """One kind or a list."""
        return one_or_list(self.kinds)

    def describe(self) -> str:
        """ "it is an automatic reply"."""
        return f"it is {self._kinds}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A kind of message or a list."""
        kinds = chosen(value, problems, "a kind of message", _KINDS)
        return cls(kinds) if kinds else None


@dataclass(frozen=True)
class Reply:
    """Whether it answers an earlier message."""

    name: ClassVar[str] = "reply"
    label: ClassVar[str] = gettext_noop("Is a reply")
    description: ClassVar[str] = gettext_noop("It answers an earlier message, ours or theirs.")
    input: ClassVar[Input] = Input("yes")

    wanted: bool = True

    def check(self, facts: Facts) -> Check:
        """Hit when it is what is wanted."""
        return Check(facts.is_reply == self.wanted, "it is a reply" if facts.is_reply else "it is no reply")

    def plain(self) -> Plain:
        """True or False."""
        return self.wanted

    def describe(self) -> str:
        """ "it is a reply"."""
        return "it is a reply" if self.wanted else "it is no reply"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """True or False."""
        wanted = ticked(value, problems)
        return None if wanted is None else cls(wanted)


@dataclass(frozen=True)
class Attachment:
    """Whether files came with it."""

    name: ClassVar[str] = "attachment"
    label: ClassVar[str] = gettext_noop("Has attachments")
    description: ClassVar[str] = gettext_noop("At least one file came with it.")
    input: ClassVar[Input] = Input("yes")

    wanted: bool = True

    def check(self, facts: Facts) -> Check:
        """Hit when it is what is wanted."""
        has = "it has attachments" if facts.has_attachments else "it has no attachment"
        return Check(facts.has_attachments == self.wanted, has)

    def plain(self) -> Plain:
        """True or False."""
        return self.wanted

    def describe(self) -> str:
        """ "it has attachments"."""
        return "it has attachments" if self.wanted else "it has no attachment"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """True or False."""
        wanted = ticked(value, problems)
        return None if wanted is None else cls(wanted)
