"""The outbox: what waits to be sent, who may take it, and what became of it.

queued -> sending -> sent, or -> retry -> sending ... -> failed. `sending` is committed at the last moment
before the other side may have the message; who dies after that leaves it to become `uncertain`, and no
machine sends it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from rapport.channels import registry
from rapport.channels.base import Sent
from rapport.channels.models import Channel, Cursor
from rapport.conversations import clocks
from rapport.conversations.models import Conversation, Direction, Message, Status, ThreadRef
from rapport.conversations.threading import OURS, ref_of
from rapport.core import events, notify, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.outbound.models import Delivery, DeliveryState

UNDO = timedelta(seconds=10)
#: How long a claim holds. Whoever is slower finds out before sending that the message is no longer theirs.
LEASE = timedelta(seconds=120)
_RATE = "outbox"

Mailbox = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery taken to be sent; `until` is the token that proves it is still ours."""

    conversation_id: UUID
    delivery_id: UUID
    until: datetime


def enqueue(
    message: Message,
    channel: Channel,
    to: Sequence[Mailbox],
    cc: Sequence[Mailbox] = (),
    send_after: datetime | None = None,
    options: dict[str, Any] | None = None,
) -> Delivery:
    """Write, in the caller's transaction (system scope), the decision to send `message`; to and cc are
    (name, address).

    Gives the message its Message-ID, which answers are threaded by. `send_after` is by default as long from now as
    the channel lets one take an answer back (ten seconds for a mail, at once in a chat). `options`: in_reply_to (id
    of a Message), quote (bool), html, automatic (bool), bcc ([[name, address]]). Raises Invalid where there is nobody
    to send to.
    """
    if not to:
        raise Invalid("There is nobody to send this to.", "Add a recipient.")
    account = registry.account(channel)
    external_id = message.message_id or registry.connector(channel.kind).new_external_id(account)
    if not message.message_id:
        message.message_id = external_id
        Message.objects.filter(conversation_id=message.conversation_id, id=message.id).update(message_id=external_id)
    _ours(message.conversation_id, [external_id])
    kept = dict(options or {})
    awaits = bool(kept.get("approval"))
    delivery = Delivery.objects.create(
        conversation_id=message.conversation_id,
        message_id=message.id,
        channel=channel,
        external_id=external_id,
        recipients={"to": list(map(list, to)), "cc": list(map(list, cc)), "bcc": kept.pop("bcc", [])},
        options=kept,
        state=DeliveryState.AWAITING if awaits else DeliveryState.QUEUED,
        send_after=send_after or now() + undo_of(channel),
    )
    if awaits:
        tell(delivery, "delivery.awaiting", message.member_id)
    notify.wake(notify.OUTBOX_CHANNEL)
    return delivery


def undo_of(channel: Channel) -> timedelta:
    """How long an answer on a channel waits so that it can be taken back."""
    return timedelta(seconds=registry.connector(channel.kind).abilities.undo_s)


def cancel(delivery_id: UUID, actor_id: UUID | None = None) -> bool:
    """Undo: never send it. False once its time has come. The caller has checked that the actor may."""
    with scope.system():
        mine = Delivery.objects.filter(id=delivery_id)
        open_still = Q(state=DeliveryState.QUEUED, send_after__gt=now()) | Q(state=DeliveryState.AWAITING)
        changed = mine.filter(open_still).update(state=DeliveryState.CANCELLED)
        if changed:
            tell(Delivery.objects.get(id=delivery_id), "delivery.cancelled", actor_id)
        return bool(changed)


def approve(delivery_id: UUID, actor_id: UUID) -> bool:
    """A second member lets it go; at once, or at the time it was written for. False where it does not wait for that."""
    with scope.system():
        waiting = Delivery.objects.filter(id=delivery_id, state=DeliveryState.AWAITING)
        changed = waiting.update(state=DeliveryState.QUEUED)
        if changed:
            tell(Delivery.objects.get(id=delivery_id), "delivery.approved", actor_id)
            notify.wake(notify.OUTBOX_CHANNEL)
        return bool(changed)


