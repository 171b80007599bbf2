"""Where items enter: committed as delivered, with the channel's new cursor, before the source is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.db.models import Case, F, Q, Value, When

from rapport.channels.base import Incoming
from rapport.channels.models import Channel, ChannelState, Cursor
from rapport.core import bulk, notify, scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.inbound.forgetting import without_forgotten
from rapport.inbound.models import RawState

_HEARD_EVERY = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many items came, and how many of them were there already."""

    received: int
    duplicate: int


def accept(channel: Channel, items: Sequence[Incoming], cursor: Mapping[str, Any] | None = None) -> Accepted:
    """Commit `items` and the cursors (name -> value) of `channel` in one transaction and wake the pipeline."""
    with scope.system():
        stored = _insert(channel, without_forgotten(channel.id, items))
        for name, value in (cursor or {}).items():
            Cursor.objects.update_or_create(
                channel=channel, name=name, defaults={"value": value, "changed_at": now()}
            )
        if stored:
            notify.wake(notify.RAW_CHANNEL)
            _heard(channel)
    return Accepted(len(items), len(items) - stored)


def _heard(channel: Channel) -> None:
    """Note that the channel works; rarely, for all that arrives on it would wait for this one row."""
    long_ago = Q(last_heard_at=None) | Q(last_heard_at__lt=now() - _HEARD_EVERY)
    rows = Channel.objects.filter(long_ago, id=channel.id)
    state = Case(When(state=ChannelState.NEW, then=Value(ChannelState.OK)), default=F("state"))
    rows.update(last_heard_at=now(), state=state)


def _insert(channel: Channel, items: Sequence[Incoming]) -> int:
    arrived = now()
    returned = bulk.insert(
        "inbound_rawitem",
        {
            "channel_id": ("uuid", [channel.id] * len(items)),
            "id": ("uuid", [new_id() for _ in items]),
            "external_id": ("text", [i.external_id for i in items]),
            "received_at": ("timestamptz", [i.received_at or arrived for i in items]),
            "envelope": ("jsonb", [orjson.dumps(dict(i.envelope)).decode() for i in items]),
            "body": ("bytea", [i.body for i in items]),
            "size": ("bigint", [len(i.body) for i in items]),
            "state": ("text", [RawState.QUARANTINED if i.trouble else RawState.RECEIVED for i in items]),
            "reason": ("text", [i.trouble for i in items]),
            "attempts": ("smallint", [0] * len(items)),
        },
        "ON CONFLICT (channel_id, external_id) DO NOTHING RETURNING id",
    )
    return len(returned)
