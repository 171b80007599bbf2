"""An answer to a signed reply address proves the address it comes from, where we wrote to that address and no other.

Only who read our mail knows the signature. Where several could read it, any of them could have written in the name of
another; then it proves nothing.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection

from rapport.inbound.arrival import Arrival, addressed_to
from rapport.outbound import returns
from rapport.people import proving
from rapport.people.arrivals import EMAIL, Key, Speaker

HOW = "reply"


def note(arrivals: Sequence[Arrival], speakers: Mapping[Key, Speaker]) -> None:
    """Mark as verified whoever answered so and was not verified before: a statement or two for such a batch."""
    asked: dict[tuple[UUID, str], Key] = {}
    for arrival in arrivals:
        sender = arrival.sender
        if not sender or sender[0] != EMAIL or sender not in speakers or speakers[sender].verified_how:
            continue
        if arrival.said.kind == "message" and (conversation := returns.of_addresses(addressed_to(arrival))):
            asked[conversation, sender[1]] = sender
    if asked:
        proving.verify(dict.fromkeys((asked[one] for one in _written_to(list(asked))), HOW))


def _written_to(asked: list[tuple[UUID, str]]) -> list[tuple[UUID, str]]:
    """Those of the conversations and addresses in which what we sent went to this address alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT asked.id, asked.address FROM unnest(%s::uuid[], %s::text[]) AS asked(id, address)
            WHERE EXISTS (SELECT 1 FROM outbound_delivery d WHERE d.conversation_id = asked.id AND d.state = 'sent')
            AND NOT EXISTS (SELECT 1 FROM outbound_delivery d,
                    jsonb_each(d.recipients) AS part(name, boxes), jsonb_array_elements(boxes) AS box
                WHERE d.conversation_id = asked.id AND d.state IN ('sent', 'uncertain', 'bounced')
                AND lower(box ->> 1) <> asked.address)""",
            [[id for id, _ in asked], [address for _, address in asked]],
        )
        return [(id, address) for id, address in cursor.fetchall()]
