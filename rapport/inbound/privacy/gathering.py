"""What an archive holds, as plain values, in the scope of who is to see it. The shape is in docs/privacy.md.

What the person said and what was said to them is theirs to have. What other people outside said in the same
conversations is not, nor what members noted among themselves unless that was asked for.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from rapport.conversations.models import (
    Attachment,
    Conversation,
    Direction,
    Draft,
    Mention,
    Message,
    Revision,
)
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.core.models import Event
from rapport.outbound.models import Delivery
from rapport.ownership.models import Decision
from rapport.people.exchange import forgetting as exchange
from rapport.people.models import (
    Consent,
    Employee,
    ExternalId,
    Handle,
    ImportProblem,
    Merge,
    Pair,
    Person,
    Proof,
    Question,
    Relationship,
    Release,
)
from rapport.staff.models import Team

FORMAT = 1
_EVENTS_MAX = 20_000
_AT_ONCE = 500
#: The source of the ids by which employees of a directory are known (`api.scim.employees.SOURCE`).
_SCIM = "scim"
Value = dict[str, Any]


def everything(person_id: UUID, *, notes: bool) -> Value:
    """All that one may see of what is held on a person and every row merged with them. Raises NotVisible."""
    root = Person.objects.filter(id=person_id).values_list("root", flat=True).first()
    people = list(Person.objects.filter(root=root).select_related("organization", "holder").order_by("id"))
    if root is None or not people:
        raise NotVisible("There is no such person.")
    ids = [one.id for one in people]
    handles = list(Handle.objects.filter(person__in=ids).order_by("kind", "value"))
    messages = _messages(ids, [one.value.lower() for one in handles if one.kind == "email"], notes=notes)
    conversations = list(Conversation.objects.filter(id__in={one.conversation_id for one in messages}).order_by("id"))
    found: Value = {"format": FORMAT, "made_at": now(), "notes": notes}
    found |= _who(people, handles) | _known_by(people, handles)
    found["conversations"] = _rows(
        conversations, "id", "subject", "status", "priority", "language", "created_at", "resolved_at"
    )
    found["messages"] = [_message(one) for one in messages]
    found |= _beside(ids, messages, conversations)
    found["mentions"] = _mentions(handles)
    found["events"] = _events(ids)
    plain: Value = _plain(found)
    return plain


def _who(people: list[Person], handles: list[Handle]) -> Value:
    ids = [one.id for one in people]
    merges = Merge.objects.filter(Q(child__in=ids) | Q(into__in=ids)).order_by("at")
    pairs = Pair.objects.filter(Q(low__in=ids) | Q(high__in=ids)).order_by("made_at")
    return {
        "people": [_person(one, ids) for one in people],
        "handles": _rows(handles, "kind", "value", "written", "former", "source", "verified_at", "verified_how",
                         "person_id"),
        "relationships": _rows(Relationship.objects.filter(person__in=ids), "kind", "since", "until", "source",
                               "organization_id", "person_id"),
        "consents": _rows(Consent.objects.filter(person__in=ids).order_by("at"), "purpose", "channel", "given", "at",
                          "source", "proof", "person_id"),
        "merges": _rows(merges, "child_id", "into_id", "how", "evidence", "filled", "at", "undone_at"),
        # Who the other is, is the other's.
        "comparisons": _rows(pairs, "probability", "state", "flags", "made_at", "decided_at"),
    }  # fmt: skip


def _known_by(people: list[Person], handles: list[Handle]) -> Value:
    """What other systems call them and said of them, what is proved of their addresses, and what they were asked."""
    ids = [one.id for one in people]
    external = list(ExternalId.objects.filter(person__in=ids).order_by("source", "external_id"))
    proved = Q(pk__in=[])
    for one in handles:
        proved |= Q(kind=one.kind, value=one.value)
    addresses = [text for one in handles for text in (one.value, one.written) if text]
    problems = ImportProblem.objects.filter(id__in=exchange.problems_of(addresses)).select_related("import_of")
    return {
        "external_ids": _rows(external, "source", "external_id", "person_id", "created_at"),
        "proofs": _rows(Proof.objects.filter(proved).order_by("at"), "kind", "value", "proved", "at", "gone_at"),
        # The one about whom was asked is theirs where they are on that side, too.
        "questions": _rows(Question.objects.filter(person__in=ids).order_by("asked_at"), "address", "kind", "value",
                           "asked_at", "answered_at", "answer", "outcome"),
        "released": _rows(Release.objects.filter(person__in=ids).order_by("at"), "kind", "value", "handle", "at",
                          "undone_at"),
        "employees": _employees([one.external_id for one in external if one.source == _SCIM]),
        "rows_not_taken": [{"file": one.import_of.filename, "line": one.line, "reason": one.reason, "row": one.cells}
                           for one in problems],
    }  # fmt: skip


def _employees(ids: list[str]) -> list[Value]:
    """What the company's own directory says of those whose ids the viewer sees; its table nobody sees."""
    with scope.system():
        return _rows(Employee.objects.filter(id__in=ids).order_by("id"), "user_name", "external_id", "said", "active",
                     "updated_at")  # fmt: skip


