"""Who has a conversation open now, and who types in it. Told as it changes, never what is typed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection

from rapport.conversations.models import DraftKind, Presence
from rapport.core import notify, scope
from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.staff.models import Member

#: Who was not heard of for so long has left; pages say so every 20 seconds.
FRESH = timedelta(seconds=60)
_KEPT = timedelta(hours=1)
_TYPING = frozenset({"", DraftKind.REPLY.value, DraftKind.NOTE.value})


@dataclass(frozen=True)
class Here:
    """A member who has it open; `typing` is "reply", "note" or nothing."""

    member_id: UUID
    name: str
    typing: str = ""

    @property
    def types(self) -> bool:
        """Whether they are writing something."""
        return bool(self.typing)


def enter(conversation_id: UUID, member: Member, typing: str = "") -> None:
    """Say that the member looks, and whether they type. In the member's scope; raises NotVisible. Two statements."""
    at, typing = now(), typing if typing in _TYPING else ""
    with connection.cursor() as cursor:
        cursor.execute(_ENTER, {"id": conversation_id, "me": member.id, "typing": typing, "at": at})
        row = cursor.fetchone()
    if row is None:
        raise NotVisible("There is no such conversation.")
    audience, typed, seen_at = row
    if seen_at is None or seen_at < at - FRESH or typed != typing:
        notify.changed("presence", conversation_id, audience)


def leave(conversation_id: UUID, member: Member) -> None:
    """Say that the member does not look any more."""
    with connection.cursor() as cursor:
        cursor.execute(_LEAVE, {"id": conversation_id, "me": member.id})
        row = cursor.fetchone()
    if row is not None:
        notify.changed("presence", conversation_id, row[0])


def present(ids: Iterable[UUID], but: Member | None = None) -> dict[UUID, list[Here]]:
    """Who is in each of `ids` now, who types first; as far as the current scope sees the conversations."""
    found: dict[UUID, list[Here]] = {}
    rows = Presence.objects.filter(conversation_id__in=list(ids), at__gt=now() - FRESH, member__is_active=True)
    if but is not None:
        rows = rows.exclude(member_id=but.id)
    for row in rows.order_by("-typing", "member__name").values_list(
        "conversation_id", "member_id", "member__name", "typing"
    ):
        found.setdefault(row[0], []).append(Here(*row[1:]))
    return found


def sweep() -> int:
    """Forget those who left without a word; for the worker."""
    with scope.system():
        return Presence.objects.filter(at__lt=now() - _KEPT).delete()[0]


# One statement: the snapshot of `before` is from before the write.
_ENTER = """WITH seen AS (SELECT id, audience FROM conversations_conversation WHERE id = %(id)s),
before AS (SELECT typing, at FROM conversations_presence WHERE conversation_id = %(id)s AND member_id = %(me)s),
put AS (
    INSERT INTO conversations_presence (conversation_id, member_id, typing, at)
    SELECT id, %(me)s, %(typing)s, %(at)s FROM seen
    ON CONFLICT (conversation_id, member_id) DO UPDATE SET typing = excluded.typing, at = excluded.at)
SELECT seen.audience, before.typing, before.at FROM seen LEFT JOIN before ON true"""
_LEAVE = """WITH gone AS (
    DELETE FROM conversations_presence WHERE conversation_id = %(id)s AND member_id = %(me)s RETURNING conversation_id)
SELECT c.audience FROM gone JOIN conversations_conversation c ON c.id = gone.conversation_id"""
