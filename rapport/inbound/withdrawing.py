"""STOP, written as a whole message by phone: they are not to be written to there any more."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from rapport.inbound.arrival import Arrival
from rapport.people.arrivals import Key, Speaker
from rapport.people.consent import is_stop
from rapport.people.consenting import Statement, purposes, record_all

_KINDS = frozenset({"phone", "whatsapp"})


def withdraw(arrivals: Sequence[Arrival], speakers: Mapping[Key, Speaker]) -> int:
    """Take back the consent to every purpose on the channel on which somebody said so; how many did.

    Asks the database nothing where nobody did. What they ask can still be answered: that is no campaign.
    """
    said = [(a.sender, a) for a in arrivals if a.sender and a.sender[0] in _KINDS and is_stop(a.said.text)]
    if said:
        wanted = [purpose.slug for purpose in purposes() if purpose.needs != "nothing"]
        record_all((one for told in said for one in _withdrawn(*told, speakers, wanted)), None)
    return len(said)


def _withdrawn(
    sender: Key, arrival: Arrival, speakers: Mapping[Key, Speaker], wanted: Sequence[str]
) -> Iterator[tuple[UUID, Statement]]:
    proof = {"what": "message", "where": str(arrival.message_id)}
    for purpose in wanted:
        yield speakers[sender].person_id, Statement(purpose, False, sender[0], arrival.at, "sms", proof)
