"""What people decide is an example to learn from, written with the decision and taken back with it."""

import pytest

from rapport.conversations import undoing
from rapport.conversations.models import Conversation, Status
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed
from rapport.core.models import Event
from rapport.ownership import actions, teaching
from rapport.ownership.models import Decision, Example, LearnedModel, Source
from rapport.staff.models import Member, Membership, Team


@pytest.fixture
def ann(db: None) -> Member:
    support = Team.objects.create(name="Support", slug="support")
    Team.objects.create(name="Product", slug="product")
    Team.objects.create(name="HR", slug="hr", confidential=True)
    ann = Member.objects.create(email="ann@example.org", name="Ann")
    Membership.objects.create(team=support, member=ann)
    return ann


@pytest.fixture
def one(ann: Member) -> Conversation:
    with scope.system():
        return Conversation.objects.create(owner_team=Team.objects.get(slug="support"), audience=[EVERYONE])


def team(slug: str) -> Team:
    return Team.objects.get(slug=slug)


def labels() -> list[str | None]:
    with scope.system():
        return list(Example.objects.filter(kind="team").order_by("id").values_list("label", flat=True))


def newest(kind: str) -> Event:
    with scope.system():
        return Event.objects.filter(kind=kind).latest("id")


def test_moving_taking_and_spam_are_examples_and_giving_back_is_none(ann: Member, one: Conversation) -> None:
    actions.assign(one.id, ann, team("product"))
    actions.assign(one.id, ann, team("support"), ann)
    actions.assign(one.id, ann, team("support"))
    actions.assign(one.id, ann, None)
    actions.mark_spam(one.id, ann)
    assert labels() == ["product", "support", None]
    with scope.system():
        assert {tuple(e.audience) for e in Example.objects.all()} == {(EVERYONE,)}
        assert {e.member_id for e in Example.objects.all()} == {ann.id}


def test_giving_it_again_to_whom_it_is_says_that_it_is_right_once_and_is_undone_alone(
    ann: Member, one: Conversation
) -> None:
    assert actions.assign(one.id, ann, team("support")) is None
    assert actions.assign(one.id, ann, team("support")) is None
    assert labels() == ["support"], "said twice is said once"
    with scope.system():
        assert not Decision.objects.exists(), "nobody got anything"
    undoing.undo(newest(actions.CONFIRMED).id, ann)
    assert labels() == []
    with scope.system():
        one.refresh_from_db()
    assert one.owner_team == team("support")


def decided(one: Conversation, *, rule: int | None = None, acted: bool = False) -> None:
    with scope.system():
        Conversation.objects.filter(id=one.id).update(first_answered_at=now())
        Decision.objects.create(
            conversation=one, source=Source.POLICY, owner_team=one.owner_team, rule=rule,
            suggestion={"team": "support", "acted": acted},
        )  # fmt: skip


def test_what_the_team_that_sorts_answers_and_resolves_was_theirs_until_it_is_opened_again(
    ann: Member, one: Conversation
) -> None:
    decided(one)
    actions.resolve(one.id, ann)
    with scope.system():
        assert Example.objects.filter(kind="team").values_list("label", "implied").get() == ("support", True)
    actions.reopen(one.id, ann)
    assert labels() == []


@pytest.mark.parametrize("how", ["a rule said it", "what was learned said it", "nobody answered"])
def test_what_a_rule_or_the_learner_said_itself_or_nobody_answered_is_no_example(
    ann: Member, one: Conversation, how: str
) -> None:
    decided(one, rule=3 if how == "a rule said it" else None, acted=how == "what was learned said it")
    if how == "nobody answered":
        with scope.system():
            Conversation.objects.filter(id=one.id).update(first_answered_at=None)
    actions.resolve(one.id, ann)
    assert labels() == []


def test_what_is_undone_teaches_nothing(ann: Member, one: Conversation) -> None:
    actions.assign(one.id, ann, team("product"))
    undoing.undo(newest(actions.ASSIGNED).id, ann)
    assert labels() == []
    actions.mark_spam(one.id, ann)
    undoing.undo(newest("conversation.spam").id, ann)
    assert labels() == []


def test_what_is_no_spam_after_all_teaches_nothing(ann: Member, one: Conversation) -> None:
    actions.mark_spam(one.id, ann)
    actions.mark_spam(one.id, ann)
    assert labels() == [None]
    actions.reopen(one.id, ann)
    assert labels() == []
    undoing.undo(newest("conversation.reopened").id, ann)
    assert labels() == [None]
    actions.set_status(one.id, ann, Status.RESOLVED)
    assert labels() == []


def test_what_may_not_be_done_teaches_nothing(ann: Member, one: Conversation) -> None:
    gone = team("product")
    gone.is_active = False
    gone.save()
    with pytest.raises(Invalid):
        actions.assign(one.id, ann, gone)
    reader = Member.objects.create(email="rex@example.org", name="Rex", role="reader")
    for act in (lambda: actions.assign(one.id, reader, team("hr")), lambda: actions.mark_spam(one.id, reader)):
        with pytest.raises(NotAllowed):
            act()
    assert labels() == []


def test_an_example_is_known_to_whoever_may_know_of_its_conversation(ann: Member, one: Conversation) -> None:
    hana = Member.objects.create(email="hana@example.org", name="Hana")
    Membership.objects.create(team=team("hr"), member=hana)
    actions.assign(one.id, ann, team("hr"))
    assert labels() == ["hr"]
    with scope.member(ann.id):
        assert not Example.objects.exists()
        assert not LearnedModel.objects.exists()
    with scope.member(hana.id):
        assert [list(one.audience) for one in Example.objects.all()] == [[team("hr").id]]


def test_examples_are_set_aside_by_member_and_time_and_brought_back(ann: Member, one: Conversation) -> None:
    actions.assign(one.id, ann, team("product"))
    with scope.system():
        LearnedModel.objects.create(data=b"")
        with pytest.raises(Invalid):
            teaching.set_aside(teaching.Span(), ann)
        assert not LearnedModel.objects.get().stale
        assert teaching.set_aside(teaching.Span(member_id=ann.id), ann) == 1
        assert LearnedModel.objects.get().stale
        assert not teaching.Span(member_id=ann.id).chosen.exists()
        ((at, many, whose),) = teaching.put_aside()
        assert (many, whose) == (1, ["Ann"])
        assert teaching.bring_back(at, ann) == 1
        assert teaching.Span(member_id=ann.id).chosen.count() == 1
