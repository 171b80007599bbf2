"""Stored traces are small, and read back as they were given."""

from hypothesis import given, settings

from rapport.ownership.engine import decide
from rapport.ownership.facts import Facts
from rapport.ownership.policy import Policy
from rapport.ownership.trace import pack, unpack
from tests.ownership.makers import directory, facts
from tests.ownership.strategies import FACTS, POLICIES
from tests.ownership.test_engine import USUAL, policy


@settings(max_examples=80, deadline=None)
@given(POLICIES, FACTS)
def test_a_trace_is_read_back_as_it_was_given(rules: Policy, about: Facts) -> None:
    trace = decide(rules, about, directory()).trace
    assert unpack(pack(trace), [rule.name for rule in rules.rules]) == trace


def test_a_trace_of_twelve_rules_takes_less_than_four_hundred_bytes() -> None:
    rules = policy(*({"when": when, "then": {"owner": "product"}} for when in USUAL[:12]))
    packed = pack(decide(rules, facts(), directory()).trace)
    # As jsonb: four bytes for the list and for each text besides the text itself.
    assert 4 + sum(4 + len(one.encode()) for one in packed) < 400


def test_control_characters_of_mails_do_not_reach_the_trace() -> None:
    rules = policy({"when": {"organization": "any"}, "then": {"owner": "press"}})
    verdict = decide(rules, facts(organization="Ac\x00me\x01"), directory())
    assert verdict.trace[0].reason == "the sender belongs to Ac me "
    assert "\x00" not in verdict.sentence
