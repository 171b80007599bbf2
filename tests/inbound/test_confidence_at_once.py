"""A team becomes confidential, or open, in the very moment in which something is decided to be its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from rapport.channels.models import Channel
from rapport.conversations import actions, calls, spreading
from rapport.conversations.models import Conversation
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.inbound import pipeline
from rapport.outbound import opening
from rapport.outbound.actions import Answer
from rapport.ownership.actions import assign
from rapport.staff.models import Member, Team
from tests.inbound.post import accept, letter, make_member, make_team, the_conversation

pytestmark = pytest.mark.django_db(transaction=True)


class Halt:
    """Stops whoever comes by, until told to go on."""

    def __init__(self) -> None:
        self.there, self.go = Event(), Event()

    def after(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def halting(*args: Any, **kwargs: Any) -> Any:
            done = function(*args, **kwargs)
            self.there.set()
            assert self.go.wait(60)
            return done

        return halting


@contextmanager
def beside(body: Callable[[], object]) -> Iterator[Thread]:
    """In a thread of its own, which is over where this is."""

    def run() -> None:
        try:
            body()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    yield thread
    thread.join(60)
    assert not thread.is_alive()


def waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("""SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
            WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()""")
        return bool(cursor.fetchone()[0])


def team_becomes(team: Team, halt: Halt, **fields: bool) -> None:
    """While somebody halts who has read it as it was; they go on once whoever puts it right is through, or waits."""
    assert halt.there.wait(60)
    Team.objects.filter(id=team.id).update(**fields)
    pause = Event()
    with beside(partial(spreading.settle, team.id)) as settling:
        while settling.is_alive() and not waits():
            pause.wait(0.005)
        halt.go.set()


@pytest.mark.parametrize("confidential", [True, False])
def test_a_mail_that_is_being_decided_is_kept_to_the_team_or_shown_by_what_the_team_becomes(
    confidential: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = make_team("service", is_open=confidential)
    channel = Channel.objects.create(name="Support", kind="email", address="support@rapport.example")
    accept(channel, letter())
    halt = Halt()
    monkeypatch.setattr(pipeline.storing, "store", halt.after(pipeline.storing.store))
    with beside(pipeline.run_batch):
        team_becomes(team, halt, confidential=confidential, is_open=not confidential)
    assert the_conversation().audience == ([team.id] if confidential else [EVERYONE])


def test_what_is_being_assigned_to_a_team_is_kept_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before, team = make_team("before"), make_team("service")
    member = make_member("ann", before)
    with scope.system():
        one = Conversation.objects.create(subject="A question", owner_team=before, audience=[EVERYONE])
    halt = Halt()
    monkeypatch.setattr(actions, "audience_of", halt.after(actions.audience_of))
    with beside(partial(assign, one.id, member, team)):
        team_becomes(team, halt, confidential=True, is_open=False)
    assert the_conversation().audience == [team.id]


def begins(member: Member, team: Team) -> None:
    channel = Channel.objects.create(name="Support", kind="email", address="support@rapport.example")
    beginning = opening.Beginning(channel, team, "An offer")
    opening.begin(member, beginning, Answer("Here it is.", to=[("Cleo", "cleo@example.org")]))


def logs_a_call(member: Member, team: Team) -> None:
    calls.log_new(member, team, "A call", calls.Call("They called.", they_called=True, at=now()))


@pytest.mark.parametrize(("module", "act"), [(opening, begins), (calls, logs_a_call)])
def test_who_begins_a_conversation_holds_who_may_see_it_from_its_first_moment(
    module: Any, act: Callable[[Member, Team], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    team = make_team("service")
    member = make_member("ann", team)
    # The page has read the team, and now it becomes confidential.
    Team.objects.filter(id=team.id).update(confidential=True, is_open=False)
    derived: list[tuple[bool, list[UUID]]] = []
    audience_of = module.audience_of

    def deriving(*given: Any) -> list[UUID]:
        derived.append((holds(), found := audience_of(*given)))
        return list(found)

    monkeypatch.setattr(module, "audience_of", deriving)
    act(member, team)
    assert derived
    assert set(map(str, derived)) == {str((True, [team.id]))}
    assert the_conversation().confidential


def holds() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM pg_locks
            WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted AND pid = pg_backend_pid()"""
        )
        return bool(cursor.fetchone()[0])
