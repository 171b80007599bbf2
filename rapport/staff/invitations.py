"""Asking somebody to become a member: a link that works once and not for ever."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from rapport.core import events, notify, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible
from rapport.staff.directory import digest
from rapport.staff.models import Invitation, Member, Membership, Team

VALID = timedelta(days=7)


def invite(email: str, name: str, role: str, teams: Iterable[Team], by: Member) -> tuple[Invitation, str]:
    """Keep an invitation; it and the secret of its link. An earlier open one to the address is replaced."""
    address = email.strip().lower()
    secret = secrets.token_urlsafe(24)
    with scope.system():
        Invitation.objects.filter(email=address, accepted_at__isnull=True, revoked_at__isnull=True).update(
            revoked_at=now()
        )
        made = Invitation.objects.create(
            email=address, name=name, role=role, digest=digest(secret), invited_by=by, expires_at=now() + VALID
        )
        made.teams.set(teams)
        events.record("member.invited", actor_id=by.id, data={"invitation": str(made.id), "role": role})
    return made, secret


def renew(invitation_id: UUID, by: Member) -> tuple[Invitation, str]:
    """A fresh link with a fresh term; the old one is dead."""
    secret = secrets.token_urlsafe(24)
    with scope.system():
        found = _pending(invitation_id)
        found.digest, found.expires_at = digest(secret), now() + VALID
        Invitation.objects.filter(id=found.id).update(digest=found.digest, expires_at=found.expires_at)
        events.record("member.invited_again", actor_id=by.id, data={"invitation": str(found.id)})
    return found, secret


def revoke(invitation_id: UUID, by: Member) -> None:
    """The link leads nowhere from now on."""
    with scope.system():
        found = _pending(invitation_id)
        Invitation.objects.filter(id=found.id).update(revoked_at=now())
        events.record("member.invitation_revoked", actor_id=by.id, data={"invitation": str(found.id)})


def pending() -> list[Invitation]:
    """Those not yet accepted, newest first."""
    with scope.system():
        found = Invitation.objects.filter(accepted_at__isnull=True, revoked_at__isnull=True)
        return list(found.prefetch_related("teams").order_by("-created_at"))


def _pending(invitation_id: UUID) -> Invitation:
    found = Invitation.objects.filter(id=invitation_id, accepted_at__isnull=True, revoked_at__isnull=True).first()
    if found is None:
        raise NotVisible("There is no such invitation.")
    return found


def by_secret(secret: str) -> Invitation | None:
    """The invitation this link belongs to, while it is good."""
    with scope.system():
        found = Invitation.objects.filter(
            digest=digest(secret), accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now()
        )
        return found.prefetch_related("teams").first()


def open_for(email: str) -> Invitation | None:
    """The good invitation to this address, if any: who comes by single sign-on needs no link."""
    with scope.system():
        return Invitation.objects.filter(
            email=email.lower(), accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now()
        ).first()


def accept(invitation: Invitation, name: str, password: str | None) -> Member:
    """Make the member; of two who accept at once only one does."""
    with scope.system():
        taken = Invitation.objects.filter(
            id=invitation.id, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now()
        ).update(accepted_at=now())
        if not taken or Member.objects.filter(email=invitation.email).exists():
            raise Invalid("This invitation was used already.", "Sign in, or ask for a new one.")
        member = Member.objects.create_user(invitation.email, password, name=name, role=invitation.role)
        Membership.objects.bulk_create(Membership(member=member, team=team) for team in invitation.teams.all())
        events.record("member.joined", actor_id=member.id, data={"member": str(member.id), "role": member.role})
        notify.changed("member", member.id, [])
    return member
