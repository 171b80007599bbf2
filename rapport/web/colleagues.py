"""Whom a member may give conversations to: themselves, then those of their teams."""

from rapport.staff.models import Member, Role
from rapport.web.shell import Shell

_SHOWN = 60


def colleagues_of(shell: Shell) -> list[Member]:
    """Active members who share a team with the one who looks, by name; without themselves and readers."""
    found = Member.objects.filter(is_active=True, memberships__team_id__in=shell.team_ids)
    return list(found.exclude(id=shell.member.id).exclude(role=Role.READER).distinct().order_by("name")[:_SHOWN])
