"""What a worker does now and then: what is the matter with one thing holds up no other."""

from threading import Event

import pytest
from django.db import DatabaseError, connection

from rapport.inbound import upkeep
from rapport.inbound.upkeep import Job

pytestmark = pytest.mark.django_db


def run(monkeypatch: pytest.MonkeyPatch, error: Exception) -> int:
    """How often something was done until told to stop, where what stands before it raises that each time."""
    stopping, done = Event(), list[int]()

    def broken() -> None:
        raise error

    def works() -> None:
        done.append(1)
        if len(done) == 2:
            stopping.set()

    monkeypatch.setattr(upkeep, "JOBS", [Job(0.0, broken), Job(0.0, works)])
    upkeep.run(stopping)
    return len(done)


@pytest.mark.parametrize("error", [KeyError("x"), DatabaseError("canceling statement due to lock timeout")])
def test_what_fails_is_told_and_all_else_is_done(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert run(monkeypatch, error) == 2
    assert str(error) in caplog.text


def test_where_the_database_is_away_it_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with pytest.raises(DatabaseError):
        run(monkeypatch, DatabaseError("gone"))
