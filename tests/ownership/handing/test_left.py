"""Whose account is closed keeps nothing: it goes to whom an administrator named, or back to the team, and says why."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from rapport.conversations import undoing
from rapport.conversations.models import Conversation
from rapport.conversations.visibility import EVERYONE
from rapport.core import audit, clock
from rapport.core.errors import Invalid
from rapport.core.models import Event
from rapport.notices import gather
from rapport.notices.models import Notice
from rapport.ownership.actions import assign
from rapport.ownership.handing import left, over, queue, working
from rapport.ownership.models import Decision, Example, Heir, How, Turn
from rapport.staff import directory
from rapport.staff.models import Member, Membership, Team
from tests.ownership.handing.conftest import Shop


def owners() -> list[str | None]:
    return list(Conversation.objects.order_by("id").values_list("owner_member__name", flat=True))


def hear() -> None:
    audit.seal_waiting()
    gather.run()


def close(member: Member) -> None:
    directory.set_active(member, False, why="scim")


def reasons(one: Conversation) -> list[str]:
    return list(Decision.objects.filter(conversation=one).order_by("at", "id").values_list("sentence", flat=True))


def test_where_a_team_hands_out_it_goes_on_to_whoever_is_there_and_says_why(shop: Shop) -> None:
    one = shop.add(owner_member=shop.ann)
    close(shop.ann)
    working.work_once()
    assert owners() == ["Bob"]
    assert reasons(one) == [
        "Service owns this: the account of Ann was closed",
        "Service owns this: it waited less than a minute in the queue; "
        "Bob suits it best: has room for it (0 of 3)",
    ]
    gone = Event.objects.get(kind="conversation.assigned", data__how="left")
    assert gone.data["from_member"] == str(shop.ann.id)
    assert (gone.data["member"], gone.actor_id) == ("", None)
    assert not Example.objects.exists(), "nobody decided that it is whose"


def test_where_members_take_what_they_want_it_is_the_teams_until_somebody_does(shop: Shop) -> None:
    shop.update(taken_by="self")
    shop.add(owner_member=shop.ann)
    close(shop.ann)
    working.work_once()
    assert owners() == [None]
    assert queue.waiting(shop.team) == []
    assert not Turn.objects.exists()


def test_what_sleeps_sleeps_on_and_what_is_closed_stays_until_it_is_opened_again(shop: Shop) -> None:
    until = clock.now() + timedelta(days=2)
    asleep = shop.add(owner_member=shop.ann, snoozed=True, snoozed_until=until)
    closed = shop.add(owner_member=shop.ann, status="resolved")
    close(shop.ann)
    working.work_once()
    asleep.refresh_from_db()
    assert (asleep.owner_member, asleep.snoozed, asleep.snoozed_until) == (None, True, until)
    assert owners() == [None, "Ann"]
    Conversation.objects.filter(id=closed.id).update(status="open")
    working.work_once()
    assert owners() == [None, "Bob"]


def test_an_administrator_names_who_goes_on_with_it_however_much_they_have(shop: Shop) -> None:
    ada = Member.objects.create_user("ada@example.org", name="Ada", role="admin")
    one, *_ = [shop.add(owner_member=shop.ann) for _ in range(5)]
    left.name_heirs(shop.ann, {shop.team.id: shop.bob.id}, ada)
    close(shop.ann)
    working.work_once()
    assert owners() == ["Bob"] * 5
    assert reasons(one) == ["Service owns this: the account of Ann was closed; Ada gave it to Bob"]
    gone = Event.objects.filter(kind="conversation.assigned", data__how="left")
    assert (len(gone), undoing.undoable(gone, Conversation.objects.in_bulk())) == (5, set()), "no account to go back to"
    assert {(turn.how, turn.from_member_id) for turn in Turn.objects.all()} == {(How.LEFT, shop.ann.id)}


def test_what_is_kept_to_a_team_stays_with_it_and_an_heir_gets_nothing_of_another_team(shop: Shop) -> None:
    board = Team.objects.create(name="Board", slug="board", is_open=False, confidential=True)
    Membership.objects.create(member=shop.ann, team=board)
    secret = shop.add(owner_team=board, owner_member=shop.ann, confidential=True, audience=[board.id])
    ours = shop.add(owner_member=shop.ann, confidential=True)
    left.name_heirs(shop.ann, {shop.team.id: shop.bob.id}, shop.bob)
    close(shop.ann)
    working.work_once()
    secret.refresh_from_db()
    ours.refresh_from_db()
    assert (secret.owner_team, secret.owner_member, secret.audience) == (board, None, [board.id])
    assert (ours.owner_team, ours.owner_member, ours.audience) == (shop.team, shop.bob, [shop.team.id])
    assert EVERYONE not in secret.audience


@pytest.mark.parametrize("how", ["left", "reads", "of another team"])
def test_who_was_named_and_cannot_answer_any_more_gets_nothing(how: str, shop: Shop) -> None:
    cleo = Member.objects.create_user("cleo@example.org", name="Cleo")
    Membership.objects.create(member=cleo, team=shop.team)
    shop.add(owner_member=shop.ann)
    left.name_heirs(shop.ann, {shop.team.id: shop.bob.id}, cleo)
    if how == "of another team":
        Membership.objects.filter(member=shop.bob).delete()
    else:
        Member.objects.filter(id=shop.bob.id).update(**({"is_active": False} if how == "left" else {"role": "reader"}))
    close(shop.ann)
    working.work_once()
    assert owners() == ["Cleo"]


def test_only_who_answers_for_the_team_can_be_named(shop: Shop) -> None:
    reads = Member.objects.create_user("rex@example.org", name="Rex", role="reader")
    Membership.objects.create(member=reads, team=shop.team)
    other = Member.objects.create_user("cleo@example.org", name="Cleo")
    left.name_heirs(shop.ann, {shop.team.id: shop.bob.id}, shop.bob)
    for wrong in (reads, other, shop.ann):
        with pytest.raises(Invalid):
            left.name_heirs(shop.ann, {shop.team.id: wrong.id}, shop.bob)
    assert Heir.objects.get().to == shop.bob, "nothing was changed by what was refused"


def test_of_thousands_some_are_given_at_a_look_and_the_newest_are_told_of(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left, "_AT_ONCE", 3)
    monkeypatch.setattr(left, "_LOOK_MAX", 12)
    monkeypatch.setattr(left, "TOLD_MAX", 4)
    made = [shop.add(owner_member=shop.ann) for _ in range(17)]
    left.name_heirs(shop.ann, {shop.team.id: shop.bob.id}, shop.bob)
    hear()
    close(shop.ann)
    assert working.work_once() == working._AT_LEAST
    assert owners() == ["Bob"] * 12 + ["Ann"] * 5
    assert not left.give_on()
    assert owners() == ["Bob"] * 17
    hear()
    told = set(Notice.objects.filter(member=shop.bob, reason="assigned").values_list("conversation_id", flat=True))
    assert told == {one.id for one in made[-4:]}


def test_one_that_cannot_be_given_on_holds_up_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, *_ = [shop.add(owner_member=shop.ann) for _ in range(3)]
    true_give = left.give

    def give(conversation: Conversation, given: Any) -> Decision:
        if conversation.id == bad.id:
            raise ValueError("something is the matter with it")
        return true_give(conversation, given)

    monkeypatch.setattr(left, "give", give)
    monkeypatch.setattr(left, "_AT_ONCE", 1)
    close(shop.ann)
    assert not left.give_on()
    assert owners() == ["Ann", None, None]
    monkeypatch.undo()
    left.give_on()
    assert owners() == [None, None, None]


def test_a_database_that_does_not_answer_is_no_fault_of_a_conversation(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give(*_: object) -> None:
        raise OperationalError

    shop.add(owner_member=shop.ann)
    monkeypatch.setattr(left, "give", give)
    close(shop.ann)
    with pytest.raises(OperationalError):
        left.give_on()
    assert owners() == ["Ann"]


def test_who_is_back_has_nothing_back_but_can_take_it(shop: Shop) -> None:
    (one,) = [shop.add(owner_member=shop.ann)]
    left.name_heirs(shop.ann, {shop.team.id: shop.bob.id}, shop.bob)
    close(shop.ann)
    working.work_once()
    directory.set_active(shop.ann, True)
    shop.add(owner_member=shop.ann)
    working.work_once()
    assert owners() == ["Bob", "Ann"]
    assert not Heir.objects.exists()
    assert [turn.conversation_id for turn in over.handed_over_by(shop.ann)] == [one.id]
    assign(one.id, shop.ann, shop.team, shop.ann)
    assert owners() == ["Ann", "Ann"]
    close(shop.ann)
    working.work_once()
    assert "Ann" not in owners()


def test_leads_are_told_of_what_is_the_teams_again(shop: Shop) -> None:
    shop.update(taken_by="self")
    Membership.objects.filter(member=shop.bob).update(is_lead=True)
    shop.add(owner_member=shop.ann)
    hear()
    close(shop.ann)
    working.work_once()
    hear()
    assert list(Notice.objects.values_list("member__name", "reason")) == [("Bob", "returned")]
