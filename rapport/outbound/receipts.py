"""What services tell about messages of ours: that they arrived, were read, or failed after all."""

from datetime import datetime, timedelta
from uuid import UUID

from rapport.channels.said import Receipt
from rapport.conversations.models import Message
from rapport.core.clock import now
from rapport.outbound import queue
from rapport.outbound.models import Delivery, DeliveryState

_RANK = {"": 0, "delivered": 1, "read": 2}
_JUST_SENT = timedelta(minutes=2)
_WRITTEN_SINCE = timedelta(hours=1)
_WENT = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN)


def apply(receipt: Receipt) -> UUID | None:
    """Write a receipt on its delivery (system scope, the caller's transaction); its conversation, or None if unknown.

    Receipts come in any order: "delivered" after "read" changes nothing. One that says it arrived settles what was
    uncertain.
    """
    delivery = Delivery.objects.filter(external_id=receipt.external_id).first() if receipt.external_id else None
    if delivery is None:
        return None
    if receipt.state == "failed":
        _failed(delivery, receipt)
    elif _RANK[receipt.state] > _RANK.get(str(delivery.options.get("receipt", "")), 0):
        options = {**delivery.options, "receipt": receipt.state}
        rows = Delivery.objects.filter(conversation_id=delivery.conversation_id, id=delivery.id)
        rows.update(options=options)
        rows.filter(state=DeliveryState.UNCERTAIN).update(state=DeliveryState.SENT, error="", sent_at=now())
        queue.tell(delivery, f"delivery.{receipt.state}")
    return delivery.conversation_id


def _failed(delivery: Delivery, receipt: Receipt) -> None:
    words = receipt.words[:2000].replace("\0", "") or "The service says that it could not be delivered."
    rows = Delivery.objects.filter(conversation_id=delivery.conversation_id, id=delivery.id, state__in=_WENT)
    if rows.update(state=DeliveryState.BOUNCED, error=words):
        queue.bring_back(delivery.conversation_id)
        queue.tell(delivery, "delivery.bounced")


def is_being_sent(channel_id: UUID, text: str, at: datetime) -> bool:
    """Whether the channel's outbox is sending these very words, or has just done so.

    A stream may bring our own answer back before the service's reply to it is written down.
    """
    deliveries = Delivery.objects.filter(channel_id=channel_id, state__in=_WENT, created_at__gt=at - _WRITTEN_SINCE)
    recent = deliveries.exclude(state=DeliveryState.SENT, sent_at__lt=at - _JUST_SENT)
    pairs = recent.order_by("-id").values_list("conversation_id", "message_id")[:50]
    said = Message.objects.filter(conversation_id__in=[c for c, _ in pairs], id__in=[m for _, m in pairs])
    wanted = _bare(text)
    texts = (_bare(one) for one in said.values_list("text", flat=True))
    return bool(wanted) and any(one and (one in wanted or wanted in one) for one in texts)


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold()
