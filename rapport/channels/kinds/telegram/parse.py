"""What an update says. Pure. Fields as in https://core.telegram.org/bots/api#update."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from rapport.channels.base import Account, Author, Edited, Incoming, Message, NothingSaid, Reaction, Said, Unreadable
from rapport.channels.kinds.telegram import content, entities
from rapport.channels.kinds.telegram.values import moment, number, obj, rows, text
from rapport.channels.said import Origin

_NEW = ("message", "channel_post")
_CHANGED = ("edited_message", "edited_channel_post")


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """The message, edit or reactions of one update. Raises Unreadable or NothingSaid."""
    update, fetched = unwrapped(item.body)
    own = obj(account.config.get("own"))
    everything = bool(account.config.get("all_messages"))
    for name in (*_NEW, *_CHANGED):
        if isinstance(update.get(name), dict):
            message = _Understood(own, update[name], fetched).message(everything=everything)
            return [Edited(message)] if name in _CHANGED else [message]
    if isinstance(update.get("message_reaction"), dict):
        return _reactions(own, update["message_reaction"])
    raise NothingSaid("an update that is no message")


def unwrapped(body: bytes) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The update, and the files that were fetched with it (base64 by file id). Raises Unreadable."""
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}"[:200]) from error
    fetched = obj(obj(whole).get("files"))
    update = obj(obj(whole).get("update")) or obj(whole)
    if number(update.get("update_id")) is None:
        raise Unreadable("an update without update_id")
    return update, fetched


def message_id(own: Mapping[str, Any], chat: int, message: int | str) -> str:
    """What a message is called. Messages of channels and supergroups have one number for everybody; elsewhere each bot
    counts for itself, so that the bot is part of the name.
    """
    return f"{room_id(own, chat)}/{message}"


def room_id(own: Mapping[str, Any], chat: int) -> str:
    """What a chat is called. Supergroups and channels have numbers below -10^12."""
    bot = "" if chat < -1_000_000_000_000 else text(own.get("id"), 20)
    return f"telegram:{bot}:{chat}" if bot else f"telegram:{chat}"


