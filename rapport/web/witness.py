"""Who looked, took and searched: written into the log as it happens, and not again with every click."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from rapport.core import events
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.staff.models import Member

_VIEWED_AGAIN, _SEARCHED_AGAIN = timedelta(minutes=15), timedelta(minutes=1)


def viewed(member: Member, conversation_id: UUID) -> None:
    """The member opened the conversation; looking again within a quarter of an hour is the same look."""
    at = now()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_event (id, at, kind, actor_id, conversation_id, subject, data)
            SELECT %(id)s, %(at)s, 'conversation.viewed', %(member)s, %(conversation)s, '', '{}'
            WHERE NOT EXISTS (SELECT 1 FROM core_event WHERE conversation_id = %(conversation)s AND id >= %(since)s
                AND actor_id = %(member)s AND kind = 'conversation.viewed')""",
            {
                "id": new_id(), "at": at, "member": member.id, "conversation": conversation_id,
                "since": new_id(int((at - _VIEWED_AGAIN).timestamp() * 1000)),
            },
        )  # fmt: skip


def took(member: Member, kind: str, conversation_id: UUID, data: Mapping[str, Any]) -> None:
    """The member took something out of a conversation: a file, a message as delivered."""
    events.record(kind, conversation_id=conversation_id, actor_id=member.id, data=data)


def searched(member: Member, filters: list[str], words: int, found: int) -> None:
    """The member searched. Never what for: by which filters, with how many words, and how much was found."""
    at = now()
    data = orjson.dumps({"filters": sorted(set(filters)), "words": words, "found": found}).decode()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_event (id, at, kind, actor_id, subject, data)
            SELECT %(id)s, %(at)s, 'search.made', %(member)s, '', %(data)s
            WHERE NOT EXISTS (SELECT 1 FROM core_event WHERE actor_id = %(member)s AND kind = 'search.made'
                AND at > %(since)s)""",
            {"id": new_id(), "at": at, "member": member.id, "data": data, "since": at - _SEARCHED_AGAIN},
        )


def exported(member: Member, what: str, **data: Any) -> None:
    """The member took a list or figures out of Rapport."""
    events.record("export.made", actor_id=member.id, data={"what": what, **data})
