"""Every question the pages ask about conversations. Row-level security answers only with what the member may see."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from rapport.conversations.models import Attachment, Conversation, Message, Status, Topic
from rapport.core.errors import Invalid, NotVisible
from rapport.staff.models import Member

PAGE_SIZE = 40
TIMELINE_SIZE = 60
#: Marked for translation, translated where they are shown.
VIEWS = {
    "mine": gettext_noop("Mine"),
    "teams": gettext_noop("My teams"),
    "unowned": gettext_noop("Unowned"),
    "snoozed": gettext_noop("Snoozed"),
    "all": gettext_noop("All I may see"),
}
SORTS = ("activity", "promise", "age", "newest")


class Narrowing(Protocol):
    """What narrows a list further: SQL over `conversations_conversation`, with its parameters."""

    def where(self) -> tuple[str, list[Any]]:
        """One condition, and what stands for its %s."""
        ...


@dataclass(frozen=True)
class View:
    """One list of conversations: one of VIEWS or the conversations of `team_id`, in one status.

    Snoozed ones are in the view "snoozed" and in no other list of open ones. `sort` is one of SORTS.
    """

    member: Member
    team_ids: frozenset[UUID]
    name: str = "all"
    team_id: UUID | None = None
    status: str = Status.OPEN
    sort: str = "activity"
    filter: Narrowing | None = None


@dataclass(frozen=True)
class Page:
    """Some conversations, newest activity first; `next_cursor` is empty on the last page."""

    rows: Sequence[Conversation]
    next_cursor: str = ""


@dataclass(frozen=True)
class Counts:
    """Open conversations by view, and by team id."""

    mine: int = 0
    teams: int = 0
    unowned: int = 0
    all: int = 0
    snoozed: int = 0
    by_team: dict[UUID, int] = field(default_factory=dict)


def list_conversations(view: View, cursor: str = "", limit: int = PAGE_SIZE) -> Page:
    """One page of a view. Raises Invalid when the cursor is none of ours."""
    rows = list(_after(_of_view(view), cursor).order_by("-last_activity_at", "-id")[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, _cursor(rows[-1].last_activity_at, rows[-1].id) if more else "")


def rows_of(view: View, ids: Iterable[UUID]) -> Sequence[Conversation]:
    """Those of `ids` that are in the view now, newest activity first."""
    return list(_of_view(view).filter(id__in=list(ids)[:100]).order_by("-last_activity_at", "-id"))


def count_open(member: Member, team_ids: frozenset[UUID]) -> Counts:
    """The figures beside the views, with one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT owner_team_id, owner_member_id IS NULL, owner_member_id = %s, count(*)
            FROM conversations_conversation WHERE status = 'open' AND merged_into IS NULL GROUP BY 1, 2, 3""",
            [member.id],
        )
        groups = cursor.fetchall()
    by_team: dict[UUID, int] = {}
    for team, _, _, count in groups:
        if team:
            by_team[team] = by_team.get(team, 0) + count
    return Counts(
        mine=sum(count for _, _, mine, count in groups if mine),
        teams=sum(count for team, _, _, count in groups if team in team_ids),
        unowned=sum(count for team, free, _, count in groups if free and (team is None or team in team_ids)),
        all=sum(count for *_, count in groups),
        by_team=by_team,
    )


def get_conversation(conversation_id: UUID) -> Conversation:
    """The conversation with its owner, person and channel. Raises NotVisible."""
    found = _joined().filter(id=conversation_id).first()
    if found is None:
        raise NotVisible("There is no such conversation.")
    return found


def get_message(conversation_id: UUID, message_id: UUID) -> Message:
    """One message. Raises NotVisible."""
    found = Message.objects.filter(conversation_id=conversation_id, id=message_id).first()
    if found is None:
        raise NotVisible("There is no such message.")
    return found


def get_attachment(conversation_id: UUID, attachment_id: UUID) -> Attachment:
    """One attachment with its bytes. Raises NotVisible, also when the bytes were not kept."""
    found = (
        Attachment.objects.select_related("blob")
        .filter(conversation_id=conversation_id, id=attachment_id, blob__isnull=False)
        .first()
    )
    if found is None:
        raise NotVisible("There is no such attachment.")
    return found


def messages_of(conversation_id: UUID, before: UUID | None = None) -> tuple[list[Message], bool]:
    """The latest messages, oldest first, before `before` if given; and whether there are earlier ones."""
    found = Message.objects.select_related("person", "member").filter(conversation_id=conversation_id)
    if before is not None:
        edge = get_message(conversation_id, before)
        found = found.filter(Q(at__lt=edge.at) | Q(at=edge.at, id__lt=edge.id))
    rows = list(found.order_by("-at", "-id")[: TIMELINE_SIZE + 1])
    return rows[TIMELINE_SIZE - 1 :: -1] if len(rows) > TIMELINE_SIZE else rows[::-1], len(rows) > TIMELINE_SIZE


def attachments_of(conversation_id: UUID, message_ids: Iterable[UUID]) -> dict[UUID, list[Attachment]]:
    """The attachments of messages, without their bytes, by message id."""
    found: dict[UUID, list[Attachment]] = {}
    for attachment in Attachment.objects.filter(
        conversation_id=conversation_id, message_id__in=list(message_ids)
    ).order_by("id"):
        found.setdefault(attachment.message_id, []).append(attachment)
    return found


def earlier_of(person_id: UUID, but: UUID | None = None, limit: int = 8) -> list[Conversation]:
    """The latest conversations with a person, except `but`."""
    found = Conversation.objects.filter(person_id=person_id, merged_into__isnull=True)
    if but is not None:
        found = found.exclude(id=but)
    return list(found.select_related("owner_team").order_by("-last_activity_at")[:limit])


def active_topics() -> list[Topic]:
    """The company's topics, by name."""
    return list(Topic.objects.filter(is_active=True))


def _joined() -> QuerySet[Conversation]:
    return Conversation.objects.select_related("person", "owner_team", "owner_member", "channel", "topic")


def _of_view(view: View) -> QuerySet[Conversation]:
    rows = _joined().filter(status=view.status, merged_into__isnull=True)
    if view.filter is not None:
        condition, parameters = view.filter.where()
        rows = rows.extra(where=[condition], params=parameters)
    if view.name == "snoozed":
        return rows.filter(Q(owner_member=view.member) | Q(owner_team_id__in=view.team_ids), snoozed=True)
    if view.status == Status.OPEN:
        rows = rows.filter(snoozed=False)
    if view.team_id is not None:
        return rows.filter(owner_team_id=view.team_id)
    if view.name == "mine":
        return rows.filter(owner_member=view.member)
    if view.name == "teams":
        return rows.filter(owner_team_id__in=view.team_ids)
    if view.name == "unowned":
        return rows.filter(Q(owner_team__isnull=True) | Q(owner_team_id__in=view.team_ids), owner_member__isnull=True)
    return rows


def _after(rows: QuerySet[Conversation], cursor: str) -> QuerySet[Conversation]:
    if not cursor:
        return rows
    try:
        at, last = urlsafe_b64decode(cursor.encode()).decode().split("|")
        edge, edge_id = datetime.fromisoformat(at), UUID(last)
    except ValueError as error:
        raise Invalid("This page of the list does not exist.", "Start at its beginning.") from error
    return rows.filter(
        Q(last_activity_at__lt=edge) | Q(last_activity_at=edge, id__lt=edge_id), last_activity_at__lte=edge
    )


def _cursor(at: datetime, last: UUID) -> str:
    return urlsafe_b64encode(f"{at.isoformat()}|{last}".encode()).decode()
