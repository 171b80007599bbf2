"""Several workers at the same moment, each with a connection of its own."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from threading import Event as Stop

import pytest
from django.db import OperationalError, connection

from rapport.channels.models import Channel
from rapport.conversations import clocks
from rapport.conversations.models import Clock, Conversation, Message, ThreadRef
from rapport.core import clock, notify, scope
from rapport.core.models import Event
from rapport.inbound import pipeline, worker
from rapport.inbound.models import RawItem
from rapport.ownership import escalating, service
from rapport.people.models import Handle, Person
from rapport.staff.models import Team
from tests.inbound.post import accept, conversations, letter, make_member

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*bodies: Callable[[], object]) -> None:
    """Run each in a thread, starting together; errors come back here."""
    barrier, errors = Barrier(len(bodies)), []

    def run(body: Callable[[], object]) -> None:
        try:
            barrier.wait(60)
            body()
        except Exception as error:  # noqa: BLE001 - told to the test
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors, errors


def work(limit: int) -> None:
    """As a worker does: until nothing waits, trying again where two stood in each other's way."""
    while True:
        try:
            if not pipeline.run_batch(limit).handled and not waiting():
                return
        except OperationalError:
            connection.close()


def waiting() -> bool:
    with scope.system():
        return RawItem.objects.filter(state="received").exists()


@pytest.mark.parametrize("turn", range(4))
def test_one_thread_handled_by_two_workers_at_once_is_one_conversation(box: Channel, turn: int) -> None:
    accept(box, letter(id="root@x.example"), *(letter(refs=["root@x.example"]) for _ in range(7)))
    at_once(lambda: work(1), lambda: work(1))
    (one,) = conversations()
    assert one.message_count == 8
    with scope.system():
        assert Message.objects.filter(conversation_id=one.id).count() == 8
        assert not Conversation.objects.exclude(id=one.id).exists()


def test_many_threads_and_people_handled_by_three_workers_are_what_one_would_have_made(box: Channel) -> None:
    mails = [
        letter(
            sender=f"person{n % 5}@x.example",
            id=f"{thread}.{n}@x.example",
            refs=[f"{thread}.{n - 1}@x.example"] if n else [],
        )
        for n in range(6)
        for thread in range(8)
    ]
    accept(box, *mails)
    at_once(*[lambda: work(3)] * 3)
    with scope.system():
        assert {c.message_count for c in conversations()} == {6}
        assert len(conversations()) == 8
        assert Message.objects.count() == 48
        assert Person.objects.count() == Handle.objects.count() == 5
        assert ThreadRef.objects.values("conversation_id").distinct().count() == 8
        living = {c.id for c in conversations()}
        assert set(Message.objects.values_list("conversation_id", flat=True)) == living


def test_the_same_mail_accepted_by_two_at_once_is_there_once(box: Channel) -> None:
    body = letter()
    at_once(lambda: accept(box, body), lambda: accept(box, body))
    with scope.system():
        assert RawItem.objects.count() == 1


def test_a_step_of_a_promise_is_done_once_by_two_workers_while_a_third_is_busy_with_one(box: Channel) -> None:
    then = {"owner": "support", "promise": {"first_answer": "1h"}}
    rules = [{"name": "All", "when": {"kind": "message"}, "then": then}]
    service.save_policy_dict({"triage": "support", "rules": rules}, service.SavedBy())
    make_member("agent", Team.objects.get(slug="support"))
    accept(box, *(letter(subject=f"Question {n}") for n in range(12)))
    work(20)
    late = clock.now() + timedelta(hours=2)

    def steps() -> None:
        with clock.travel(late):
            while escalating.run_due():
                pass

    held = conversations()[0].id
    with scope.system():
        Conversation.objects.select_for_update().get(id=held)
        at_once(steps, steps)
        assert not Event.objects.filter(kind="promise.broken", conversation_id=held).exists()
    steps()
    with scope.system():
        told = list(Event.objects.filter(kind="promise.broken").values_list("conversation_id", flat=True))
    assert len(told) == len(set(told)) == 12


def test_the_part_of_the_worker_that_does_steps_is_woken_by_a_nearer_one(box: Channel) -> None:
    then = {"owner": "support", "promise": {"resolution": "1d"}}
    rules = [{"name": "All", "when": {"kind": "message"}, "then": then}]
    service.save_policy_dict({"triage": "support", "rules": rules}, service.SavedBy())
    stopping, done = Stop(), Stop()
    thread = Thread(target=worker.run, args=(stopping, ["promises"]))
    thread.start()
    try:
        accept(box, letter())
        work(20)
        with scope.system():
            kept = Clock.objects.get()
            Clock.objects.update(next_at=clock.now())
            notify.wake(clocks.CHANNEL)
        for _ in range(400):
            with scope.system():
                if Clock.objects.get().step > kept.step:
                    done.set()
                    break
            stopping.wait(0.1)
    finally:
        stopping.set()
        thread.join(60)
    assert done.is_set()
    with scope.system():
        assert Event.objects.filter(kind__startswith="promise.").count() == 1
