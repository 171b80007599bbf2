"""Every condition: when it holds, when not, and the reason it gives."""

from typing import Any

import pytest

from rapport.ownership.conditions import REGISTRY, parse_condition, plain_condition
from rapport.ownership.problems import PolicyError, Problems, Vocabulary
from tests.ownership.makers import facts

Case = tuple[dict[str, Any], dict[str, Any], bool, str]

CASES: list[Case] = [
    ({"visibility": "public"}, {"is_public": True}, True, "it is public"),
    ({"visibility": "private"}, {"is_public": True}, False, "it is public"),
    ({"mention": ["search", "feed"]}, {"origin": "feed"}, True, "it was found in a feed"),
    ({"mention": "search"}, {}, False, "it was addressed to us, not found by a search"),
    ({"reach": 1000}, {"reach": 12000}, True, "12,000 follow the author"),
    ({"reach": 1000}, {"reach": 999}, False, "999 follow the author"),
    ({"reach": 1000}, {}, False, "how many follow the author is not known"),
    ({"verified": True}, {"is_verified": True}, True, "the author's identity is proven"),
    ({"verified": True}, {}, False, "the author's identity is not proven"),
    ({"channel": "Support mailbox"}, {}, True, "it came by Support mailbox"),
    ({"channel": "email"}, {}, True, "it came by Support mailbox"),
    ({"channel": ["Press", "Jobs"]}, {}, False, "it did not come by Press or Jobs"),
    ({"to": "help@rapport.example"}, {}, True, "it was sent to help@rapport.example"),
    ({"to": "Rapport.Example"}, {}, True, "it was sent to help@rapport.example"),
    ({"to": "boss@*"}, {}, True, "it was sent to boss@rapport.example"),
    ({"to": "h*p@*.example"}, {}, True, "it was sent to help@rapport.example"),
    ({"to": "jobs@rapport.example"}, {}, False, "it was not sent to jobs@rapport.example"),
    ({"to": "port.example"}, {}, False, "it was not sent to port.example"),
    ({"to": "help@rapport.example"}, {"to_addresses": ()}, False, "it was not sent to help@rapport.example"),
    ({"from": "acme.example"}, {}, True, "it is from ann@mail.acme.example"),
    ({"from": "@mail.acme.example"}, {}, True, "it is from ann@mail.acme.example"),
    ({"from": "other.example"}, {}, False, "it is not from other.example"),
    ({"from": "acme.example"}, {"from_address": ""}, False, "it is not from acme.example"),
    ({"relationship": ["partner", "customer"]}, {}, True, "the sender is a customer"),
    ({"relationship": "analyst"}, {}, False, "the sender is not an analyst"),
    ({"relationship": "unknown"}, {"relationships": frozenset()}, True, "the sender is unknown to us"),
    ({"relationship": "unknown"}, {}, False, "the sender is not unknown to us"),
    ({"held": True}, {"holder": "lea@rapport.example", "holder_name": "Lea"}, True,
     "Lea holds the relationship with the sender"),
    ({"held": True}, {}, False, "nobody holds the relationship with the sender"),
    ({"held": False}, {}, True, "nobody holds the relationship with the sender"),
    ({"organization": "ACME"}, {}, True, "the sender belongs to Acme"),
    ({"organization": "acme.example"}, {}, True, "the sender belongs to Acme"),
    ({"organization": "any"}, {}, True, "the sender belongs to Acme"),
    ({"organization": "none"}, {}, False, "the sender does not belong to none"),
    (
        {"organization": "none"},
        {"organization": "", "organization_domain": ""},
        True,
        "the sender belongs to no organization we know",
    ),
    ({"organization": "Initech"}, {}, False, "the sender does not belong to Initech"),
    ({"topic": "refund"}, {}, True, "it is about refunds"),
    ({"topic": ["delivery", "vat"]}, {}, False, "it is not about delivery or vat"),
    ({"words": "MONEY BACK"}, {}, True, "it says “MONEY BACK”"),
    ({"words": ["chargeback", "ruckerstattung"]}, {}, True, "it says “ruckerstattung”"),
    ({"words": "mone"}, {}, False, "it does not say “mone”"),
    ({"words": "mone*"}, {}, True, "it says “mone*”"),
    ({"words": {"all": ["money", "please"]}}, {}, True, "it says “money” and “please”"),
    ({"words": {"all": ["money", "now"]}}, {}, False, "it does not say “now”"),
    ({"matches": r"inv-\d{6}"}, {"text": "see INV-004711"}, True, r"it matches “inv-\d{6}”"),
    ({"matches": ["a{9}", r"v\d+\.\d+"]}, {}, False, r"it does not match “a{9}” or “v\d+\.\d+”"),
    ({"matches": {"any": "^where", "in": "subject"}}, {}, True, "the subject matches “^where”"),
    ({"matches": {"any": ["^where"], "in": "text"}}, {}, False, "the text does not match “^where”"),
    ({"words": "退款"}, {"text": "请给我退款，谢谢"}, True, "it says “退款”"),
    ({"words": "a"}, {"subject": "", "text": ""}, False, "it does not say “a”"),
    ({"words": ["b", "c", "d", "e"]}, {}, False, "it does not say “b” or 3 others"),
    ({"language": "en"}, {}, True, "it is written in English"),
    ({"language": "pt"}, {"language": "pt-BR"}, True, "it is written in pt-BR"),
    ({"language": ["de", "fr"]}, {}, False, "it is not written in German or French"),
    ({"kind": "auto_reply"}, {"kind": "auto_reply"}, True, "it is an automatic reply"),
    ({"kind": ["list", "bounce"]}, {}, False, "it is not mailing-list mail or a returned mail"),
    ({"reply": True}, {"is_reply": True}, True, "it is a reply"),
    ({"reply": True}, {}, False, "it is no reply"),
    ({"reply": False}, {}, True, "it is no reply"),
    ({"attachment": True}, {"has_attachments": True}, True, "it has attachments"),
    ({"attachment": True}, {}, False, "it has no attachment"),
    ({"time": "inside"}, {}, True, "it came inside business hours"),
    ({"time": "outside"}, {}, False, "it came inside business hours"),
    ({"time": {"is": "outside", "hours": "Night shift"}}, {}, True, "it came outside Night shift"),
    (
        {"earlier_owner": "person"},
        {"earlier_owner_of_person": "press"},
        True,
        "press owned this person’s earlier conversation",
    ),
    ({"earlier_owner": "thread"}, {}, False, "no team owned this thread’s earlier conversation"),
    (
        {"earlier_owner": {"of": "any", "team": "product"}},
        {"earlier_owner_of_person": "product", "earlier_owner_of_thread": "press"},
        True,
        "product owned this person’s earlier conversation",
    ),
    (
        {"earlier_owner": {"of": "person", "team": ["product", "hr"]}},
        {"earlier_owner_of_person": "press"},
        False,
        "this person’s earlier conversation was not owned by product or hr",
    ),
    ({"always": True}, {}, True, "the rule is for every message"),
    ({"not": {"reply": True}}, {}, True, "it is no reply"),
    ({"not": {"language": "en"}}, {}, False, "it is written in English"),
    (
        {"relationship": "customer", "topic": "refund"},
        {},
        True,
        "the sender is a customer and it is about refunds",
    ),
    ({"relationship": "customer", "topic": "delivery"}, {}, False, "it is not about delivery"),
    ({"any": [{"reply": True}, {"language": "en"}]}, {}, True, "it is written in English"),
    (
        {"any": [{"reply": True}, {"language": "de"}]},
        {},
        False,
        "it is no reply and it is not written in German",
    ),
    ({"all": [{"words": "money"}, {"words": "back"}]}, {}, True, "it says “money” and it says “back”"),
]


