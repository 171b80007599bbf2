"""Every verb is taken back once, if nothing has happened since; any sequence of them ends where it began."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.channels.models import Channel
from rapport.conversations import actions, merging, snoozing, splitting, undoing
from rapport.conversations.models import (
    Conversation,
    Message,
    Status,
    ThreadRef,
)  # fmt: skip
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible, RapportError
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.ownership.actions import assign
from rapport.staff.models import Member, Team
from tests.conversations.makers import (
    fresh,
    kinds,
    last_event,
    make_conversation,
    messages_of,
    receive,
    where,
)  # fmt: skip
from tests.inbound.post import make_member, make_team

pytestmark = pytest.mark.django_db


def _verbs(team: Team, member: Member) -> dict:
    return {
        "conversation.resolved": lambda id: actions.resolve(id, member),
        "conversation.spam": lambda id: actions.mark_spam(id, member),
        "conversation.priority": lambda id: actions.set_priority(id, member, 3),
        "conversation.confidential": lambda id: actions.set_confidential(id, member, True),
        "conversation.snoozed": lambda id: snoozing.snooze(id, member, now() + timedelta(days=1)),
        "conversation.assigned": lambda id: assign(id, member, team, None),
        "team.involved": lambda id: actions.involve(id, member, team),
    }


def _state(one: Conversation) -> tuple:
    c = fresh(one)
    return (
        c.status, c.resolved_at, c.priority, c.confidential, c.snoozed, c.snoozed_until, c.owner_team_id,
        c.owner_member_id, c.involved, c.audience, c.awaiting_answer,
    )  # fmt: skip


@pytest.mark.parametrize("kind", list(_verbs(None, None)))  # type: ignore[arg-type]
def test_every_verb_is_taken_back_once(support: Team, box: Channel, agent: Member, kind: str) -> None:
    one = make_conversation(support, box, awaiting_answer=True)
    before = _state(one)
    _verbs(make_team("other"), agent)[kind](one.id)
    assert _state(one) != before
    event = last_event(kind)
    with scope.system():
        rows = list(Event.objects.filter(id=event))
        assert undoing.undoable(rows, {one.id: fresh(one)}) == {event}
    undoing.undo(event, agent)
    assert _state(one) == before
    with scope.system():
        assert undoing.undoable(rows, {one.id: fresh(one)}) == set()
    with pytest.raises(Invalid):
        undoing.undo(event, agent)
    assert kinds() == [kind, "conversation.undone"]


def test_what_changed_since_is_not_overwritten(support: Team, box: Channel, agent: Member) -> None:
    one = make_conversation(support, box)
    actions.set_priority(one.id, agent, 3)
    event = last_event("conversation.priority")
    actions.set_priority(one.id, agent, 0)
    with pytest.raises(Invalid):
        undoing.undo(event, agent)
    assert fresh(one).priority == 0


def test_who_gave_it_out_of_sight_may_take_it_back_while_nothing_happened(
    support: Team, hr: Team, box: Channel, agent: Member
) -> None:
    one, other = make_conversation(support, box), make_conversation(support, box)
    assign(one.id, agent, hr)
    assign(other.id, agent, hr)
    with scope.system():
        first, second = Event.objects.filter(kind="conversation.assigned").order_by("id")
    actions.note(other.id, make_member("insider", hr), "Between us.")
    undoing.undo(first.id, agent)
    assert (fresh(one).owner_team_id, fresh(one).confidential) == (support.id, False)
    with pytest.raises(NotVisible):
        undoing.undo(second.id, agent)
    with pytest.raises(NotVisible):
        undoing.undo(second.id, make_member("stranger", support))
    assert fresh(other).owner_team_id == hr.id


def test_a_batch_is_taken_back_together(support: Team, box: Channel, agent: Member) -> None:
    some = [make_conversation(support, box) for _ in range(3)]
    batch = new_id()
    with events.batch(batch):
        for one in some:
            actions.resolve(one.id, agent)
    actions.reopen(some[0].id, agent)
    other = make_member("other", support)
    with pytest.raises(NotVisible):
        undoing.undo_batch(batch, other)
    assert undoing.undo_batch(batch, agent) == undoing.Undone(2, 1)
    assert {fresh(one).status for one in some} == {Status.OPEN}


STEPS = st.lists(
    st.tuples(st.sampled_from(["merge", "split", "move", "mail", "undo"]), st.integers(0, 9), st.integers(0, 9)),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_no_message_is_lost_or_twice_and_taken_back_in_reverse_all_is_where_it_was(
    steps: list[tuple[str, int, int]], support: Team, box: Channel, agent: Member
) -> None:
    with scope.system():
        Message.objects.all().delete()
        Conversation.objects.exclude(merged_into=None).delete()
        for old in Conversation.objects.all():
            old.delete()
        ThreadRef.objects.all().delete()
    for _ in range(3):
        make_conversation(support, box, 2)
    came = set(where())
    done: list = []
    for what, a, b in steps:
        came |= _step(what, a, b, box, agent, done)
        assert set(where()) == came
    while done:
        event, before = done.pop()
        undoing.undo(event, agent)
        here = where()
        assert {id: here[id] for id in before} == before
    assert set(where()) == came


def _step(what: str, a: int, b: int, box: Channel, agent: Member, done: list) -> set:
    with scope.system():
        alive = list(Conversation.objects.filter(merged_into=None).order_by("id"))
    one, other = alive[a % len(alive)], alive[b % len(alive)]
    before, said = where(), messages_of(one)
    try:
        if what == "merge":
            merging.merge(one.id, [other.id], agent)
            done.append((last_event("conversation.merged"), before))
        elif what == "split":
            splitting.split(one.id, said[: 1 + b % 2], agent)
            done.append((last_event("conversation.split"), before))
        elif what == "move":
            splitting.move(one.id, said[:1], other.id, agent)
            done.append((last_event("messages.moved"), before))
        elif what == "mail":
            return {receive(one.id, box)}
        elif done:
            event, was = done.pop()
            undoing.undo(event, agent)
            assert {id: at for id, at in where().items() if id in was} == was
    except RapportError:
        assert where() == before
    return set()
