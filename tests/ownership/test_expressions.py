"""Regular expressions in a policy: what they find, what they refuse and in which words, how many there may be."""

import re
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.core import scope
from rapport.ownership.expressions import DIFFERENT_MAX, Expression, NoExpression, Readable
from rapport.ownership.format import dump, load
from rapport.ownership.models import Decision, PolicyDraft
from rapport.ownership.plain import policy_from_dict, policy_to_dict
from rapport.ownership.problems import PolicyError
from rapport.ownership.simulate.lint import Oddity, oddities
from tests.ownership.makers import facts
from tests.web.cast import Cast, make_cast
from tests.web.conftest import SignIn, sign_in

__all__ = ["sign_in"]

_SIGNS = st.sampled_from("abX0 -_.")
_ATOMS = st.one_of(_SIGNS.map(re.escape), st.sampled_from(["[ab]", "[^a0]", r"\d", r"\w", r"\s", ".", r"[\w.]", r"\W"]))
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "+?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=6,
)  # fmt: skip
_TEXTS = st.text(st.sampled_from("abxX0 -_.\n"), max_size=12)


@settings(max_examples=120)
@given(_PATTERNS, st.sampled_from(["", "^"]), st.sampled_from(["", "$"]), _TEXTS)
def test_a_pattern_finds_what_pythons_own_engine_finds(inner: str, begin: str, end: str, text: str) -> None:
    written = f"{begin}{inner}{end}"
    expected = re.search(written, text, re.IGNORECASE | re.MULTILINE | re.ASCII)
    assert Expression(written).found_in(text) == (expected.group() if expected else None)


@pytest.mark.parametrize(
    ("written", "text", "found"),
    [
        (r"INV-\d{6}", "my inv-004711, please", "inv-004711"),
        (r"(?-i)INV-\d{6}", "my inv-004711", None),
        (r"vertrag\s+\d{3}", "Vertrag\u00a0٤٧١", "Vertrag 471"),
        (r"Überw\w+", "ÜBERWEISUNG!", "ÜBERWEISUNG"),
        ("größe", "GRO\u0308ßE", "GRÖßE"),
        ("größe", "gro\u0308ße", "größe"),
        (r"\bv\d+\.\d+\b", "seit v2.13", "v2.13"),
        ("^order", "Hello\r\nOrder 7", "Order"),
        ("hello$", "Hello\r\nOrder 7", "Hello"),
        (r"\AOrder", "Hello\nOrder", None),
        (r"\p{Greek}+", "abc δοκιμή", "δοκιμή"),
        ("注文\\d+", "ご注文１２３です", "注文123"),
        ("con\u00adtract", "contract", "contract"),
        ("x", "\ud800 x", "x"),
    ],
)
def test_a_pattern_is_read_as_people_mean_it(written: str, text: str, found: str | None) -> None:
    expression = Expression(written)
    expression.check()
    assert expression.found_in(text) == found
    assert expression.is_in(Readable("", text)) == (found is not None)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (r"(\d)\1", "it may not refer back to a group"),
        (r"(?P<n>a)(?P=n)", "it may not refer back to a group"),
        (r"\d(?=€)", "ask for both with two conditions"),
        (r"(?<!x)y", "ask for both with two conditions"),
        ("a++", "a quantifier is written once"),
        ("(?>a)b", "groups are written"),
        (r"end\Z", r"write \\z for the end of the whole text"),
        (r"[\W]", r"write \\P\{L\}"),
        (r"\bÜbung", "knows the letters a to z only"),
        ("(a", r"missing \): \(a$"),
        ("[a", r"missing \]: \[a$"),
        ("*", "no argument for repetition operator"),
        ("a{1001}", "repeat less often"),
        ("((a{99}){99}){99}", "repeat less often"),
        (r"\w{1,500}", "repeat less often"),
        (".*", "it finds something in every message"),
        ("a|", "it finds something in every message"),
        ("x" * 501, "is longer than 500 characters"),
    ],
)
def test_what_a_pattern_cannot_do_is_refused_with_what_to_write_instead(written: str, said: str) -> None:
    with pytest.raises((NoExpression, PolicyError), match=said):
        _policy([{"matches": ["INV", written]}])


