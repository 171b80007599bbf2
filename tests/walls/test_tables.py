"""Whoever forgets the filter is stopped by the database: every table is behind a wall, or known to need none."""

import pytest
from django.db import connection

from rapport.core import scope
from rapport.staff.models import Member
from tests.walls.secret import Secret
from tests.web.cast import Cast

#: Tables without a wall, and why that is right.
OPEN = {
    "channels_channel": "names and states of mailboxes; passwords in it are encrypted",
    "channels_cursor": "how far each channel was read",
    "conversations_topic": "the company's own list of topics",
    "inbound_part": "which parts of workers were seen when, and on which machine",
    "insight_closedday": "which days reports keep packed: dates alone",
    "insight_touchedday": "on which days something changed: dates alone",
    "ownership_policyversion": "the policy is for everybody to read",
    "insight_rule": "what the rules of the policy are called, as they stand in it",
    "insight_block": "which days have been summed; no figures",
    "ownership_trial": "which policy is on trial: for everybody to read, as the policy is",
    "ownership_wish": "which precision leads want of what was learned, for everybody to read",
    "ownership_heir": "who goes on with what somebody had who left: as who is in which team",
    "staff_member": "who works here",
    "staff_membership": "who is in which team",
    "staff_team": "the teams",
    "staff_businesshours": "when teams answer",
    "staff_absence": "who is away, so that work goes to others",
    "staff_oncallrotation": "who takes turns at being on call, as who is in which team",
    "staff_oncallduty": "who is on call when, as who is away when",
    "people_customfield": "which fields the company keeps about people: their names, not their values",
    "people_purpose": "what the company writes to people for",
    "people_silence": "keyed digests of addresses: they tell nothing without the key",
    "people_retentionrule": "how long what is kept, for everybody to read",
    "staff_company": "settings of the company, for everybody to read",
    "staff_directorygroup": "groups of the directory: names and members",
    "staff_directorygroup_members": "groups of the directory: names and members",
    "staff_directoryentry": "what the directory calls members and groups",
    "staff_grouprule": "which group gives which team",
    "staff_invitation_teams": "teams of an invitation, by its id",
    "rapport_cache": "counters of attempts at signing in, by hashed keys",
    "django_session": "signed session data: read before anybody is known",
    "django_content_type": "Django's list of models",
    "django_migrations": "Django's list of migrations",
    "auth_group": "unused, Django's",
    "auth_group_permissions": "unused, Django's",
    "auth_permission": "unused, Django's",
    "account_emailaddress": "addresses members sign in with",
    "account_emailconfirmation": "unused, django-allauth's",
    "mfa_authenticator": "second factors; secrets in it are encrypted",
    "usersessions_usersession": "sessions of members: read while signing in",
    "socialaccount_socialaccount": "who signs in with which provider",
    "socialaccount_socialapp": "unused: providers are in staff_provider",
    "socialaccount_socialtoken": "unused: tokens are not stored",
}

#: Beside the walls, because PostgreSQL's text search and long sums are too slow behind one: ids, moments and
#: states, never a word. Whoever reads them joins the walled table, and finds nothing of what they may not see.
NARROW = {
    "search_message": {"uuid", "timestamp with time zone"},
    "search_name": {"uuid", "boolean", "integer"},
    "people_key": {"uuid", "bigint[]"},
    "people_heard": {"uuid", "timestamp with time zone"},
    "people_matchkeys": {"uuid", "bigint[]"},
    "insight_said": {"uuid", "uuid[]", "timestamp with time zone", "character varying"},
}


def tables() -> dict[str, bool]:
    """Every table, and whether its rows are behind a wall that holds for its owner, too."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname, relrowsecurity AND relforcerowsecurity
                AND EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = c.oid)
            FROM pg_class c WHERE relkind IN ('r', 'p', 'm', 'v', 'f') AND relnamespace = 'public'::regnamespace"""
        )
        return dict(cursor.fetchall())


def everything(table: str) -> str:
    """All that a query without any filter reads from a table."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT string_agg(format('coalesce(%%I::text, '''')', attname), ' || '' '' || ') FROM pg_attribute
            WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped""",
            [table],
        )
        cursor.execute(f"SELECT coalesce(string_agg({cursor.fetchone()[0]}, ' '), '') FROM {table}")
        return str(cursor.fetchone()[0])


def test_every_table_is_behind_a_wall_or_known_to_need_none(db: None) -> None:
    found = tables()
    known = {*OPEN, *NARROW}
    assert sorted(name for name, walled in found.items() if not walled and name not in known) == []
    assert sorted(name for name in OPEN if found.get(name)) == [], "these have a wall by now"
    assert sorted(set(OPEN) - set(found)) == [], "these are gone"


def test_the_narrow_tables_hold_no_words(db: None) -> None:
    for table, kinds in NARROW.items():
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT array_agg(format_type(atttypid, NULL)) FROM pg_attribute
                WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped""",
                [table],
            )
            assert set(cursor.fetchone()[0]) <= kinds, table


def test_nobody_is_the_owner_of_the_tables_beyond_the_walls(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)

#: A row of a person says under which it stands, also where that one is not theirs to see: an id, which leads nowhere.
POINTING = {("people_person", "person_id"), ("people_row", "person_id")}


@pytest.mark.parametrize("who", ["agent", "admin", "reader", "removed", "gone"])
def test_a_query_without_any_filter_reads_nothing_of_it(who: str, cast: Cast, secret: Secret) -> None:
    member: Member = getattr(secret, who, None) or getattr(cast, who)
    leaked = []
    with scope.member(member.id):
        for table in tables():
            text = everything(table)
            leaked += [f"{table}: {name}" for name in secret.found_in(text)]
            if table not in NARROW:
                ids = {key: id for key, id in secret.ids.items() if (table, key) not in POINTING}
                leaked += [f"{table}: the id {key}" for key, id in ids.items() if str(id) in text]
    assert not leaked


def test_a_query_in_no_scope_reads_nothing_at_all_behind_the_walls(cast: Cast, secret: Secret) -> None:
    assert [table for table, walled in tables().items() if walled and everything(table)] == []


def test_the_system_reads_it_all_so_the_tests_above_would_notice(secret: Secret) -> None:
    with scope.system():
        text = " ".join(everything(table) for table in tables())
    assert set(secret.found_in(text)) >= {"subject", "text", "note", "person", "handle", "draft", "template", "event"}
