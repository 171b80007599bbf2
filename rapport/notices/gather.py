"""Reads the sealed log on, and writes what members are to be told: each event once, whatever happens in between."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from rapport.conversations.models import Conversation
from rapport.core import bulk, notify, scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.notices import rounds
from rapport.notices.matters import Matter, Staff, matters, staff
from rapport.notices.models import Notice, Preferences, Progress
from rapport.notices.reasons import way_of
from rapport.notices.recipients import HEARD, recipients
from rapport.notices.recipients import watching as watching_of
from rapport.people import trees
from rapport.staff.models import Member

_BATCH = 500


@dataclass(frozen=True)
class Fresh:
    """One thing to tell: to whom, of what, since when, why; `team` watches it, where that is why."""

    member: UUID
    cause: UUID
    conversation: UUID
    reason: str
    at: datetime
    who: str = ""
    message: UUID | None = None
    team: UUID | None = None


def run(limit: int = _BATCH) -> int:
    """Read up to `limit` events on from where the log was left; how many there were. Safe in several processes."""
    with scope.system():
        progress = Progress.objects.select_for_update(skip_locked=True).filter(id=1).first()
        if progress is None:
            Progress.objects.get_or_create(id=1, defaults={"seq": _end()})
            return 0
        found = _after(progress.seq, limit)
        if not found:
            return 0
        _hear([event for _, event in found if event.kind in HEARD])
        Progress.objects.filter(id=1).update(seq=found[-1][0])
    return len(found)


def tell(fresh: Sequence[Fresh]) -> int:
    """Write what is to be told as each member chose to hear it, and tell their open pages. How many were new."""
    chosen = dict(
        Preferences.objects.filter(member_id__in={one.member for one in fresh}).values_list("member_id", "ways")
    )
    ways = [(one, way_of(one.reason, chosen.get(one.member, {}))) for one in fresh]
    kept = [(one, way) for one, way in ways if not way.silent]
    written = bulk.insert(
        "notices_notice",
        {
            "id": ("uuid", [new_id() for _ in kept]),
            "member_id": ("uuid", [one.member for one, _ in kept]),
            "cause": ("uuid", [one.cause for one, _ in kept]),
            "reason": ("text", [one.reason for one, _ in kept]),
            "conversation_id": ("uuid", [one.conversation for one, _ in kept]),
            "team_id": ("uuid", [one.team for one, _ in kept]),
            "message_id": ("uuid", [one.message for one, _ in kept]),
            "who": ("text", [one.who[:200] for one, _ in kept]),
            "at": ("timestamptz", [one.at for one, _ in kept]),
            "page": ("boolean", [way.page for _, way in kept]),
            "push": ("boolean", [way.push for _, way in kept]),
            "mail": ("text", [way.mail for _, way in kept]),
            "mail_attempts": ("smallint", [0 for _ in kept]),
        },
        "ON CONFLICT (member_id, cause) DO NOTHING RETURNING id, member_id, page",
    )
    notify.changed_many(("notice", id, [member]) for id, member, page in written if page)
    return len(written)


def _hear(events: Sequence[Event]) -> None:
    if not events:
        return
    known = staff()
    about = matters(events, known)
    rounds.note(events, about)
    tell(_fresh(events, about, known))


def _fresh(events: Sequence[Event], about: Mapping[UUID, Matter], known: Staff) -> list[Fresh]:
    names = _names({event.actor_id for event in events if event.actor_id})
    told = [
        fresh
        for event in events
        if event.conversation_id and event.conversation_id in about
        for fresh in _of_event(event, about[event.conversation_id], known, names)
    ]
    # Opened and given in one breath is one thing to hear.
    given = {(one.member, one.conversation): one for one in told if one.reason == "assigned"}
    return [one for one in told if one.reason != "assigned" or given[one.member, one.conversation] is one]


def _of_event(event: Event, matter: Matter, known: Staff, names: dict[UUID, str]) -> Iterable[Fresh]:
    told = recipients(event.kind, event.actor_id, event.data, matter, known)
    watching = watching_of(event.kind, event.data, matter)
    who = names.get(event.actor_id, "") if event.actor_id else matter.who
    if event.kind.startswith("promise."):
        who = f"{event.data.get('clock', '')} {event.data.get('due', '')}"
    message = event.data.get("message")
    for member, reason in told.items():
        team = next((one for one in watching if member in known.at_once.get(one, ())), None)
        yield Fresh(
            member, event.id, matter.conversation_id, reason, event.at, who, UUID(str(message)) if message else None,
            team if reason == rounds.REASON else None,
        )  # fmt: skip


def read(member: Member, conversation_id: UUID | None = None) -> int:
    """The member has read what there is to one conversation, or all. In the member's scope; how many were unread."""
    unread = member.notices.filter(page=True, read_at__isnull=True)
    if conversation_id is not None:
        unread = unread.filter(conversation_id=conversation_id)
    changed = unread.update(read_at=now())
    if changed:
        notify.changed("notice", member.id, [member.id])
    return changed


def read_one(member: Member, notice: Notice) -> bool:
    """The member has read this one; whether it was unread. In the member's scope."""
    changed = member.notices.filter(id=notice.id, page=True, read_at__isnull=True).update(read_at=now())
    if changed:
        notify.changed("notice", member.id, [member.id])
    return bool(changed)


def _after(seq: int, limit: int) -> list[tuple[int, Event]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT s.seq, e.id, e.at, e.kind, e.actor_id, e.conversation_id, e.data::text
            FROM core_seal s JOIN core_event e ON e.id = s.event_id WHERE s.seq > %s ORDER BY s.seq LIMIT %s""",
            [seq, limit],
        )
        rows = cursor.fetchall()
    return [
        (seq, Event(id=id, at=at, kind=kind, actor_id=actor, conversation_id=conversation, data=_data(data)))
        for seq, id, at, kind, actor, conversation, data in rows
    ]


def _data(text: str) -> dict[str, object]:
    import orjson

    return dict(orjson.loads(text))


def _end() -> int:
    """Where the log ends now: a company that begins to be told is not told of its past."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(seq), 0) FROM core_seal")
        return int(cursor.fetchone()[0])


def _names(ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(Member.objects.filter(id__in=list(ids)).values_list("id", "name"))


def conversations_of(ids: Iterable[UUID | None]) -> dict[UUID, Conversation]:
    """The conversations that are spoken of, with what their lines show."""
    found = list(Conversation.objects.select_related("owner_team", "person").filter(id__in={id for id in ids if id}))
    trees.call((one.person for one in found), openly=True)
    return {one.id: one for one in found}
