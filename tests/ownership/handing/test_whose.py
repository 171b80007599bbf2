"""Who is taken out of a team, or becomes a reader, keeps nothing of it: found by whose it is, after ten minutes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.conversations import undoing
from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.models import Event
from rapport.notices.models import Notice
from rapport.ownership.handing import left, over, whose, working
from rapport.ownership.models import Decision, Example, Heir
from rapport.staff import directory
from rapport.staff.models import GroupRule, Member, Membership, Origin, Team
from tests.ownership.handing.conftest import WEDNESDAY, Shop
from tests.ownership.handing.test_left import hear, owners, reasons

Later = Callable[[timedelta], Any]
SETTLED = whose.SETTLES + timedelta(seconds=1)


def by_hand(shop: Shop) -> None:
    Membership.objects.filter(member=shop.ann, team=shop.team).delete()


def by_a_directory(shop: Shop) -> None:
    GroupRule.objects.create(group="Support", team=shop.team)
    Membership.objects.filter(member=shop.ann).update(origin=Origin.SCIM)
    directory.apply_groups(shop.ann, [], Origin.SCIM)


def by_sql(shop: Shop) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM staff_membership WHERE member_id = %s", [shop.ann.id])


def reads(shop: Shop) -> None:
    Member.objects.filter(id=shop.ann.id).update(role="reader")


def look(later: Later, after: timedelta = SETTLED) -> float:
    """What the worker does so long after the tests begin; when it looks again."""
    working._looked = working._Looked()  # as a worker that was started anew
    with later(after), scope.system():
        return working.work_once()


OUT, READS = "Ann is not of the team any more", "Ann only reads now"


@pytest.mark.parametrize(("how", "why"), [(by_hand, OUT), (by_a_directory, OUT), (by_sql, OUT), (reads, READS)])
def test_it_goes_back_to_the_team_and_says_why(how: Callable[[Shop], None], why: str, shop: Shop, later: Later) -> None:
    one = shop.add(owner_member=shop.ann)
    how(shop)
    look(later)
    assert owners() == ["Bob"]
    assert reasons(one)[0] == f"Service owns this: {why}"
    assert "Bob suits it best" in reasons(one)[1]
    gone = Event.objects.filter(kind="conversation.assigned", data__how="left")
    assert [(one.actor_id, one.data["from_member"]) for one in gone] == [(None, str(shop.ann.id))]
    assert undoing.undoable(gone, Conversation.objects.in_bulk()) == set(), "they could not have it"
    assert not Example.objects.exists(), "nobody decided that it is whose"


@pytest.mark.parametrize("how", [by_hand, reads])
def test_who_is_put_back_within_ten_minutes_keeps_what_they_have(
    how: Callable[[Shop], None], shop: Shop, later: Later
) -> None:
    shop.add(owner_member=shop.ann)
    how(shop)
    with later(timedelta(minutes=9)), scope.system():
        assert left.give_on() == WEDNESDAY + whose.SETTLES
        Member.objects.filter(id=shop.ann.id).update(role="agent")
        Membership.objects.get_or_create(member=shop.ann, team=shop.team)
    look(later)
    look(later, timedelta(days=1))
    assert owners() == ["Ann"]
    assert not Decision.objects.exists()


def test_the_worker_looks_again_as_the_ten_minutes_are_over(shop: Shop, later: Later) -> None:
    shop.add(owner_member=shop.ann)
    by_hand(shop)
    assert look(later, whose.SETTLES - timedelta(seconds=4)) <= 4.0
    assert owners() == ["Ann"]


def test_all_members_are_read_for_it_every_few_seconds_only_and_when_more_is_due(
    shop: Shop, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left, "_AT_ONCE", 1)
    monkeypatch.setattr(left, "_LOOK_MAX", 1)
    monkeypatch.setattr(working, "_looked", working._Looked())
    shop.update(taken_by="self")
    for _ in range(3):
        shop.add(owner_member=shop.ann)
    with scope.system():
        working.work_once()
    by_hand(shop)
    with later(timedelta(seconds=3)), scope.system():
        working.work_once()
        assert working._looked.gives_on is None, "not yet read anew"
    for seconds, left_over in ((11, 3), (609, 2), (609.5, 1), (610, 0)):
        with later(timedelta(seconds=seconds)), scope.system():
            working.work_once()
        assert owners().count("Ann") == left_over


def test_what_they_have_in_other_teams_stays_with_them(shop: Shop, later: Later) -> None:
    sales = Team.objects.create(name="Sales", slug="sales", is_open=True)
    Membership.objects.create(member=shop.ann, team=sales)
    shop.add(owner_member=shop.ann, owner_team=sales)
    shop.add(owner_member=shop.ann)
    shop.add(owner_member=shop.bob)
    by_hand(shop)
    look(later)
    assert owners() == ["Ann", "Bob", "Bob"]


@pytest.mark.parametrize("of", ["a team out of use", "no team"])
def test_where_nobody_could_take_it_who_may_answer_keeps_it(of: str, shop: Shop, later: Later) -> None:
    shop.add(owner_member=shop.ann, **({"owner_team": None} if of == "no team" else {}))
    by_hand(shop)
    shop.update(is_active=False)
    look(later)
    assert owners() == ["Ann"]
    assert not Decision.objects.exists()


def test_what_is_kept_to_a_team_never_leaves_it(shop: Shop, later: Later) -> None:
    board = Team.objects.create(name="Board", slug="board", is_open=False, confidential=True)
    Membership.objects.create(member=shop.ann, team=board)
    secret = shop.add(owner_team=board, owner_member=shop.ann, confidential=True, audience=[board.id])
    Membership.objects.filter(member=shop.ann).delete()
    look(later)
    secret.refresh_from_db()
    assert (secret.owner_team, secret.owner_member, secret.audience) == (board, None, [board.id])


def test_whom_an_administrator_named_gets_it_also_what_is_opened_a_year_later(shop: Shop, later: Later) -> None:
    ada = Member.objects.create_user("ada@example.org", name="Ada", role="admin")
    one, closed = shop.add(owner_member=shop.ann), shop.add(owner_member=shop.ann, status="resolved")
    left.name_heirs(shop.ann, {shop.team.id: shop.bob.id}, ada, [shop.team.id])
    by_hand(shop)
    look(later)
    assert owners() == ["Bob", "Ann"]
    assert reasons(one) == [f"Service owns this: {OUT}; Ada gave it to Bob"]
    Conversation.objects.filter(id=closed.id).update(status="open")
    look(later, timedelta(days=365))
    assert owners() == ["Bob", "Bob"]


def test_who_is_of_the_team_again_has_what_they_have_there(shop: Shop, later: Later) -> None:
    sales = Team.objects.create(name="Sales", slug="sales")
    Membership.objects.create(member=shop.bob, team=sales)
    left.name_heirs(shop.ann, {shop.team.id: shop.bob.id, sales.id: shop.bob.id}, shop.bob)
    left.name_heirs(shop.ann, {}, shop.bob, [])
    assert Heir.objects.count() == 2
    shop.add(owner_member=shop.ann)
    look(later)
    assert owners() == ["Ann"]
    assert Heir.objects.get().team == sales, "of that one they are not"


def test_whoever_left_is_offered_nothing_that_they_could_not_take_back(shop: Shop, later: Later) -> None:
    shop.add(owner_member=shop.ann)
    left.name_heirs(shop.ann, {shop.team.id: shop.bob.id}, shop.bob, [shop.team.id])
    by_hand(shop)
    look(later)
    assert over.handed_over_by(shop.ann) == []
    Membership.objects.create(member=shop.ann, team=shop.team)
    assert len(over.handed_over_by(shop.ann)) == 1


def test_leads_and_whoever_gets_it_are_told(shop: Shop, later: Later) -> None:
    shop.update(taken_by="self")
    Membership.objects.filter(member=shop.bob).update(is_lead=True)
    shop.add(owner_member=shop.ann)
    hear()
    by_hand(shop)
    look(later)
    hear()
    assert list(Notice.objects.values_list("member__name", "reason")) == [("Bob", "returned")]


TEAMS = range(3)
PEOPLE = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["agent", "lead", "reader"]), st.sets(st.sampled_from(TEAMS))),
    min_size=4, max_size=4,
)  # fmt: skip
HELD = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([*TEAMS, None])), max_size=8)


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(people=PEOPLE, held=HELD, used=st.lists(st.booleans(), min_size=3, max_size=3))
def test_who_may_not_have_something_has_it_no_more_and_who_may_keeps_it(
    people: list[tuple[bool, str, set[int]]], held: list[tuple[int, int | None]], used: list[bool]
) -> None:
    with scope.system():
        before = transaction.savepoint()
        teams = [Team.objects.create(name=f"T{n}", slug=f"t{n}", is_active=used[n]) for n in TEAMS]
        members = []
        for n, (active, role, belongs) in enumerate(people):
            members.append(Member.objects.create_user(f"m{n}@e.example", name=f"M{n}", role=role, is_active=active))
            Membership.objects.bulk_create(Membership(member=members[n], team=teams[at]) for at in belongs)
        for who, team in held:
            place = {"owner_team": teams[team], "audience": [teams[team].id]} if team is not None else {}
            Conversation.objects.create(owner_member=members[who], **place)
        assert left.give_on() is None
        for one, (who, team) in zip(Conversation.objects.order_by("id"), held, strict=True):
            active, role, belongs = people[who]
            may = active and role != "reader" and (team is None or not used[team] or team in belongs)
            assert one.owner_member_id == (members[who].id if may else None)
            assert one.owner_team_id == (None if team is None else teams[team].id)
            assert Decision.objects.filter(conversation=one).count() == (0 if may else 1)
        transaction.savepoint_rollback(before)
