"""What one may write before a colon, and what behind it. Read by the parser, the help, the documentation."""

from dataclasses import dataclass
from enum import Enum


class Takes(Enum):
    """What stands behind an operator."""

    NAME = "a name"
    CHOICE = "one of its words"
    DATE = "a date"
    TEXT = "any words"


@dataclass(frozen=True)
class Operator:
    """One operator: `example` is what the help shows, `choices` its words where it takes only those."""

    name: str
    takes: Takes
    example: str
    choices: tuple[str, ...] = ()


STATUSES = ("open", "resolved", "spam")
STATES = ("snoozed", "unowned", "confidential", "late", "due-today", "unread", "waiting")
PRIORITIES = ("low", "normal", "high", "urgent")
HAS = ("attachment", "note", "link", "draft")
DATES = frozenset({"date", "before", "after"})

_ALL = (
    Operator("from", Takes.NAME, "from:carla"),
    Operator("to", Takes.TEXT, "to:press@company.example"),
    Operator("org", Takes.NAME, "org:northwind"),
    Operator("subject", Takes.TEXT, "subject:invoice"),
    Operator("team", Takes.NAME, 'team:"customer service"'),
    Operator("owner", Takes.NAME, "owner:me"),
    Operator("involved", Takes.NAME, "involved:marketing"),
    Operator("topic", Takes.NAME, "topic:refund"),
    Operator("channel", Takes.NAME, "channel:support"),
    Operator("kind", Takes.NAME, "kind:email"),
    Operator("status", Takes.CHOICE, "status:resolved", STATUSES),
    Operator("is", Takes.CHOICE, "is:late", STATES),
    Operator("priority", Takes.CHOICE, "priority:urgent", PRIORITIES),
    Operator("has", Takes.CHOICE, "has:attachment", HAS),
    Operator("lang", Takes.NAME, "lang:de"),
    Operator("date", Takes.DATE, "date:2026-10-01..2026-10-31"),
    Operator("after", Takes.DATE, "after:7d"),
    Operator("before", Takes.DATE, "before:yesterday"),
)
OPERATORS: dict[str, Operator] = {one.name: one for one in _ALL}

#: Other ways to say the same.
ALIASES = {
    "sender": "from", "author": "from", "assignee": "owner", "assigned": "owner", "state": "is", "in": "team",
    "since": "after", "until": "before", "language": "lang", "organization": "org", "organisation": "org",
    "company": "org", "recipient": "to", "about": "topic", "prio": "priority", "title": "subject",
}  # fmt: skip