class _Understood:
    """One Message object of the Bot API, taken apart."""

    def __init__(self, own: Mapping[str, Any], raw: Mapping[str, Any], fetched: Mapping[str, Any]) -> None:
        chat, number_ = number(obj(raw.get("chat")).get("id")), number(raw.get("message_id"))
        if chat is None or not number_:
            raise Unreadable("a message without chat or number")
        self.own, self.raw, self.fetched = own, raw, fetched
        self.chat, self.number = chat, number_
        self.about = obj(raw.get("chat"))
        self.kind = text(self.about.get("type"))
        self.answered = obj(raw.get("reply_to_message"))

    def message(self, *, everything: bool) -> Message:
        words, files = content.shown(self.raw), content.media(self.raw, self.fetched)
        if not words and not files:
            raise NothingSaid("a notice of the chat, not a message")
        origin = self._origin(everything)
        username = text(self.about.get("username"), 64)
        is_room = self.kind != "private"
        author = self._author()
        return Message(
            message_id(self.own, self.chat, self.number), author, words, moment(self.raw.get("date")),
            refers_to=self._refers_to(), recipients=self._recipients(author), public=bool(is_room and username),
            origin=origin, url=f"https://t.me/{username}/{self.number}" if is_room and username else "",
            files=files, edited_at=moment(self.raw.get("edit_date")), answer=self._answer(is_room and bool(username)),
        )  # fmt: skip

    def _origin(self, everything: bool) -> Origin:
        if self._is_own() or self.kind == "channel":
            return "own"
        if self.kind == "private":
            return "addressed"
        words, found = content.words_of(self.raw)
        ours = number(obj(self.answered.get("from")).get("id"))
        if (ours is not None and str(ours) == text(self.own.get("id"))) or entities.mentions(words, found, self.own):
            return "addressed"
        if everything:
            return "feed"
        raise NothingSaid("said in a group, but not to us")

    def _is_own(self) -> bool:
        sender = number(obj(self.raw.get("from")).get("id"))
        return sender is not None and str(sender) == text(self.own.get("id"))

    def _author(self) -> Author | None:
        """Whoever speaks for a chat (a channel, an anonymous administrator) is that chat."""
        behalf = obj(self.raw.get("sender_chat")) or (self.about if self.kind == "channel" else {})
        given = behalf if number(behalf.get("id")) is not None else obj(self.raw.get("from"))
        return author(given)

    def _refers_to(self) -> tuple[str, ...]:
        """A private chat is one conversation. In a group, what one answers; else what this person says there."""
        room = room_id(self.own, self.chat)
        parent = number(self.answered.get("message_id"))
        above = message_id(self.own, self.chat, parent) if parent else ""
        if self.kind == "private":
            return (room, above) if above else (room,)
        if self.kind == "channel":
            return (above,) if above else ()
        topic = self._topic()
        if above:
            thread = number(self.raw.get("message_thread_id")) if topic is None else None
            root = message_id(self.own, self.chat, thread) if thread else above
            return (above,) if root == above else (root, above)
        who = number(obj(self.raw.get("from")).get("id"))
        return (f"{room}{f'/topic{topic}' if topic else ''}..{who if who is not None else 'somebody'}",)

    def _topic(self) -> int | None:
        return number(self.raw.get("message_thread_id")) if self.raw.get("is_topic_message") is True else None

    def _recipients(self, author: Author | None) -> Mapping[str, Sequence[tuple[str, str]]]:
        us = (text(self.own.get("name")), f"@{text(self.own.get('username'))}" if self.own.get("username") else "")
        them = (author.name, author.written) if author else ("", "")
        return {"from": [them], "to": [us if self.kind == "private" else (text(self.about.get("title")), "")]}

    def _answer(self, is_public: bool) -> Mapping[str, Any]:
        answer: dict[str, Any] = {"chat": self.chat, "message": self.number, "public": is_public}
        topic, who = self._topic(), number(obj(self.raw.get("from")).get("id"))
        if topic is not None:
            answer["topic"] = topic
        if who is not None and self.kind in ("group", "supergroup") and not self._is_own():
            answer["person"] = who
        return answer


def author(given: Mapping[str, Any]) -> Author | None:
    """A User or Chat as the one who speaks; None without an id."""
    who = number(given.get("id"))
    if who is None:
        return None
    username = text(given.get("username"), 64)
    name = f"{text(given.get('first_name'))} {text(given.get('last_name'))}".strip() or text(given.get("title"))
    return Author(
        "telegram", str(who), f"@{username}" if username else "", name,
        url=f"https://t.me/{username}" if username else "", automated=given.get("is_bot") is True,
    )  # fmt: skip


def _reactions(own: Mapping[str, Any], raw: Mapping[str, Any]) -> Sequence[Said]:
    chat, which = number(obj(raw.get("chat")).get("id")), number(raw.get("message_id"))
    who = author(obj(raw.get("user"))) or author(obj(raw.get("actor_chat")))
    if chat is None or not which:
        raise Unreadable("a reaction to no message")
    if who is None:
        raise NothingSaid("a reaction of nobody")
    name, at = message_id(own, chat, which), moment(raw.get("date"))
    before, after = _signs(raw.get("old_reaction")), _signs(raw.get("new_reaction"))
    said: list[Said] = [Reaction(name, who, sign, at) for sign in after if sign not in before]
    said += [Reaction(name, who, sign, at, removed=True) for sign in before if sign not in after]
    if not said:
        raise NothingSaid("a reaction that changed nothing")
    return said


def _signs(value: Any) -> list[str]:
    found = (text(one.get("emoji"), 20) or text(one.get("type"), 20) for one in rows(value))
    return list(dict.fromkeys(one for one in found if one))


def sent(own: Mapping[str, Any], raw: Mapping[str, Any]) -> Message:
    """What we have sent, as it would be understood if it came back."""
    return _Understood({**own, "id": own.get("id", "")}, {"text": "-", **raw}, {}).message(everything=True)
