"""What one piece of a webhook says. Pure.

Fields as in the messages webhook reference and, for people who hide their number, "Business-scoped user IDs".
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from rapport.channels.base import (
    Account,
    Author,
    Deleted,
    Edited,
    Incoming,
    Message,
    NothingSaid,
    Reaction,
    Receipt,
    Said,
    Unreadable,
)
from rapport.channels.kinds.whatsapp import content
from rapport.channels.kinds.whatsapp.pieces import message_id
from rapport.channels.kinds.whatsapp.refusals import in_words
from rapport.channels.kinds.whatsapp.values import moment, obj, phone, rows, text

_NO_WORDS = "WhatsApp does not pass on this kind of message."


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """The message, edit, deletion, reaction or receipt of one piece. Raises Unreadable or NothingSaid."""
    try:
        piece = obj(orjson.loads(item.body))
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}"[:200]) from error
    if isinstance(piece.get("message"), dict):
        return [_message(_Around(account, piece, piece["message"]))]
    if isinstance(piece.get("echo"), dict):
        return [_message(_Around(account, piece, piece["echo"], is_own=True))]
    if isinstance(piece.get("status"), dict):
        return [_receipt(piece["status"])]
    if "other" in piece:
        raise NothingSaid("a notice about the account, not a message")
    raise Unreadable("neither message nor status")


class _Around:
    """What stands around a message: our number, who wrote, and where."""

    def __init__(
        self, account: Account, piece: Mapping[str, Any], raw: Mapping[str, Any], is_own: bool = False
    ) -> None:
        about = obj(piece.get("metadata"))
        self.raw, self.is_own = raw, is_own
        self.line = text(about.get("phone_number_id"), 40) or text(account.config.get("phone_number_id"), 40)
        self.our_number = phone(about.get("display_phone_number")) or account.address
        contact = obj(piece.get("contact"))
        profile = obj(contact.get("profile"))
        self.name, self.username = text(profile.get("name")), text(profile.get("username"), 100)
        self.number = phone(raw.get("to" if is_own else "from")) or ("" if is_own else phone(contact.get("wa_id")))
        theirs = raw.get("to_user_id") if is_own else raw.get("from_user_id") or contact.get("user_id")
        self.user = text(theirs, 200)
        self.group = text(raw.get("group_id"), 200)
        if not (self.number or self.user or self.group):
            raise Unreadable("a message from nobody")

    def author(self) -> Author:
        """By their number; by what WhatsApp calls them for us where they hide it behind a user name."""
        if self.is_own:
            return Author("phone", self.our_number or self.line or "us", written=self.our_number)
        if self.number:
            return Author("phone", self.number, self.number, self.name)
        shown = f"@{self.username.removeprefix('@')}" if self.username else ""
        return Author("whatsapp", self.user or self.group, shown, self.name)

    def rooms(self) -> tuple[str, ...]:
        """All of one chat is one conversation, also when a number is shown at one time and hidden at another."""
        if self.group:
            return (f"whatsapp:{self.line}..{self.group}",)
        return tuple(f"whatsapp:{self.line}..{one}" for one in (self.number.removeprefix("+"), self.user) if one)

    def answer(self) -> Mapping[str, Any]:
        """What a message back must name."""
        to = {"group": self.group} if self.group else {"to": self.number} if self.number else {"recipient": self.user}
        return {"line": self.line, "message": text(self.raw.get("id"), 400), **to}

    def recipients(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Them and us, the way round it went."""
        shown = f"@{self.username.removeprefix('@')}" if self.username else self.user or self.group
        them, us = (self.name, self.number or shown), ("", self.our_number)
        return {"from": [us], "to": [them]} if self.is_own else {"from": [them], "to": [us]}


def _message(around: _Around) -> Said:
    raw = around.raw
    name, at, kind = message_id(raw.get("id")), moment(raw.get("timestamp")), text(raw.get("type"))
    if not name:
        raise Unreadable("a message without id")
    if kind == "reaction":
        return _reaction(around, obj(raw.get("reaction")))
    if kind in ("revoke", "edit"):
        first = message_id(obj(raw.get(kind)).get("original_message_id"))
        if not first:
            raise Unreadable(f"{kind} of no message")
        if kind == "revoke":
            return Deleted(first, at)
        now = obj(obj(raw.get("edit")).get("message"))
        return Edited(_as_message(around, first, now, edited=True))
    if kind in ("system", "request_welcome"):
        raise NothingSaid(text(obj(raw.get("system")).get("body")) or f"a notice ({kind})")
    return _as_message(around, name, raw)


def _as_message(around: _Around, name: str, raw: Mapping[str, Any], *, edited: bool = False) -> Message:
    words, files = content.words(raw), content.files(raw)
    parent = message_id(obj(raw.get("context")).get("id"))
    at = moment(around.raw.get("timestamp"))
    why = "; ".join(text(one.get("title")) for one in rows(raw.get("errors"), 5))
    problem = f"{_NO_WORDS} {why}".strip() if not words and not files else ""
    return Message(
        name, around.author(), words, None if edited else at,
        refers_to=(*around.rooms(), *((parent,) if parent else ())), recipients=around.recipients(),
        origin="own" if around.is_own else "addressed", files=files, edited_at=at if edited else None,
        problems=(problem,) if problem else (), answer=around.answer(),
    )  # fmt: skip


def _reaction(around: _Around, raw: Mapping[str, Any]) -> Reaction:
    """One without a sign takes back what was there."""
    about, sign = message_id(raw.get("message_id")), text(raw.get("emoji"), 40)
    if not about:
        raise Unreadable("a reaction to no message")
    return Reaction(about, around.author(), sign, moment(around.raw.get("timestamp")), removed=not sign)


def _receipt(raw: Mapping[str, Any]) -> Receipt:
    name, state, at = message_id(raw.get("id")), text(raw.get("status")), moment(raw.get("timestamp"))
    if not name:
        raise Unreadable("a status of no message")
    if state == "delivered":
        return Receipt(name, "delivered", at)
    if state in ("read", "played"):
        return Receipt(name, "read", at)
    if state == "failed":
        return Receipt(name, "failed", at, _why(raw))
    raise NothingSaid(f"the status {state or 'without a name'}")


def _why(raw: Mapping[str, Any]) -> str:
    return "; ".join(in_words(one) for one in rows(raw.get("errors"), 5))[:1_000]
