"""A part of the worker that runs nowhere is missed, and by whom it is looked after is told what to start."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Event, Thread

import pytest
from django.db import connection

from rapport.core.options import options
from rapport.inbound import signs, worker


def long_ago(part: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbound_part SET seen_at = now() - interval '2 days' WHERE name = %s", [part])


def test_a_worker_leaves_a_sign_of_each_part_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping, seen = Event(), []

    def sign(parts: Sequence[str]) -> None:
        seen.append(list(parts))
        stopping.set()

    monkeypatch.setattr(signs, "sign", sign)
    monkeypatch.setattr(worker, "_threads_of", lambda part, until: [Thread(target=until.wait, args=(20,), name=part)])
    worker.run(stopping, ["handing", "outbox"])
    assert seen == [["outbox", "handing"]]


@pytest.mark.django_db
def test_what_is_not_seen_for_minutes_is_missed_and_seen_again_it_is_not() -> None:
    assert [one.part for one in signs.missed()] == list(signs.needed())
    signs.sign(signs.PARTS)
    assert signs.missed() == []
    long_ago("handing")
    (missed,) = signs.missed()
    assert missed.part == "handing"
    assert missed.ago is not None
    assert (missed.ago.days, signs.command([missed])) == (2, "rapport worker --only handing")
    signs.sign(["handing", "outbox"])
    assert signs.missed() == []


@pytest.mark.django_db
@pytest.mark.parametrize("port", [0, 2525])
def test_the_listener_is_missed_only_where_it_has_a_port(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = replace(options(), listener_port=port)
    monkeypatch.setattr(signs, "options", lambda: chosen)
    signs.sign([part for part in signs.PARTS if part != "listener"])
    assert [one.part for one in signs.missed()] == (["listener"] if port else [])
