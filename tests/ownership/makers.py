"""Facts, teams and policies for the tests of ownership."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rapport.ownership.engine import Directory, TeamEntry
from rapport.ownership.facts import Facts
from rapport.ownership.topics import TopicHit
from rapport.ownership.within.values import MemberLoad

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
TEAMS = ("customer-service", "product", "hr", "press")


def facts(**given: Any) -> Facts:
    """A customer of Acme asks support for a refund."""
    usual: dict[str, Any] = {
        "at": NOON,
        "channel": "Support mailbox",
        "channel_kind": "email",
        "to_addresses": ("help@rapport.example", "boss@rapport.example"),
        "from_address": "ann@mail.acme.example",
        "relationships": frozenset({"customer"}),
        "organization": "Acme",
        "organization_domain": "acme.example",
        "subject": "Where is my Rückerstattung",
        "text": "I want my money back, please.",
        "language": "en",
        "topics": (TopicHit("refund", "Refunds"),),
        "inside_hours": {"": True, "Night shift": False},
    }
    return Facts(**(usual | given))


def member(number: int, **given: Any) -> MemberLoad:
    """A member with a known id."""
    usual: dict[str, Any] = {
        "id": UUID(int=number),
        "email": f"m{number}@rapport.example",
        "name": f"Member {number}",
    }
    return MemberLoad(**(usual | given))


def directory(*members: MemberLoad) -> Directory:
    """Four teams, of which HR is confidential; the members belong to Customer Service."""
    return Directory(
        {
            slug: TeamEntry(
                id=UUID(int=900 + number),
                slug=slug,
                name=slug.replace("-", " ").title(),
                confidential=slug == "hr",
                members=members if slug == "customer-service" else (),
            )
            for number, slug in enumerate(TEAMS)
        }
    )
