"""Policy files: what goes out comes back, and what is wrong is said with its line."""

import pytest
from hypothesis import HealthCheck, given, settings

from rapport.ownership.format import FORMATS, dump, format_of, load
from rapport.ownership.plain import policy_from_dict, policy_to_dict
from rapport.ownership.policy import Policy, Span, parse_span
from rapport.ownership.problems import PolicyError, Vocabulary
from rapport.ownership.yaml import read_yaml
from tests.ownership.strategies import POLICIES

TOML = """\
# Ours
triage = "customer-service"

[promises.standard]
first_answer = "4h"
resolution = "2d"

[[rules]]
name = "Refunds"
when = { relationship = "customer", topic = "refund" }
then = { owner = "customer-service", priority = "high", promise = "standard" }

[[rules]]
name = "German"
[rules.when]
any = [
    { language = "de" },
    { words = ["bitte", "danke"] },
]
[rules.then]
involve = ["product"]
"""
VOCABULARY = Vocabulary(
    {
        "teams": frozenset({"customer-service", "product"}),
        "topics": frozenset({"refund"}),
        "members": frozenset({"ann@rapport.example", "bob@rapport.example"}),
        "hours": frozenset({"Office"}),
    },
    {"customer-service": frozenset({"ann@rapport.example"}), "product": frozenset()},
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(POLICIES)
def test_what_is_written_is_read_back_the_same(policy: Policy) -> None:
    assert policy_from_dict(policy_to_dict(policy)) == policy
    for fmt in FORMATS:
        assert load(dump(policy, fmt), fmt) == policy


def test_a_file_in_one_format_becomes_the_same_policy_in_the_other() -> None:
    policy = load(TOML, "toml", VOCABULARY)
    assert [rule.name for rule in policy.rules] == ["Refunds", "German"]
    assert load(dump(policy, "yaml"), "yaml", VOCABULARY) == policy


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ('triage = "customer-service"', 'triage = "customer service"', 2, "did you mean “customer-service”?"),
        ('triage = "customer-service"', "", 1, "triage: expected a team"),
        ('triage = "customer-service"', "triage = ", 2, "this is no TOML"),
        ('first_answer = "4h"', 'first_answer = "soon"', 5, 'expected a time such as "30m"'),
        ('first_answer = "4h"', 'first_answer = "9999d"', 5, "a year at most"),
        ('resolution = "2d"', 'hours = "Ofice"', 6, "did you mean “Office”?"),
        ('topic = "refund"', 'topic = "refunds"', 10, "there is no topic “refunds”; did you mean “refund”?"),
        ('relationship = "customer"', "relationship = 3", 10, "expected a relationship"),
        ('relationship = "customer"', 'matches = "INV-\\d"', 10, "between single quotes a backslash is a backslash"),
        ('relationship = "customer"', 'regex = "(a+)+"', 10, "did you mean “matches”?"),
        ('promise = "standard"', 'promise = "standart"', 11, "did you mean “standard”?"),
        ('priority = "high"', 'priority = "hihg"', 11, "did you mean “high”?"),
        (
            'priority = "high"',
            'member = "bob@rapport.example"',
            11,
            "bob@rapport.example is no member of customer-service",
        ),
        (
            'priority = "high"',
            'member = "eve@rapport.example"',
            11,
            "there is no member “eve@rapport.example”",
        ),
        ('priority = "high"', 'member = "ann@rapport.example", assign = "load"', 11, "not both"),
        ('name = "German"', "", 13, "expected a text"),
        ('name = "German"', 'name = "German"\nnote = "x"', 15, "there is no key “note”"),
        ('{ language = "de" }', '{ language = "de", repli = true }', 17, "did you mean “reply”?"),
        ('involve = ["product"]', 'involve = ["produkt"]', 21, "did you mean “product”?"),
        ('involve = ["product"]', 'assign = "load"', 21, "expected an owner too"),
        ('involve = ["product"]', "", 20, "expected at least one of"),
        ('involve = ["product"]', 'confidential = "yes"', 21, "expected true or false"),
        (
            '[[rules]]\nname = "German"',
            '[[rule]]\nname = "German"',
            13,
            "there is no key “rule”; did you mean “rules”?",
        ),
    ],
)
def test_a_bad_file_is_refused_with_the_line_and_what_is_expected(
    before: str, after: str, line: int, said: str
) -> None:
    assert TOML.count(before) == 1
    source = TOML.replace(before, after)
    if "[[rule]]" in after:
        source = source.replace("[rules.", "[rule.")
    with pytest.raises(PolicyError) as caught:
        load(source, "toml", VOCABULARY)
    wanted = [str(problem) for problem in caught.value.problems if said in str(problem)]
    assert wanted, caught.value.message
    assert wanted[0].startswith(f"line {line}"), caught.value.message
    assert caught.value.hint == "Nothing was changed."


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        (
            "triage: customer-service\nrules:\n- name: x\n  when: {topic: no}\n  then: {owner: product}",
            4,
            "expected a topic",
        ),
        ("triage: customer-service\nrules: [", 2, "this is no YAML"),
        ("triage: &a customer-service\nrules: [*a, *a]", 1, "no anchors"),
        ("triage: customer-service\ntriage: product", 2, "triage is there twice"),
        ("triage: customer-service\n? [1]\n: 2", 2, "expected a text as key"),
        ("triage: !!python/object/apply:os.system [ls]", 1, "this is no YAML"),
        ("triage: 2026-99-99", 1, "this is no YAML"),
        ("- 1", 1, "expected a policy"),
        ("a\x00b", 1, "this is no YAML"),
        ("[" * 3000, None, "nested too deeply"),
        ("x" * 5_000_001, None, "too long"),
    ],
)
def test_a_bad_yaml_file_is_refused_with_the_line(source: str, line: int | None, said: str) -> None:
    with pytest.raises(PolicyError, match=said) as caught:
        load(source, "yaml", VOCABULARY)
    assert caught.value.problems[0].line == line


