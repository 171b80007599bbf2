"""A channel that brings mail is shown as working."""

from rapport.channels.models import Channel, ChannelState
from tests.inbound.post import accept, letter


def test_the_first_mail_makes_a_channel_work_and_says_when_it_was_heard(box: Channel) -> None:
    accept(box, letter())
    box.refresh_from_db()
    assert box.state == ChannelState.OK
    assert box.last_heard_at is not None


def test_a_channel_that_fails_is_not_called_well_by_a_mail(box: Channel) -> None:
    Channel.objects.filter(id=box.id).update(state=ChannelState.FAILING)
    accept(box, letter())
    box.refresh_from_db()
    assert box.state == ChannelState.FAILING


def test_nothing_new_is_nothing_heard(box: Channel) -> None:
    same = letter()
    accept(box, same)
    Channel.objects.filter(id=box.id).update(last_heard_at=None)
    accept(box, same)
    box.refresh_from_db()
    assert box.last_heard_at is None
