"""No table that names a person is forgotten: each is taken by a step of the erasure, or holds nothing, and says why."""

from collections.abc import Iterator

from django.apps import apps
from django.db import connection

from rapport.channels.models import Channel
from rapport.core import scope
from rapport.core.clock import now
from rapport.inbound.privacy import erasing
from rapport.people.models import Archive
from rapport.staff.models import Member
from tests.privacy.traces import leave

#: Taken by a step of the erasure; that it changes them is looked at.
TAKEN = {
    "conversations_conversation", "conversations_message", "people_archive", "people_consent", "people_externalid",
    "people_handle", "people_matchkeys", "people_merge", "people_pair", "people_person", "people_personformer",
    "people_question", "people_relationship", "people_relationshipformer", "people_release", "search_name",
}  # fmt: skip
#: Follow others by triggers; what stands in them is searched by the test with the needle.
FOLLOW = {"people_row", "people_key", "search_message"}
#: Name a person by id alone: nothing in them tells who that was.
HOLD_NOTHING = {
    "core_former": "rows of the setup: teams, members, topics, and what organizations were called, as they still are",
    "conversations_watch": "that a member follows them",
    "insight_summed": "how many went from which team to which, in one block of days",
    "people_erasure": "that they were erased; what is looked for is emptied at its end",
    "people_heard": "when they were last heard from",
    "people_hold": "the reason why they must not be erased, which was said by a member",
}
#: Name nobody by a column of theirs, but in words; their steps look for addresses.
IN_WORDS = {
    "conversations_draft", "conversations_mention", "inbound_rawitem", "notices_notice", "outbound_delivery",
    "ownership_decision", "ownership_shadow", "ownership_whatif", "people_directory", "people_employee",
    "people_importfile", "people_importproblem", "people_proof",
}  # fmt: skip
#: What columns without a reference name: none of these is a person.
_OTHERS = {
    "id", "ref", "digest", "step", "after", "audience", "team", "involved", "actor_id", "key_id", "event_id", "batch",
    "message_id", "seen_message_id", "raw_item_id", "conversation_id", "channel_id", "member_id", "erasure_id", "cause",
    "decision", "taken_into", "owner_team_id", "owner_member_id", "from_team_id", "from_member_id", "topic_id",
    "team_id", "base_team_id", "said_team_id",
}  # fmt: skip
#: Merged conversations, and members in the order of their turns.
_NOT_PEOPLE = {("conversations_conversation", "merged_into"), ("staff_oncallrotation", "order")}


def naming() -> Iterator[tuple[str, str]]:
    """Every column that names a person: by reference, or as an id that refers to nothing that the database knows of."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, a.attname, array_agg(f.relname::text) FILTER (WHERE f.relname IS NOT NULL)
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY(k.conkey)
            LEFT JOIN pg_class f ON f.oid = k.confrelid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                AND a.attnum > 0 AND NOT a.attisdropped AND t.typname IN ('uuid', '_uuid') GROUP BY 1, 2"""
        )
        ours = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - {"people_person"}
        for table, column, refers in cursor.fetchall():
            loose = refers is None and (column not in _OTHERS or (column == "id" and table not in ours))
            if ("people_person" in (refers or ()) or loose) and (table, column) not in _NOT_PEOPLE:
                yield table, column


def test_every_table_that_names_a_person_has_its_step_or_says_why_not(box: Channel) -> None:
    with scope.system():
        found = {table for table, _ in naming()}
    unknown = found - TAKEN - FOLLOW - set(HOLD_NOTHING)
    assert not unknown, f"{unknown} name people: add a step (people/erasing.py, steps.py), or say here why not"
    assert found >= TAKEN, "and of none that is gone anything is said"


def changed() -> dict[str, int]:
    """How many rows of each table this transaction changed or deleted so far, triggers included."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT coalesce(i.inhparent::regclass::text, s.relname), sum(s.n_tup_upd + s.n_tup_del)
            FROM pg_stat_xact_user_tables s LEFT JOIN pg_inherits i ON i.inhrelid = s.relid GROUP BY 1"""
        )
        return {table: int(rows) for table, rows in cursor.fetchall()}


def test_what_is_said_to_be_taken_is_changed_by_an_erasure(box: Channel, admin: Member) -> None:
    traces = leave(box, admin)
    with scope.system():
        Archive.objects.create(person=traces.person, member=admin, expires_at=now())
        before = changed()
        erasing.finish(erasing.ask(traces.person.id, "erase", admin).id)
        after = changed()
    untouched = {table for table in TAKEN | IN_WORDS | FOLLOW if after.get(table, 0) == before.get(table, 0)}
    assert not untouched, "left as they were"
