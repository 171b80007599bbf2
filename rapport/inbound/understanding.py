"""From raw items to arrivals: parsing, with quarantine for what the parser cannot take."""

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from rapport.channels.kinds.email.model import Limits
from rapport.channels.kinds.email.parse import parse_mail
from rapport.channels.models import Channel
from rapport.core.options import options
from rapport.inbound.arrival import Arrival, Item, arrive
from rapport.inbound.claims import Outcome
from rapport.inbound.models import RawState

log = logging.getLogger(__name__)


def understand(
    items: Sequence[Item], channels: Mapping[UUID, Channel]
) -> tuple[list[Arrival], list[Outcome]]:
    """What each item says, and the outcomes of those that say nothing."""
    arrivals: list[Arrival] = []
    troubled: list[Outcome] = []
    limits = Limits(attachment_bytes=options().attachment_bytes_max)
    for item in items:
        if not item.body.strip():
            troubled.append(Outcome(item, RawState.QUARANTINED, "It is empty: there is nothing to read."))
            continue
        try:
            trust_date = bool(channels[item.channel_id].config.get("trust_date")) or "imported" in item.envelope
            arrivals.append(arrive(item, parse_mail(item.body, limits=limits), trust_date))
        except Exception as error:
            log.exception("an item could not be parsed and goes to quarantine")
            reason = f"It could not be read: {type(error).__name__}: {error}"
            troubled.append(Outcome(item, RawState.QUARANTINED, reason))
    return arrivals, troubled
