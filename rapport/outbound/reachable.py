"""Nobody who asked not to be contacted is written to unasked: looked at when words are written, and when they leave."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.core import events
from rapport.core.errors import Invalid
from rapport.outbound.models import Delivery
from rapport.people.consenting import silent_among
from rapport.staff.models import Member

Mailbox = tuple[str, str]


class NotReachable(Invalid):
    """They asked not to be contacted; an answer to what they asked goes once a member confirms it."""


def check_new(to: Sequence[Mailbox]) -> None:
    """Raises NotReachable where a new conversation would go to somebody who asked not to be contacted."""
    silent = silent_among([address for _, address in to])
    if silent:
        raise NotReachable(
            _("%(who)s asked not to be contacted.") % {"who": ", ".join(silent)},
            _("Take them out. What they write to you can be answered in its own conversation."),
        )


def check_answer(to: Sequence[Mailbox], person_id: UUID | None, confirmed: bool) -> bool:
    """Whether an answer goes to somebody who asked not to be contacted. Raises NotReachable unless `confirmed`."""
    silent = silent_among([address for _, address in to], person_id)
    if silent and not confirmed:
        who = ", ".join(one for one in silent if one)
        words = _("%(who)s asked not to be contacted.") % {"who": who} if who else _("They asked not to be contacted.")
        raise NotReachable(words, _("Confirm that this answers what they asked; the log keeps that you did."))
    return bool(silent)


def confirmed(conversation_id: UUID, member: Member, message_id: UUID) -> None:
    """Write down that a member answered somebody who asked not to be contacted."""
    data = {"message": str(message_id)}
    events.record("contact.confirmed", conversation_id=conversation_id, actor_id=member.id, data=data)


def refused_at_last(delivery: Delivery, person_id: UUID | None) -> bool:
    """Whether what is about to leave must not: they asked after it was written, and nobody confirmed it."""
    if delivery.options.get("confirmed"):
        return False
    pairs: list[Any] = [pair for part in ("to", "cc", "bcc") for pair in delivery.recipients.get(part, [])]
    return bool(silent_among([str(pair[1]) for pair in pairs if len(pair) == 2], person_id))
