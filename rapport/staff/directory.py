"""What a directory (single sign-on or SCIM) says about members, applied."""

import hashlib
import secrets
from collections.abc import Iterable
from uuid import UUID

from rapport.core import events, notify, scope
from rapport.core.clock import now
from rapport.staff import sessions
from rapport.staff.groups import Given, Rule, given_by
from rapport.staff.models import (
    DirectoryGroup,
    GroupRule,
    Member,
    Membership,
    Origin,
    Provider,
    Role,
    ScimToken,
)

_PREFIX = "rscim_"


def rules() -> list[Rule]:
    """Every rule about groups whose team is in use."""
    return [
        Rule(one.group, one.team_id, one.is_lead, one.role)
        for one in GroupRule.objects.select_related("team")
        if one.team is None or one.team.is_active
    ]


def apply_groups(member: Member, groups: Iterable[str], origin: Origin, default_role: str = "") -> bool:
    """Give and take the teams and the role that follow from the member's groups; whether anything changed.

    Only what came from the same origin is taken away: what somebody entered by hand stays.
    """
    given = given_by(rules(), groups)
    changed = _apply_teams(member, given, origin)
    changed = _apply_role(member, given, default_role) or changed
    if changed:
        events.record("member.groups_applied", data={"member": str(member.id), "origin": str(origin)})
        notify.changed("member", member.id, [])
    return changed


def _apply_teams(member: Member, given: Given, origin: Origin) -> bool:
    kept = {one.team_id: one for one in Membership.objects.filter(member=member)}
    gone = [one.id for team, one in kept.items() if one.origin == origin and team not in given.teams]
    Membership.objects.filter(id__in=gone).delete()
    changed = bool(gone)
    for team, is_lead in given.teams.items():
        one = kept.get(team)
        if one is None:
            Membership.objects.create(member=member, team_id=team, is_lead=is_lead, origin=origin)
            changed = True
        elif one.origin == origin and one.is_lead != is_lead:
            Membership.objects.filter(id=one.id).update(is_lead=is_lead)
            changed = True
    return changed


def _apply_role(member: Member, given: Given, default_role: str) -> bool:
    """A role given by a group holds while the group gives it; then the default role comes back."""
    wanted = given.role or (default_role if member.role_from_groups else "")
    from_groups = bool(given.role)
    if not wanted or _is_last_admin(member, wanted):
        return False
    if (member.role, member.role_from_groups) == (wanted, from_groups):
        return False
    changed = member.role != wanted
    member.role, member.role_from_groups = wanted, from_groups
    Member.objects.filter(id=member.id).update(role=wanted, role_from_groups=from_groups)
    if changed:
        sessions.end_all(member.id, why="role")
    return changed


def _is_last_admin(member: Member, wanted: str) -> bool:
    """A directory never takes the last administrator."""
    if member.role != Role.ADMIN or wanted == Role.ADMIN:
        return False
    return not Member.objects.filter(role=Role.ADMIN, is_active=True).exclude(id=member.id).exists()


def apply_scim_groups(member_ids: Iterable[UUID]) -> None:
    """After groups or rules changed: teams and roles of these members anew."""
    wanted = list(member_ids)
    by_member: dict[UUID, list[str]] = {one: [] for one in wanted}
    held = DirectoryGroup.objects.filter(members__in=wanted)
    for member_id, name, external in held.values_list("members__id", "name", "external_id"):
        if member_id not in by_member:
            continue
        by_member[member_id] += [name, external]
    for member in Member.objects.filter(id__in=wanted):
        apply_groups(member, by_member[member.id], Origin.SCIM, Role.AGENT)


def set_active(member: Member, active: bool, *, actor_id: UUID | None = None, why: str = "") -> None:
    """Let a member in, or close their account and end all their sessions at once.

    What they have then is given on by the worker (`ownership.handing.left`), which this wakes.
    """
    if member.is_active == active:
        return
    member.is_active = active
    Member.objects.filter(id=member.id).update(is_active=active)
    events.record(
        "member.activated" if active else "member.deactivated",
        actor_id=actor_id, data={"member": str(member.id), "why": why},
    )  # fmt: skip
    if not active:
        sessions.end_all(member.id, actor_id=actor_id, why="deactivated")
    notify.changed("member", member.id, [])
    notify.wake(notify.HANDING_CHANNEL)


def enabled_providers() -> list[Provider]:
    """The providers the sign-in page offers."""
    with scope.system():
        return list(Provider.objects.filter(enabled=True))


def new_token(name: str, by: Member, *, people_only: bool = False) -> tuple[ScimToken, str]:
    """A key for a directory: the row, and the secret that is shown once. `people_only`: it makes no members."""
    secret = _PREFIX + secrets.token_urlsafe(32)
    with scope.system():
        row = ScimToken.objects.create(name=name, digest=digest(secret), created_by=by, people_only=people_only)
        events.record("scim.token_made", actor_id=by.id, subject=name, data={"token": str(row.id)})
    return row, secret


def token_of(secret: str) -> ScimToken | None:
    """The living token with this secret; for the caller in system scope."""
    found = ScimToken.objects.filter(digest=digest(secret), revoked_at__isnull=True).first()
    if found is not None and (found.last_used_at is None or (now() - found.last_used_at).total_seconds() > 60):
        ScimToken.objects.filter(id=found.id).update(last_used_at=now())
    return found


def revoke_token(token_id: UUID, by: Member) -> None:
    """From now on nobody gets in with it."""
    with scope.system():
        if ScimToken.objects.filter(id=token_id, revoked_at__isnull=True).update(revoked_at=now()):
            events.record("scim.token_revoked", actor_id=by.id, data={"token": str(token_id)})


def digest(secret: str) -> str:
    """What is kept of a secret drawn at random (256 bits: a plain hash suffices)."""
    return hashlib.sha256(secret.encode()).hexdigest()
