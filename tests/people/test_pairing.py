"""Suggestions are decided once, for whole trees, and every decision can be taken back."""

from uuid import UUID

import pytest

from rapport.core import scope
from rapport.core.errors import Invalid, NotVisible
from rapport.core.models import Event
from rapport.people import merging, pairing
from rapport.people.models import Merge, Pair, Person
from rapport.staff.models import Member, Membership, Team
from tests.people.folk import FAKE, PHONE, pair, person, root_of, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Member:
    return Member.objects.create(email="ana@company.example", name="Ana")


@pytest.fixture
def lea() -> Member:
    return Member.objects.create(email="lea@company.example", name="Lea")


def _seen(who: Member, **given: object) -> list[float]:
    with scope.member(who.id):
        return [one.probability for one in pairing.open_pairs(limit=20, **given)]  # type: ignore[arg-type]


def test_joining_puts_the_weaker_side_under_the_stronger_with_the_evidence(ana: Member) -> None:
    known = person("Ann Ex", "email:ann@example.org", how="dmarc")
    account = person("ann ex", "bluesky:did:plc:1")
    one = pair(account, known)
    made = pairing.confirm(one, ana)
    assert root_of(account) == known.id
    assert (made.into_id, made.child_id, made.evidence) == (known.id, account.id, one.evidence)
    assert state_of(one) == "joined"
    with scope.system():
        assert Event.objects.filter(kind="pair.confirmed", actor_id=ana.id).count() == 1


def test_the_member_may_let_the_other_side_stay(ana: Member) -> None:
    known, account = person("Ann Ex", "email:ann@example.org", how="dmarc"), person("ann ex", "bluesky:did:plc:1")
    pairing.confirm(pair(account, known), ana, into=account.id)
    assert root_of(known) == account.id


def test_taking_a_join_back_restores_both_and_suggests_them_again(ana: Member) -> None:
    one, other = person("Ann Ex", "email:ann@example.org"), person("Ann Ex", "email:a@home.example")
    suggested = pair(one, other)
    pairing.confirm(suggested, ana)
    pairing.reconsider(suggested, ana)
    assert (root_of(one), root_of(other)) == (one.id, other.id)
    assert state_of(suggested) == "open"
    assert _seen(ana) == [0.9]


def test_of_two_members_the_second_is_told_what_the_first_decided_and_nothing_happens(ana: Member, lea: Member) -> None:
    one = pair(person("Ann Ex", "email:ann@example.org"), person("Ann Ex", "email:a@home.example"))
    pairing.refuse(one, ana)
    with pytest.raises(Invalid, match="Ana has decided already that these are two people"):
        pairing.confirm(one, lea)
    with scope.system():
        assert not Merge.objects.exists()
    pairing.reconsider(one, ana)
    pairing.confirm(one, ana)
    with pytest.raises(Invalid, match="Ana has joined these two already"):
        pairing.refuse(one, lea)
    assert state_of(one) == "joined"


def test_what_was_refused_is_refused_for_whole_trees_also_as_they_grow(ana: Member) -> None:
    one, also_one, other = person("Ann Ex"), person("Ann E."), person("Ann Exe")
    first, second = pair(one, other, 0.9), pair(also_one, other, 0.8)
    pairing.refuse(first, ana)
    assert _seen(ana) == [0.8]
    merging.merge(one, also_one, ana)
    assert _seen(ana) == []
    with pytest.raises(Invalid, match="different people"):
        pairing.confirm(second, ana)
    with pytest.raises(Invalid):
        merging.merge(one, other, ana)
    assert root_of(other) == other.id


def test_one_decision_closes_all_between_two_trees_and_taking_it_back_opens_all(ana: Member) -> None:
    one, also_one, other = person("Ann Ex"), person("Ann E."), person("Ann Exe")
    merging.merge(one, also_one, ana)
    pairs = [pair(one, other), pair(also_one, other, 0.7)]
    for decide in (pairing.confirm, pairing.refuse):
        decide(pairs[0], ana)
        assert "open" not in [state_of(each) for each in pairs]
        pairing.reconsider(pairs[0], ana)
        assert [state_of(each) for each in pairs] == ["open", "open"]


