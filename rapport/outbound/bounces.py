"""Find the delivery a bounce belongs to, and write on it what came back."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from rapport.channels.said import Message, Returned
from rapport.core import notify
from rapport.outbound import queue, returns
from rapport.outbound.models import Delivery, DeliveryState

_WENT = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN)


def apply(said: Message, conversation_id: UUID | None = None, addressed: Iterable[str] = ()) -> bool:
    """Match a bounce to a delivery, in the caller's transaction (system scope); True if one was found.

    By the Message-ID of what is returned; else among the deliveries of the conversation that the signed
    return path (among the mail's recipients and `addressed`, the envelope's) or the caller names, by
    recipient. A hard bounce makes the delivery `bounced`; a soft one is written on it. Doing it twice
    changes nothing.
    """
    delivery = _match(said, conversation_id, addressed)
    if delivery is None:
        return False
    if said.returned and all(r.reason == "delivered" for r in said.returned):
        return True
    words = _words(said.returned) or "It came back, and the other side did not say why."
    hard = any(r.hard for r in said.returned)
    changes = {"error": words} | ({"state": DeliveryState.BOUNCED} if hard else {})
    changed = (
        Delivery.objects.filter(conversation_id=delivery.conversation_id, id=delivery.id, state__in=_WENT)
        .exclude(error=words, state=changes.get("state", delivery.state))
        .update(**changes)
    )
    if changed:
        if hard:
            queue.bring_back(delivery.conversation_id)
        queue.tell(delivery, "delivery.bounced" if hard else "delivery.delayed")
        notify.wake(notify.OUTBOX_CHANNEL)
    return True


def _match(said: Message, conversation_id: UUID | None, addressed: Iterable[str]) -> Delivery | None:
    if said.returned_id:
        found = Delivery.objects.filter(external_id=said.returned_id).first()
        if found:
            return found
    addresses = [*addressed, *said.delivered_to, *(address for _, address in said.recipients.get("to", ()))]
    conversation_id = returns.of_addresses(addresses) or conversation_id
    if conversation_id is None:
        return None
    return _by_recipient(Delivery.objects.filter(conversation_id=conversation_id).order_by("-id"), said.returned)


def _by_recipient(deliveries: QuerySet[Delivery], bounced: Iterable[Returned]) -> Delivery | None:
    """The newest that went to somebody named in the bounce; the only one, where the bounce names nobody."""
    names = {r.recipient.lower() for r in bounced if r.recipient}
    went = [d for d in deliveries if d.state in (*_WENT, DeliveryState.BOUNCED)]
    if not names:
        return went[0] if len(went) == 1 else None
    return next((d for d in went if names & _recipients(d)), None)


def _recipients(delivery: Delivery) -> set[str]:
    return {str(address).lower() for kind in delivery.recipients.values() for _, address in kind}


def _words(bounced: Iterable[Returned]) -> str:
    lines = [f"{r.recipient}: {r.diagnostic or r.reason or r.status}".strip(": ") for r in bounced]
    return "\n".join(lines)[:2000]
