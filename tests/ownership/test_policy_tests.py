"""Tests beside the policy: tried at every save, and a failing one stops it with the reason in words."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rapport.cli.policy import policy as command
from rapport.ownership.conditions import REGISTRY
from rapport.ownership.format import dump, load
from rapport.ownership.models import PolicyVersion
from rapport.ownership.plain import policy_from_dict, policy_to_dict
from rapport.ownership.policy_tests import MESSAGE_KEYS, try_tests
from rapport.ownership.problems import PolicyError
from rapport.ownership.service import SavedBy, save_policy, save_policy_dict
from rapport.ownership.world import plain_world, world_of
from rapport.staff.models import Team

SOURCE = """\
triage = "support"

[promises.quick]
first_answer = "2h"

[[rules]]
name = "Employees"
when = { relationship = "employee", to = "people@example.com" }
then = { owner = "hr", confidential = true }

[[rules]]
name = "Money"
when = { topic = "refund" }
then = { owner = "support", priority = "high", promise = "quick", involve = "product" }

[[rules]]
name = "At night"
when = { time = "outside" }
then = { priority = "low" }

[[tests]]
name = "Somebody of ours asks in confidence"
message = { from = "ann@example.com", to = "people@example.com", relationship = "employee", text = "My pay\\nis wrong" }
expect = { owner = "hr", confidential = true, rule = "Employees" }

[[tests]]
name = "A customer wants the money back"
message = { channel = "Support mailbox", relationship = "customer", subject = "My refund", at = "2026-03-07T12:00" }
expect = { owner = "support", topic = "refund", priority = "high", promise = "quick", involve = ["product"] }

[vocabulary.teams]
support = { name = "Support" }
hr = { name = "HR", confidential = true }
product = { name = "Product" }

[vocabulary.topics]
refund = { name = "Refunds", words = ["refund*", "money back"] }

[vocabulary.channels]
"Support mailbox" = { kind = "email" }

