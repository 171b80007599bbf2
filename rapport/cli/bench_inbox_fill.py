"""Fills a database for `rapport bench inbox`: a small company by hand, its mail by `bench_inbox.sql`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from rapport.channels.models import Channel
from rapport.cli import tables
from rapport.conversations import heard_sql, tallying
from rapport.conversations.asking.index import reindex
from rapport.conversations.models import Topic
from rapport.core import scope
from rapport.insight import days, promised_sql, routed_sql, summing, turns_sql
from rapport.ownership.service import SavedBy, save_policy_dict
from rapport.people import lists_sql
from rapport.staff.models import BusinessHours, Member, Membership, Team

_FILLED = (
    "people_organization", "people_person", "people_handle", "conversations_conversation", "conversations_thread",
    "conversations_message", "conversations_attachment", "ownership_decision", "core_event",
)  # fmt: skip
_CLOSED, _SECRET = 8, 2
_ROOM = """SET LOCAL statement_timeout = 0; SET LOCAL synchronous_commit = off; SET LOCAL maintenance_work_mem = '1GB';
SET LOCAL work_mem = '512MB'; SET LOCAL temp_buffers = '256MB'; SET LOCAL max_parallel_maintenance_workers = 1;
SELECT setseed(0.42)"""
#: What the triggers of insight would have written.
_SAID = """INSERT INTO insight_said (conversation_id, message_id, at, direction, member_id, audience)
SELECT m.conversation_id, m.id, m.at, m.direction, m.member_id, c.audience
FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id
WHERE insight_is_said(m.direction, m.kind, m.sent_at) ORDER BY m.at"""


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    conversations: int
    messages: int
    teams: int
    members: int
    days: int = 1095

    @property
    def persons(self) -> int:
        """A fifth of the conversations."""
        return max(50, self.conversations // 5)

    @property
    def bodies(self) -> int:
        """Different texts; each message adds a reference of its own."""
        return max(1000, min(120_000, self.messages // 10))


def fill(size: Size) -> None:
    """Migrate, found, fill, and leave the database as autovacuum would."""
    call_command("migrate", verbosity=0)
    with scope.system():
        _found(size)
        _execute("SET CONSTRAINTS ALL IMMEDIATE")
        _execute(_ROOM)
        with _without_what_slows():
            _execute(
                f"""CREATE TEMP TABLE bench_size AS SELECT {size.conversations} AS conversations,
                {size.messages} AS messages, {size.persons} AS persons,
                {max(20, size.persons // 12)} AS organizations, {size.bodies} AS bodies,
                make_interval(days => {size.days}) AS age"""
            )
            for name, statements in _steps():
                with _told(name):
                    _execute(statements)
        with _told("counters"):
            tallying.recount()
        with _told("lists of people"):
            _execute(lists_sql.ANEW)
            _execute(heard_sql.ANEW)
        with _told("reports"):
            _execute(turns_sql.BACKFILL)
            _execute(_SAID)
            _execute(routed_sql.BACKFILL)
            summing.recount()
            _execute(promised_sql.BACKFILL)
    connection.close()  # and with it the temporary tables
    with _told("analyze"):
        _execute("ANALYZE")  # without it the index of search looks for each message the long way
    with _told("search"):
        reindex()
    with _told("days of reports"):
        while days.close_some():
            pass
    with _told("vacuum"):
        _execute("SET statement_timeout = 0; SET maintenance_work_mem = '512MB'")
        _execute("VACUUM ANALYZE")


def _found(size: Size) -> None:
    """Teams of every kind, members in one to three of them, one in all."""
    hours = BusinessHours.objects.create(name="Office", time_zone="Europe/Berlin", blocks=[[0, "09:00", "17:00"]])
    teams = Team.objects.bulk_create(_team(number, size.teams, hours) for number in range(size.teams))
    members = Member.objects.bulk_create(
        Member(
            email=f"member{number}@bench.example", name=f"Member {number}", password="!",  # noqa: S106 - nobody's
            role="admin" if number < 2 else "lead" if number % 20 == 2 else "agent",
        )
        for number in range(size.members)
    )  # fmt: skip
    seats = [(members[0], team) for team in teams]
    seats += [(member, teams[spot]) for n, member in enumerate(members[1:], 1) for spot in _spots(n, size.teams)]
    Membership.objects.bulk_create(Membership(member=member, team=team) for member, team in seats)
    Channel.objects.bulk_create(
        Channel(name=f"Mailbox {number:02}", kind="email", address=f"help{number}@bench.example", state="ok")
        for number in range(12)
    )
    Topic.objects.bulk_create(Topic(name=f"Topic {number:02}", slug=f"topic-{number:02}") for number in range(20))
    _policies(teams, members[0])


def _policies(teams: list[Team], member: Member) -> None:
    """Three versions of twenty rules, each of which a team owns by."""
    for version in range(1, 4):
        rules = [
            {
                "name": f"Topic {number:02} is theirs", "when": {"topic": f"topic-{number:02}"},
                "then": {"owner": teams[number * 7 % len(teams)].slug},
            }
            for number in range(20)
        ]  # fmt: skip
        rules.insert(version, rules.pop())
        plain = {"format": 1, "triage": teams[0].slug, "rules": rules}
        save_policy_dict(plain, SavedBy(member.id, f"Version {version}"))


def _team(number: int, many: int, hours: BusinessHours) -> Team:
    """The first are the hot ones. Two in fifty are confidential, eight closed."""
    place = number * 50 // many if many >= 50 else number
    secret, closed = place in (11, 29), place in (4, 9, 14, 19, 24, 34, 39, 44)
    return Team(
        name=f"Team {number:02}", slug=f"team-{number:02}", hours=hours, is_open=not (secret or closed),
        confidential=secret,
    )  # fmt: skip


def _spots(number: int, many: int) -> set[int]:
    """The teams of a member: the hot ones have more people."""
    first = int(many * ((number * 0.6180339) % 1.0) ** 1.5)
    second = {(number * 7) % many} if number % 3 == 0 else set()
    third = {(number * 13) % many} if number % 9 == 0 else set()
    return {first} | second | third


def _steps() -> Iterator[tuple[str, str]]:
    for step in (Path(__file__).parent / "bench_inbox.sql").read_text(encoding="utf-8").split("-- step: ")[1:]:
        name, _, statements = step.partition("\n")
        yield name, statements


@contextmanager
def _without_what_slows() -> Iterator[None]:
    """Constraints, indexes and triggers of what is filled are taken off, and put back when it is full."""
    filled = ", ".join(f"'{name}'::regclass" for name in _FILLED)
    constraints = _rows(
        f"""SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid), contype::text
        FROM pg_constraint WHERE conrelid IN ({filled}) AND contype IN ('p', 'u', 'f') OR confrelid IN ({filled})
        ORDER BY array_position('{{p,u,f}}'::text[], contype::text)"""
    )
    indexes = _rows(
        f"""SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i WHERE indrelid IN ({filled})
        AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u'))"""
    )
    walled = tables.lower_walls()
    for table in _FILLED:
        _execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for table, name, _, _ in reversed(constraints):
        _execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        _execute(f"DROP INDEX {name}")
    yield
    for table, name, definition, _ in constraints:
        with _told(f"{table} {name}"):
            _execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for name, definition in indexes:
        with _told(name):
            _execute(definition)
    for table in _FILLED:
        _execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    tables.raise_walls(walled)


@contextmanager
def _told(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{name}: {time.monotonic() - began:,.1f} s", file=sys.stderr, flush=True)  # noqa: T201 - the progress


def _rows(statement: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _execute(statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements)
