"""Giving a conversation to a member without somebody having chosen them: with its decision, its event and its turn."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from rapport.conversations.actions import plain, touch
from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.ownership.actions import ASSIGNED, fields_of
from rapport.ownership.following import following
from rapport.ownership.handing import turns
from rapport.ownership.models import Decision, How, Source
from rapport.staff.models import Member


@dataclass(frozen=True)
class Given:
    """To whom (None: back to the team, into its queue if it has one) and why, as a clause; `actor` is who hands it
    over by hand.

    `weight` is how much it takes of the member's capacity, as it was when they were chosen. Of what is `quiet` nobody
    is told by itself.
    """

    member_id: UUID | None
    clause: str
    how: How
    weight: float
    actor: Member | None = None
    quiet: bool = False


def give(conversation: Conversation, given: Given) -> Decision:
    """Hand a conversation, which is locked, to a member of its team. In the system's scope."""
    team, before = conversation.owner_team, conversation.owner_member_id
    was = fields_of(conversation)
    conversation.owner_member_id = given.member_id
    since = _booked(conversation, given, before)
    waited = f"it waited {span(now() - since)} in the queue; " if since else ""
    decision = Decision.objects.create(
        **following(conversation.id),
        conversation=conversation,
        source=Source.MEMBER if given.actor else Source.HANDED,
        actor=given.actor,
        owner_team=team,
        owner_member_id=given.member_id,
        from_team_id=team.id if team else None,
        from_member_id=before,
        involved=list(conversation.involved),
        weight=given.weight if given.member_id else None,
        sentence=f"{team.name if team else 'Nobody'} owns this: {waited}{given.clause}",
    )
    team_id = str(team.id) if team else ""
    moved = {
        "team": team_id, "member": str(given.member_id or ""), "from_team": team_id, "from_member": str(before or ""),
        "how": given.how.value, "before": plain(was), "after": plain(fields_of(conversation)),
    }  # fmt: skip
    touch(conversation, ASSIGNED, given.actor, moved | ({"quiet": True} if given.quiet else {}), active=False)
    return decision


def _booked(conversation: Conversation, given: Given, before: UUID | None) -> datetime | None:
    if given.member_id is None:
        if turns.queues(conversation):
            turns.waits(conversation, given.clause.rpartition("; ")[2])
        return None
    if before is None:
        return turns.took(conversation, given.member_id, given.how)
    turns.handed_over(conversation, given.member_id, given.how, before)
    return None


def span(length: timedelta) -> str:
    """A length of time as decisions keep it, in English: "40 minutes", "3 hours", "2 days"."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 120:
        return "less than a minute" if not minutes else "1 minute" if minutes == 1 else f"{minutes} minutes"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"
