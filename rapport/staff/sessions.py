"""Where a member is signed in, and ending it: the next request of an ended session is a stranger's."""

from collections.abc import Iterable
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from rapport.core import events, notify
from rapport.staff.models import Member


def of(member: Member) -> list[UserSession]:
    """The living sessions of a member, the one used last first."""
    found = UserSession.objects.filter(user=member).order_by("-last_seen_at")
    alive = set(Session.objects.filter(session_key__in=[one.session_key for one in found]).values_list("pk", flat=True))
    return [one for one in found if one.session_key in alive]


def end_one(member: Member, session_id: int) -> bool:
    """End one session of the member; whether there was one."""
    found = UserSession.objects.filter(user=member, id=session_id).first()
    if found is None:
        return False
    _end(member.id, [found.session_key])
    return True


def end_all(member_id: UUID, *, but: str | None = None, actor_id: UUID | None = None, why: str = "") -> int:
    """End every session of a member except the one with the key `but`, and the streams of their open pages."""
    keys = UserSession.objects.filter(user_id=member_id).values_list("session_key", flat=True)
    ended = _end(member_id, [key for key in keys if key != but])
    if ended:
        events.record("session.ended", actor_id=actor_id, data={"member": str(member_id), "count": ended, "why": why})
    return ended


def _end(member_id: UUID, keys: Iterable[str]) -> int:
    wanted = list(keys)
    Session.objects.filter(pk__in=wanted).delete()
    ended: int = UserSession.objects.filter(session_key__in=wanted).delete()[0]
    notify.changed("member", member_id, [])
    return ended
