"""What members do: each verb changes what it says, leaves an event, and nothing at all where it is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from rapport.conversations import actions
from rapport.conversations.models import Conversation, Direction, Message, Priority, Status, Topic
from rapport.conversations.visibility import EVERYONE, audience_of
from rapport.core import scope
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.outbound import actions as outbound
from rapport.ownership.actions import assign
from rapport.staff.models import Member, Role, Team
from tests.inbound.post import make_member, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Team:
    return make_team("support", is_open=False)


@pytest.fixture
def product() -> Team:
    return make_team("product", is_open=False)


@pytest.fixture
def hr() -> Team:
    return make_team("hr", confidential=True)


@pytest.fixture
def agent(support: Team) -> Member:
    return make_member("agent", support)


@pytest.fixture
def one(support: Team) -> Conversation:
    with scope.system():
        return Conversation.objects.create(
            subject="Order 7", owner_team=support, audience=[support.id], awaiting_answer=True
        )


def fresh(one: Conversation) -> Conversation:
    with scope.system():
        return Conversation.objects.get(id=one.id)


def kinds() -> list[str]:
    with scope.system():
        return list(Event.objects.order_by("id").values_list("kind", flat=True))


def visible_to(member: Member) -> bool:
    with scope.member(member.id):
        return Conversation.objects.exists()


def test_a_note_is_said_among_members_and_counted(one: Conversation, agent: Member) -> None:
    actions.note(one.id, agent, " Look\0 at this. ")
    with scope.system():
        said = Message.objects.get()
    assert (said.direction, said.text, said.member_id) == (Direction.NOTE, "Look at this.", agent.id)
    assert (fresh(one).message_count, kinds()) == (1, ["note.added"])


@pytest.mark.parametrize("text", ["", " \n\0 ", "x" * 100_001])
def test_an_empty_or_endless_note_is_refused(one: Conversation, agent: Member, text: str) -> None:
    with pytest.raises(Invalid):
        actions.note(one.id, agent, text)
    assert (fresh(one).message_count, kinds()) == (0, [])


def test_resolving_and_reopening_say_so_once(one: Conversation, agent: Member) -> None:
    actions.resolve(one.id, agent)
    actions.resolve(one.id, agent)
    assert (fresh(one).status, fresh(one).awaiting_answer) == (Status.RESOLVED, False)
    assert fresh(one).resolved_at is not None
    actions.reopen(one.id, agent)
    assert (fresh(one).status, fresh(one).resolved_at) == (Status.OPEN, None)
    assert kinds() == ["conversation.resolved", "conversation.reopened"]


def test_an_event_keeps_who_and_what_was_before(one: Conversation, agent: Member) -> None:
    actions.set_priority(one.id, agent, Priority.URGENT)
    with scope.system():
        event = Event.objects.get()
    assert (event.actor_id, event.conversation_id) == (agent.id, one.id)
    assert event.data == {"before": {"priority": 1}, "after": {"priority": 3}}


def test_topic_and_spam(one: Conversation, agent: Member) -> None:
    topic = Topic.objects.create(name="Refunds", slug="refund")
    actions.set_topic(one.id, agent, topic)
    actions.set_topic(one.id, agent, None)
    actions.mark_spam(one.id, agent)
    assert (fresh(one).topic_id, fresh(one).status) == (None, Status.SPAM)
    assert kinds() == ["conversation.topic", "conversation.topic", "conversation.spam"]


def test_a_priority_that_is_none_is_refused(one: Conversation, agent: Member) -> None:
    with pytest.raises(Invalid):
        actions.set_priority(one.id, agent, 4)
    assert kinds() == []


def test_an_involved_team_sees_it_until_it_is_no_longer_involved(
    one: Conversation, agent: Member, product: Team
) -> None:
    follower = make_member("follower", product)
    assert not visible_to(follower)
    actions.involve(one.id, agent, product)
    assert visible_to(follower)
    actions.uninvolve(one.id, agent, product)
    assert not visible_to(follower)
    assert kinds() == ["team.involved", "team.uninvolved"]


def test_in_confidence_the_involved_see_nothing(one: Conversation, agent: Member, product: Team) -> None:
    follower = make_member("follower", product)
    actions.involve(one.id, agent, product)
    actions.set_confidential(one.id, agent, True)
    assert not visible_to(follower)
    assert visible_to(agent)


def test_who_gives_a_matter_to_a_confidential_team_does_not_see_it_any_more(
    one: Conversation, agent: Member, hr: Team
) -> None:
    assert assign(one.id, agent, hr) is not None
    assert not visible_to(agent)
    assert visible_to(make_member("insider", hr))
    assert fresh(one).confidential
    with pytest.raises(NotVisible):
        actions.note(one.id, agent, "Wait!")


VERBS: dict[str, Callable[[Any, Member, Team], object]] = {
    "note": lambda id, actor, team: actions.note(id, actor, "Hello."),
    "resolve": lambda id, actor, team: actions.resolve(id, actor),
    "reopen": lambda id, actor, team: actions.reopen(id, actor),
    "spam": lambda id, actor, team: actions.mark_spam(id, actor),
    "priority": lambda id, actor, team: actions.set_priority(id, actor, 3),
    "topic": lambda id, actor, team: actions.set_topic(id, actor, None),
    "involve": lambda id, actor, team: actions.involve(id, actor, team),
    "uninvolve": lambda id, actor, team: actions.uninvolve(id, actor, team),
    "confidential": lambda id, actor, team: actions.set_confidential(id, actor, True),
    "assign": lambda id, actor, team: assign(id, actor, team),
    "reply": lambda id, actor, team: outbound.reply(id, actor, outbound.Answer("Hello.")),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("outsider", NotVisible),
        ("reader", NotAllowed),
        ("gone", NotVisible),
        ("nowhere", NotVisible),
        ("merged", Invalid),
    ],
)
def test_what_one_may_not_do_does_not_happen(
    one: Conversation, support: Team, product: Team, verb: str, who: str, error: type[Exception]
) -> None:
    actor = make_member(
        who, *([] if who == "outsider" else [support]), role=Role.READER if who == "reader" else Role.AGENT
    )
    if who == "gone":
        actor.is_active = False
        actor.save()
    if who == "merged":
        with scope.system():
            Conversation.objects.update(merged_into=new_id(), status=Status.MERGED)
    with scope.system():
        before = Conversation.objects.values().get()
    with pytest.raises(error):
        VERBS[verb](new_id() if who == "nowhere" else one.id, actor, product)
    with scope.system():
        assert Conversation.objects.values().get() == before
        assert not Message.objects.exists()
    assert kinds() == []


@pytest.mark.parametrize(
    ("owner", "is_open", "team_confidential", "confidential", "seen_by"),
    [
        (False, True, False, False, "everyone"),
        (True, True, False, False, "everyone"),
        (True, False, False, False, "owner and involved"),
        (True, True, False, True, "owner"),
        (True, True, True, False, "owner"),
        (True, False, True, True, "owner"),
    ],
)
def test_who_may_see_a_conversation(
    owner: bool, is_open: bool, team_confidential: bool, confidential: bool, seen_by: str
) -> None:
    team = Team(name="x", is_open=is_open, confidential=team_confidential) if owner else None
    involved = [new_id(), new_id()]
    expected = {
        "everyone": [EVERYONE],
        "owner": [team.id] if team else [],
        "owner and involved": sorted([team.id, *involved]) if team else [],
    }
    assert audience_of(team, involved, confidential) == expected[seen_by]