@pytest.mark.parametrize(("when", "about", "hit", "reason"), CASES)
def test_a_condition_holds_or_not_and_says_why(
    when: dict[str, Any], about: dict[str, Any], hit: bool, reason: str
) -> None:
    problems = Problems()
    condition = parse_condition(when, problems)
    assert problems.found == []
    assert condition is not None
    assert condition.check(facts(**about)) == (hit, reason)
    assert parse_condition(plain_condition(condition), problems) == condition
    assert condition.describe()


def test_every_condition_has_a_case_that_hits_and_one_that_misses() -> None:
    hits = {next(iter(when)) for when, _, hit, _ in CASES if hit}
    misses = {next(iter(when)) for when, _, hit, _ in CASES if not hit}
    assert hits == set(REGISTRY)
    assert misses | {"always", "all"} == set(REGISTRY)


def test_hours_that_are_gone_are_an_error_and_not_a_miss() -> None:
    condition = parse_condition({"time": {"is": "inside", "hours": "Gone"}}, Problems())
    assert condition is not None
    with pytest.raises(PolicyError, match="no business hours “Gone”"):
        condition.check(facts())


VOCABULARY = Vocabulary(
    {"teams": frozenset({"customer-service"}), "topics": frozenset({"refund"}), "hours": frozenset()}
)
DEEP: dict[str, Any] = {"reply": True}
for _ in range(50):
    DEEP = {"not": DEEP}


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({}, "expected conditions"),
        ("always", "expected conditions"),
        ({"topik": "refund"}, "there is no condition “topik”; did you mean “topic”?"),
        ({"topic": "refunds"}, "there is no topic “refunds”; did you mean “refund”?"),
        ({"topic": 3}, "expected a topic"),
        ({"topic": []}, "expected a topic"),
        ({"relationship": "costumer"}, "did you mean “customer”?"),
        ({"words": "!!!"}, "neither a letter nor a digit"),
        ({"words": ["ok", ""]}, "expected a word"),
        ({"words": {"some": ["x"]}}, "{ all ="),
        ({"words": "x" * 201}, "longer than 200"),
        ({"words": "a\x00b"}, "control characters"),
        ({"language": "Deutsch"}, "no code of a language"),
        ({"kind": "spam"}, "there is no kind of message “spam”"),
        ({"reply": "yes"}, "expected true or false"),
        ({"always": False}, "leave the rule out"),
        ({"time": "never"}, "there is no side of business hours “never”"),
        ({"time": {"hours": "x"}}, 'expected "inside" or "outside"'),
        ({"time": {"is": "inside", "hours": "x"}}, "there is no set of business hours “x”"),
        ({"earlier_owner": {"of": "person", "team": "custmer-service"}}, "did you mean “customer-service”?"),
        ({"earlier_owner": ["person", "thread"]}, "expected one of"),
        ({"to": "a b"}, "is no address"),
        ({"from": "a@b@c"}, "is no address"),
        ({"any": {"reply": True}}, "expected a list of conditions"),
        ({"any": []}, "expected a list of conditions"),
        (DEEP, "nested too deeply"),
    ],
)
def test_a_bad_condition_is_refused_with_what_is_expected(when: Any, said: str) -> None:
    problems = Problems(VOCABULARY)
    assert parse_condition(when, problems) is None
    assert said in problems.found[0].message


def test_many_stars_and_long_addresses_take_no_time() -> None:
    condition = parse_condition({"from": "*a" * 90 + "*b"}, Problems())
    assert condition is not None
    assert not condition.check(facts(from_address="a" * 20_000)).hit
