"""What was said between a visitor and us: handed in by the visitor's page, and read by it."""

import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from django.core import signing
from django.db.models import Q

from rapport.channels.base import Incoming, item_id
from rapport.channels.kinds.webchat import names
from rapport.channels.kinds.webchat.connector import CONVERSATIONS_MAX
from rapport.conversations.models import Attachment, Conversation, Direction, Message, Status, ThreadRef
from rapport.conversations.threading import ref_of
from rapport.core import scope
from rapport.core.clock import now
from rapport.inbound import intake
from rapport.outbound.models import Delivery
from rapport.people.models import Handle
from rapport.people.trees import rows_of
from rapport.staff.hours import HoursError, is_open, stored_hours
from rapport.staff.models import BusinessHours, Member
from rapport.web.webchat_door import Chat, Visitor

MESSAGES_MAX = 200
_PLACES_MAX = 30
_PRESENT = timedelta(minutes=12)
_FILE_SALT = "rapport.webchat.file"
_FILE_VALID_S = 24 * 3600
_ALIKE = 50


@dataclass(frozen=True, slots=True)
class Said:
    """All that a visitor's page shows of one conversation. `unread`: answers of ours that they have not seen yet."""

    messages: Sequence[Mapping[str, Any]]
    state: str
    closed: bool
    unread: Sequence[str]


def stranger() -> Visitor:
    """A visitor nobody knows yet."""
    return Visitor(names.new_visitor(secrets.token_bytes(32)))


def hand_in(chat: Chat, visitor: Visitor, given: Mapping[str, Any]) -> bool:
    """Commit what a visitor wrote, as they wrote it. False where the same message was here already."""
    said = {
        "type": "message", "key": chat.key, "visitor": visitor.id, "known": dict(visitor.known or {}) or None, **given,
    }  # fmt: skip
    name = names.incoming(chat.key, visitor.id, str(given["id"]))
    return intake.accept(chat.channel, [Incoming(item_id(name), orjson.dumps(said))]).duplicate == 0


def packed(filename: str, content_type: str, data: bytes) -> dict[str, str]:
    """A file as it lies in a raw item."""
    return {"name": filename, "type": content_type, "data": b64encode(data).decode()}


def said_to(chat: Chat, visitor: Visitor, number: int) -> Said:
    """What this visitor wrote in their conversation `number`, and what was answered to them; nothing of anybody else.

    A conversation may hold several people, and be split or merged: what counts is who each message was from or to.
    """
    with scope.system():
        home = ThreadRef.objects.filter(ref=ref_of(names.room(chat.key, visitor.id, number)))
        home_id = home.values_list("conversation_id", flat=True).first()
        if home_id is None:
            return Said([], _state([], False), False, [])
        rows = _rows(chat, visitor, number, _places(visitor, home_id))
        closed = Conversation.objects.filter(id=home_id, status=Status.RESOLVED).exists()
        files = _files(rows, visitor)
        messages = [_shown(row, files.get(row.id, ())) for row in rows]
        return Said(messages, _state(rows, closed), closed, _unread(chat, rows))


def seen(chat: Chat, external_ids: Sequence[str]) -> None:
    """Note that the visitor has the answers before their eyes: a receipt, as other services send them."""
    said = [(one, {"type": "read", "id": one, "at": now().isoformat()}) for one in external_ids]
    items = [Incoming(item_id(one, "read"), orjson.dumps(what)) for one, what in said]
    if items:
        intake.accept(chat.channel, items)


def latest(chat: Chat, visitor: Visitor) -> int:
    """The number of the visitor's newest conversation; 1 where there is none."""
    refs = {ref_of(names.room(chat.key, visitor.id, number)): number for number in range(1, _ALIKE + 1)}
    with scope.system():
        found = ThreadRef.objects.filter(ref__in=refs).values_list("ref", flat=True)
        return max((refs[ref] for ref in found), default=1)


def number_of(given: Any) -> int:
    """A conversation's number, from what a page sent."""
    text = str(given)
    return int(text) if text.isdecimal() and 1 <= len(text) <= 3 and 1 <= int(text) <= CONVERSATIONS_MAX else 1