def decline(delivery_id: UUID, actor_id: UUID, words: str) -> bool:
    """A second member sends it back to be changed; it stays, with the reason. False where it was too late."""
    with scope.system():
        waiting = Delivery.objects.filter(id=delivery_id, state=DeliveryState.AWAITING)
        changed = waiting.update(state=DeliveryState.CANCELLED, error=words[:2000].replace("\0", ""))
        if changed:
            tell(Delivery.objects.get(id=delivery_id), "delivery.declined", actor_id)
        return bool(changed)


def send_again(delivery_id: UUID, actor_id: UUID | None = None) -> bool:
    """A member's decision to send once more what failed, bounced or is uncertain; it keeps its Message-ID."""
    again = (DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.UNCERTAIN, DeliveryState.RETRY)
    with scope.system():
        changed = Delivery.objects.filter(id=delivery_id, state__in=again).update(
            state=DeliveryState.QUEUED, attempts=0, error="", claimed_until=None, send_after=now()
        )
        if changed:
            tell(Delivery.objects.get(id=delivery_id), "delivery.again", actor_id)
            notify.wake(notify.OUTBOX_CHANNEL)
        return bool(changed)


def claim(limit: int, only: UUID | None = None) -> list[Claim]:
    """Take up to `limit` due deliveries (of the channel `only`): the oldest of each conversation, within the rates."""
    with scope.system():
        _give_up_lapsed()
        _hold_back_answered()
        claims: list[Claim] = []
        for channel in _due_channels(only):
            if len(claims) < limit:
                claims += _claim_of(channel, limit - len(claims))
        return claims


def due_channels() -> list[UUID]:
    """The channels on which something is due that nobody has taken, the one that has waited longest first."""
    with scope.system():
        _give_up_lapsed()
        _hold_back_answered()
        with connection.cursor() as cursor:
            cursor.execute(_DUE, {"now": now()})
            return [row[0] for row in cursor.fetchall()]


def send_now(delivery_id: UUID, actor_id: UUID | None = None) -> bool:
    """Do not wait any longer. False where it does not wait. The caller has checked that the actor may."""
    with scope.system():
        changed = Delivery.objects.filter(id=delivery_id, state=DeliveryState.QUEUED).update(send_after=now())
        if changed:
            tell(Delivery.objects.get(id=delivery_id), "delivery.hastened", actor_id)
            notify.wake(notify.OUTBOX_CHANNEL)
        return bool(changed)


def next_due() -> datetime | None:
    """When the next delivery is due, so that the worker need not ask before."""
    pending = (DeliveryState.QUEUED, DeliveryState.RETRY)
    with scope.system():
        found = Delivery.objects.filter(state__in=pending, channel__enabled=True).order_by("send_after")
        return found.values_list("send_after", flat=True).first()


def renew(claim: Claim) -> Claim | None:
    """The same claim for a whole lease from now, or None where it was lost."""
    until = now() + LEASE
    with scope.system():
        kept = _mine(claim).update(claimed_until=until)
    return Claim(claim.conversation_id, claim.delivery_id, until) if kept else None


def begin(claim: Claim) -> bool:
    """Commit `sending`. False where the claim was lost: then it must not be sent."""
    with scope.system():
        return bool(_mine(claim).update(state=DeliveryState.SENDING))


def sent(claim: Claim, outcome: Sent) -> None:
    """The other side has it, and may have given it a name of its own."""
    done = now()
    with scope.system():
        if _finish(claim, DeliveryState.SENT, outcome.words, sent_at=done):
            delivery = Delivery.objects.get(id=claim.delivery_id)
            rows = Message.objects.filter(conversation_id=delivery.conversation_id, id=delivery.message_id)
            rows.update(sent_at=done)
            _named(delivery, rows, outcome)
            if outcome.answer.get("ear"):
                notify.reached(str(outcome.answer["ear"])[:200])
            if delivery.options.get("later") or delivery.options.get("approval"):
                _answered(delivery, done)
            tell(delivery, "delivery.sent")


def _ours(conversation_id: UUID, external_ids: Sequence[str]) -> None:
    """What comes back under these names is ours, and what refers to them belongs here."""
    refs = [ThreadRef(ref=ref_of(one), conversation_id=conversation_id, digest=OURS) for one in external_ids if one]
    ThreadRef.objects.bulk_create(refs, ignore_conflicts=True)