def _person(one: Person, seen: list[UUID]) -> Value:
    (row,) = _rows([one], "id", "name", "role", "language", "time_zone", "preferred", "note", "fields", "external_id",
                   "do_not_contact", "merged_into", "created_at")  # fmt: skip
    organization = one.organization.name if one.organization else ""
    # That a row stands under one that is not theirs to see is not told.
    row["merged_into"] = one.merged_into if one.merged_into in seen else None
    return row | {"organization": organization, "holder": one.holder.name if one.holder else ""}


def _messages(ids: list[UUID], addresses: list[str], *, notes: bool) -> list[Message]:
    """What they said, and what was said to them: in their conversations by members, or to an address of theirs."""
    own = Conversation.objects.filter(person__in=ids).values("id")
    wrote = Message.objects.filter(person__in=ids).values("conversation_id")
    theirs = Q(person__in=ids)
    answers = Q(direction=Direction.OUT) & (Q(conversation__in=own) | Q(conversation__in=wrote))
    wanted = theirs | answers
    if notes:
        wanted |= Q(direction=Direction.NOTE, conversation__in=own)
    rows = Message.objects.filter(wanted).select_related("member", "channel").defer("html").order_by("at", "id")
    return [one for one in rows.iterator(chunk_size=_AT_ONCE) if one.person_id in ids or _concerns(one, ids, addresses)]


def _concerns(message: Message, ids: list[UUID], addresses: list[str]) -> bool:
    """An answer that names its recipients is theirs if they are one of them; one that does not, as the conversation."""
    named = [str(pair[1]).lower() for part in ("to", "cc") for pair in message.recipients.get(part, [])]
    return not named or not addresses or any(one in addresses for one in named)


def _message(one: Message) -> Value:
    (row,) = _rows([one], "id", "conversation_id", "direction", "kind", "at", "subject", "text", "public", "about",
                   "edited_at", "deleted_at")  # fmt: skip
    sender = {"out": one.member.name if one.member else "", "note": one.member.name if one.member else ""}
    from_them = one.direction == Direction.IN
    return row | {
        "channel": one.channel.name if one.channel else "", "by": sender.get(one.direction, ""),
        "recipients": one.recipients if from_them else {},
    }  # fmt: skip


def _beside(ids: list[UUID], messages: list[Message], conversations: list[Conversation]) -> Value:
    theirs = [one for one in messages if one.person_id in ids]
    spoken = [one.id for one in messages]
    places = [one.id for one in conversations]
    owned = [one.id for one in conversations if one.person_id in ids]
    files = Attachment.objects.filter(conversation__in=places, message_id__in=spoken).order_by("id")
    return {
        "earlier_forms": _rows(Revision.objects.filter(conversation__in=places, message_id__in=[m.id for m in theirs]),
                               "message_id", "text", "until"),
        "files": [_file(one) for one in files],
        "items": [_item(one) for one in theirs if one.raw_item_id and one.channel_id],
        "decisions": _rows(Decision.objects.filter(conversation__in=owned).order_by("at"), "conversation_id", "at",
                           "source", "sentence", "trace"),
        "deliveries": _rows(Delivery.objects.filter(conversation__in=owned, message_id__in=spoken),
                            "message_id", "state", "created_at", "sent_at", "error"),
        # That somebody was writing to them, and when; not yet said, it is the member's.
        "drafts": _rows(Draft.objects.filter(conversation__in=owned, kind="reply").exclude(html=""), "conversation_id",
                        "created_at", "updated_at"),
    }  # fmt: skip


def _file(one: Attachment) -> Value:
    safe = re.sub(r"[^\w.\- ]", "_", one.filename)[-80:] or "file"
    return {
        "id": one.id, "conversation": one.conversation_id, "message": one.message_id, "name": one.filename,
        "type": one.content_type, "size": one.size, "transcript": one.transcript, "path": f"files/{one.id}-{safe}",
    }  # fmt: skip


def _item(one: Message) -> Value:
    name = "mail.eml" if one.channel and one.channel.kind == "email" else "item"
    return {"id": one.raw_item_id, "channel": one.channel_id, "message": one.id, "path": f"delivered/{one.id}-{name}"}


def _mentions(handles: Iterable[Handle]) -> list[Value]:
    found = Q(pk__in=[])
    for one in handles:
        found |= Q(author_kind=one.kind, author_value=one.value)
    rows = Mention.objects.filter(found).order_by("at")
    return _rows(rows, "at", "author_name", "subject", "text", "url", "found_by")


def _events(ids: list[UUID]) -> list[Value]:
    """What the log says of the person themselves; of conversations it says what their messages say."""
    named = Q(data__person__in=[str(one) for one in ids])
    return _rows(Event.objects.filter(named).order_by("id")[:_EVENTS_MAX], "at", "kind", "data")


def _rows(rows: Iterable[Model], *names: str) -> list[Value]:
    return [{name: getattr(row, name) for name in names} for row in rows]


_FORMS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (datetime, datetime.isoformat), (date, date.isoformat), (UUID, str),
    (dict, lambda v: {k: _plain(x) for k, x in v.items()}),
    (list, lambda v: [_plain(x) for x in v]), (tuple, lambda v: [_plain(x) for x in v]),
)  # fmt: skip


def _plain(value: Any) -> Any:
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value)
    return value


def closed_teams(ids_of_mine: QuerySet[Team, Any]) -> list[str]:
    """Every team that keeps its conversations to itself and is not the member's, whether or not it has any of this."""
    found = Team.objects.filter(is_active=True, is_open=False).exclude(id__in=ids_of_mine)
    return list(found.values_list("name", flat=True))