def test_an_impersonator_is_never_joined_in_one_step(ana: Member) -> None:
    known = person("Ann Ex", "email:ann@example.org", how="dmarc")
    fake = person("Ann Ex", "fediverse:ann@social.example")
    for flagged in (
        {"flags": ["impersonation"]},
        {"evidence": [FAKE]},
    ):
        with scope.system():
            Pair.objects.all().delete()
        one = pair(known, fake, 0.97, *flagged.get("evidence", ()), flags=flagged.get("flags", []))
        with pytest.raises(Invalid, match="only took the name"):
            pairing.confirm(one, ana)
        assert root_of(fake) == fake.id
    pairing.confirm(one, ana, knowingly=True)
    assert root_of(fake) == known.id


def test_suggestions_come_best_first_page_by_page_and_back(ana: Member) -> None:
    known = person("Ann Ex")
    for number in range(6):
        pair(known, person(f"Ann {number}"), 0.5 + number / 10 if number < 4 else 0.8)
    seen, place = [], None
    with scope.member(ana.id):
        while found := pairing.open_pairs(place, limit=2):
            seen += found
            place = pairing.place_of(found[-1])
        assert pairing.open_pairs(pairing.place_of(seen[3]), back=True, limit=2) == [seen[2], seen[1]]
    assert len(seen) == len(set(seen)) == 6
    assert [one.probability for one in seen] == sorted((one.probability for one in seen), reverse=True)
    with scope.member(ana.id):
        assert [pairing.read_place(str(pairing.place_of(one))) for one in seen] == [
            pairing.place_of(one) for one in seen
        ]


@pytest.mark.parametrize("text", ["", "x", "0.5", "0.5_x_y", "nan_" + f"{UUID(int=1)}_{UUID(int=2)}", "2_1_1"])
def test_a_place_that_is_none_is_none(text: str) -> None:
    assert pairing.read_place(text) is None


def test_filters_and_counts(ana: Member) -> None:
    held = person("Ann Ex", holder=ana)
    pair(held, person("Ann E."), 0.99)
    pair(person("Bob Ex"), person("Bob E."), 0.97, PHONE)
    pair(person("Cy Ex"), person("Cy E."), 0.96, flags=["impersonation"])
    assert _seen(ana) == [0.99, 0.97, 0.96]
    assert _seen(ana, only=pairing.SURE) == [0.99]
    assert _seen(ana, only=pairing.WARNED) == [0.97, 0.96]
    assert _seen(ana, only=pairing.MINE, member=ana) == [0.99]
    with scope.member(ana.id):
        assert pairing.count_open() == 3


def test_nobody_in_particular_is_no_suggestion_nor_who_was_erased(ana: Member) -> None:
    pair(person("info@example.org", shared=True), person("Ann Ex"))
    pair(person("Ann Ex", erased_at="2026-01-01T00:00Z"), person("Ann Ex"))
    assert _seen(ana) == []


def test_whoever_may_not_see_one_of_them_sees_no_suggestion(ana: Member, lea: Member) -> None:
    hr = Team.objects.create(name="HR", slug="hr", confidential=True)
    Membership.objects.create(team=hr, member=lea)
    one = pair(person("Ann Ex"), person("Ann Ex", audience=[hr.id]))
    assert _seen(ana) == []
    assert _seen(lea) == [0.9]
    with scope.member(ana.id), pytest.raises(NotVisible):
        pairing.pair_of(one.low_id, one.high_id)
    pairing.refuse(one, lea)
    with scope.member(ana.id):
        assert not Event.objects.filter(kind="pair.refused").exists()
    with scope.member(lea.id):
        assert Event.objects.filter(kind="pair.refused").count() == 1


def test_what_was_joined_by_hand_is_taken_apart_there(ana: Member) -> None:
    one, other = person("Ann Ex"), person("Ann E.")
    suggested = pair(one, other)
    merging.merge(one, other, ana)
    with pytest.raises(Invalid, match="another way"):
        pairing.reconsider(suggested, ana)
    with scope.system():
        assert Person.objects.filter(root=one.id).count() == 2
