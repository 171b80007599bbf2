"""Search looks back stretch by stretch of time, or at once for what is in few messages, and hides nothing by it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rapport.conversations.asking.frequency import Frequencies
from rapport.conversations.asking.language import read
from rapport.conversations.asking.resolve import Looker, resolve
from rapport.conversations.models import Conversation, Direction, Message
from rapport.conversations.search import Search, find
from rapport.core import scope
from rapport.core.clock import now
from tests.asking.test_search import say, subjects
from tests.web.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "rare"),
    [
        ("parcel", False), ("gyroscope", True), ("GYROSCOPE parcel", True), ("parcel -gyroscope", False),
        ('"old gyroscope"', True), ("gyrosc", True), ("gyr", False), ("parc", False), ("old-gyroscope", False),
        ("carla@shop.example", False), ("返品", False),
    ],
)  # fmt: skip
def test_what_is_in_few_messages_is_looked_for_at_once_and_not_by_time(
    query: str, rare: bool, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Frequencies({"parcel": 0.5, "parrot": 0.4}, 5_000_000, now())
    monkeypatch.setattr("rapport.conversations.asking.frequency._kept", kept)
    old = say(cast, "Old", "The old gyroscope in a parcel; old-gyroscope, carla@shop.example 返品")
    with scope.system():
        Message.objects.filter(conversation=old).update(at=now() - timedelta(days=900))
    with CaptureQueriesContext(connection) as asked:
        found = subjects(cast.agent, query, typing=True)
    assert ("Old" in found) == (query != "parcel -gyroscope"), found
    times = sum("FROM search_message s" in one["sql"] for one in asked.captured_queries)
    assert times == 1 if rare else times > 1


def test_a_long_conversation_hides_no_other(cast: Cast) -> None:
    long, other = say(cast, "The long one", "The gyroscope again."), say(cast, "Another", "A gyroscope, too.")
    with scope.system():
        Message.objects.filter(conversation=other).update(at=now() - timedelta(days=1))
        Message.objects.bulk_create(
            Message(conversation=long, direction=Direction.IN, text=f"Gyroscope {number}.", at=now())
            for number in range(30)
        )
    with scope.member(cast.agent.id):
        asked = read("gyroscope")
        looker = Looker(cast.agent.id, frozenset([cast.service.id]), now().date())
        for limit in (1, 2, 5, 100):
            found = find(Search(asked, resolve(asked, looker), looker, cast.agent), limit)
            assert found.ids == [long.id, other.id][:limit], limit
            assert found.more == (limit < 2)


def test_what_only_an_open_conversation_can_be_is_looked_for_among_those(cast: Cast) -> None:
    with scope.system():
        Conversation.objects.filter(id=cast.conversation.id).update(first_answer_due_at=now() - timedelta(hours=1))
    assert subjects(cast.agent, "is:late") == ["Refund for order 1009"]
    assert subjects(cast.agent, "is:late status:resolved") == []
    assert subjects(cast.agent, "is:late -status:open") == []
    assert subjects(cast.agent, 'is:late team:"customer service"') == ["Refund for order 1009"]
