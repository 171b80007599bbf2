"""What comes back to us, by what we sent along: signed reply addresses, and bounces of our deliveries."""

from collections.abc import Iterable
from uuid import UUID

from rapport.channels.kinds.email import replyaddress
from rapport.channels.said import Message
from rapport.core.options import options
from rapport.outbound.models import Delivery


def of_addresses(addresses: Iterable[str]) -> UUID | None:
    """The conversation that a signed reply address among `addresses` names."""
    signed = [address for address in addresses if "+c-" in address]
    for secret_key in options().secret_keys:
        for address in signed:
            conversation = replyaddress.verify(address, secret_key)
            if conversation:
                return conversation
    return None


def of_bounce(said: Message) -> UUID | None:
    """The conversation of the delivery that bounced, by the Message-ID of what is returned."""
    if not said.returned_id:
        return None
    found = Delivery.objects.filter(external_id=said.returned_id).values_list("conversation_id", flat=True)
    return found.first()
