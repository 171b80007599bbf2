"""The policy page's model: every condition has its input, every problem its field."""

import pytest

from rapport.ownership import forms
from rapport.ownership.conditions import REGISTRY
from rapport.ownership.policy import PRIORITIES
from rapport.ownership.problems import PolicyError, Vocabulary

VOCABULARY = Vocabulary(
    {"teams": frozenset({"product", "hr"}), "topics": frozenset({"refund"}), "hours": frozenset({"Office"})}
)
PLAIN = {
    "triage": "product",
    "promises": {"standard": {"first_answer": "4h"}},
    "rules": [
        {"name": "One", "when": {"topic": "refund"}, "then": {"owner": "hr", "promise": "standard"}},
        {
            "name": "Two",
            "when": {"not": {"reply": True}, "language": ["de", "fr"]},
            "then": {
                "involve": "hr",
                "priority": "high",
                "confidential": True,
                "promise": {"resolution": "1d 4h"},
            },
        },
    ],
}


def test_every_condition_is_offered_with_what_to_choose_from() -> None:
    fields = {field.name: field for field in forms.condition_catalogue(VOCABULARY)}
    assert list(fields) == list(REGISTRY)
    assert all(field.label and field.description for field in fields.values())
    kinds = {"choices", "names", "texts", "words", "patterns", "time", "yes", "conditions"}
    assert {field.kind for field in fields.values()} == kinds
    assert fields["topic"].choices == (("refund", "refund"),)
    assert fields["earlier_owner"].names == (("hr", "hr"), ("product", "product"))
    assert fields["time"].names == (("Office", "Office"),)


def test_what_follows_is_chosen_from_the_companys_own() -> None:
    choices = forms.outcome_choices(VOCABULARY, forms.policy_from_dict(PLAIN))
    assert [value for value, _ in choices["owner"]] == ["hr", "product", "@earlier", "@holder"]
    assert [value for value, _ in choices["priority"]] == list(PRIORITIES)
    assert choices["promise"] == (("standard", "standard"),)


def test_a_policy_becomes_plain_data_and_back() -> None:
    policy = forms.policy_from_dict(PLAIN, VOCABULARY)
    assert forms.policy_from_dict(forms.policy_to_dict(policy), VOCABULARY) == policy


def test_rules_are_described_in_words() -> None:
    one, two = forms.describe_rules(forms.policy_from_dict(PLAIN), {"hr": "Human Resources"})
    assert (one.number, one.name, one.when, one.decides) == (1, "One", "it is about refund", True)
    assert one.then == "Human Resources owns it; promise: standard"
    assert two.when == "it is written in German or French and not (it is a reply)"
    assert two.then == (
        "Human Resources follows it; the priority is high; promise: resolution within 1d 4h; in confidence"
    )
    assert not two.decides


def test_problems_are_found_by_rule_and_field() -> None:
    with pytest.raises(PolicyError) as caught:
        forms.policy_from_dict(
            {
                "triage": "sales",
                "rules": [
                    {"name": "", "when": {"topic": "refund"}, "then": {"owner": "hr"}},
                    {"name": "x", "when": {}, "then": {"owner": "nobody", "priority": 3}},
                ],
            },
            VOCABULARY,
        )
    found = forms.problems_by_field(caught.value)
    assert {rule: set(fields) for rule, fields in found.items()} == {
        0: {"triage"},
        1: {"name"},
        2: {"when", "then.owner", "then.priority"},
    }
