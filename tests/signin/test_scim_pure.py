"""SCIM's filters and changes, without a database."""

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.api.scim.filters import FilterError, matches, read
from rapport.api.scim.patch import PatchError, applied
from tests.signin.test_groups import JSON

ADA: dict[str, Any] = {
    "userName": "ada@company.example",
    "externalId": "007",
    "active": True,
    "name": {"givenName": "Ada", "familyName": "O'Hara"},
    "emails": [
        {"value": "ada@company.example", "type": "work", "primary": True},
        {"value": "ada@home.example", "type": "home"},
    ],
    "meta": {"lastModified": "2026-05-13T04:42:34Z"},
}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('userName eq "ADA@company.example"', True),
        ('username Eq "bob@company.example"', False),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ada"', True),
        ('name.familyName co "O\'H"', True),
        ('name.familyName ew "hara" and active eq true', True),
        ("active eq false or not (active eq True)", False),
        ('emails[type eq "work" and value co "@company"]', True),
        ('emails[type eq "home" and primary eq true]', False),
        ('emails.type eq "home"', True),
        ('emails co "home.example"', True),
        ("title pr", False),
        ("externalId pr", True),
        ("title eq null", True),
        ('userName ne "x"', True),
        ('meta.lastModified gt "2026-01-01T00:00:00Z"', True),
        ('meta.lastModified lt "2026-01-01T00:00:00Z"', False),
        ('userName eq "x" and active eq true or externalId eq "007"', True),
        ('userName eq "x" and (active eq true or externalId eq "007")', False),
        ('userName eq "with \\" quote"', False),
    ],
)
def test_filters_mean_what_the_rfc_says(text: str, fits: bool) -> None:
    assert matches(read(text), ADA) is fits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "userName",
        "userName eq",
        'userName is "x"',
        "(a pr",
        "a pr)",
        'a eq "x" b',
        "a eq x",
        '"a" eq "b"',
        "[",
        "not a pr",
        'a eq "x',
        "(" * 99,
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        read(text)


@given(st.text(alphabet='ab ()[]"\\eqornandpt.:0', max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(FilterError):
        matches(read(text), ADA)


def change(*operations: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy(ADA)
    after = applied(ADA, list(operations))
    assert before == ADA
    return after


def test_entra_id_deactivates_with_odd_case_and_text() -> None:
    assert change({"op": "Replace", "path": "active", "value": "False"})["active"] is False
    assert change({"op": "replace", "value": {"active": "True"}})["active"] is True


def test_okta_replaces_without_a_path() -> None:
    after = change({"op": "replace", "value": {"active": False, "name.givenName": "Eve", "id": "no"}})
    assert (after["active"], after["name"]["givenName"], after["name"]["familyName"]) == (False, "Eve", "O'Hara")
    assert "id" not in after


def test_values_within_lists_are_found_by_filter_or_made() -> None:
    after = change(
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "new@company.example"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+49"},
        {"op": "remove", "path": 'emails[type eq "home"]'},
    )
    assert [one["value"] for one in after["emails"]] == ["new@company.example"]
    assert after["phoneNumbers"] == [{"type": "mobile", "value": "+49"}]


def test_members_are_added_once_and_removed_in_both_ways() -> None:
    group = {"members": [{"value": "1"}, {"value": "2"}]}
    added = applied(group, [{"op": "add", "path": "members", "value": [{"value": "2"}, {"value": "3"}]}])
    assert [one["value"] for one in added["members"]] == ["1", "2", "3"]
    assert applied(group, [{"op": "Remove", "path": "members", "value": [{"value": "1"}]}])["members"] == [
        {"value": "2"}
    ]
    assert applied(group, [{"op": "remove", "path": 'members[value eq "2"]'}])["members"] == [{"value": "1"}]
    assert "members" not in applied(group, [{"op": "remove", "path": "members"}])


BAD: list[object] = [
    None,
    "x",
    [1],
    [{"op": "steal"}],
    [{"op": "remove"}],
    [{"op": "add", "path": 3, "value": 1}],
    [{"op": "add", "value": 1}],
    [{"op": "add", "path": "a[b c]", "value": 1}],
    [{"op": "add", "path": "a" + ".a" * 5000, "value": 1}],
]


@pytest.mark.parametrize("operations", BAD)
def test_what_is_no_change_is_refused(operations: object) -> None:
    with pytest.raises(PatchError):
        applied(ADA, operations)


PATHS = st.sampled_from(["emails", "name", "name.x", 'emails[type eq "x"].y', "active", "emails[value pr]"]) | st.text(
    max_size=8
)
OPERATION = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Replace", "REMOVE"])}, optional={"path": PATHS, "value": JSON}
)


@given(st.lists(OPERATION, max_size=4))
def test_no_change_breaks_the_applying(operations: list[dict[str, Any]]) -> None:
    with suppress(PatchError):
        applied(ADA, operations)
