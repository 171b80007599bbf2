"""A flood on one channel is no reason for another to wait."""

from collections.abc import Callable

import pytest
from django.db import DataError

from rapport.channels.models import Channel
from rapport.conversations.models import Message
from rapport.core import scope
from rapport.inbound import claims, pipeline, storing
from rapport.inbound.models import RawItem
from tests.inbound.post import accept, letter

pytestmark = pytest.mark.django_db


def flood(channel: Channel, many: int) -> None:
    accept(channel, *(letter(f"flood {n}") for n in range(many)))


def texts() -> set[str]:
    with scope.system():
        return set(Message.objects.values_list("text", flat=True))


def waiting(channel: Channel) -> int:
    with scope.system():
        return RawItem.objects.filter(channel=channel, state="received").count()


def claimed(limit: int) -> list[bytes]:
    with scope.system():
        return [item.body.strip().rpartition(b"\n")[2] for item in claims.claim(limit)]


def test_what_comes_behind_a_flood_on_another_channel_is_in_the_next_batch(box: Channel, other_box: Channel) -> None:
    flood(box, 60)
    accept(other_box, letter("one of us"))
    assert pipeline.run_batch(20).handled == 20
    assert "one of us" in texts()
    assert waiting(box) == 60 - 19


def test_a_batch_is_full_whoever_leaves_room_in_it(box: Channel, other_box: Channel) -> None:
    flood(box, 30)
    accept(other_box, letter("first"), letter("second"))
    assert claimed(10) == [b"flood %d" % n for n in range(8)] + [b"first", b"second"]


def test_two_floods_share_a_batch_evenly_and_each_keeps_its_order(box: Channel, other_box: Channel) -> None:
    flood(box, 30)
    accept(other_box, *(letter(f"other {n}") for n in range(30)))
    assert claimed(10) == [b"flood %d" % n for n in range(5)] + [b"other %d" % n for n in range(5)]


def test_one_channel_alone_has_the_whole_batch(box: Channel) -> None:
    flood(box, 12)
    assert claimed(10) == [b"flood %d" % n for n in range(10)]
    assert claimed(1) == [b"flood 0"]


def test_with_more_channels_than_places_those_that_waited_longest_go_first(box: Channel, other_box: Channel) -> None:
    flood(box, 3)
    accept(other_box, letter("later"))
    third = Channel.objects.create(name="Third mailbox", kind="email", address="third@rapport.example")
    accept(third, letter("last"))
    assert claimed(2) == [b"flood 0", b"later"]
    assert claimed(3) == [b"flood 0", b"later", b"last"]


def test_nothing_waiting_is_nothing_claimed(box: Channel) -> None:
    assert claimed(10) == []
    assert pipeline.run_batch().handled == 0
    assert pipeline.run_carefully().handled == 0


def test_the_items_of_a_failed_batch_are_those_tried_one_by_one(
    box: Channel, other_box: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the oldest: among a flood's those would be others, and the batch with the poison would fail again."""
    store = storing.store
    fragile: Callable[[storing.Batch], None] = _fragile(store)
    monkeypatch.setattr(storing, "store", fragile)
    flood(box, 30)
    accept(other_box, letter("poison"))
    assert pipeline.run_batch(4).states == {"stored": 3, "quarantined": 1}
    assert waiting(box) == 27
    assert pipeline.run_batch(100).states == {"stored": 27}


def _fragile(store: Callable[[storing.Batch], None]) -> Callable[[storing.Batch], None]:
    def fragile(batch: storing.Batch) -> None:
        if any("poison" in arrival.said.text for arrival in batch.arrivals):
            raise DataError("value too long")
        store(batch)

    return fragile
