"""Who may be the same human is suggested when somebody comes, and nightly of everybody: the same either way."""

import pytest

from rapport.core import scope
from rapport.core.clock import now
from rapport.people.full_pass import full_pass
from rapport.people.models import Handle, MatchKeys, MatchModel, Organization, Pair, PairState, Person
from rapport.people.suggesting import match_new

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _as_system(db: None):  # type: ignore[no-untyped-def]
    with scope.system():
        yield


def someone(name: str, *handles: tuple[str, str], **more: object) -> Person:
    person = Person.objects.create(name=name, **more)
    for kind, value in handles:
        Handle.objects.create(kind=kind, value=value, written=value, person=person)
    return person


def pairs() -> dict[frozenset[str], Pair]:
    names = {person.id: person.name for person in Person.objects.all()}
    return {frozenset((names[pair.low_id], names[pair.high_id])): pair for pair in Pair.objects.all()}


def crowd(size: int = 60) -> None:
    for n in range(size):
        someone(f"{'abcdefghij'[n % 10]}nn {'klmnopqrst'[n // 10 % 10]}orst{n}er", ("email", f"u{n}@example.org"))


def test_a_newcomer_with_the_name_of_somebody_at_the_same_organization_is_suggested() -> None:
    crowd()
    acme = Organization.objects.create(name="Acme", domain="acme.example")
    ann = someone("Ann Wexley-Tornquist", ("email", "ann@acme.example"), organization=acme)
    assert match_new() == 61
    assert Pair.objects.count() == 0
    later = someone("Wexley-Tornquist, Ann", ("phone", "+44123456789"), organization=acme)
    assert match_new() == 1
    pair = Pair.objects.get()
    assert {pair.low_id, pair.high_id} == {ann.id, later.id}
    assert pair.low_id < pair.high_id
    assert pair.probability > 0.5
    assert pair.state == PairState.OPEN
    assert {"same_name", "same_domain"} <= {piece["what"] for piece in pair.evidence}
    assert {piece["a"] for piece in pair.evidence if piece["what"] == "same_name"} <= {ann.name, later.name}


def test_batch_and_incremental_agree() -> None:
    crowd()
    for n, (one, other) in enumerate(
        (
            ("Bill Harcourt", "William Harcourt"),
            ("Zoë Ångström", "Zoe Angstrom"),
            ("Ivan Petrenko", "Петренко Иван"),
            ("Ann Smith", "Bob Smith"),
        )
    ):
        house = Organization.objects.create(name=f"House {n}", domain=f"house{n}.example")
        someone(one, ("email", f"first{n}@house{n}.example"), organization=house)
        someone(other, ("email", f"second{n}@example.net"), organization=house)
    assert full_pass() is not None
    nightly = {names: (pair.probability, pair.evidence, pair.flags) for names, pair in pairs().items()}
    assert frozenset(("Bill Harcourt", "William Harcourt")) in nightly
    assert frozenset(("Ivan Petrenko", "Петренко Иван")) in nightly
    assert frozenset(("Ann Smith", "Bob Smith")) not in nightly
    Pair.objects.all().delete()
    MatchKeys.objects.all().delete()
    Person.objects.update(matched_at=None)
    assert match_new(1000) == 68
    assert {names: (pair.probability, pair.evidence, pair.flags) for names, pair in pairs().items()} == nightly


def test_nobody_in_particular_and_the_erased_are_never_matched() -> None:
    crowd(20)
    someone("Ada Quillfeather", ("phone", "+4411111111"))
    someone("Ada Quillfeather", ("email", "info@example.org"), shared=True)
    someone("Ada Quillfeather", ("email", "gone@example.org"), erased_at=now())
    match_new()
    full_pass()
    assert Pair.objects.count() == 0
    assert MatchKeys.objects.count() == 21


def test_who_becomes_nobody_in_particular_is_suggested_no_more() -> None:
    crowd(20)
    someone("Ada Quillfeather", ("phone", "+4411111111"))
    later = someone("Ada Quillfeather", ("email", "a@example.org"))
    match_new()
    assert Pair.objects.count() == 1
    Person.objects.filter(id=later.id).update(shared=True, matched_at=None)
    match_new()
    assert Pair.objects.count() == 0
    assert not MatchKeys.objects.filter(person=later).exists()


@pytest.mark.parametrize("nightly", [True, False])
def test_what_was_refused_stays_apart_and_with_it_their_trees(nightly: bool) -> None:
    crowd(20)
    one = someone("Ada Quillfeather", ("phone", "+4411111111"))
    other = someone("Ada Quillfeather", ("email", "a@example.org"))
    match_new()
    Pair.objects.update(state=PairState.REFUSED)
    third = someone("Ada Quillfeather", ("phone", "+4422222222"), merged_into=other.id, top=other.id)
    Person.objects.update(matched_at=None)
    full_pass() if nightly else match_new()
    assert Pair.objects.count() == 1
    assert Pair.objects.get().state == PairState.REFUSED
    assert {one.id, other.id} == {Pair.objects.get().low_id, Pair.objects.get().high_id}
    assert third.id


def test_rows_of_one_tree_are_not_suggested_to_be_one() -> None:
    crowd(20)
    one = someone("Ada Quillfeather", ("phone", "+4411111111"))
    someone("Ada Quillfeather", ("email", "a@example.org"), merged_into=one.id, top=one.id)
    match_new()
    full_pass()
    assert Pair.objects.count() == 0


@pytest.mark.parametrize("nightly", [True, False])
def test_a_public_account_with_a_known_name_is_flagged_and_never_sure(nightly: bool) -> None:
    crowd(20)
    someone("Ada Quillfeather", ("email", "ada@example.org"))
    someone("Ada Quillfeather", ("fediverse", "realperson@social.example"))
    full_pass() if nightly else match_new()
    pair = Pair.objects.get()
    assert pair.flags == ["impersonation"]
    assert pair.probability <= 0.3
    assert {piece["what"] for piece in pair.evidence} <= {"same_name", "rare_surname"}


def test_a_public_account_that_bears_a_name_many_have_says_nothing() -> None:
    crowd(10)
    for n in range(8):
        someone("Ada Quillfeather", ("email", f"ada{n}@example.org"))
    someone("Ada Quillfeather", ("fediverse", "realperson@social.example"))
    full_pass()
    assert not Pair.objects.filter(flags__contains=["impersonation"]).exists()


def test_a_suggestion_that_no_longer_holds_is_withdrawn_and_decided_ones_stay() -> None:
    crowd(20)
    someone("Ada Quillfeather", ("phone", "+4411111111"))
    later = someone("Ada Quillfeather", ("email", "a@example.org"))
    full_pass()
    assert Pair.objects.count() == 1
    Person.objects.filter(id=later.id).update(name="Boris Underhill", matched_at=None)
    full_pass()
    assert Pair.objects.count() == 0
    assert Person.objects.filter(matched_at=None).count() == 0


def test_an_empty_directory_is_no_trouble() -> None:
    done = full_pass()
    assert done is not None
    assert (done.people, done.suggested) == (0, 0)
    assert match_new() == 0


def test_old_models_go_and_hold_no_word() -> None:
    crowd(30)
    for n in range(6):
        someone("Ada Quillfeather", ("email", f"ada{n}@example.org"))
    for _ in range(5):
        full_pass()
    assert MatchModel.objects.count() == 3
    assert "quillfeather" not in str(MatchModel.objects.first().parameters).lower()
