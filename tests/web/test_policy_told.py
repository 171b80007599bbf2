"""What the pages of ownership tell first: what is tried, what it changes, and what a button would come to."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from rapport.channels import registry
from rapport.core import scope
from rapport.core.clock import now
from rapport.ownership import teaching
from rapport.ownership.models import Burst, Decision, WhatIf
from rapport.ownership.simulate import jobs
from rapport.staff.models import Membership, Team
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db
RULE = {"name": "Zebras", "when_words": "zebra", "then_owner": "product"}


@pytest.fixture
def product(cast: Cast) -> Team:
    team = Team.objects.create(name="Product", slug="product")
    Membership.objects.create(member=cast.agent, team=team)
    return team


@pytest.mark.usefixtures("product")
def test_what_was_tried_is_said_on_its_page_and_found_again_by_its_rules(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    client.post(reverse("policy_rule_new"), RULE)
    asked = client.post(reverse("policy_try"), {"try": "draft", "span": "30"})
    assert jobs.run_next()
    told = client.get(asked.url).content.decode()
    assert "+ Zebras: when it says “zebra”, then Product owns it" in told
    assert "Rule 3 “Zebras” never hit" in told
    assert "Rule 2" not in told.partition('id="t-rules"')[2], "what is in confidence was not seen"
    client.post(reverse("policy_change"), {"verb": "discard"})
    listed = client.get(reverse("policy_try")).content.decode()
    assert "a draft, beside version 1: <bdi>Zebras</bdi>" in listed
    with scope.system():
        WhatIf.objects.update(names={"base": 1, "draft": None})
    assert "a draft, beside version 1 <span" in client.get(reverse("policy_try")).content.decode(), "of before"


@pytest.mark.usefixtures("product")
def test_what_a_trial_changes_is_said_before_it_begins_and_while_it_runs(cast: Cast, sign_in: SignIn) -> None:
    client, page = sign_in(cast.lead), reverse("policy_trial")
    assert "What it changes" not in client.get(page).content.decode()
    client.post(reverse("policy_rule_new"), RULE)
    assert "+ Zebras: when" in client.get(page).content.decode()
    client.post(reverse("policy_trial_change"), {"verb": "start"})
    assert "+ Zebras: when" in client.get(page).content.decode()


@pytest.mark.usefixtures("product")
def test_the_step_back_stands_above_the_rules(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    assert reverse("policy_back") not in client.get(reverse("policy")).content.decode()
    client.post(reverse("policy_rule_new"), RULE)
    client.post(reverse("policy_save"), {"note": "Zebras"})
    shown = client.get(reverse("policy")).content.decode()
    assert shown.count(reverse("policy_back")) == 1
    assert shown.index(reverse("policy_back")) < shown.index('id="rule-1"')
    client.post(reverse("policy_rule_new"), RULE | {"name": "More"})
    shown = client.get(reverse("policy")).content.decode()
    assert shown.count(reverse("policy_back")) == 1
    assert shown.index(reverse("policy_back")) > shown.index('id="rule-1"'), "above a draft it is taken for its own"


def test_weights_call_kinds_of_channels_what_their_page_does(cast: Cast, sign_in: SignIn) -> None:
    shown = sign_in(cast.lead).get(reverse("policy")).content.decode()
    weights = shown.partition('aria-label="Weights"')[2].partition("</section>")[0]
    for kind in ("calls", "sip", "webchat"):
        assert f">{registry.connector(kind).label} <b" in weights
        assert f">{kind} <b" not in weights


def test_the_decisions_of_a_burst_can_be_looked_at_as_far_as_one_may_see_them(cast: Cast, sign_in: SignIn) -> None:
    Team.objects.create(name="Product", slug="product")
    with scope.system():
        seen = make_conversation("Where is it?", "A parcel", cast.customer, cast.service, cast.channel)
        for one in (seen, cast.secret):
            teaching.teach(one, "product", cast.agent)
        Burst.objects.create(member=cast.agent, since=now() - timedelta(minutes=5), until=now(), count=12, against=11)
    shown = sign_in(cast.lead).get(reverse("policy_learning")).content.decode()
    burst = shown.partition('id="burst-')[2].partition("</section>")[0]
    assert re.search(r"Where is it\?</a>.*?Product", burst, re.DOTALL)
    assert str(cast.secret.id) not in shown


def test_what_letting_it_act_would_have_come_to_stands_beside_the_button(cast: Cast, sign_in: SignIn) -> None:
    Team.objects.create(name="Product", slug="product")
    client = sign_in(cast.lead)
    assert "it was certain of" not in client.get(reverse("policy_learning")).content.decode()
    with scope.system():
        for number in range(5):
            told = {"team": "product", "probability": 0.9, "sure": 0.9, "model": "", "acted": False}
            told["certain"] = False
            one = make_conversation(f"Parcel {number}", "Where?", cast.customer, cast.service, cast.channel)
            Decision.objects.filter(conversation=one).update(suggestion=told, rule=None)
            teaching.teach(one, "product" if number else "customer-service", cast.agent)
    said = "Of the latest 5 suggestions that people have dealt with, it was certain of none."
    assert said in client.get(reverse("policy_learning")).content.decode()
    with scope.system():
        for decision in Decision.objects.exclude(suggestion=None).order_by("conversation__subject")[:3]:
            decision.suggestion["certain"] = True
            Decision.objects.filter(id=decision.id).update(suggestion=decision.suggestion)
    shown = client.get(reverse("policy_learning")).content.decode()
    assert "Of the latest 5 suggestions that people have dealt with, it was certain of 3; of these people chose the " \
        "same for 2." in re.sub(r"\s+", " ", shown)  # fmt: skip
