"""Promises that run out, and that have: told once each to who answers for them."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID, uuid5

from rapport.conversations.models import Conversation, Status
from rapport.core import scope
from rapport.core.clock import now
from rapport.notices.gather import Fresh, tell
from rapport.notices.matters import Staff, staff

NEAR = timedelta(minutes=30)
_LATE = timedelta(hours=24)
_BATCH = 1000


def run() -> int:
    """Tell of the promises that run out within NEAR or did within a day; how many notices were new."""
    with scope.system():
        late = Conversation.objects.filter(
            status=Status.OPEN, merged_into__isnull=True, due_at__gt=now() - _LATE, due_at__lte=now() + NEAR
        ).order_by("due_at")[:_BATCH]
        rows = list(late.only("id", "due_at", "owner_team_id", "owner_member_id", "audience"))
        if not rows:
            return 0
        known = staff()
        return tell([fresh for row in rows for fresh in _of(row, known)])


def _of(row: Conversation, known: Staff) -> Iterable[Fresh]:
    """Told to the owner; where nobody has taken it, to the leads of the team."""
    due = row.due_at
    reason = "broken" if due <= now() else "near"
    leads = known.leads_of.get(row.owner_team_id, frozenset()) if row.owner_team_id else frozenset()
    members = [row.owner_member_id] if row.owner_member_id else sorted(leads)
    for member in members:
        if known.sees(member, row.audience):
            yield Fresh(member, cause(row.id, reason, due.isoformat()), row.id, reason, now())


def cause(conversation_id: UUID, reason: str, due: str) -> UUID:
    """Stands for one promise running out or broken: the same promise is the same cause."""
    return uuid5(conversation_id, f"{reason} {due}")
