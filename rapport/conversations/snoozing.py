"""Out of the way until a time, or until they answer. Whatever they write wakes it in any case (`inbound.storing`)."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from rapport.conversations import clocks
from rapport.conversations.actions import change
from rapport.conversations.models import Conversation, Status
from rapport.core import events, notify, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.models import Event
from rapport.staff.models import Member

_LONGEST = timedelta(days=366)
_WOKEN_AT_ONCE = 500


def snooze(conversation_id: UUID, actor: Member, until: datetime | None) -> None:
    """Take an open conversation out of the lists until then; None: until they answer.

    Raises Invalid for a time that is over, is more than a year away, or has no zone, and for what is not open.
    """
    if until is not None:
        _check(until)

    def fields(conversation: Conversation) -> dict[str, object]:
        if conversation.status != Status.OPEN:
            raise Invalid(_("Only an open conversation can be snoozed."), _("Open it again first."))
        return {"snoozed": True, "snoozed_until": until}

    change(conversation_id, actor, "conversation.snoozed", fields, active=False)


def wake(conversation_id: UUID, actor: Member) -> None:
    """Bring it back into the lists now."""
    change(conversation_id, actor, "conversation.woken", lambda _: {"snoozed": False, "snoozed_until": None})


def wake_due(limit: int = _WOKEN_AT_ONCE) -> int:
    """Wake everything whose time has come, and say how many that were; for the worker."""
    at = now()
    with scope.system():
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE conversations_conversation SET snoozed = false, snoozed_until = NULL,
                    last_activity_at = greatest(last_activity_at, %(now)s)
                WHERE id IN (SELECT id FROM conversations_conversation
                    WHERE status = 'open' AND snoozed AND snoozed_until <= %(now)s
                    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
                RETURNING id, audience, promised""",
                {"now": at, "limit": limit},
            )
            woken = cursor.fetchall()
        clocks.settle(id for id, _audience, promised in woken if promised)
        events.record_many(Event(kind="conversation.woken", conversation_id=id, at=at) for id, *_ in woken)
        notify.changed_many(("conversation", id, list(audience)) for id, audience, _ in woken)
        if woken:
            notify.wake(notify.HANDING_CHANNEL)
    return len(woken)


def next_due() -> datetime | None:
    """When the next one is to be woken."""
    with scope.system():
        due = Conversation.objects.filter(status=Status.OPEN, snoozed=True, snoozed_until__isnull=False)
        found: datetime | None = due.order_by("snoozed_until").values_list("snoozed_until", flat=True).first()
        return found


def _check(until: datetime) -> None:
    if until.tzinfo is None:
        raise Invalid(_("That time has no zone."), _("Choose a time again."))
    if until <= now():
        raise Invalid(_("That time is over already."), _("Choose a later one."))
    if until > now() + _LONGEST:
        raise Invalid(_("That is more than a year away."), _("Choose an earlier time."))
