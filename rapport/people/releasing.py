"""A handle that is somebody's no longer: a number given to another, an account under a new owner.

The handle is let go. Whoever writes from it next is met like anybody new; what came by it before stays where it is.
"""

from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.people.models import Handle, Release
from rapport.staff.models import Member
from rapport.staff.rights import WRITE

RELEASED, RETURNED = "handle.released", "handle.returned"
_KEPT = ("written", "source", "former", "verified_how", "shared")
_MOMENTS = ("verified_at", "created_at")


def release(handle: Handle, actor: Member) -> Release:
    """Let a handle go. Raises NotVisible, NotAllowed; then nothing has happened."""
    _may_change(actor)
    with transaction.atomic():
        with scope.member(actor.id):
            found = Handle.objects.select_for_update().filter(kind=handle.kind, value=handle.value).first()
        if found is None:
            raise NotVisible(_("There is no such address."))
        with scope.system():
            kept: dict[str, Any] = {name: getattr(found, name) for name in _KEPT}
            kept |= {name: at.isoformat() if (at := getattr(found, name)) else None for name in _MOMENTS}
            made = Release.objects.create(
                person_id=found.person_id, kind=found.kind, value=found.value, handle=kept, member=actor
            )
            Handle.objects.filter(kind=found.kind, value=found.value).delete()
            _reindex(found.person_id)
            _record(RELEASED, made, actor)
    return made


def take_release_back(release_id: UUID, actor: Member) -> Release:
    """Give the handle back as it was. Raises NotVisible, NotAllowed, and Invalid where somebody wrote from it since."""
    _may_change(actor)
    with transaction.atomic():
        with scope.member(actor.id):
            made = Release.objects.filter(id=release_id).first()
        if made is None:
            raise NotVisible(_("There is no such address."))
        with scope.system():
            made = Release.objects.select_for_update().get(id=release_id)
            if made.undone_at is not None:
                raise Invalid(_("This was taken back already."))
            if Handle.objects.filter(kind=made.kind, value=made.value).exists():
                raise Invalid(_("Somebody has written from it since."), _("Merge the two, if they are one person."))
            moments = {name: parse_datetime(made.handle[name]) if made.handle[name] else None for name in _MOMENTS}
            plain = {name: made.handle[name] for name in _KEPT}
            Handle.objects.create(kind=made.kind, value=made.value, person_id=made.person_id, **plain, **moments)
            made.undone_at, made.undone_by = now(), actor
            made.save(update_fields=["undone_at", "undone_by"])
            _record(RETURNED, made, actor)
    return made


def _may_change(actor: Member) -> None:
    if actor.role not in WRITE or not actor.is_active:
        raise NotAllowed(_("You may read, but not change, people."), _("Ask an administrator for another role."))


def _reindex(person_id: UUID) -> None:
    """The index of names hears of handles that come, and not of those that go."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE search_name SET revision = revision + 1 WHERE id = %s", [person_id])


def _record(kind: str, made: Release, actor: Member) -> None:
    events.record(kind, actor_id=actor.id, data={"person": str(made.person_id), "release": str(made.id)})
