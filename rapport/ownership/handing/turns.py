"""Who waits for a member, and who came to one: the books of the queue, of its expected times and of hand-overs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.conversations.models import Conversation, Status
from rapport.core import bulk, scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.notify import HANDING_CHANNEL
from rapport.ownership.models import Decision, How, ShiftEnd, Turn
from rapport.staff.models import TakenBy

_KEPT = timedelta(days=120)
_NOTIFIED = f"RETURNING CASE WHEN member_id IS NULL THEN pg_notify('{HANDING_CHANNEL}', '') END"


@dataclass(frozen=True, slots=True)
class Came:
    """A conversation as the policy gave it to a team: to this member, or to wait for one (`waits` says why)."""

    conversation_id: UUID
    team_id: UUID
    at: datetime
    member_id: UUID | None
    waits: str
    priority: int
    due_at: datetime | None
    began_at: datetime


def came(rows: Sequence[Came]) -> None:
    """Write down those that have a member or wait for one, and wake who hands out; one statement, none for others."""
    kept = [one for one in rows if one.member_id or one.waits]
    bulk.insert(
        "ownership_turn",
        {
            "id": ("uuid", [new_id() for _ in kept]),
            "conversation_id": ("uuid", [one.conversation_id for one in kept]),
            "team_id": ("uuid", [one.team_id for one in kept]),
            "since": ("timestamptz", [one.at for one in kept]),
            "why": ("text", [one.waits for one in kept]),
            "priority": ("smallint", [one.priority for one in kept]),
            "due_at": ("timestamptz", [one.due_at for one in kept]),
            "began_at": ("timestamptz", [one.began_at for one in kept]),
            "member_id": ("uuid", [one.member_id for one in kept]),
            "at": ("timestamptz", [one.at if one.member_id else None for one in kept]),
            "how": ("text", [How.POLICY.value if one.member_id else "" for one in kept]),
        },
        _NOTIFIED,
    )


def moved(conversation: Conversation, before: tuple[UUID | None, UUID | None]) -> str:
    """Keep the books when somebody gives, takes or gives back: the conversation as it is now; team and member before.

    To be called before the decision about it is written: what waits without a row waits since the one before.
    Returns since when (in ISO) it waited in the team that it leaves, or "": for `waits_again`, should it come back.
    """
    team, member_id = conversation.owner_team, conversation.owner_member_id
    if team is None or team.id != before[0]:
        left = Turn.objects.filter(conversation=conversation, member_id__isnull=True).first()
        since = _stood(left, now()) if left else None
        if left:
            left.delete()
        return since.isoformat() if since else ""
    if member_id and before[1] is None:
        took(conversation, member_id, How.TAKEN)
    elif member_id is None and _had_a_turn(conversation, team.id):
        waits(conversation)
    return ""


def waits_again(conversation: Conversation, since: str) -> None:
    """What had left a team while it waited there is back, and nobody has it: it stands where it stood."""
    if since and conversation.owner_team_id is not None and conversation.owner_member_id is None:
        waits(conversation, since=datetime.fromisoformat(since))


def queues(conversation: Conversation) -> bool:
    """Whether it is in its team's queue when nobody has it: the team hands out, or it had a turn there before."""
    team = conversation.owner_team
    return team is not None and (team.taken_by == TakenBy.HANDED_OUT or _had_a_turn(conversation, team.id))


def _had_a_turn(conversation: Conversation, team_id: UUID) -> bool:
    """Whether it was in the team's queue before, or was given to a member by the policy: not only by a colleague."""
    return Turn.objects.filter(conversation=conversation, team_id=team_id, since__isnull=False).exists()


def took(conversation: Conversation, member_id: UUID, how: How) -> datetime | None:
    """The conversation leaves the queue of its team for a member; since when it waited, None where it was not in it."""
    at = now()
    waiting = Turn.objects.filter(conversation=conversation, member_id__isnull=True).first()
    if waiting is not None:
        since = _stood(waiting, at)
        Turn.objects.filter(id=waiting.id).update(
            member_id=member_id, at=at, how=how, since=since, stood_at=None, **_order(conversation)
        )
        return since
    if conversation.owner_team is None or conversation.owner_team.taken_by != TakenBy.HANDED_OUT:
        return None
    last = Decision.objects.filter(conversation=conversation).order_by("-at").values_list("at", flat=True).first()
    since = last or conversation.created_at
    _add(conversation, since=since, member_id=member_id, at=at, how=how)
    return since


def _stood(waiting: Turn, at: datetime) -> datetime | None:
    """Since when it waited, without the time in which it stood."""
    if waiting.since is None or waiting.stood_at is None:
        return waiting.since
    return min(at, waiting.since + max(timedelta(0), at - waiting.stood_at))


def waits(conversation: Conversation, why: str = "", since: datetime | None = None) -> None:
    """The conversation waits for a member of its team again, from now on or since a moment."""
    if not Turn.objects.filter(conversation=conversation, member_id__isnull=True).exists():
        stands = conversation.status != Status.OPEN or conversation.snoozed
        _add(conversation, since=since or now(), why=why, stood_at=now() if stands else None)


def handed_over(conversation: Conversation, member_id: UUID, how: How, from_member_id: UUID) -> None:
    """The conversation came to a member from a colleague."""
    _add(conversation, member_id=member_id, at=now(), how=how, from_member_id=from_member_id)


def passed_on(conversation: Conversation, member_id: UUID) -> None:
    """A promise gave the conversation to a member of its team, who had it not."""
    _add(conversation, member_id=member_id, at=now(), how=How.PROMISE)


def sweep() -> int:
    """Forget what is too old to tell anything, and what was closed so long ago while it waited; for the worker.

    What was closed lately may be opened again, and then has its place.
    """
    before = now() - _KEPT
    with scope.system():
        ShiftEnd.objects.filter(ends_at__lt=now() - timedelta(days=30)).delete()
        with connection.cursor() as cursor:
            cursor.execute(
                """DELETE FROM ownership_turn t USING conversations_conversation c WHERE c.id = t.conversation_id
                AND (t.at < %s OR
                    (t.member_id IS NULL AND c.status <> 'open' AND coalesce(t.stood_at, t.since) < %s))""",
                [before, before],
            )
            return int(cursor.rowcount)


def _add(conversation: Conversation, **given: Any) -> None:
    if conversation.owner_team_id is not None:
        Turn.objects.create(
            conversation=conversation, team_id=conversation.owner_team_id, **_order(conversation), **given
        )


def _order(conversation: Conversation) -> dict[str, Any]:
    """By what it stands in the order now."""
    return {
        "priority": conversation.priority, "due_at": conversation.due_at, "began_at": conversation.created_at,
    }  # fmt: skip
