"""Keeping a connected account as somebody made or changed it: what runs heeds it, and the log tells which settings."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from rapport.channels.models import Channel, ChannelState
from rapport.channels.secrets import unseal
from rapport.core import events
from rapport.core.clock import now
from rapport.core.errors import ChannelError, Invalid

_CHANGED = ("name", "address", "config", "secrets", "state", "error", "changed_at")


def keep(channel: Channel, *, actor_id: UUID | None = None, by: str = "page") -> None:
    """Store a new channel, or what was changed in one; its collector begins anew with it within seconds.

    Only what a person sets is written: how the channel is may change at the same time. The event names the settings
    that changed, and no value. Raises Invalid, and keeps nothing, where somebody else changed it since it was read.
    """
    data: dict[str, Any] = {"channel": str(channel.id), "by": by}
    read_at = channel.changed_at
    channel.state, channel.error, channel.changed_at = ChannelState.NEW, "", now()
    if channel._state.adding:
        channel.save(force_insert=True)
        events.record("channel.added", actor_id=actor_id, subject=channel.name, data=data)
        return
    rows = Channel.objects.filter(id=channel.id, changed_at=read_at)
    before = rows.first()
    if before is None or not rows.update(**{name: getattr(channel, name) for name in _CHANGED}):
        raise Invalid(f"Somebody else changed {channel.name} at the same time.", "Look at it, and change it again.")
    data["what"] = differences(before, channel)
    events.record("channel.changed", actor_id=actor_id, subject=channel.name, data=data)


def switch(channel: Channel, *, on: bool, actor_id: UUID | None = None, by: str = "page") -> None:
    """Resume a channel, or pause it: then it neither collects nor sends."""
    changes: dict[str, Any] = {"enabled": on, "changed_at": now()}
    if on:
        changes |= {"state": ChannelState.NEW, "error": ""}
    Channel.objects.filter(id=channel.id).update(**changes)
    data = {"channel": str(channel.id), "by": by}
    events.record("channel.resumed" if on else "channel.paused", actor_id=actor_id, subject=channel.name, data=data)


def differences(before: Channel, after: Channel) -> list[str]:
    """The settings in which two differ, such as `name`, `secrets` and `imap.after`, sorted."""
    old, new = ({**plain_settings(one), "secrets": _secrets(one)} for one in (before, after))
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def others_with(channel: Channel, addresses: Iterable[str]) -> dict[str, str]:
    """Of `addresses`, those that are another mailbox's already, with its name."""
    wanted, found = {one.lower() for one in addresses}, {}
    for other in Channel.objects.filter(kind=channel.kind).exclude(id=channel.id):
        further = other.config.get("addresses")
        theirs = [other.address, *(further if isinstance(further, list) else [])]
        found.update({one: other.name for one in (str(each).lower() for each in theirs) if one in wanted})
    return found


def plain_settings(channel: Channel) -> dict[str, Any]:
    """Name, address and settings by their names, such as `imap.after`; without secrets."""
    flat: dict[str, Any] = {"name": channel.name, "address": channel.address}
    for name, value in channel.config.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}.{key}": inner for key, inner in value.items()})
        else:
            flat[name] = value
    return flat


def _secrets(channel: Channel) -> Any:
    """Encrypted twice, the same secrets look different."""
    try:
        return unseal(bytes(channel.secrets))
    except ChannelError:
        return bytes(channel.secrets)
