"""Events in the words of the pages."""

from collections.abc import Mapping
from typing import Any

_HIDDEN = {
    "conversation.opened",
    "message.received",
    "message.written",
    "note.added",
    "delivery.sent",
    "delivery.cancelled",
}

_PHRASES = {
    "conversation.opened": ("received a new conversation", "inbox-arrow-down"),
    "conversation.resolved": ("resolved it", "check-circle"),
    "conversation.reopened": ("opened it again", "arrow-uturn-left"),
    "conversation.spam": ("marked it as spam", "no-symbol"),
    "conversation.merged": ("merged another conversation into it", "arrows-pointing-in"),
    "conversation.priority": ("changed the priority", "flag"),
    "conversation.topic": ("changed the topic", "tag"),
    "conversation.confidential": ("changed who may see it", "lock-closed"),
    "conversation.decided": ("decided who owns it", "scale"),
    "conversation.assigned": ("assigned it", "user-circle"),
    "team.involved": ("involved a team", "user-group"),
    "team.uninvolved": ("released a team", "user-group"),
    "policy.saved": ("saved a new version of the policy", "scale"),
    "note.added": ("wrote a note", "pencil"),
    "message.received": ("received a message", "envelope"),
    "message.written": ("wrote a reply", "paper-airplane"),
    "delivery.cancelled": ("took back a reply before it went", "arrow-uturn-left"),
    "delivery.again": ("sent a reply once more", "arrow-path"),
    "delivery.sent": ("the reply was sent", "paper-airplane"),
    "delivery.failed": ("the reply could not be sent", "exclamation-triangle"),
    "delivery.bounced": ("the reply came back", "exclamation-triangle"),
    "delivery.retry": ("the reply will be tried again", "arrow-path"),
    "delivery.uncertain": ("the reply may not have been sent", "question-mark-circle"),
    "channel.added": ("connected a channel", "signal"),
    "channel.paused": ("paused a channel", "pause"),
    "channel.resumed": ("resumed a channel", "play"),
    "member.added": ("added a member", "user-plus"),
    "member.changed": ("changed a member", "user-circle"),
    "team.added": ("added a team", "user-group"),
    "team.changed": ("changed a team", "user-group"),
    "hours.changed": ("changed business hours", "clock"),
    "relationship.added": ("said what a person is to us", "identification"),
    "relationship.ended": ("ended a relationship", "identification"),
    "raw.downloaded": ("downloaded an item of the quarantine", "arrow-down-tray"),
    "channel.changed": ("changed a channel", "signal"),
    "raw.replayed": ("replayed an item of the quarantine", "arrow-path"),
}


def event_kinds() -> list[tuple[str, str]]:
    """Every kind with its phrase, for the filter of the log."""
    return sorted((kind, phrase) for kind, (phrase, _) in _PHRASES.items())


def is_shown(kind: str) -> bool:
    """Whether the timeline shows it: what stands there as a message already is not told twice."""
    return kind not in _HIDDEN


def event_icon(kind: str) -> str:
    """The icon of a kind of event."""
    return _PHRASES[kind][1] if kind in _PHRASES else "information-circle"


def event_phrase(kind: str, data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What happened, to stand behind the name of who did it. `names` by id as text."""
    phrase = _PHRASES[kind][0] if kind in _PHRASES else kind.replace(".", ": ").replace("_", " ")
    detail = _detail(kind, data, names)
    return f"{phrase}{detail}"


def _detail(kind: str, data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    raw = data.get("after")
    after: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    if kind == "conversation.priority" and "priority" in after:
        label = names.get(f"priority-{after['priority']}", after["priority"])
        return f" to {label}"
    if kind == "conversation.confidential":
        return ": confidential from here on" if after.get("confidential") else ": no longer confidential"
    team = names.get(str(data.get("team") or data.get("team_id") or data.get("owner_team") or ""), "")
    member = names.get(str(data.get("member") or data.get("member_id") or data.get("owner_member") or ""), "")
    found = " and ".join(name for name in (team, member) if name)
    return f": {found}" if found else ""
