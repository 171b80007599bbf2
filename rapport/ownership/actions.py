"""Giving a conversation to somebody: asks nothing, but keeps who did it, when, and from where."""

from uuid import UUID

from rapport.conversations.actions import acting, touch
from rapport.core.errors import Invalid
from rapport.ownership.models import Decision
from rapport.ownership.service import Reassignment, record_reassignment
from rapport.staff.models import Member, Membership, Team


def assign(conversation_id: UUID, actor: Member, team: Team | None, member: Member | None = None) -> Decision | None:
    """Make `team` (and of it `member`) the owner; None for a team takes it back to nobody's. None where it already is.

    Raises NotVisible and NotAllowed as every action, Invalid for a team that is gone or a member of another team.
    """
    _check(team, member)
    with acting(conversation_id, actor) as conversation:
        before = (conversation.owner_team_id, conversation.owner_member_id)
        after = (team.id if team else None, member.id if member else None)
        if before == after:
            return None
        conversation.owner_team, conversation.owner_member = team, member
        if team and team.confidential:
            conversation.confidential = True
        decision = record_reassignment(
            Reassignment(conversation_id, actor.id, *after, *before, tuple(conversation.involved))
        )
        names = ("team", "member", "from_team", "from_member")
        moved = {name: str(value or "") for name, value in zip(names, (*after, *before), strict=True)}
        touch(conversation, "conversation.assigned", actor, moved)
    return decision


def _check(team: Team | None, member: Member | None) -> None:
    if team and not team.is_active:
        raise Invalid(f"The team {team.name} is gone.", "Choose another team.")
    if member is None:
        return
    if not member.is_active:
        raise Invalid(f"{member.name} has left.", "Choose another member.")
    if team is None or not Membership.objects.filter(team=team, member=member).exists():
        raise Invalid(f"{member.name} is not of that team.", "Choose one of its members, or another team.")
