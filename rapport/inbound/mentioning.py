"""Public posts that searches and feeds bring: conversations where the policy says so, else mentions."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from rapport.channels.models import Channel
from rapport.channels.said import Author
from rapport.conversations.visibility import EVERYONE
from rapport.core import bulk, notify
from rapport.core.plainline import plain_line
from rapport.inbound import deciding, placing
from rapport.inbound.arrival import Arrival
from rapport.inbound.claims import Outcome
from rapport.inbound.models import RawState
from rapport.ownership import service
from rapport.people import arrivals as people

_FOUND = frozenset({"search", "feed"})
_TEXT_CHARS_MAX = 20_000
TAKEN = "taken"
"""Stands in the envelope of an item that a member makes a conversation of."""


def set_apart(
    arrivals: Sequence[Arrival], channels: Mapping[UUID, Channel]
) -> tuple[list[Arrival], list[Arrival]]:
    """Those that are, or become, part of a conversation; and those that are mentions.

    Found posts are part of one if they answer what is in one, or if a rule that speaks of found posts takes them.
    """
    found = [a for a in arrivals if a.said.origin in _FOUND and TAKEN not in a.item.envelope]
    if not found:
        return list(arrivals), []
    known = placing.stored_refs({ref for a in found for ref in (a.refs.own, *a.refs.named) if ref})
    loose = [a for a in found if not any(ref in known for ref in (a.refs.own, *a.refs.named))]
    speakers = people.known({a.sender for a in loose if a.sender})
    facts = deciding.facts_of(loose, speakers, channels)
    wanted = service.takes_found(facts) if loose else []
    mentions = {a.message_id for a, takes in zip(loose, wanted, strict=True) if not takes}
    return [a for a in arrivals if a.message_id not in mentions], [a for a in loose if a.message_id in mentions]


def store(mentions: Sequence[Arrival]) -> list[Outcome]:
    """Write mentions, one statement for all, and tell the open pages that there are new ones."""
    if not mentions:
        return []
    authors = [a.said.author for a in mentions]
    returned = bulk.insert(
        "conversations_mention",
        {
            "channel_id": ("uuid", [a.item.channel_id for a in mentions]),
            "id": ("uuid", [a.message_id for a in mentions]),
            "raw_item_id": ("uuid", [a.item.id for a in mentions]),
            "external_id": ("text", [a.said.external_id for a in mentions]),
            "at": ("timestamptz", [a.at for a in mentions]),
            "author_kind": ("text", [one.kind if one else "" for one in authors]),
            "author_value": ("text", [one.value if one else "" for one in authors]),
            "author_name": ("text", [_name(one) for one in authors]),
            "reach": ("bigint", [one.reach if one else None for one in authors]),
            "subject": ("text", [a.said.subject[:300] for a in mentions]),
            "text": ("text", [a.said.text[:_TEXT_CHARS_MAX] for a in mentions]),
            "url": ("text", [a.said.url[:2000] for a in mentions]),
            "found_by": ("text", [a.said.found_by[:200] for a in mentions]),
            "language": ("text", [a.said.language[:10] for a in mentions]),
            "deleted_at": ("timestamptz", [a.deleted_at for a in mentions]),
        },
        "ON CONFLICT (channel_id, external_id) DO NOTHING RETURNING id",
    )
    fresh = {row[0] for row in returned}
    if fresh:
        notify.changed("mentions", mentions[0].item.channel_id, [EVERYONE])
    return [
        Outcome(a.item, RawState.MENTION if a.message_id in fresh else RawState.DUPLICATE, "") for a in mentions
    ]


def _name(author: Author | None) -> str:
    return plain_line(author.name or author.written or author.value)[:200] if author else ""