def _policy(whens: list[dict[str, Any]]) -> Any:
    rules = [{"name": f"R{n}", "when": when, "then": {"owner": "hr"}} for n, when in enumerate(whens)]
    return policy_from_dict({"triage": "product", "rules": rules})


def test_a_problem_has_its_line_in_a_file_and_a_pattern_comes_back_from_both_kinds() -> None:
    when = "when = { reply = true, matches = 'INV-\\d{6}' }"
    source = f"triage = 'x'\n[[rules]]\nname = 'A'\n{when}\nthen = {{ owner = 'x' }}\n"
    policy = load(source, "toml")
    for kind in ("toml", "yaml"):
        assert load(dump(policy, kind), kind) == policy
    with pytest.raises(PolicyError, match=r"line 4, rule 1, when.matches: “INV-.d.6” is no pattern to use: missing"):
        load(source.replace("{6}", "(6"), "toml")


def test_there_are_at_most_so_many_different_patterns_in_any_number_of_rules() -> None:
    many = [{"matches": f"ORD-{n % DIFFERENT_MAX}"} for n in range(DIFFERENT_MAX + 500)]
    assert len(_policy(many).rules) == DIFFERENT_MAX + 500
    with pytest.raises(PolicyError, match=r"1001 different patterns .* are too many; at most 1000"):
        _policy([*many, {"not": {"matches": "ORD-X"}}])


def test_the_same_pattern_is_looked_for_once_a_message() -> None:
    policy, about = _policy([{"matches": "money"}, {"not": {"matches": "money"}}]), facts()
    assert [rule.when.check(about).hit for rule in policy.rules] == [True, False]
    assert about.readable.known == {("money", ""): True}


def test_cheap_conditions_are_asked_before_patterns_whatever_their_order() -> None:
    (rule,) = _policy([{"matches": "money", "words": "nowhere"}]).rules
    about = facts()
    assert not rule.when.check(about).hit
    assert not about.readable.known


def test_rules_that_ask_for_the_same_pattern_contradict_or_hide_one_another() -> None:
    whens = [{"matches": ["INV", "ORD"]}, {"matches": "ORD"}]
    plain = policy_to_dict(_policy([*whens, whens[0]]))
    plain["rules"][2]["then"] = {"owner": "product"}
    found = oddities(policy_from_dict(plain), {"hr": 1, "product": 1})
    assert found == [Oddity("shadowed", 2, 1), Oddity("contradict", 3, 1)]


@pytest.fixture
def cast(db: None, settings: Any) -> Cast:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make_cast()


def test_a_lead_writes_patterns_in_the_form_and_finds_them_there_again(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    when = {"when_matches": "INV-\\d{2,6}\n\nORD,\\d", "when_matches_of": "subject"}
    given = {"name": "Invoices", **when, "then_owner": "hr"}
    assert client.post(reverse("policy_rule_new"), given).status_code == 302
    with scope.system():
        kept = PolicyDraft.objects.get(member=cast.lead).plain["rules"]
    assert kept[-1]["when"] == {"matches": {"any": ["INV-\\d{2,6}", "ORD,\\d"], "in": "subject"}}
    page = client.get(reverse("policy_rule", args=[len(kept)])).content.decode()
    assert "INV-\\d{2,6}\nORD,\\d</textarea>" in page
    assert '<option value="subject" selected>' in page


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("ORD\nINV-\\d+", "“INV-\\d+” finds “INV-47”."),
        ("ORD", "It finds nothing in this text."),
        ("(", "missing )"),
        ("", "Write a pattern first."),
    ],
)
def test_a_pattern_is_tried_on_a_text_before_it_is_kept(cast: Cast, sign_in: SignIn, pattern: str, said: str) -> None:
    client = sign_in(cast.lead)
    given = {"when_matches": pattern, "try_text": "about INV-47"}
    assert said in client.post(reverse("policy_pattern"), given).content.decode()
    with scope.system():
        assert not PolicyDraft.objects.exists()
    with scope.system():
        assert not Decision.objects.filter(sentence__contains="INV-47").exists()