@pytest.mark.parametrize(
    "source", ["", "rules = 3", "x = [" + "[" * 5000, "\x00", "triage = 1979-05-27", "rules = [1]"]
)
def test_any_other_rubbish_is_an_error_of_the_policy(source: str) -> None:
    with pytest.raises(PolicyError):
        load(source, "toml")


def test_more_than_ten_thousand_rules_are_too_many() -> None:
    with pytest.raises(PolicyError, match="10001 rules are more than anybody can follow"):
        policy_from_dict({"triage": "x", "rules": [{}] * 10_001})


def test_ten_thousand_wrong_rules_are_told_at_once_and_the_first_with_their_lines() -> None:
    rule = '[[rules]]\nname = "x"\nwhen = { topic = "refundz" }\nthen = { owner = "product" }\n'
    with pytest.raises(PolicyError, match="and 9980 more") as caught:
        load('triage = "customer-service"\n' + rule * 10_000, "toml", VOCABULARY)
    assert caught.value.problems[19].line == 19 * 4 + 4


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("rules:\n" + "- a\n" * 600_000, 499_999, "more than 500,000 keys and values are too many"),
        ("triage: x\nrules:\n" + "- " * 100_000, 3, "nested too deeply"),
        ("triage: x\n" + "# é\n" * 40_000 + "\x00", 40_002, "this is no YAML"),
        ("triage: x\n" + "# é\n" * 40_000 + "rules: [\n}\n", 40_003, "this is no YAML"),
    ],
)
def test_a_large_yaml_file_is_refused_with_the_line_before_it_is_put_together(
    source: str, line: int, said: str
) -> None:
    with pytest.raises(PolicyError, match=said) as caught:
        load(source, "yaml", VOCABULARY)
    assert caught.value.problems[0].line == line


def test_a_large_yaml_file_is_read_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = '- {name: "Ä %d", when: {words: ["1", "on", x]}, then: {priority: high, topic: refund, owner: product}}\n'
    source = "triage: customer-service\nrules:\n" + "".join(rule % number for number in range(20))
    small = read_yaml(source)
    monkeypatch.setattr("rapport.ownership.yaml._LARGE", 100)
    assert read_yaml(source) == small


def test_only_toml_and_yaml_are_policy_files() -> None:
    assert [format_of(name) for name in ("a.toml", "b.yaml", "C.YML")] == ["toml", "yaml", "yaml"]
    with pytest.raises(PolicyError, match=r"ends in \.toml"):
        format_of("policy.json")


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("4h", Span(0, 240)), ("90m", Span(0, 90)), ("2d", Span(2)), ("1d 4h 5m", Span(1, 245)),
        ("1D4H", Span(1, 240)),
        ("", None), ("0h", None), ("4", None), ("h", None), ("-1h", None), ("4 h", None), ("1h1h", None),
        ("١h", None),
        ("400d", None), ("9999999h", None),
    ],
)  # fmt: skip
def test_a_span_is_written_in_days_hours_and_minutes(written: str, span: Span | None) -> None:
    assert parse_span(written) == span
    if span:
        assert parse_span(str(span)) == span
