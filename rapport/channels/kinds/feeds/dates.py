"""Dates as feeds write them (RFC 822 in RSS, RFC 3339 in Atom and JSON Feed, and much else). Pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LENGTH_MAX = 100
_FIRST_YEAR, _LAST_YEAR = 1980, 2200


def instant(written: object) -> datetime | None:
    """The moment in UTC, or None. A date without a zone is taken for UTC."""
    if not isinstance(written, str) or not 8 <= len(written.strip()) <= _LENGTH_MAX:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return _usable(read(written.strip()))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _usable(found: datetime) -> datetime | None:
    aware = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return aware if _FIRST_YEAR <= aware.year <= _LAST_YEAR else None
