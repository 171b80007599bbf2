"""The ticket an open page shows to the live address: who it is, and what it has seen; good for a while.

It is encrypted: what a page has seen counts everybody's transactions, also those of teams in confidence. And always as
long: a page says nothing by its length.
"""

from dataclasses import dataclass
from uuid import UUID

from rapport.core import keys

_WHAT = "live"
_ROOM = 80
_EVERYTHING = b"0:0:"
SECONDS_VALID = 120


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whose it is, and the snapshot with which the page looked ("": it wants nothing of what was before)."""

    member: UUID
    seen: str = ""


def issue(member_id: UUID, seen: str = "") -> str:
    """A ticket for this member's page, good from now for SECONDS_VALID.

    A snapshot with so many transactions under way that there is no room for it is one in which nothing was seen yet.
    """
    looked = seen.encode() if len(seen) <= _ROOM else _EVERYTHING
    return keys.lend(member_id.bytes + looked.ljust(_ROOM), _WHAT)


def read(ticket: str) -> Ticket | None:
    """What it says; None when it is forged, broken or too old."""
    try:
        told = keys.lent(ticket, _WHAT, SECONDS_VALID)
        return Ticket(UUID(bytes=told[:16]), told[16:].decode().strip())
    except (keys.WrongKey, ValueError, TypeError):
        return None
