"""Reasons are read back and said anew: in English the very same, so that nothing of them is lost in any language."""

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.ownership.facts import Facts
from rapport.ownership.problems import PolicyError
from rapport.web.reasons import _part, say
from tests.ownership import strategies
from tests.ownership.strategies import CONDITIONS, FACTS

SENTENCES = [
    "Customer Service owns this: the sender is a customer and it is about refunds; rule 7",
    "PR owns this: it says “press” or 4 others; rule 2; the rule names Ana Agent",
    "Triage owns this: no rule matched, so it goes to triage",
    "Triage owns this: rule 3 cannot be tried (it failed: there are no hours), so it goes to triage",
    "Product owns this: Ada moved it here from HR and took it (before: Ben Berg)",
    "Service owns this: Ada gave it to Cleo",
    "Nobody owns this: there is no team to give it to; no rule matched, so it goes to triage",
    "Sales owns this: it came by Mail; rule 1; Ana has the most room of those present (3 of 20)",
    "Sales owns this: it came by Mail; rule 1; Ana suits it best: answered this person last and speaks its language "
    "and knows billing, vat and was given little this week and has room for it (3.5 of 20)",
    "Sales owns this: it came by Mail; rule 1; nobody of the team is on call; nobody present with room knows vat; "
    "Ana suits it best: answered this conversation last and holds the relationship and has room for it (0 of 9)",
    "Sales owns this: it came by Mail; rule 1; nobody of the team is present; Ana is on call",
    "Sales owns this: it came by Mail; rule 1; Ana is next in turn",
    "hr owns it; whoever suits it best answers; asks for somebody who knows pay; the topic is pay",
    "the sender is a customer (rule 2 had decided)",
    "it is written in German, but there is no earlier owner",
    "hr owns it; promise: standard",
    "hr owns it; the topic is pay; the priority is high; promise: first answer within 4h and resolution within 2d",
    "ana@x.example answers; hr follows it; in confidence",
    "expected hr, but customer-service owns it; rule 3 “Refunds, and more” hit: it is about refunds and it is a reply; "
    "rule 1 “Employees” would give it to hr, but the sender is not an employee",
    "expected hr, but nobody owns it; no rule matched, so it goes to triage",
    "expected priority low, but it is high; rule 2 “Money” hit: it is about refunds",
    "expected confidential yes, but it is no; rule 2 “Money” hit: the rule is for every message",
    "expected involve hr, product, but it is none; rule 12 “It is a reply, but late” hit: it is a reply",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_part_of_a_sentence_is_understood(sentence: str) -> None:
    with translation.override("en"):
        assert "; ".join(_part(part) for part in sentence.split("; ")) == sentence


@given(condition=CONDITIONS, facts=FACTS)
@settings(max_examples=200)
def test_what_conditions_say_is_understood_and_said_the_same_in_english(
    condition: strategies.Condition, facts: Facts
) -> None:
    with translation.override("en"):
        for sentence in (condition.describe(), _checked(condition, facts)):
            assert sentence.endswith("…") or len(sentence) > 300 or _part(sentence) == sentence


def _checked(condition: strategies.Condition, facts: Facts) -> str:
    try:
        return condition.check(facts).reason
    except PolicyError:
        return "every message"


@given(st.text(max_size=200))
def test_what_is_not_understood_stays_as_it_is(text: str) -> None:
    with translation.override("de"):
        assert isinstance(say(text), str)
    with translation.override("en"):
        assert say(text) == text
