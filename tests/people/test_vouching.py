"""What arrives and proves something is noted in its batch, and becomes evidence, or joins where it is proof."""

from typing import Any

import pytest

from rapport.core import scope
from rapport.people import pairing, proving, suggesting
from rapport.people.arrivals import Key, Met, speakers
from rapport.people.models import Handle, Merge, Organization, Pair, Person, Proof
from tests.people.folk import FAKE, pair, person, root_of

pytestmark = pytest.mark.django_db
ANN: Key = ("fediverse", "ann@social.example")


def _arrive(key: Key = ANN, **met: Any) -> None:
    with scope.system():
        speakers({key: Met(**{"name": "Ann Ex", "written": key[1]} | met)})


def _handle(key: Key = ANN) -> Handle:
    with scope.system():
        return Handle.objects.select_related("person").get(kind=key[0], value=key[1])


def _pairs() -> list[Pair]:
    with scope.system():
        return list(Pair.objects.all())


def test_what_a_service_vouches_for_is_kept_once_and_verifies_the_handle() -> None:
    for _ in range(2):
        _arrive(verified=("example.org/~ann",))
    with scope.system():
        assert [(one.proved, one.gone_at) for one in Proof.objects.all()] == [("example.org/~ann", None)]
    assert _handle().verified_how == "service"


def test_what_is_vouched_for_no_longer_proves_no_longer() -> None:
    _arrive(verified=("example.org/~ann", "ann.example"))
    _arrive(verified=("ann.example",))
    assert _handle().verified_how == "service"
    with scope.system():
        assert proving.pages_of([ANN]) == {ANN: ["ann.example"]}
    _arrive(verified=())
    assert (_handle().verified_how, _handle().verified_at) == ("", None)
    _arrive(verified=("ann.example",))
    with scope.system():
        assert proving.pages_of([ANN]) == {ANN: ["ann.example"]}
        assert Proof.objects.filter(settled_at=None, gone_at=None).count() == 1


def test_a_batch_in_which_nothing_is_proved_costs_nothing_more(django_assert_num_queries: Any) -> None:
    key = ("email", "ann@example.org")
    _arrive(key)
    with scope.system(), django_assert_num_queries(1):
        speakers({key: Met("Ann Ex", "Ann@Example.org")})


def test_a_renamed_account_keeps_its_former_names_and_its_person() -> None:
    key = ("bluesky", "did:plc:1")
    for written in ("@ann.example", "did:plc:1", "@Ann.Example", "@ex.example", "@ann.example"):
        _arrive(key, written=written)
    found = _handle(key)
    assert (found.written, found.former) == ("@ann.example", ["@ex.example"])
    with scope.system():
        assert Person.objects.count() == 1


def test_where_the_name_is_the_account_another_name_is_somebody_else() -> None:
    _arrive()
    _arrive(("fediverse", "ex@social.example"))
    assert _handle().person_id != _handle(("fediverse", "ex@social.example")).person_id
    assert _handle().former == []


def test_a_role_address_is_nobody_in_particular_and_is_called_by_its_address() -> None:
    key = ("email", "info@example.org")
    _arrive(key, name="Ann Ex", written="Info@example.org")
    found = _handle(key)
    assert (found.shared, found.person.shared, found.person.name) == (True, True, "Info@example.org")


def test_two_profiles_that_vouch_for_one_another_are_one_person_at_once() -> None:
    other = person("ann", "github:ann")
    _arrive(verified=("github.com/Ann",))
    assert proving.settle() == 1
    assert _handle().person_id != other.id
    assert root_of(_handle().person) == root_of(other) == other.id
    with scope.system():
        (made,) = Merge.objects.all()
    assert (made.how, made.member, made.evidence[0]["what"]) == ("proof", None, "verified_link")
    assert proving.settle() == 0


def test_what_was_kept_apart_is_not_joined_by_a_link() -> None:
    other = person("ann", "github:ann")
    _arrive()
    with scope.system():
        pairing.refuse(pair(other, _handle().person), None)
    _arrive(verified=("github.com/ann",))
    proving.settle()
    assert root_of(_handle().person) != other.id


def test_a_name_that_may_be_anothers_by_now_is_proof_only_where_it_leads_back() -> None:
    other = person("ann", "bluesky:did:plc:1")
    with scope.system():
        Handle.objects.filter(value="did:plc:1").update(written="@ann.example")
    _arrive(verified=("bsky.app/profile/ann.example",))
    proving.settle()
    assert root_of(other) != root_of(_handle().person)
    (suggested,) = _pairs()
    assert suggested.evidence[0]["what"] == "verified_link"


@pytest.mark.parametrize(
    ("proved", "what"),
    [("example.org/~ann", "verified_link"), ("ann.example.org", "verified_link"), ("example.org", "verified_domain")],
)
def test_a_page_or_domain_of_somebodys_mail_is_evidence_and_joins_nobody(proved: str, what: str) -> None:
    with scope.system():
        organization = Organization.objects.create(name="Example", domain="example.org")
    known = person("Ann Ex", "email:ann@example.org", organization=organization)
    _arrive(verified=(proved,))
    proving.settle()
    assert root_of(known) != root_of(_handle().person)
    (suggested,) = _pairs()
    assert {one["what"] for one in suggested.evidence} == {what, "same_name"}
    assert 0.5 < suggested.probability < 1


def test_the_domain_of_many_says_nothing_about_one() -> None:
    with scope.system():
        organization = Organization.objects.create(name="Example", domain="example.org")
    for number in range(5):
        person(f"Person {number}", f"email:p{number}@example.org", organization=organization)
    _arrive(verified=("example.org",))
    proving.settle()
    assert _pairs() == []


def test_a_proof_adds_to_what_was_suggested_and_clears_an_impostors_mark() -> None:
    known = person("Ann Ex", "email:ann@example.org")
    _arrive()
    pair(known, _handle().person, 0.6, FAKE, flags=["impersonation"])
    _arrive(verified=("example.org/~ann",))
    proving.settle()
    (suggested,) = _pairs()
    assert suggested.probability > 0.99
    assert (suggested.flags, [one["what"] for one in suggested.evidence]) == ([], ["verified_link"])


def test_what_was_proved_stays_when_a_pair_is_compared_anew() -> None:
    known = person("Ann Ex", "email:ann@example.org")
    _arrive(verified=("example.org/~ann",))
    proving.settle()
    with scope.system():
        Pair.objects.update(evidence=[FAKE], flags=["impersonation"])
    (suggested,) = _pairs()
    assert {one["what"] for one in suggested.pieces} == {"impersonation", "verified_link"}
    assert not pairing.needs_second_look(suggested)
    assert root_of(known) == known.id


def test_comparing_everybody_anew_leaves_what_was_proved() -> None:
    known = person("Ann Ex", "email:ann@example.org")
    _arrive(name="Another Name", verified=("example.org/~ann",))
    proving.settle()
    (before,) = _pairs()
    with scope.system():
        Person.objects.update(matched_at=None)
    suggesting.match_new()
    (after,) = _pairs()
    assert (after.state, after.proved) == ("open", before.proved)
    assert root_of(known) == known.id
