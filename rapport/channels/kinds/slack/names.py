"""The names of people, asked of Slack when an event arrives: events have only their ids.

Slack waits three seconds for an answer to an event, so little is asked for, briefly, and remembered for an hour.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any

from rapport.channels.base import Account, ChannelError
from rapport.channels.kinds.slack.api import Slack
from rapport.channels.kinds.slack.mrkdwn import mentioned
from rapport.channels.kinds.slack.values import TEXT_MAX, ident, obj, text

_ASKED_MAX = 4
_TIMEOUT_S = 0.6
_WHOLE_S = 1.2
_KEPT_S = 3_600.0
_FAILED_S = 60.0
_KEPT_MAX = 5_000


class _Memory:
    """What was found, for a while; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[float, Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, str]) -> Any:
        """What is remembered, or None."""
        with self._lock:
            until, value = self._kept.get(key, (0.0, None))
        return value if until > time.monotonic() else None

    def put(self, key: tuple[str, str], value: Any, seconds: float) -> None:
        """Remember it for so long."""
        with self._lock:
            self._kept[key] = (time.monotonic() + seconds, value)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT_MAX:
                self._kept.popitem(last=False)


_memory = _Memory()


def around(account: Account, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope of an event: {"names": {id: name}, "private": whether the channel is}, as far as it can be had."""
    event = obj(payload.get("event"))
    said = obj(event.get("message")) or event
    wanted = [ident(said.get("user")), *mentioned(text(said.get("text"), TEXT_MAX))]
    asks = account.config.get("names") is not False
    users = [one for one in dict.fromkeys(wanted) if one][:_ASKED_MAX] if asks else []
    until = time.monotonic() + _WHOLE_S
    names = {user: name for user in users if (name := _name(account, user, until))}
    found: dict[str, Any] = {"names": names} if names else {}
    channel = ident(event.get("channel"))
    # A mention says nothing of its channel, and private ones may have ids like public ones.
    if channel.startswith("C") and "channel_type" not in event and _is_private(account, channel, until):
        found["private"] = True
    return found


def _name(account: Account, user: str, until: float) -> str:
    whole = _asked(account, "users.info", {"user": user}, until)
    person, profile = obj(whole.get("user")), obj(obj(whole.get("user")).get("profile"))
    given = (profile.get("display_name"), profile.get("real_name"), person.get("real_name"), person.get("name"))
    return next((text(one, 200).strip() for one in given if text(one, 200).strip()), "")


def _is_private(account: Account, channel: str, until: float) -> bool:
    whole = _asked(account, "conversations.info", {"channel": channel}, until)
    return obj(whole.get("channel")).get("is_private") is not False


def _asked(account: Account, method: str, given: Mapping[str, str], until: float) -> Mapping[str, Any]:
    """The answer, remembered; an empty one where there is none. After a failure nothing is asked for a minute,
    and nothing new after `until` (of the monotonic clock).
    """
    key = (str(account.id), f"{method} {' '.join(given.values())}")
    failed = (str(account.id), "failed")
    known = _memory.get(key)
    if known is not None or _memory.get(failed) or time.monotonic() > until:
        return obj(known)
    try:
        found: Mapping[str, Any] = Slack(account).info(method, given, _TIMEOUT_S)
    except ChannelError:
        _memory.put(failed, True, _FAILED_S)
        return {}
    _memory.put(key, found, _KEPT_S)
    return found
