"""What a member has read. Unread is what somebody else said last, since the member last looked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection

from rapport.conversations.models import Conversation, Seen
from rapport.core.clock import now
from rapport.staff.models import Member

_AT_ONCE = 500
_JUST_BEFORE = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest message of a conversation, who of us wrote it, and until when a member has read."""

    message_id: UUID | None
    member_id: UUID | None
    seen_at: datetime | None

    @property
    def came(self) -> datetime | None:
        """When it came: ids are in the order in which messages came (RFC 9562, version 7: milliseconds first)."""
        return datetime.fromtimestamp((self.message_id.int >> 80) / 1000, UTC) if self.message_id else None


def mark_seen(conversation: Conversation | UUID, member: Member) -> None:
    """The member has read all there is in the conversation. In the member's scope."""
    mark_read([conversation.id if isinstance(conversation, Conversation) else conversation], member)


def mark_read(ids: Iterable[UUID], member: Member) -> None:
    """The member has read all there is in these conversations; those they do not see are left alone.

    What came by a clock ahead of ours is read, too.
    """
    with connection.cursor() as cursor:
        cursor.execute(_READ, [member.id, now(), list(ids)])


def mark_unread(ids: Iterable[UUID], member: Member) -> None:
    """The latest message of each of these, whoever wrote it, is to be read again."""
    latest = _latest(visible(ids), member)
    _write({id: one.came - _JUST_BEFORE for id, one in latest.items() if one.came}, member)


def unread_ids(member: Member, ids: Iterable[UUID]) -> set[UUID]:
    """Those of `ids` in which somebody else said the latest since the member looked, or since they joined.

    What the member has muted is never unread.
    """
    found = _latest(list(ids)[:_AT_ONCE], member, muted=False)
    return {id for id, latest in found.items() if is_unread(latest, member)}


def is_unread(latest: Latest, member: Member) -> bool:
    """Whether the latest message is yet to be read by the member, muted or not."""
    at, by, seen = latest.came, latest.member_id, latest.seen_at
    if at is None or (seen is not None and at <= seen):
        return False
    if by == member.id:
        # One's own word is unread only where one has said so: the mark then stands just before it.
        return seen is not None and at - seen <= 2 * _JUST_BEFORE
    return seen is not None or at > member.joined_at


def seen_times(member: Member, ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """Until when the member has read those of `ids` they ever looked at."""
    rows = Seen.objects.filter(member=member, conversation_id__in=list(ids))
    return dict(rows.values_list("conversation_id", "at"))


def restore(member: Member, before: Mapping[UUID, datetime | None]) -> None:
    """Make the marks what they were; None for one that was not there."""
    ids = set(visible(before))
    gone = [id for id in ids if before[id] is None]
    Seen.objects.filter(member=member, conversation_id__in=gone).delete()
    _write({id: at for id, at in before.items() if at is not None and id in ids}, member)


def visible(ids: Iterable[UUID]) -> list[UUID]:
    """Those of `ids` that the current scope sees."""
    return list(Conversation.objects.filter(id__in=list(ids)).values_list("id", flat=True))


def _latest(ids: Iterable[UUID], member: Member, *, muted: bool = True) -> dict[UUID, Latest]:
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, {"ids": list(ids), "me": member.id, "muted": muted})
        return {row[0]: Latest(*row[1:]) for row in cursor.fetchall()}


def _write(marks: Mapping[UUID, datetime], member: Member) -> None:
    if not marks:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO conversations_seen (conversation_id, member_id, at)
            SELECT id, %s, at FROM unnest(%s::uuid[], %s::timestamptz[]) AS marks(id, at) ORDER BY id
            ON CONFLICT (conversation_id, member_id) DO UPDATE SET at = excluded.at""",
            [member.id, list(marks), list(marks.values())],
        )


#: Messages' ids tell when they came, in milliseconds (RFC 9562, version 7).
_READ = """INSERT INTO conversations_seen (conversation_id, member_id, at)
SELECT c.id, %s, greatest(%s, (
    SELECT to_timestamp(('x' || left(replace(m.id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
    FROM conversations_message m WHERE m.conversation_id = c.id ORDER BY m.id DESC LIMIT 1))
FROM conversations_conversation c WHERE c.id = ANY(%s) ORDER BY c.id
ON CONFLICT (conversation_id, member_id) DO UPDATE SET at = excluded.at"""
_LATEST = """SELECT wanted.id, latest.id, latest.member_id, seen.at
FROM unnest(%(ids)s::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT m.id, m.member_id FROM conversations_message m WHERE m.conversation_id = wanted.id ORDER BY m.id DESC LIMIT 1
) AS latest
LEFT JOIN conversations_seen seen ON seen.conversation_id = wanted.id AND seen.member_id = %(me)s
WHERE %(muted)s OR NOT EXISTS (
    SELECT 1 FROM conversations_subscription s
    WHERE s.conversation_id = wanted.id AND s.member_id = %(me)s AND s.interest = 'mute')"""
