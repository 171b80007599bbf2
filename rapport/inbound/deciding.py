"""What is known about each new conversation, for the ownership engine. Rows become facts here."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db import connection

from rapport.channels.models import Channel
from rapport.conversations.threading import looks_like_reply
from rapport.conversations.visibility import EVERYONE
from rapport.inbound.arrival import Arrival, addressed_to
from rapport.inbound.language import language_of
from rapport.ownership.facts import Facts
from rapport.people.arrivals import EMAIL, Key, Speaker, is_freemail


def facts_of(
    arrivals: Sequence[Arrival], speakers: Mapping[Key, Speaker], channels: Mapping[UUID, Channel]
) -> list[Facts]:
    """The facts of each arrival that opens a conversation."""
    known = {s.root for s in (_speaker(a, speakers) for a in arrivals) if s and not s.is_new}
    earlier = _earlier_owners(known)
    return [_facts(a, _speaker(a, speakers), channels[a.item.channel_id], earlier) for a in arrivals]


def _facts(arrival: Arrival, speaker: Speaker | None, channel: Channel, earlier: Mapping[UUID, str]) -> Facts:
    said, author = arrival.said, arrival.said.author
    return Facts(
        at=arrival.at,
        channel=channel.name,
        channel_kind=channel.kind,
        to_addresses=addressed_to(arrival),
        from_address=author.value if author else "",
        relationships=speaker.relationships if speaker else frozenset(),
        organization=speaker.organization if speaker else "",
        organization_domain=speaker.domain if speaker else "",
        is_freemail=bool(author and author.kind == EMAIL and is_freemail(author.value)),
        subject=said.subject,
        text=said.text,
        language=said.language or language_of(said.text),
        kind=said.kind,
        is_reply=bool(said.refers_to) or looks_like_reply(said.subject),
        has_attachments=bool(said.files),
        is_public=said.public,
        origin=said.origin,
        reach=author.reach if author else None,
        is_verified=bool(author and author.verified),
        earlier_owner_of_person=earlier.get(speaker.root) if speaker else None,
        person=speaker.root if speaker and not speaker.is_new else None,
        holder=speaker.holder[0] if speaker else "",
        holder_name=speaker.holder[1] if speaker else "",
        our_addresses=_ours(arrival, channel.address.lower()),
        known_openly=speaker is None or speaker.is_new or EVERYONE in speaker.audience,
    )


def _ours(arrival: Arrival, address: str) -> tuple[str, ...]:
    """To which of our addresses it came: the channel's own, and those of its domain where that is a company's."""
    domain = address.rpartition("@")[2]
    company = bool(domain) and "@" in address and not is_freemail(address)
    return tuple(
        one for one in addressed_to(arrival) if one == address or (company and one.rpartition("@")[2] == domain)
    )


def _speaker(arrival: Arrival, speakers: Mapping[Key, Speaker]) -> Speaker | None:
    return speakers.get(arrival.sender) if arrival.sender else None


def _earlier_owners(roots: Iterable[UUID]) -> dict[UUID, str]:
    """Which team owned the latest conversation of each person, by root; confidential ones stay out of it."""
    ids = list(roots)
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT p.root, last.slug FROM unnest(%s::uuid[]) AS p(root) CROSS JOIN LATERAL (
                SELECT of_row.slug FROM people_person b CROSS JOIN LATERAL (
                    SELECT t.slug, c.last_activity_at, c.id FROM conversations_conversation c
                    JOIN staff_team t ON t.id = c.owner_team_id
                    WHERE c.person_id = b.id AND NOT c.confidential AND NOT t.confidential
                    ORDER BY c.last_activity_at DESC, c.id DESC LIMIT 1) AS of_row
                WHERE b.root = p.root ORDER BY of_row.last_activity_at DESC, of_row.id DESC LIMIT 1) AS last""",
            [ids],
        )
        return dict(cursor.fetchall())
