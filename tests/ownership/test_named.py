"""Where the policy names somebody is told by number, of all versions and drafts, and nothing of it is changed."""

from collections.abc import Iterator
from typing import Any

import pytest

from rapport.core import scope
from rapport.ownership import service, trials
from rapport.ownership.models import PolicyDraft, PolicyVersion
from rapport.ownership.named import Named, from_plain, named
from rapport.staff.models import Member, Team

JANE = "jane@example.com"


@pytest.fixture(autouse=True)
def lead(db: None) -> Iterator[Member]:
    Team.objects.create(name="Sorting", slug="sorting")
    with scope.system():
        yield Member.objects.create(email="lea@company.example", name="Lea", role="lead")


def rule(name: str, **when: Any) -> dict[str, Any]:
    return {"name": name, "when": when, "then": {"owner": "sorting"}}


def policy(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"triage": "sorting", "rules": list(rules), **more}


def save(plain: dict[str, Any], note: str = "") -> int:
    return service.save_policy_dict(plain, service.SavedBy(note=note)).number


def test_rules_tests_and_notes_of_every_version_and_drafts_are_told_with_the_one_in_force(lead: Member) -> None:
    test = {"name": "Jane", "message": {"from": "Jane@Example.com", "text": "Hello"}, "expect": {"owner": "sorting"}}
    first = save(policy(rule("All", always=True), rule("Hers", **{"from": [JANE, "bob@example.com"]})))
    second = save(policy(rule("All", always=True), tests=[test]), note="For jane@example.com")
    third = save(policy(rule("All", always=True)))
    said = policy(rule("Speaks of her", words=["write to jane@example.com today"]))
    PolicyDraft.objects.create(member=lead, plain=said, setup={"topics": [JANE]})
    before = list(PolicyVersion.objects.order_by("number").values_list("rules", flat=True))
    found = named([JANE])
    assert found == [
        Named(second, None, (), (1,), rest=True), Named(first, None, (2,), ()),
        Named(None, lead.id, (1,), (), rest=True),
    ]  # fmt: skip
    assert third not in {one.number for one in found}
    assert [from_plain(one.plain()) for one in found] == found
    assert JANE not in repr([one.plain() for one in found])
    assert list(PolicyVersion.objects.order_by("number").values_list("rules", flat=True)) == before
    assert PolicyDraft.objects.get().plain == said


def test_the_version_in_force_is_marked_and_one_on_trial_is_not(lead: Member) -> None:
    hers = policy(rule("Hers", **{"from": JANE}))
    current = save(hers)
    tried = trials.start(policy(rule("Hers", **{"from": JANE}), rule("More", words=["more"])), service.SavedBy())
    told = {one.number: one.in_force for one in named([JANE])}
    assert told == {current: True, tried.version: False}


@pytest.mark.parametrize("other", ["mary-jane@example.com", "jane@example.com.tr", "janex@example.com", "@example.com"])
def test_an_address_that_only_looks_alike_is_not_hers(other: str) -> None:
    save(policy(rule("Other", **{"from": other})))
    assert named([JANE]) == []


def test_an_account_that_is_a_mere_word_must_be_all_of_a_value_and_odd_ones_are_found() -> None:
    save(policy(rule("Word", words=["the order"]), rule("Account", words=["the"]), rule("Odd", words=['a"b\\c%d'])))
    assert [one.rules for one in named(["the"])] == [(2,)]
    assert [one.rules for one in named(['a"b\\c%d'])] == [(3,)]
    assert named([]) == named([" "]) == named(["nobody@example.com"]) == []
