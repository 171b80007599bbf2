"""A question that cannot be put, or whose asking ends whoever asks, keeps no other waiting, and nothing is given up."""

from contextlib import suppress
from typing import Any

import pytest
from django.db import OperationalError, connection

from rapport.ownership.second import asking, others, queue
from tests.inbound import endpoint as played
from tests.inbound.opinions import arrive, opinion, wake, work
from tests.inbound.test_second_opinions import ada, elsewhere, on

__all__ = ["ada", "elsewhere", "on"]  # Fixtures.


def test_what_ends_whoever_asks_is_not_asked_for_ever(on: played.Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    found, asked = arrive(), []
    monkeypatch.setattr(asking, "ask", lambda *_: asked.append(1) or {}["killed"])
    for _ in range(queue.ATTEMPTS_MAX + 2):
        with suppress(KeyError):
            work()
        wake()
    assert len(asked) == queue.ATTEMPTS_MAX
    assert opinion(found).stage == "failed"  # type: ignore[union-attr]


def test_a_message_whose_question_cannot_be_put_keeps_no_other_waiting(
    on: played.Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    names_in = others.names_in

    def found(text: str, *more: Any) -> set[str]:
        if "Zebra" in text:
            with connection.cursor() as cursor:
                cursor.execute("SELECT %s::tsquery", ["x" * 3_000])
        return names_in(text, *more)

    monkeypatch.setattr(others, "names_in", found)
    bad, good = arrive("Zebra"), arrive()
    assert work() == 1
    assert work() == 0
    assert [opinion(one).stage for one in (bad, good)] == ["failed", "answered"]  # type: ignore[union-attr]
    assert str(bad.id) in caplog.text
    assert "Zebra" not in caplog.text
    assert "xxx" not in caplog.text


def test_while_the_database_is_away_nothing_is_given_up(on: played.Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> set[str]:
        raise OperationalError

    found = arrive()
    with monkeypatch.context() as away:
        away.setattr(others, "names_in", gone)
        with pytest.raises(OperationalError):
            work()
    assert work() == 1
    assert opinion(found).stage == "answered"  # type: ignore[union-attr]