def _named(delivery: Delivery, rows: QuerySet[Message], outcome: Sent) -> None:
    """Keep what the service calls our message, so that answers, echoes and receipts find it."""
    _ours(delivery.conversation_id, outcome.external_ids)
    if outcome.external_ids and not delivery.external_id:
        rows.update(message_id=outcome.external_ids[0])
        Delivery.objects.filter(id=delivery.id).update(external_id=outcome.external_ids[0])
    about = {"url": outcome.url, "answer": dict(outcome.answer)}
    kept = {name: value for name, value in about.items() if value}
    if kept:
        message = rows.get()
        rows.update(about={**message.about, **kept})


def _answered(delivery: Delivery, at: datetime) -> None:
    """What was sent later answers when it goes, and only what had been said when it was written."""
    of = Conversation.objects.filter(id=delivery.conversation_id)
    of.filter(first_answered_at=None).update(first_answered_at=at)
    since = Message.objects.filter(
        conversation_id=delivery.conversation_id, direction=Direction.IN, id__gt=delivery.message_id
    )
    if not since.exists():
        of.update(awaiting_answer=False)
    clocks.settle([delivery.conversation_id])


def failed(claim: Claim, words: str) -> None:
    """It will never be sent."""
    _end(claim, DeliveryState.FAILED, "delivery.failed", words)


def bring_back(conversation_id: UUID) -> None:
    """Whoever owns it must hear that nobody was reached: it is open again and waits for an answer."""
    Conversation.objects.filter(id=conversation_id, status__in=(Status.OPEN, Status.RESOLVED)).update(
        status=Status.OPEN, resolved_at=None, awaiting_answer=True
    )
    clocks.settle([conversation_id])


def uncertain(claim: Claim, words: str) -> None:
    """Nobody knows whether the other side has it."""
    _end(claim, DeliveryState.UNCERTAIN, "delivery.uncertain", words)


def retry(claim: Claim, words: str, pause: timedelta) -> None:
    """Not sent; try again after `pause`."""
    with scope.system():
        if _finish(claim, DeliveryState.RETRY, words, send_after=now() + pause, claimed_until=None):
            tell(Delivery.objects.get(id=claim.delivery_id), "delivery.retry")


def tell(delivery: Delivery, kind: str, actor_id: UUID | None = None) -> None:
    """Write the event and tell the open pages, in the caller's transaction."""
    events.record(
        kind,
        conversation_id=delivery.conversation_id,
        actor_id=actor_id,
        data={
            "delivery": str(delivery.id),
            "message": str(delivery.message_id),
            "attempts": delivery.attempts,
        },
    )
    audience = Conversation.objects.filter(id=delivery.conversation_id).values_list("audience", flat=True).first()
    notify.changed("conversation", delivery.conversation_id, audience or [])


def _end(claim: Claim, state: DeliveryState, kind: str, words: str) -> None:
    with scope.system():
        if _finish(claim, state, words):
            if state == DeliveryState.FAILED:
                bring_back(claim.conversation_id)
            tell(Delivery.objects.get(id=claim.delivery_id), kind)


def _mine(claim: Claim) -> Any:
    return Delivery.objects.filter(
        conversation_id=claim.conversation_id,
        id=claim.delivery_id,
        claimed_until=claim.until,
        state__in=(DeliveryState.QUEUED, DeliveryState.RETRY),
    )


def _finish(claim: Claim, state: DeliveryState, words: str, **changes: Any) -> bool:
    """Write the outcome, also over `uncertain`: a slow answer is better than none. Not over a new claim's."""
    mine = Delivery.objects.filter(
        conversation_id=claim.conversation_id, id=claim.delivery_id, claimed_until=claim.until
    ).exclude(state__in=(DeliveryState.SENT, DeliveryState.CANCELLED, DeliveryState.BOUNCED))
    return bool(mine.update(state=state, error=words[:2000].replace("\0", ""), **changes))


