"""The worker compares newcomers soon, and everybody when it is time."""

from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from rapport.core import scope
from rapport.inbound import matching
from rapport.people import nightly, suggesting
from rapport.people.models import Person

AT = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "people", "at", "is_time"),
    [
        (None, 500, AT, True),
        (None, 1, AT, False),
        (None, 20, AT, False),
        (None, 20, AT.replace(hour=2), True),
        ((AT - timedelta(hours=5), 500), 500, AT, False),
        ((AT - timedelta(hours=5), 500), 500, AT.replace(hour=2), True),
        ((AT - timedelta(hours=1), 500), 500, AT.replace(hour=2), False),
        ((AT - timedelta(hours=31), 500), 500, AT, True),
        ((AT - timedelta(hours=1), 500), 5000, AT, True),
        ((AT - timedelta(minutes=5), 500), 5000, AT, False),
        ((AT - timedelta(hours=1), 10), 100, AT, False),
    ],
)
def test_when_everybody_is_compared(
    last: tuple[datetime, int] | None, people: int, at: datetime, is_time: bool
) -> None:
    assert matching.is_time((at - (AT - last[0]), last[1]) if last else None, people, at) is is_time


@pytest.mark.django_db
def test_a_round_compares_who_waits_and_starts_the_pass_once(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []

    def run_apart(stopping: Event) -> int:
        passes.append(1)
        return 0

    monkeypatch.setattr(nightly, "run_apart", run_apart)
    monkeypatch.setattr(matching, "_FIRST_LEAST", 2)
    with scope.system():
        for name in ("Ann Quillfeather", "Bob Stone"):
            Person.objects.create(name=name)
    stopping = Event()
    monkeypatch.setattr(stopping, "wait", lambda _: stopping.set())
    matching.run(stopping)
    assert passes == [1]
    assert not suggesting.waiting()
