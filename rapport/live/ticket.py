"""The ticket an open page shows to the live address: who it is, signed, good for a short while."""

from uuid import UUID

from django.core import signing

_SALT = "rapport.live"
SECONDS_VALID = 120


def issue(member_id: UUID) -> str:
    """A ticket for this member, good from now for SECONDS_VALID."""
    return signing.dumps(str(member_id), salt=_SALT)


def read(ticket: str) -> UUID | None:
    """Whose ticket it is; None when it is forged, broken or too old."""
    try:
        return UUID(signing.loads(ticket, salt=_SALT, max_age=SECONDS_VALID))
    except (signing.BadSignature, ValueError, TypeError):
        return None
