"""A part of the worker that runs but fails again and again is told of, by class of error and place; one that once did
is not.
"""

from collections.abc import Iterator
from threading import Event, Thread

import pytest
from django.db import DatabaseError, ProgrammingError, connection

from rapport.core import scope
from rapport.inbound import faults, signs, upkeep, worker

SECRET = "the password is xylophone"


@pytest.fixture(autouse=True)
def nothing_untold() -> Iterator[None]:
    """What other tests let fail in this process is not told of here, nor the other way round."""
    faults._untold.clear()
    yield
    faults._untold.clear()


def error() -> Exception:
    """As something of ours raises it, saying what nobody else may read."""
    try:
        with scope.system(), connection.cursor() as cursor:
            cursor.execute(f"SELECT '{SECRET}' FROM nowhere")
    except DatabaseError as raised:
        return raised
    raise AssertionError


def ago(seconds: float) -> None:
    """What was told becomes so much older."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE inbound_part SET failing_since = failing_since - %(s)s * interval '1 second',
            failed_at = failed_at - %(s)s * interval '1 second'""", {"s": seconds},
        )  # fmt: skip


def fail(part: str, times: int = 1) -> None:
    for _ in range(times):
        faults.failed(part, KeyError(SECRET))
    faults.tell()


def named() -> list[tuple[str, int]]:
    return [(one.part, one.times) for one in signs.look()[1]]


def test_a_part_that_fails_is_noted_and_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping, seen, began = Event(), list[tuple[str, str]](), list[int]()

    def body(_stopping: Event) -> None:
        began.append(1)
        raise ValueError(SECRET)

    def failed(part: str, raised: BaseException) -> None:
        seen.append((part, type(raised).__name__))
        if len(seen) == 2:
            stopping.set()

    monkeypatch.setattr(faults, "failed", failed)
    monkeypatch.setattr(worker, "_handing", body)
    (thread,) = worker._threads_of("handing", stopping)
    thread.start()
    thread.join(60)
    assert (len(began), seen) == (2, [("handing", "ValueError")] * 2)


def test_with_each_sign_it_is_told_what_failed_since(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping, told = Event(), list[bool]()

    def tell() -> None:
        told.append(True)
        stopping.set()

    monkeypatch.setattr(signs, "sign", lambda _parts: None)
    monkeypatch.setattr(faults, "tell", tell)
    thread = Thread(target=signs.run, args=(list, stopping))
    thread.start()
    thread.join(60)
    assert told == [True]


@pytest.mark.django_db
def test_told_is_what_failed_often_and_for_a_minute_and_not_what_once_did() -> None:
    signs.sign(signs.PARTS)
    fail("handing", 5)
    assert named() == [], "a database begun anew does that to every part"
    ago(70)
    assert named() == [], "and then it worked"
    fail("handing")
    fail("outbox", 2)
    assert named() == [("handing", 6)]
    assert signs.look()[0] == [], "it runs all the same"
    ago(200)
    assert named() == [], "it has been well for three minutes"
    fail("handing", 9)
    assert named() == [], "what fails now is another matter"
    ago(100)
    fail("handing")
    assert named() == [("handing", 10)]


@pytest.mark.django_db
def test_two_faults_minutes_apart_are_not_again_and_again() -> None:
    fail("handing")
    ago(120)
    fail("handing")
    assert named() == []


@pytest.mark.django_db
def test_of_an_error_only_its_class_and_its_place_are_kept() -> None:
    raised = error()
    assert isinstance(raised, ProgrammingError)
    assert SECRET in str(raised)
    said = faults.described(raised)
    assert said == "ProgrammingError (UndefinedTable)"

    def in_ours() -> None:
        signs.command([None])  # type: ignore[list-item]

    with pytest.raises(AttributeError) as caught:
        in_ours()
    assert faults.described(caught.value).startswith("AttributeError in rapport.inbound.signs.")
    for _ in range(3):
        faults.failed("matching", raised)
    faults.tell()
    ago(90)
    faults.failed("matching", raised)
    faults.tell()
    with connection.cursor() as cursor:
        cursor.execute("SELECT inbound_part::text FROM inbound_part")
        assert "xylophone" not in str(cursor.fetchall())
    (one,) = signs.look()[1]
    assert one.what == said
    assert (one.at - one.since).total_seconds() >= 89


@pytest.mark.django_db
def test_what_could_not_be_told_is_told_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_untold: object) -> None:
        faults.failed("handing", KeyError())
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr(faults, "_written", away)
        with pytest.raises(DatabaseError):
            fail("handing", 2)
    faults.tell()
    ago(90)
    fail("handing")
    assert named() == [("handing", 4)]


@pytest.mark.django_db
def test_a_fault_told_while_the_next_comes_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written = faults._written

    def meanwhile(untold: dict[str, faults._Fault]) -> None:
        written(untold)
        faults.failed("handing", KeyError())

    with monkeypatch.context() as patched:
        patched.setattr(faults, "_written", meanwhile)
        fail("handing", 2)
    ago(90)
    faults.tell()
    assert named() == [("handing", 3)]


@pytest.mark.django_db
def test_a_job_of_upkeep_that_fails_is_a_fault_of_upkeep() -> None:
    def broken() -> None:
        raise KeyError(SECRET)

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert not upkeep._did(upkeep.Job(1.0, broken))
    assert upkeep._did(upkeep.Job(1.0, lambda: None))
    assert faults._untold["upkeep"].count == 1


@pytest.mark.django_db
def test_a_part_that_failed_and_is_not_seen_any_more_runs_nowhere() -> None:
    signs.sign(signs.PARTS)
    fail("handing", 2)
    ago(90)
    fail("handing")
    assert named() == [("handing", 3)]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbound_part SET seen_at = now() - interval '4 minutes' WHERE name = 'handing'")
    missed, failing = signs.look()
    assert ([one.part for one in missed], failing) == (["handing"], [])
