"""The ticket an open page shows to the live address: who it is, and what it has seen; signed, good for a while."""

from dataclasses import dataclass
from uuid import UUID

from django.core import signing

_SALT = "rapport.live"
SECONDS_VALID = 120


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whose it is, and the snapshot with which the page looked ("": it wants nothing of what was before)."""

    member: UUID
    seen: str = ""


def issue(member_id: UUID, seen: str = "") -> str:
    """A ticket for this member's page, good from now for SECONDS_VALID."""
    return signing.dumps(f"{member_id} {seen}", salt=_SALT)


def read(ticket: str) -> Ticket | None:
    """What it says; None when it is forged, broken or too old."""
    try:
        member_id, _, seen = signing.loads(ticket, salt=_SALT, max_age=SECONDS_VALID).partition(" ")
        return Ticket(UUID(member_id), seen)
    except (signing.BadSignature, ValueError, TypeError):
        return None
