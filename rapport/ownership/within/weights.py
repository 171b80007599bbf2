"""How much a conversation weighs: by its priority and by what it came on. Pure.

An ordinary mail weighs 1. Weights are multiplied: an urgent call weighs as much as four mails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

BY_PRIORITY: Mapping[str, float] = {"low": 0.5, "normal": 1, "high": 1.5, "urgent": 2}
#: Somebody waits at the other end of a call or a chat.
BY_CHANNEL: Mapping[str, float] = {"calls": 2, "sip": 2, "webchat": 1.5}
LEAST, MOST = 0.1, 100


@dataclass(frozen=True)
class Weights:
    """What a policy says of weights; what it does not say is as above. `channel` has names and kinds of channels."""

    priority: Mapping[str, float] = field(default_factory=dict)
    channel: Mapping[str, float] = field(default_factory=dict)

    def of(self, priority: str, channel: str = "", kind: str = "") -> float:
        """The weight of a conversation of this priority ("normal") on this channel of this kind."""
        by_priority = self.priority.get(priority, BY_PRIORITY.get(priority, 1))
        return round(float(by_priority) * self._of_channel(channel, kind), 3)

    def _of_channel(self, channel: str, kind: str) -> float:
        for known, name in ((self.channel, channel), (self.channel, kind), (BY_CHANNEL, kind)):
            if name in known:
                return known[name]
        return 1

    @property
    def least(self) -> float:
        """No conversation weighs less."""
        priorities = {**BY_PRIORITY, **self.priority}
        return min(priorities.values()) * min(1, *self.channel.values(), *BY_CHANNEL.values())
