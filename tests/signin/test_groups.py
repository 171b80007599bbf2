"""What groups give: pure."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.staff.groups import RANK, Rule, given_by, highest, names_in

ONE, TWO = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("groups", "teams", "role"),
    [
        ([], {}, ""),
        (["unknown"], {}, ""),
        (["Desk"], {ONE: False}, ""),
        (["DESK "], {ONE: False}, ""),
        (["Desk", "Chiefs"], {ONE: True}, "lead"),
        (["Chiefs", "Root"], {ONE: True}, "admin"),
    ],
)
def test_rules_are_tried_in_any_order_and_case(groups: list[str], teams: dict[UUID, bool], role: str) -> None:
    rules = [Rule("desk", ONE), Rule("chiefs", ONE, is_lead=True, role="lead"), Rule("root", role="admin")]
    for order in (rules, rules[::-1]):
        found = given_by(order, groups)
        assert (dict(found.teams), found.role) == (teams, role)


@pytest.mark.parametrize(
    ("claim", "names"),
    [
        (None, []), ("one", ["one"]), (" ", []), (["a", "b"], ["a", "b"]),
        ([{"name": "a"}, {"value": "b"}], ["a", "b"]),
        ({"displayName": "x"}, ["x"]), (7, []), ([["a"], None, 3], ["a"]),
    ],
)  # fmt: skip
def test_claims_come_in_many_shapes(claim: object, names: list[str]) -> None:
    assert names_in(claim) == names


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_no_claim_breaks_the_reading(claim: object) -> None:
    assert all(isinstance(name, str) for name in names_in(claim))


@given(st.sampled_from(["", *RANK]), st.sampled_from(["", *RANK]))
def test_the_stronger_role_wins_whichever_comes_first(one: str, other: str) -> None:
    assert highest(one, other) == highest(other, one)
    assert highest(one, other) in (one, other)
