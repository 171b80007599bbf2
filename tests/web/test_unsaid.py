"""Where nothing is suggested, or was not done by itself, the reasons of a conversation say why: as kept then."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from rapport.conversations.models import Conversation, Topic
from rapport.core import scope
from rapport.ownership.kinds import KINDS
from rapport.ownership.models import Decision
from rapport.ownership.service import SavedBy, save_policy_dict
from rapport.ownership.unsaid import _WHYS, ALL, Silence, pack
from rapport.web import unsaid_words
from tests.web.cast import Cast
from tests.web.conftest import SignIn


def keep(found: Conversation, unsaid: str | None, **kept: Any) -> None:
    with scope.system():
        Decision.objects.filter(conversation=found).update(unsaid=unsaid, rule=None, **kept)


def page_of(found: Conversation) -> str:
    return reverse("conversation", args=[found.id])


def test_the_why_says_for_owner_topic_and_priority_why_nothing_is_suggested(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    before = client.get(page_of(cast.conversation)).content.decode()
    assert "what was learned" not in before
    keep(cast.conversation, "t?customer-service 22;ou" + "refund 41;p0")
    shown = client.get(page_of(cast.conversation)).content.decode()
    assert "Owner: what was learned was unsure. The likeliest was Customer Service, at 22" in shown
    assert "Topic: it was unlike anything decided before. The likeliest was Refund, at 41" in shown
    assert "Priority: nothing had been learned yet." in shown
    summary = shown.partition("<summary>")[2].partition("</summary>")[0]
    assert "learned" not in summary, "the first sentence stays short"


def test_one_reason_for_several_is_one_line_and_each_reason_has_its_words(cast: Cast) -> None:
    assert unsaid_words.lines("t0;o0;p0", {}, in_confidence=False) == (
        "Owner, Topic, Priority: nothing had been learned yet.",
    )
    assert unsaid_words.lines(None, {}, in_confidence=False) == ()
    for why in _WHYS:
        kinds = [ALL] if why in ("automatic", "broken", "confidential") else KINDS[: 2 if why == "none" else 3]
        for kind in kinds:
            packed = pack({kind: Silence(why, "refund" if why in ("unsure", "unlike") else "", 12)})
            (line,) = unsaid_words.lines(packed, {}, in_confidence=False)
            assert line.endswith("."), (kind, why)
            assert "%(" not in line


def test_what_came_to_be_confidential_does_not_say_whose_it_might_have_been(cast: Cast, sign_in: SignIn) -> None:
    keep(cast.secret, "t?customer-service 22;p?high 30")
    shown = sign_in(cast.hr).get(page_of(cast.secret)).content.decode()
    assert "The likeliest was High, at 30" in shown
    assert "The likeliest was Customer Service" not in shown
    assert sign_in(cast.agent).get(page_of(cast.secret)).status_code == 404


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ("promise", "that is less than the 97 of 100 that are promised"), ("off", "no lead has let it decide"),
        ("burst", "a burst of decisions waited for a lead"), ("unpromised", "is not enough to promise anything of it"),
        ("same", "It was so already"), ("from the future", ""),
    ],
)  # fmt: skip
def test_what_is_suggested_and_not_done_says_why(cast: Cast, sign_in: SignIn, held: str, words: str) -> None:
    told = {"team": "customer-service", "probability": 0.87, "sure": 0.87, "model": "m", "acted": False, "held": held}
    keep(cast.conversation, None, suggestion={**told, "wanted": 97})
    shown = sign_in(cast.agent).get(page_of(cast.conversation)).content.decode()
    assert "likely: suggested, not assigned." in shown
    assert words in shown
    with translation.override("en"):
        assert bool(unsaid_words.held(told)) == bool(words)


def test_a_rule_asks_about_a_topic_as_the_reason_names_it(cast: Cast, sign_in: SignIn) -> None:
    Topic.objects.create(name="Refunds and returns", slug="refunds-and-returns", words=["refund"])
    Topic.objects.create(name="VAT numbers", slug="vat-numbers", words=["vat"])
    when = {"topic": ["refunds-and-returns", "vat-numbers"]}
    rules = [{"name": "Money", "when": when, "then": {"owner": "customer-service"}}]
    number = save_policy_dict({"triage": "customer-service", "rules": rules}, SavedBy()).number
    keep(cast.conversation, None, policy_version=number, trace=["+it is about refunds and returns"])
    shown = sign_in(cast.agent).get(page_of(cast.conversation)).content.decode()
    assert "Asks whether it is about refunds and returns or VAT numbers." in shown
    assert "It is about refunds and returns." in shown
