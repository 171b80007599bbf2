"""Many rows with one statement."""

from datetime import UTC, datetime
from uuid import RFC_4122, UUID

import pytest
from django.db import DataError, transaction

from rapport.conversations.models import Blob, Conversation
from rapport.core import bulk, clock, events, scope
from rapport.core.ids import new_id
from rapport.core.models import Event

pytestmark = pytest.mark.django_db


def test_what_is_inserted_comes_back_as_it_was() -> None:
    data = [b"", bytes(range(256)), b"\\x27'\"{},\0" * 1000]
    with scope.system():
        bulk.insert(
            "conversations_blob",
            {
                "sha256": ("text", ["", "{a,b}\"'\\", "雪 null"]),
                "size": ("bigint", [0, 2**40, -1]),
                "data": ("bytea", data),
            },
        )
        rows = bulk.select("SELECT sha256, size, data FROM conversations_blob ORDER BY length(data)", [])
        assert rows == [("", 0, data[0]), ("{a,b}\"'\\", 2**40, data[1]), ("雪 null", -1, data[2])]


def test_arrays_nulls_and_all_nulls_travel() -> None:
    ids, team = [new_id(), new_id()], new_id()
    with scope.system():
        bulk.insert(
            "conversations_conversation",
            {
                "id": ("uuid", ids),
                "audience": ("uuid[]", [bulk.array_text([team]), bulk.array_text([])]),
                "involved": ("uuid[]", ["{}", "{}"]),
                "resolved_at": ("timestamptz", [None, datetime(2026, 1, 2, tzinfo=UTC)]),
                "topic_id": ("uuid", [None, None]),
                **{name: ("text", ["", ""]) for name in ("subject", "snippet", "language")},
                "status": ("text", ["open"] * 2),
                "priority": ("smallint", [1, 1]),
                "confidential": ("boolean", [True, False]),
                "awaiting_answer": ("boolean", [False, True]),
                "message_count": ("integer", [0, 70_000]),
                **{name: ("timestamptz", [clock.now()] * 2) for name in ("created_at", "last_activity_at")},
            },
        )
        one, two = Conversation.objects.order_by("id")
    assert (one.audience, one.resolved_at, one.confidential) == ([team], None, True)
    assert (two.audience, two.message_count, two.awaiting_answer) == ([], 70_000, True)


def test_no_rows_are_no_statement() -> None:
    assert bulk.insert("no_such_table", {"id": ("uuid", [])}) == []
    assert bulk.update("no_such_table", ["id"], {"id": ("uuid", [])}, "x = 1") == []


def test_what_is_there_already_is_left_and_only_the_new_is_returned() -> None:
    def add(keys: list[str]) -> list[tuple[str]]:
        columns = {"sha256": ("text", keys), "size": ("bigint", [1] * len(keys)), "data": ("bytea", [b""] * len(keys))}
        return bulk.insert("conversations_blob", columns, "ON CONFLICT (sha256) DO NOTHING RETURNING sha256")

    with scope.system():
        assert add(["a"]) == [("a",)]
        assert add(["a", "b"]) == [("b",)]
        assert Blob.objects.count() == 2


def test_what_cannot_be_stored_is_djangos_error() -> None:
    with pytest.raises(DataError), transaction.atomic():
        bulk.insert(
            "conversations_blob", {"sha256": ("text", ["\0"]), "size": ("bigint", [1]), "data": ("bytea", [b""])}
        )


def test_events_are_appended_in_order_with_their_data() -> None:
    conversation, at = new_id(), datetime(2026, 1, 2, tzinfo=UTC)
    events.record_many([])
    with scope.system():
        events.record("one", conversation_id=conversation, data={"a": 1}, at=at, subject="s" * 300)
        events.record("two", actor_id=UUID(int=7))
        one, two = Event.objects.order_by("id")
    assert (one.kind, one.conversation_id, one.data, one.at, len(one.subject)) == (
        "one",
        conversation,
        {"a": 1},
        at,
        200,
    )
    assert (two.actor_id, two.conversation_id, two.data) == (UUID(int=7), None, {})


def test_ids_are_in_time_order_and_of_version_seven() -> None:
    ids = [new_id(at_ms) for at_ms in (0, 1, 1_700_000_000_000)] + [new_id()]
    assert ids == sorted(ids)
    many = [new_id() for _ in range(5_000)]
    assert many == sorted(set(many))
    assert {id.version for id in ids + many} == {7}
    assert {id.variant for id in many} == {RFC_4122}


def test_the_clock_travels_only_inside_its_block_and_only_with_a_time_zone() -> None:
    then = datetime(2001, 2, 3, tzinfo=UTC)
    with clock.travel(then):
        assert clock.now() == then
    assert clock.now() > then
    with pytest.raises(ValueError, match="aware"), clock.travel(datetime(2001, 2, 3)):  # noqa: DTZ001
        pass
