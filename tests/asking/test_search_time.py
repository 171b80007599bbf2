"""A search that takes too long ends, and says until when it looked."""

from itertools import chain, repeat

import pytest
from django.db import connection

from rapport.conversations import search as searching
from rapport.conversations.models import Conversation
from rapport.core import scope
from tests.asking.test_search import ask
from tests.web.cast import Cast

pytestmark = pytest.mark.django_db


def test_what_takes_too_long_ends_and_says_until_when(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_TIME_MS", 20)
    slow = searching._STRETCH.replace("{{what}}", "{what}").replace("{what}", "pg_sleep(0.2) IS NOT NULL AND {what}")
    monkeypatch.setattr(searching, "_STRETCH", slow)
    found, _ = ask(cast.agent, "parcel")
    assert found.ids == []
    assert found.until is not None
    with scope.member(cast.agent.id), connection.cursor() as cursor:
        assert Conversation.objects.count() == 1  # the transaction goes on
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("1min",)


@pytest.mark.parametrize("query", ["parcel", "is:open"])
def test_what_is_late_before_it_asks_says_so_too(cast: Cast, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    times = chain([0.0], repeat(100.0))
    monkeypatch.setattr(searching, "monotonic", lambda: next(times))
    found, _ = ask(cast.agent, query)
    assert found.ids == []
    assert found.until is not None
