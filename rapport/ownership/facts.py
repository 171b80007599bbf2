"""What is known about a message when its owner is decided. Values only: rows become facts in one place,
elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from rapport.ownership.expressions import Readable
from rapport.ownership.topics import TopicHit, TopicMatcher
from rapport.ownership.words import FoldedText

KINDS = ("message", "auto_reply", "bounce", "list", "abuse_report", "call")
"""What a message can be, in the words of `rapport.channels`."""


@dataclass(frozen=True)
class Facts:
    """One message as the policy sees it.

    `at` is when it was sent or, where that cannot be believed, received (aware). Addresses are normalised,
    lower case; `to_addresses` has everyone it was addressed or delivered to. `relationships` are the
    sender's kinds today. `inside_hours` says by name of business hours whether they were open at `at`; "" is
    the company's own. The earlier owners are team slugs, and come from conversations that are not
    confidential: the reason is shown to others. `origin` says how it came: addressed to us, found by a search, in a
    feed; `reach` is how many follow who says it, where that is known. `holder` is
    the address of the active member who holds the relationship with the sender, "" where nobody does. `our_addresses`
    are those of `to_addresses` that are ours. `known_openly`: everybody may know of the sender. `person` is the
    sender's root, `answered` when each member last answered them, known only where a rule weighs members.
    """

    at: datetime
    channel: str = ""
    channel_kind: str = ""
    to_addresses: tuple[str, ...] = ()
    from_address: str = ""
    relationships: frozenset[str] = frozenset()
    organization: str = ""
    organization_domain: str = ""
    is_freemail: bool = False
    subject: str = ""
    text: str = ""
    language: str = ""
    kind: str = "message"
    is_reply: bool = False
    has_attachments: bool = False
    topics: tuple[TopicHit, ...] = ()
    inside_hours: Mapping[str, bool] = field(default_factory=dict)
    is_public: bool = False
    origin: str = "addressed"
    reach: int | None = None
    is_verified: bool = False
    holder: str = ""
    holder_name: str = ""
    earlier_owner_of_person: str | None = None
    earlier_owner_of_thread: str | None = None
    our_addresses: tuple[str, ...] = ()
    known_openly: bool = True
    person: UUID | None = None
    answered: Mapping[UUID, datetime] = field(default_factory=dict)

    @cached_property
    def folded(self) -> FoldedText:
        """Subject and text, ready to be searched; made once, when first asked for."""
        return FoldedText(f"{self.subject}\n{self.text}")

    @cached_property
    def readable(self) -> Readable:
        """Subject and text, ready for regular expressions; made once, when first asked for."""
        return Readable(self.subject, self.text)

    def completed(
        self,
        matcher: TopicMatcher,
        inside_hours: Mapping[str, bool],
        answered: Mapping[UUID, datetime] | None = None,
    ) -> "Facts":
        """The same facts with the topics that `matcher` finds, the business hours that are open, and who answered."""
        whole = self.folded
        # dataclasses.replace() would cost as much as the whole decision.
        facts = object.__new__(Facts)
        facts.__dict__.update(self.__dict__, topics=matcher.match(self.subject, whole), inside_hours=inside_hours)
        if answered:
            facts.__dict__["answered"] = answered
        return facts
