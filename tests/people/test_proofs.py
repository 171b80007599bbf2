"""What services prove, read as pages and domains, and what that says about others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.people import proofs
from rapport.people.proofs import Proved


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("https://www.Example.org/~ann/", Proved("link", "example.org/~ann")),
        ("example.org/~ann?x=1#y", Proved("link", "example.org/~ann")),
        ("ann.example.org", Proved("domain", "ann.example.org")),
        ("token", None),
        ("mailto:ann@example.org", None),
        ("javascript:alert(1)", None),
        ("https://ann@example.org/", None),
        ("http://[", None),
        ("no domain", None),
        ("", None),
    ],
)
def test_what_a_service_vouches_for_is_a_page_or_a_domain(said: str, read: Proved | None) -> None:
    assert proofs.read([said]) == ([read] if read else [])


@given(st.lists(st.text(max_size=80), max_size=5))
def test_reading_never_fails_and_reads_the_same_twice(said: list[str]) -> None:
    found = proofs.read(said)
    assert proofs.read([one.value for one in found]) == found


@pytest.mark.parametrize(
    ("page", "key"),
    [
        ("github.com/Ann", ("github", "ann")),
        ("github.com/ann/repository", None),
        ("social.example/@Ann", ("fediverse", "ann@social.example")),
        ("social.example/@ann@other.example", ("fediverse", "ann@other.example")),
        ("social.example/users/ann", ("fediverse", "ann@social.example")),
        ("reddit.com/user/Ann", ("reddit", "ann")),
        ("example.org/~ann", None),
        ("example.org", None),
        ("social.example/@", None),
    ],
)
def test_a_profile_page_is_its_handle(page: str, key: tuple[str, str] | None) -> None:
    assert proofs.handle_at(page) == key


@given(st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True), st.sampled_from(["one.example", "two.example"]))
def test_every_profile_leads_back_to_its_handle(user: str, host: str) -> None:
    key = ("fediverse", f"{user}@{host}")
    assert {proofs.handle_at(page) for page in proofs.profile_of(*key, "")} == {key}


def test_two_profiles_are_mutual_only_when_each_leads_to_the_other() -> None:
    one, other = ("fediverse", "ann@one.example"), ("fediverse", "ann@two.example")
    there, back = ["two.example/@ann"], ["one.example/@ann"]
    assert proofs.is_mutual(one, there, other, back)
    assert not proofs.is_mutual(one, there, other, [])
    assert not proofs.is_mutual(one, ["two.example/@bob"], other, back)


@pytest.mark.parametrize(
    ("page", "address", "is_theirs"),
    [
        ("example.org/~ann", "ann@example.org", True),
        ("people.example.org/staff/ann", "ann@example.org", True),
        ("ann.example.org", "ann@example.org", True),
        ("example.org/~ann", "bob@example.org", False),
        ("example.org/~ann", "ann@other.example", False),
        ("notexample.org/~ann", "ann@example.org", False),
        ("example.org", "ann@example.org", False),
    ],
)
def test_a_page_names_a_mailbox_of_its_domain(page: str, address: str, is_theirs: bool) -> None:
    assert proofs.names_mailbox(page, address) == is_theirs


@pytest.mark.parametrize(
    ("value", "before", "after", "renamed"),
    [
        ("did:plc:1", "@ann.example", "@ann.example.org", True),
        ("did:plc:1", "@ann.example", "@Ann.Example", False),
        ("did:plc:1", "@ann.example", "did:plc:1", False),
        ("did:plc:1", "@ann.example", "", False),
        ("ann@one.example", "@ann@one.example", "@Ann@One.Example", False),
        ("ann@libera", "ann", "ann", False),
    ],
)
def test_a_rename_is_another_name_for_a_steady_value(value: str, before: str, after: str, renamed: bool) -> None:
    assert proofs.is_rename(value, before, after) is renamed


def test_what_verifies_a_handle_depends_on_its_kind() -> None:
    assert proofs.how_verified("email", ("example.org",)) == "dmarc"
    assert proofs.how_verified("email", ("token",)) == "token"
    assert proofs.how_verified("fediverse", ("example.org/~ann",)) == "service"
    assert proofs.how_verified("fediverse", ()) == ""


@given(st.sampled_from(["", *proofs.HOWS, "ldap"]), st.sampled_from(["", *proofs.HOWS, "ldap"]))
def test_of_two_ways_the_stronger_stays_in_either_order(one: str, other: str) -> None:
    found = proofs.stronger(one, other)
    assert found in (one, other)
    assert bool(found) == bool(one or other)
    assert proofs.stronger(other, one) in (found, one, other)


def test_only_who_proved_nothing_at_all_may_be_an_impostor() -> None:
    assert proofs.is_unproven_account([("fediverse", "")])
    assert not proofs.is_unproven_account([("fediverse", "service")])
    assert not proofs.is_unproven_account([("fediverse", ""), ("email", "")])
    assert not proofs.is_unproven_account([])
