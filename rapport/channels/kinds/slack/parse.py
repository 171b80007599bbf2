"""An event of Slack's Events API as what was said (https://docs.slack.dev/reference/events). Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from rapport.channels.base import (
    Account,
    Author,
    Deleted,
    Edited,
    Incoming,
    Media,
    Message,
    NothingSaid,
    Reaction,
    Said,
    Unreadable,
    deletion_of,
)
from rapport.channels.kinds.slack.mrkdwn import text_of
from rapport.channels.kinds.slack.values import ident, link, obj, rows, stamp, text, when

# Subtypes of "message" in which somebody says something; the others tell of joins, topics, pins and the like.
_SPOKEN = frozenset({"", "file_share", "thread_broadcast", "bot_message", "me_message"})
_SIGNS = {
    "+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎", "heart": "❤️", "tada": "🎉", "eyes": "👀", "joy": "😂",
    "white_check_mark": "✅", "pray": "🙏", "clap": "👏", "fire": "🔥", "slightly_smiling_face": "🙂", "rocket": "🚀",
}  # fmt: skip


class _Event:
    """One event with what belongs to it: whose account it came to, and the names that were known."""

    def __init__(self, account: Account, item: Incoming) -> None:
        self.payload = payload_of(item.body)
        self.event = obj(self.payload.get("event"))
        self.own = obj(account.config.get("own"))
        self.names = {key: text(name, 200) for key, name in obj(item.envelope.get("names")).items()}
        self.private = item.envelope.get("private") is True

    @property
    def channel(self) -> str:
        """The channel it happened in. Raises Unreadable."""
        found = ident(self.event.get("channel"))
        if not found:
            raise Unreadable("It does not say in which channel it was said.")
        return found


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """What one delivery says. Raises NothingSaid for events without words, Unreadable for what is no event."""
    event = _Event(account, item)
    kind = text(event.payload.get("type"))
    if kind == "app_rate_limited":
        raise NothingSaid("Slack left events out: there were more than 30,000 in an hour.")
    if kind != "event_callback" or not event.event:
        raise Unreadable("It is no event of Slack.")
    return [_said(event)]


def deletion(payload: Mapping[str, Any]) -> str:
    """The name of the item that takes a message back; "" for one that takes none back."""
    event = obj(payload.get("event"))
    channel, ts = ident(event.get("channel")), _deleted_ts(event)
    return deletion_of(external(channel, ts)) if channel and ts else ""


def payload_of(body: bytes) -> Mapping[str, Any]:
    """The object that a delivery is. Raises Unreadable."""
    try:
        whole = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Unreadable("It is no JSON.") from error
    if not isinstance(whole, dict) or not whole:
        raise Unreadable("It is no event of Slack.")
    return whole


def external(channel: str, ts: str) -> str:
    """What the world calls a message. Ids of channels are the same for all who share a channel."""
    return f"slack:{channel}/{ts}"


def room(channel: str) -> str:
    """What all that is said in one direct conversation belongs to."""
    return f"slack:{channel}"


def is_direct(channel: str, kind: str = "") -> bool:
    """Whether a conversation is of certain people and not of a subject."""
    return kind in ("im", "mpim") or channel.startswith("D")


def permalink(home: str, channel: str, ts: str, thread: str = "") -> str:
    """Where a message can be seen; `home` is the workspace ("https://acme.slack.com/"), "" where it is not known."""
    if not link(home):
        return ""
    below = f"?thread_ts={thread}&cid={channel}" if thread and thread != ts else ""
    return f"{home.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}{below}"


def _said(event: _Event) -> Said:
    kind, subtype = text(event.event.get("type")), text(event.event.get("subtype"))
    if kind == "message" and _deleted_ts(event.event):
        return Deleted(external(event.channel, _deleted_ts(event.event)), when(event.event.get("event_ts")))
    do = _KINDS.get(f"{kind}/{subtype}") or _KINDS.get(kind)
    if do is None or (do is _spoken and subtype not in _SPOKEN):
        raise NothingSaid(f"The event “{kind}{'/' if subtype else ''}{subtype}” says nothing.")
    return do(event)


def _spoken(event: _Event) -> Said:
    return _message(event, event.event)


def _changed(event: _Event) -> Said:
    """Slack tells of a change also when it has put a preview of a link, or a count of answers, to a message."""
    message, before = obj(event.event.get("message")), obj(event.event.get("previous_message"))
    if before and text_of(message, event.names) == text_of(before, event.names):
        raise NothingSaid("Its words are as before.")
    edited = when(obj(message.get("edited")).get("ts"))
    if not edited and not before:
        raise NothingSaid("Nobody has edited it.")
    return Edited(_message(event, message, edited or when(event.event.get("event_ts"))))


def _reacted(event: _Event) -> Said:
    where, user = obj(event.event.get("item")), ident(event.event.get("user"))
    channel, ts = ident(where.get("channel")), stamp(where.get("ts"))
    if text(where.get("type")) != "message" or not (channel and ts and user):
        raise NothingSaid("The reaction is to something other than a message.")
    name = text(event.event.get("reaction"), 100).partition("::")[0] or "?"
    sign = _SIGNS.get(name, f":{name}:")
    removed = event.event.get("type") == "reaction_removed"
    return Reaction(external(channel, ts), _user(event, user), sign, when(event.event.get("event_ts")), removed)


_KINDS: Mapping[str, Callable[[_Event], Said]] = {
    "message": _spoken, "app_mention": _spoken, "message/message_changed": _changed,
    "reaction_added": _reacted, "reaction_removed": _reacted,
}  # fmt: skip


def _deleted_ts(event: Mapping[str, Any]) -> str:
    """A message that has answers is not deleted but becomes a tombstone, so that the answers keep their thread."""
    subtype, message = text(event.get("subtype")), obj(event.get("message"))
    if subtype == "message_deleted":
        return stamp(event.get("deleted_ts")) or stamp(obj(event.get("previous_message")).get("ts"))
    is_tombstone = subtype == "message_changed" and text(message.get("subtype")) == "tombstone"
    return stamp(message.get("ts")) if is_tombstone else ""


def _message(event: _Event, said: Mapping[str, Any], edited_at: Any = None) -> Message:
    channel, ts = event.channel, stamp(said.get("ts"))
    if not ts:
        raise Unreadable("The message has no time, which would be its name.")
    thread = stamp(said.get("thread_ts"))
    direct = is_direct(channel, text(event.event.get("channel_type")))
    author = _author(event, said)
    above = [room(channel)] if direct else []
    above += [external(channel, thread)] if thread and thread != ts else []
    public = _is_public(event, channel)
    return Message(
        external_id=external(channel, ts),
        author=author,
        text=text_of(said, event.names),
        at=when(ts),
        refers_to=tuple(above),
        recipients={"from": [(author.name, author.written)]} if author else {},
        public=public,
        origin="own" if _is_own(event, said) else "addressed",
        url=permalink(text(event.own.get("url"), 300), channel, ts, thread),
        files=tuple(_file(one) for one in rows(said.get("files"), 50)),
        edited_at=edited_at,
        answer={
            "channel": channel, "thread": thread or ("" if direct else ts), "public": public,
            "user": ident(said.get("user")),
        },
    )  # fmt: skip


def _is_public(event: _Event, channel: str) -> bool:
    """Whether everybody in the workspace may read it. A private channel may begin with C as well as with G."""
    kind = text(event.event.get("channel_type"))
    return kind == "channel" if kind else channel.startswith("C") and not event.private


def _is_own(event: _Event, said: Mapping[str, Any]) -> bool:
    pairs = (("user", "user_id"), ("bot_id", "bot_id"))
    return any(ident(said.get(here)) and said.get(here) == event.own.get(there) for here, there in pairs)


def _author(event: _Event, said: Mapping[str, Any]) -> Author | None:
    user, bot = ident(said.get("user")), ident(said.get("bot_id"))
    if user and text(said.get("subtype")) != "bot_message":
        return _user(event, user, said)
    name = text(said.get("username"), 200) or text(obj(said.get("bot_profile")).get("name"), 200)
    return Author("slack", bot or user, name or bot or user, name, automated=True) if bot or user else None


def _user(event: _Event, user: str, said: Mapping[str, Any] | None = None) -> Author:
    """A person by id; the name comes along for guests of other workspaces, else it was asked for on arrival."""
    profile = obj((said or {}).get("user_profile"))
    given = text(profile.get("display_name"), 200) or text(profile.get("real_name"), 200)
    name = event.names.get(user) or given
    automated = user == "USLACKBOT" or bool(said and ident(said.get("bot_id")))
    return Author("slack", user, f"@{name}" if name else user, name or user, automated=automated)


def _file(one: Mapping[str, Any]) -> Media:
    """Where it can be seen; its bytes are only given to those who sign in."""
    size = one.get("size")
    return Media(
        text(one.get("name"), 300) or text(one.get("title"), 300) or "file",
        text(one.get("mimetype"), 100),
        link(one.get("permalink")) or link(one.get("url_private")),
        text(one.get("alt_txt"), 2_000),
        size=size if isinstance(size, int) and not isinstance(size, bool) and 0 < size < 2**50 else 0,
    )
