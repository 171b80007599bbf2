"""A service that takes a connection and never answers holds up its own channel only."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

import pytest

from rapport.channels.base import Account, Outgoing, Sent
from rapport.channels.models import Channel
from rapport.channels.secrets import seal
from rapport.core import scope
from rapport.core.options import options
from rapport.inbound import intake, pipeline, worker
from rapport.outbound import actions
from rapport.outbound.models import Delivery
from rapport.outbound.senders import Senders
from rapport.staff.models import Member, Team
from tests.channels.parrot import Parrot, item
from tests.channels.standin import PATIENCE_S, until
from tests.inbound.post import make_member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mara(teams: dict[str, Team]) -> Member:
    return make_member("mara", teams["support"], role="admin")


@pytest.fixture
def mute(perch: Channel) -> Channel:
    """A second channel, whose bird holds its breath."""
    return Channel.objects.create(
        name="Our mute parrot", kind="parrot", address="@mute", config={"perch": "mute"},
        secrets=seal({"cracker": "salted"}),
    )  # fmt: skip


@pytest.fixture
def breath(mute: Channel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Held until it is set."""
    let_go, send = Event(), Parrot.send

    def hanging(
        self: Parrot, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]
    ) -> Sent:
        if account.id == mute.id:
            let_go.wait(PATIENCE_S * 3)
        return send(self, account, outgoing, about_to_send)

    monkeypatch.setattr(Parrot, "send", hanging)
    yield let_go
    let_go.set()


def answered(channel: Channel, mara: Member, name: str) -> Delivery:
    """Somebody asked on the channel, and the answer is due."""
    intake.accept(channel, [item(f"parrot:{name}", "Where is my cracker?", by=f"polly-{name}")])
    pipeline.run_batch()
    from rapport.conversations.models import Message

    with scope.system():
        conversation = Message.objects.get(message_id=f"parrot:{name}").conversation_id
    delivery = actions.reply(conversation, mara, actions.Answer(f"Here, {name}."))
    assert actions.send_now(conversation, mara, delivery.id)
    return delivery


def state(delivery: Delivery) -> str:
    with scope.system():
        return Delivery.objects.get(id=delivery.id).state


@contextmanager
def sending(monkeypatch: pytest.MonkeyPatch, at_most: int) -> Iterator[None]:
    monkeypatch.setattr(worker, "options", lambda: replace(options(), outbox_threads=at_most))
    stopping = Event()
    thread = threading.Thread(target=worker.run, args=(stopping, ["outbox"]))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_an_answer_elsewhere_goes_while_many_wait_for_a_service_that_hangs(
    perch: Channel, mute: Channel, mara: Member, breath: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = [answered(mute, mara, f"stuck{n}") for n in range(20)]
    free = [answered(perch, mara, f"free{n}") for n in range(3)]
    with sending(monkeypatch, 2):
        until(lambda: all(state(one) == "sent" for one in free))
        assert {state(one) for one in stuck} == {"queued"}
        breath.set()
        until(lambda: all(state(one) == "sent" for one in stuck))
    assert len(Parrot.spoken) == 23


def test_with_more_channels_than_threads_those_that_only_linger_make_room(
    perch: Channel, mute: Channel, mara: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sending(monkeypatch, 1):
        first = answered(perch, mara, "first")
        until(lambda: state(first) == "sent")
        second = answered(mute, mara, "second")
        until(lambda: state(second) == "sent")


def test_a_fault_in_one_channels_sending_ends_only_that(
    perch: Channel, mute: Channel, mara: Member, breath: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Parrot, account: Account, *_: object) -> Sent:
        raise ZeroDivisionError

    breath.set()
    send = Parrot.send
    monkeypatch.setattr(
        Parrot, "send", lambda self, account, *rest: (broken if account.id == mute.id else send)(self, account, *rest)
    )
    bad, good = answered(mute, mara, "bad"), answered(perch, mara, "good")
    with sending(monkeypatch, 4):
        until(lambda: state(good) == "sent")
    assert state(bad) == "queued"


def test_nothing_due_is_nobody_sending(perch: Channel) -> None:
    senders = Senders(Event(), 4)
    senders.call()
    senders.join(1)
    assert not senders._running