[vocabulary.hours]
Office = { time_zone = "Europe/Berlin", blocks = [[0, "09:00", "17:00"], [2, "09:00", "17:00"]] }
"""


def plain(**changed: Any) -> dict[str, Any]:
    return policy_to_dict(load(SOURCE, "toml")) | changed


def world() -> Any:
    import tomllib

    return world_of(tomllib.loads(SOURCE)["vocabulary"])[0]


def problems(test: dict[str, Any]) -> tuple[str, ...]:
    (tried,) = try_tests(policy_from_dict(plain(tests=[{"name": "x", **test}])), world())
    return tried.problems


def test_tests_pass_where_all_is_as_expected_and_stay_with_the_policy_in_either_format() -> None:
    policy = load(SOURCE, "toml")
    assert [one.problems for one in try_tests(policy, world())] == [(), ()]
    for fmt in ("toml", "yaml"):
        assert load(dump(policy, fmt), fmt) == policy


def test_a_failing_test_says_which_rule_hit_instead_and_why_the_expected_one_did_not() -> None:
    (said,) = problems({"message": {"text": "My refund", "to": "people@example.com"}, "expect": {"owner": "hr"}})
    assert said == (
        "expected hr, but support owns it; rule 2 “Money” hit: it is about refunds; "
        "rule 1 “Employees” would give it to hr, but the sender is not an employee"
    )


def test_what_goes_to_triage_says_so() -> None:
    assert problems({"message": {}, "expect": {"owner": "hr"}})[0].startswith(
        "expected hr, but support owns it; no rule matched, so it goes to triage"
    )


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ({"priority": "low"}, "expected priority low, but it is high; rule 2 “Money” hit: it is about refunds"),
        ({"confidential": True}, "expected confidential yes, but it is no"),
        ({"involve": ["hr", "product"]}, "expected involve hr, product, but it is product"),
        ({"rule": "Employees"}, "expected rule Employees, but it is Money"),
        ({"promise": "slow"}, "expected promise slow, but it is quick"),
        ({"topic": "vat"}, "expected topic vat, but it is refund"),
    ],
)
def test_each_expectation_is_compared(expect: dict[str, Any], said: str) -> None:
    (found,) = problems({"message": {"topic": "refund"}, "expect": expect})
    assert found.startswith(said)


@pytest.mark.parametrize(("given", "priority"), [("inside", "normal"), ("outside", "low")])
def test_a_test_may_say_whether_it_came_in_business_hours(given: str, priority: str) -> None:
    assert not problems({"message": {"time": given}, "expect": {"priority": priority}})
    at = "2026-03-04T12:00+01:00" if given == "inside" else "2026-03-04T23:00+01:00"
    assert not problems({"message": {"at": at}, "expect": {"priority": priority}})


def test_a_message_can_say_that_somebody_holds_the_relationship_and_of_which_team() -> None:
    held = [{"name": "Held", "when": {"held": True}, "then": {"owner": "@holder"}}]

    def owner(message: dict[str, Any]) -> str:
        tests = [{"name": "T", "message": message, "expect": {"owner": "hr"}}]
        (tried,) = try_tests(policy_from_dict(plain(rules=held, tests=tests)), world())
        return tried.verdict.owner

    assert (owner({"held": "hr"}), owner({"held": "product"})) == ("hr", "product")
    assert (owner({"held": True}), owner({"held": False}), owner({})) == ("support", "support", "support")


def test_a_message_can_say_all_that_a_condition_can_ask() -> None:
    asked = set(REGISTRY) - {"words", "matches", "all", "any", "not", "always"}
    assert asked <= set(MESSAGE_KEYS)


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"message": {}, "expect": {}}, "expected at least an owner"),
        ({"message": {"form": "x"}, "expect": {"owner": "hr"}}, "there is no key “form”; did you mean “from”?"),
        ({"message": {"at": "noon"}, "expect": {"owner": "hr"}}, "expected a moment such as"),
        ({"message": {"from": ["a@b.example", "c@d.example"]}, "expect": {"owner": "hr"}}, "from: expected one, not 2"),
        ({"message": {"kind": ["message", "bounce"]}, "expect": {"owner": "hr"}}, "kind: expected one, not 2"),
        ({"message": {}, "expect": {"owner": ["hr", "support"]}}, "owner: expected one, not 2"),
        ({"message": {}, "expect": {"owner": "hr", "rule": ["Money", "Employees"]}}, "rule: expected one, not 2"),
        ({"message": {"reach": True}, "expect": {"owner": "hr"}}, "expected a number"),
        ({"message": {"text": "x" * 20_001}, "expect": {"owner": "hr"}}, "at most 20,000 characters"),
        ({"message": {"earlier_owner": "hr"}, "expect": {"owner": "hr"}}, "expected a table such as"),
        ({"message": {"relationship": "friend"}, "expect": {"owner": "hr"}}, "there is no relationship “friend”"),
        ({"message": {"held": 3}, "expect": {"owner": "hr"}}, "test 1, message.held: expected"),
        ({"message": 3, "expect": {"owner": "hr"}}, "expected a table"),
    ],
)
def test_a_test_that_cannot_be_read_is_told_with_its_place(test: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy_from_dict(plain(tests=[{"name": "x", **test}]))
    assert "test 1, " in caught.value.message
    assert said in caught.value.message


@pytest.mark.parametrize(
    "within", [{"teams": 3}, {"people": {}}, {"topics": {"x": {"words": "y"}}}, {"teams": {"x": 1}}]
)
def test_a_vocabulary_that_cannot_be_read_is_an_error_of_the_policy(within: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match="vocabulary"):
        world_of(within)


def test_a_vocabulary_is_read_back_as_it_was_written() -> None:
    assert plain_world(world_of(plain_world(world()))[0]) == plain_world(world())


def company() -> None:
    for slug in ("support", "hr", "product"):
        Team.objects.create(name=slug.title(), slug=slug, confidential=slug == "hr")


@pytest.mark.django_db
def test_a_failing_test_stops_the_policy_and_nothing_is_saved() -> None:
    company()
    rules = [{"name": "All", "when": {"always": True}, "then": {"owner": "product"}}]
    tests = [{"name": "Mail", "message": {"text": "hello"}, "expect": {"owner": "support"}}]
    given: dict[str, Any] = {"triage": "support", "rules": rules, "tests": tests}
    with pytest.raises(PolicyError) as caught:
        save_policy_dict(given, SavedBy())
    assert caught.value.message == (
        "test 1: “Mail”: expected support, but product owns it; rule 1 “All” hit: the rule is for every message"
    )
    with pytest.raises(PolicyError, match="expected support, but product owns it"):
        save_policy(dump(policy_from_dict(given), "toml"), "toml")
    assert not PolicyVersion.objects.exists()
    assert save_policy_dict(given | {"rules": []}, SavedBy()).number == 1


def run(*args: str | Path) -> Any:
    return CliRunner().invoke(command, [str(one) for one in args])


def test_a_file_with_its_vocabulary_within_is_tried_without_a_database(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(SOURCE, encoding="utf-8")
    done = run("test", file)
    assert (done.exit_code, done.output) == (0, "2 tests, 0 failed.\n")
    file.write_text(SOURCE.replace('expect = { owner = "hr", ', 'expect = { owner = "product", '), encoding="utf-8")
    failed = run("test", file)
    assert failed.exit_code == 1
    assert "test 1 “Somebody of ours asks in confidence” failed:\n    expected product, but hr owns it" in failed.output
    told = json.loads(run("test", file, "--json").output)
    assert (told["tests"], told["failed"], told["results"][0]["owner"]) == (2, 1, "hr")


@pytest.mark.django_db
def test_a_file_without_and_the_policy_in_force_are_tried_against_the_company(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rapport.cli.policy.database", nullcontext)
    company()
    assert run("test").output == "This policy has no tests yet.\n"
    file = tmp_path / "policy.toml"
    file.write_text(dump(load(SOURCE, "toml"), "toml"), encoding="utf-8")
    refused = run("test", file)
    assert isinstance(refused.exception, PolicyError)
    assert "there is no topic “refund”" in refused.exception.message
    exported = run("export", "--vocabulary").output
    assert '\nsupport = { name = "Support", confidential = false }' in exported.partition("[vocabulary.teams]")[2]
