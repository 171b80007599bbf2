"""The questions a rule can ask about a message. Pure: no database and no network in here."""

from rapport.ownership.conditions.base import Check, Condition, Input, Plain
from rapport.ownership.conditions.combine import All, Always, AnyOf, Not, names_in, parse_condition, plain_condition
from rapport.ownership.conditions.matches import Matches
from rapport.ownership.conditions.public import Mention, Reach, Verified, Visibility
from rapport.ownership.conditions.what import Language, Topic, Words
from rapport.ownership.conditions.when import Time
from rapport.ownership.conditions.where import Attachment, Channel, Kind, Recipient, Reply
from rapport.ownership.conditions.who import EarlierOwner, Held, Organization, Relationship, Sender

REGISTRY: dict[str, type[Condition]] = {
    condition.name: condition
    for condition in (
        Channel, Recipient, Sender, Relationship, Organization, Held, Topic, Words, Matches, Language, Kind, Reply,
        Attachment, Visibility, Mention, Reach, Verified, Time, EarlierOwner, All, AnyOf, Not, Always,
    )
}  # fmt: skip
"""Every condition by its name in a policy file, in the order in which the policy page offers them."""

GROUPS: dict[str, str] = {
    condition.name: group
    for group, conditions in {
        "who": (Sender, Relationship, Organization, Held, EarlierOwner, Verified, Reach),
        "way": (Channel, Recipient, Kind, Reply, Attachment, Visibility, Mention, Time),
        "said": (Topic, Words, Matches, Language),
        "more": (All, AnyOf, Not, Always),
    }.items()
    for condition in conditions
}
"""What each condition is about, by its name: where the policy page offers it."""

__all__ = [
    "GROUPS", "REGISTRY", "All", "AnyOf", "Check", "Condition", "EarlierOwner", "Input", "Not", "Plain", "Topic",
    "names_in", "parse_condition", "plain_condition",
]  # fmt: skip
