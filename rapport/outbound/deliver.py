"""Take what is due from the outbox and send it, one message at a time."""

import logging
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection, transaction

from rapport.channels import registry
from rapport.channels.base import Account, MessageRefused, OutcomeUnknown, Outgoing, Sent, TooFast
from rapport.channels.models import Channel, ChannelState
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import ChannelError, Invalid
from rapport.outbound import queue, reachable
from rapport.outbound.drafting import draft_of
from rapport.outbound.models import Delivery
from rapport.outbound.queue import Claim
from rapport.outbound.retry import pause

log = logging.getLogger(__name__)
_INSIST_SECONDS = 60
_chance = secrets.SystemRandom()


class _ClaimLost(Exception):
    """Another worker has it: not ours to send any more."""


def run_batch(limit: int = 8, only: UUID | None = None) -> int:
    """Send up to `limit` due messages (of the channel `only`) and return how many were taken.

    Raises OperationalError without a database.
    """
    claims = queue.claim(limit, only)
    for claim in claims:
        kept = queue.renew(claim)
        if kept:
            _deliver(kept)
    return len(claims)


def _deliver(claim: Claim) -> None:
    attempts = 0
    try:
        with scope.system():
            delivery = Delivery.objects.select_related("channel", "conversation").get(
                conversation_id=claim.conversation_id, id=claim.delivery_id
            )
            attempts = delivery.attempts
            if reachable.refused_at_last(delivery, delivery.conversation.person_id):
                raise Invalid("They asked not to be contacted.", "Answer anew, and confirm it, if they asked for it.")
            account = registry.account(delivery.channel)
            outgoing = registry.connector(account.kind).prepare(account, draft_of(delivery))
        done = _send(claim, account, outgoing)
    except _ClaimLost:
        return
    except Invalid as error:
        _insist(partial(queue.failed, claim, _words(error)))
    except OutcomeUnknown as error:
        if registry.connector(account.kind).abilities.idempotent:
            _insist(partial(_put_off, claim, error, attempts, final=False))
        else:
            _insist(partial(queue.uncertain, claim, _words(error)))
    except MessageRefused as error:
        _insist(partial(_put_off, claim, error, attempts, final=error.permanent))
    except ChannelError as error:
        _insist(partial(_put_off, claim, error, attempts, final=False))
        _insist(partial(_mark, delivery.channel, error))
    else:
        _insist(partial(queue.sent, claim, done))


def _send(claim: Claim, account: Account, outgoing: Outgoing) -> Sent:
    def about_to_send() -> None:
        if not queue.begin(claim):
            raise _ClaimLost

    return registry.connector(account.kind).send(account, outgoing, about_to_send)


def _put_off(claim: Claim, error: ChannelError, attempts: int, *, final: bool) -> None:
    wait = pause(attempts, _chance.random())
    if isinstance(error, TooFast) and wait is not None:
        wait = max(wait, timedelta(seconds=error.retry_after))
    if final or wait is None:
        queue.failed(claim, _words(error))
    else:
        queue.retry(claim, _words(error), wait)


def _mark(channel: Channel, error: ChannelError) -> None:
    """Show on the channel that it cannot send. The messages wait, so that nothing is lost while it is
    mended.
    """
    with transaction.atomic():
        Channel.objects.filter(id=channel.id).update(
            state=ChannelState.FAILING, error=f"Sending: {_words(error)}"[:2000], error_at=now()
        )


def _words(error: ChannelError | Invalid) -> str:
    return f"{error.message} {error.hint}".strip()


def _insist(write: Callable[[], None]) -> None:
    """Write an outcome also when the database is just being restarted: what was sent should be known as
    sent.
    """
    deadline = time.monotonic() + _INSIST_SECONDS
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > deadline or connection.in_atomic_block:
                raise
            log.warning("the outcome of a delivery cannot be written yet: %s", error)
            _forget_connection()
            time.sleep(0.5)


def _forget_connection() -> None:
    try:
        connection.close()
    except DatabaseError:
        connection.connection = None