def _give_up_lapsed() -> None:
    """What was being sent when its worker died is uncertain, unless the other side would know it again."""
    known = list(registry.idempotent_kinds())
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE outbound_delivery d SET error = %s, state = CASE
                WHEN (SELECT kind FROM channels_channel c WHERE c.id = d.channel_id) = ANY(%s) THEN 'retry'
                ELSE 'uncertain' END
            WHERE (conversation_id, id) IN (
                SELECT conversation_id, id FROM outbound_delivery
                WHERE state = 'sending' AND claimed_until < %s FOR UPDATE SKIP LOCKED)
            RETURNING id, state""",
            ["Rapport stopped while this was being sent: it may have arrived, or not.", known, now()],
        )
        lapsed = [id for id, state in cursor.fetchall() if state == "uncertain"]
    for delivery in Delivery.objects.filter(id__in=lapsed):
        tell(delivery, "delivery.uncertain")


def _hold_back_answered() -> None:
    """What was to go "unless they write first", and they did: it stays here, to be looked at again."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_BACK, [_("They wrote before this was sent, so it was held back.")])
        held = [row[0] for row in cursor.fetchall()]
    for delivery in Delivery.objects.filter(id__in=held):
        bring_back(delivery.conversation_id)
        tell(delivery, "delivery.held")


def _due_channels(only: UUID | None) -> list[Channel]:
    pending = (DeliveryState.QUEUED, DeliveryState.RETRY)
    due = Delivery.objects.filter(state__in=pending, send_after__lte=now())
    mine = due.filter(channel_id=only) if only else due
    return list(Channel.objects.filter(id__in=mine.values("channel_id"), enabled=True))


def _claim_of(channel: Channel, limit: int) -> list[Claim]:
    account = registry.account(channel)
    allowed = min(limit, _left_this_minute(channel, registry.connector(channel.kind).per_minute(account)))
    if allowed <= 0:
        return []
    until = now() + LEASE
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"channel": channel.id, "now": now(), "limit": allowed, "until": until})
        claims = [Claim(conversation, delivery, until) for conversation, delivery in cursor.fetchall()]
    _count(channel, len(claims))
    return claims


def _left_this_minute(channel: Channel, per_minute: int) -> int:
    """How many more may go this minute. Locks the count, so that all workers together keep the rate."""
    Cursor.objects.get_or_create(channel=channel, name=_RATE, defaults={"value": {}})
    value = Cursor.objects.select_for_update().get(channel=channel, name=_RATE).value
    return per_minute - (value.get("count", 0) if value.get("minute") == _minute() else 0)


def _count(channel: Channel, taken: int) -> None:
    if taken:
        rate = Cursor.objects.get(channel=channel, name=_RATE)
        before = rate.value.get("count", 0) if rate.value.get("minute") == _minute() else 0
        Cursor.objects.filter(id=rate.id).update(value={"minute": _minute(), "count": before + taken}, changed_at=now())


def _minute() -> int:
    return int(now().timestamp() // 60)


_HOLD_BACK = """
UPDATE outbound_delivery d SET state = 'cancelled', error = %s
WHERE d.state = 'queued' AND d.options @> '{"unless_they_write": true}' AND d.claimed_until IS NULL
  AND EXISTS (
    SELECT 1 FROM conversations_message m
    WHERE m.conversation_id = d.conversation_id AND m.direction = 'in' AND m.kind = 'message' AND m.id > d.message_id)
RETURNING d.id
"""
_DUE = """
SELECT d.channel_id FROM outbound_delivery d JOIN channels_channel c ON c.id = d.channel_id
WHERE d.state IN ('queued', 'retry') AND d.send_after <= %(now)s AND c.enabled
  AND (d.claimed_until IS NULL OR d.claimed_until < %(now)s)
GROUP BY d.channel_id ORDER BY min(d.send_after)
"""
_CLAIM = """
WITH due AS (
    SELECT d.conversation_id, d.id FROM outbound_delivery d
    WHERE d.channel_id = %(channel)s AND d.state IN ('queued', 'retry') AND d.send_after <= %(now)s
      AND (d.claimed_until IS NULL OR d.claimed_until < %(now)s)
      AND NOT EXISTS (
        SELECT 1 FROM outbound_delivery e
        WHERE e.conversation_id = d.conversation_id AND e.state IN ('queued', 'retry', 'sending') AND e.id < d.id
          -- What waits for Monday does not hold up what is said today.
          AND (e.state <> 'queued' OR e.send_after <= %(now)s))
    ORDER BY d.send_after, d.id LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED)
UPDATE outbound_delivery t SET claimed_until = %(until)s, attempts = t.attempts + 1
FROM due WHERE t.conversation_id = due.conversation_id AND t.id = due.id
RETURNING t.conversation_id, t.id
"""