def is_anybody_here(chat: Chat) -> bool:
    """Whether an answer may be hoped for at once: within the channel's hours, and some member is about."""
    wanted = chat.setting("hours")
    hours = BusinessHours.objects.filter(name=wanted).first() if wanted else None
    if hours is not None:
        try:
            if not is_open(now(), stored_hours(hours.time_zone, hours.blocks, hours.holidays)):
                return False
        except HoursError:
            return False
    return Member.objects.filter(is_active=True, last_seen_at__gt=now() - _PRESENT).exists()


def file_of(ticket: str) -> Attachment | None:
    """The file that a link in the chat leads to; None where the link is forged or too old."""
    try:
        conversation_id, attachment_id = signing.loads(ticket, salt=_FILE_SALT, max_age=_FILE_VALID_S)[:2]
        with scope.system():
            found = Attachment.objects.select_related("blob").filter(
                conversation_id=UUID(conversation_id), id=UUID(attachment_id)
            )
            return found.first()
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _places(visitor: Visitor, home_id: UUID) -> list[UUID]:
    """Where messages from and to the visitor may lie: in their conversation, and in what was split off from it."""
    email = (visitor.known or {}).get("email", "")
    kind, value = ("email", email) if email else ("visitor", visitor.id)
    person = Handle.objects.filter(kind=kind, value=value).values_list("person_id", flat=True).first()
    near = Conversation.objects.filter(person_id__in=rows_of(person)).order_by("-last_activity_at") if person else None
    ids = list(near.values_list("id", flat=True)[:_PLACES_MAX]) if near is not None else []
    return list(dict.fromkeys([home_id, *ids]))


def _rows(chat: Chat, visitor: Visitor, number: int, places: Sequence[UUID]) -> list[Message]:
    mine = Message.objects.filter(
        conversation_id__in=places, channel_id=chat.channel.id, deleted_at=None,
        about__answer__visitor=visitor.id, about__answer__conversation=number,
    )  # fmt: skip
    went = Q(direction=Direction.IN) | Q(direction=Direction.OUT, sent_at__isnull=False)
    newest = mine.filter(went).select_related("member").order_by("-at", "-id")[:MESSAGES_MAX]
    return list(reversed(newest))


def _shown(row: Message, files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ours = row.direction == Direction.OUT
    name = row.member.name if ours and row.member else ""
    return {
        "id": row.message_id.rpartition("/")[2], "ours": ours, "name": name, "text": row.text,
        "at": (row.sent_at if ours and row.sent_at else row.at).isoformat(), "files": list(files),
    }  # fmt: skip


def _files(rows: Sequence[Message], visitor: Visitor) -> dict[UUID, list[dict[str, Any]]]:
    """What went along, each file with a link that holds for a day."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    places = {row.conversation_id for row in rows}
    kept = Attachment.objects.filter(
        conversation_id__in=places, message_id__in=[row.id for row in rows], blob__isnull=False
    ).defer("blob__data")
    for one in kept if rows else ():
        ticket = signing.dumps([str(one.conversation_id), str(one.id), visitor.id], salt=_FILE_SALT)
        found.setdefault(one.message_id, []).append({"name": one.filename, "size": one.size, "ticket": ticket})
    return found


def _unread(chat: Chat, rows: Sequence[Message]) -> list[str]:
    ours = [row for row in rows if row.direction == Direction.OUT]
    if not ours:
        return []
    sent = Delivery.objects.filter(
        conversation_id__in={row.conversation_id for row in ours}, message_id__in=[row.id for row in ours],
        channel_id=chat.channel.id,
    )  # fmt: skip
    fresh = sent.exclude(options__contains={"receipt": "read"}).exclude(external_id="")
    return list(fresh.values_list("external_id", flat=True))


def _state(rows: Sequence[Message], closed: bool) -> str:
    """The same as long as a page that shows it shows the same."""
    told = [f"{row.id} {row.sent_at} {row.edited_at}" for row in rows]
    return sha256("\n".join([*told, str(closed)]).encode()).hexdigest()[:20]
