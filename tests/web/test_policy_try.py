"""The pages on which a policy is tried: its tests, the past, the trial."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from rapport.core import scope
from rapport.insight.flows import picture
from rapport.ownership.forms import policy_to_dict
from rapport.ownership.models import PolicyDraft, Shadow, Trial, WhatIf
from rapport.ownership.service import SavedBy, current_policy, save_policy_dict
from rapport.ownership.simulate import jobs
from rapport.people.models import Relationship
from rapport.staff.models import BusinessHours, Company, Membership, Team
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

RULE = {"name": "Parcels", "when_words": "parcel", "then_owner": "product"}


@pytest.fixture
def product(cast: Cast) -> Team:
    team = Team.objects.create(name="Product", slug="product")
    Membership.objects.create(member=cast.agent, team=team)
    return team


def draft(client: object, **more: str) -> None:
    client.post(reverse("policy_rule_new"), RULE | more)  # type: ignore[attr-defined]
    for number in ("3", "2"):
        client.post(reverse("policy_change"), {"verb": "up", "rule": number})  # type: ignore[attr-defined]


@pytest.mark.usefixtures("product")
def test_a_draft_is_tried_on_the_past_and_told_in_two_columns(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    draft(client)
    asked = client.post(reverse("policy_try"), {"try": "draft", "span": "30"})
    waiting = client.get(asked.url).content.decode()
    assert "It begins in a moment." in waiting
    assert "<progress" in client.get(asked.url, headers={"HX-Request": "true"}).content.decode()
    assert jobs.run_next()
    assert client.get(asked.url, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    told = client.get(asked.url).content.decode()
    assert "Of 1 conversations 1 (100%) would have gone to another team." in told
    assert "Customer Service to Product: 1" in told
    assert "Product: 0, would be 1" in told
    assert "Customer Service owns this: it is about refund; rule 1" in told
    assert "Product owns this: it says “parcel”; rule 1" in told
    assert "Refund for order 1009" in told
    assert "Zanzibar" not in told
    assert "never hit" not in told, "its rule for HR is in confidence: that the lead saw none says nothing"
    assert "hits where Rule 1 “Parcels” has decided, and would give it to another team." in told
    assert str(cast.secret.id) not in told
    assert "a draft" in client.get(reverse("policy_try")).content.decode()


@pytest.mark.usefixtures("product")
def test_what_else_would_be_otherwise_and_what_cannot_be_known_is_told(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    draft(client, then_priority="urgent", when_held="no", when_to="help@company.example")
    asked = client.post(reverse("policy_try"), {"try": "draft", "span": "30"})
    assert jobs.run_next()
    told = client.get(asked.url).content.decode()
    assert "Bcc, Delivered-To" in told
    assert "Which of somebody’s earlier conversations was the latest" in told
    asks = [part.partition("</li>")[0] for part in told.split("a rule asks for it</span>")[1:]]
    assert [said.strip().split(" ")[0] for said in asks] == ["A", "Addresses"], "employees are a relationship"
    with scope.system():
        story = WhatIf.objects.get().story
        (moved,) = story["changes"]
        secret = {"what": "confidential", "from": "yes", "to": "no", "count": 2, "shown": []}
        topic = {"what": "topic", "from": "refund", "to": "", "count": 3, "shown": []}
        WhatIf.objects.update(story=story | {"changes": [topic, secret, moved]})
    told = client.get(asked.url).content.decode()
    for says in ("Topic Refund to none", "No more in confidence", "Priority normal to urgent"):
        assert says in told
    with scope.system():
        WhatIf.objects.update(story={key: one for key, one in story.items() if key not in ("changes", "asks")})
    assert client.get(asked.url).status_code == 200, "one from before an update"


@pytest.mark.usefixtures("product")
def test_promises_that_end_otherwise_and_what_steps_would_have_done_are_told_without_names(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.lead)
    plain = policy_to_dict(current_policy()[1])
    steps = [
        {"at": "5m before", "do": "tell", "to": cast.agent.email},
        {"at": "5m after", "do": "involve", "to": "team:product"},
    ]
    rule = {"name": "All", "when": {"kind": "message"}, "then": {"owner": plain["triage"], "promise": "fast"}}
    always = [[day, "00:00", "24:00"] for day in range(7)]
    BusinessHours.objects.create(name="Always", time_zone="UTC", blocks=always)
    fast = {"fast": {"first_answer": "10m", "hours": "Always", "steps": steps}}
    save_policy_dict(plain | {"promises": fast, "rules": [rule]}, SavedBy())
    asked = client.post(reverse("policy_try"), {"try": "1", "span": "30"})
    assert jobs.run_next()
    with scope.system():
        story = WhatIf.objects.get().story
    assert story["promises"]["first"][0]["broken"] == 1
    told = client.get(asked.url).content.decode()
    assert "Promises that would have ended otherwise" in told
    assert "First answer: late, would be still open" in told
    assert "late; due " in told
    assert "First answer, 5m after its end: involves Product" in told
    assert "First answer, 5m before its end: tells a member" in told
    assert "due 1 time · involved a team in 1 · then 1 answered late or not yet" in told
    assert cast.agent.email not in told
    with scope.system():
        WhatIf.objects.update(story={key: one for key, one in story.items() if key not in ("turned", "steps")} | {
            "promises": {name: one for name, one in story["promises"].items() if name != "next"},
        })  # fmt: skip
    assert "What the steps" not in client.get(asked.url).content.decode(), "one from before an update"


@pytest.mark.usefixtures("product")
def test_examples_that_became_a_secret_since_are_not_shown(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    draft(client)
    asked = client.post(reverse("policy_try"), {"try": "draft", "span": "90"})
    jobs.run_next()
    with scope.system():
        type(cast.conversation).objects.filter(id=cast.conversation.id).update(audience=[cast.people_team.id])
    told = client.get(asked.url).content.decode()
    assert "None of the examples kept is yours to see." in told
    assert "Refund for order 1009" not in told


def test_what_one_asked_is_for_nobody_else(cast: Cast, sign_in: SignIn) -> None:
    asked = sign_in(cast.lead).post(reverse("policy_try"), {"try": "1", "span": "30"})
    assert sign_in(cast.admin).get(asked.url).status_code == 404
    assert sign_in(cast.agent).get(asked.url).status_code == 403
    sign_in(cast.lead).post(f"{asked.url}stop/")
    assert not jobs.run_next()
    assert "stopped" in sign_in(cast.lead).get(asked.url).content.decode()


@pytest.mark.parametrize(
    "given", [{"span": "days", "from": "x", "to": "y"}, {"span": "days", "from": "2026-03-02", "to": "2026-03-01"},
              {"span": "days", "from": "", "to": ""}, {"span": "0030999999999"}]
)  # fmt: skip
def test_a_span_that_makes_no_sense_is_refused(cast: Cast, sign_in: SignIn, given: dict[str, str]) -> None:
    said = sign_in(cast.lead).post(reverse("policy_try"), {"try": "draft", **given}, follow=True).content.decode()
    assert "This span cannot be read." in said
    with scope.system():
        assert not WhatIf.objects.exists()


def test_a_span_in_which_nothing_came_says_so(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    span = {"span": "days", "from": "2020-01-01", "to": "2020-01-31", "try": "1"}
    asked = client.post(reverse("policy_try"), span)
    jobs.run_next()
    assert "Nothing came in this time" in client.get(asked.url).content.decode()
    assert client.post(reverse("policy_try"), {"try": "99", "span": "30"}).status_code == 404


@pytest.mark.usefixtures("product")
def test_what_members_would_be_given_is_shown_only_where_the_company_allows_it(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    draft(client, then_assign="load")
    asked = client.post(reverse("policy_try"), {"try": "draft", "span": "30"})
    with scope.system():
        Team.objects.update(hours=None)
        from rapport.staff.models import BusinessHours

        BusinessHours.objects.update(blocks=[[day, "00:00", "24:00"] for day in range(7)])
    jobs.run_next()
    hidden = client.get(asked.url).content.decode()
    assert "Figures on individuals are not shown." in hidden
    assert "Ana Agent" not in hidden
    Company.objects.update_or_create(id=1, defaults={"individual_figures": True})
    assert "Ana Agent" in client.get(asked.url).content.decode()


def test_tests_are_written_fail_and_stop_the_policy(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    given = {"name": "Money", "message_text": "My refund", "message_time": "inside", "expect_owner": "hr"}
    assert client.post(reverse("policy_test_new"), given).status_code == 302
    shown = client.get(reverse("policy_tests")).content.decode()
    assert "1 test fails" in shown
    assert "Expected hr, but customer-service owns it; rule 1 “Refunds” hit: it is about refund" in shown
    said = client.post(reverse("policy_save"), {"note": "x"}, follow=True).content.decode()
    assert "test 1: “Money”: expected hr, but customer-service owns it" in said
    version, policy = current_policy()
    assert version is not None
    assert (version.number, policy.tests) == (1, ())
    client.post(reverse("policy_test", args=[1]), given | {"expect_owner": "customer-service"})
    client.post(reverse("policy_save"), {"note": "x"})
    (kept,) = current_policy()[1].tests
    assert (kept.message, kept.expect) == ({"text": "My refund", "time": "inside"}, {"owner": "customer-service"})
    client.post(reverse("policy_test", args=[1]), {"verb": "remove"})
    client.post(reverse("policy_save"))
    assert current_policy()[1].tests == ()
    assert client.get(reverse("policy_test", args=[7])).status_code == 404
    refused = client.post(reverse("policy_test_new"), {"name": "Empty"}).content.decode()
    assert "Say what is expected: an owner, or anything below." in refused


def test_a_test_of_a_conversation_takes_its_shape_and_nothing_of_what_was_said(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    with scope.system():
        Relationship.objects.update(created_at=cast.conversation.created_at - timedelta(days=1))
    url = f"{reverse('policy_test_new')}?conversation="
    page = client.get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert f"{url}{cast.conversation.id}" in page
    form = client.get(f"{url}{cast.conversation.id}").content.decode()
    assert "Only the shape of the conversation was taken" in form
    for kept in ("help@company.example", '<option value="customer" selected', "refund</textarea>"):
        assert kept in form
    for said in ("1009", "parcel", "carla", "Carla", "shop.example"):
        assert said not in form
    assert client.get(f"{url}{cast.secret.id}").status_code == 404
    assert sign_in(cast.admin).get(f"{url}nothing").status_code == 404


def test_not_even_who_may_see_it_makes_a_test_of_a_matter_in_confidence(cast: Cast, sign_in: SignIn) -> None:
    cast.hr.role = "lead"
    cast.hr.save()
    client = sign_in(cast.hr)
    assert "Make a test" not in client.get(reverse("conversation", args=[cast.secret.id])).content.decode()
    assert client.get(f"{reverse('policy_test_new')}?conversation={cast.secret.id}").status_code == 404


@pytest.mark.usefixtures("product")
def test_a_draft_goes_on_trial_into_the_shadow_to_a_share_in_force_and_back(cast: Cast, sign_in: SignIn) -> None:
    client, page, change = sign_in(cast.lead), reverse("policy_trial"), reverse("policy_trial_change")
    assert "Nothing is on trial" in client.get(page).content.decode()
    assert "There is no draft" in client.post(change, {"verb": "start"}, follow=True).content.decode()
    draft(client)
    client.post(change, {"verb": "start", "note": "Parcels"})
    assert "Nothing yet" in client.get(page).content.decode()
    trial = Trial.objects.get()
    with scope.system():
        one = make_conversation("Parcel", "A parcel", cast.customer, cast.service, cast.channel)
        product = Team.objects.get(slug="product")
        Shadow.objects.create(
            conversation=one, trial=trial, team_id=product.id, base_team_id=cast.service.id, acted=True,
            sentence="Customer Service owns this: the sender is a customer; rule 1",
        )  # fmt: skip
        Shadow.objects.create(conversation=cast.secret, trial=trial, team_id=product.id)
    told = client.get(page).content.decode()
    assert "1 conversation that you may see was decided by both; in 1 the two differ." in told
    for said in (reverse("conversation", args=[one.id]), "the sender is a customer; rule 1", "so it was given"):
        assert said in told, said
    assert str(cast.secret.id) not in told
    assert "1 to 100 percent" in client.post(change, {"verb": "share", "share": "0"}, follow=True).content.decode()
    client.post(change, {"verb": "share", "share": "25"})
    assert "For a share · 25 %" in client.get(page).content.decode()
    assert "Version 2 is on trial" in client.get(reverse("policy")).content.decode()
    asked = client.get(reverse("policy_force_trial")).content.decode()
    for said in (
        "Version 2, which is on trial, comes into force as a new version in place of version 1. The trial ends.",
        "+ Parcels: when", "It has no tests", "Yes, put it in force",
    ):  # fmt: skip
        assert said in asked, said
    assert current_policy()[1].rules[0].name == "Refunds", "it was only asked"
    client.post(change, {"verb": "on"})
    assert current_policy()[1].rules[0].name == "Parcels"
    client.post(reverse("policy_back"))
    version, policy = current_policy()
    assert version is not None
    assert (version.number, version.note, policy.rules[0].name) == (4, "Version 1 again", "Refunds")
    client.post(reverse("policy_back"), {"number": "2"})
    assert current_policy()[1].rules[0].name == "Parcels"
    assert client.post(reverse("policy_back"), {"number": "77"}).status_code == 404
    assert "in force as version 3" in client.get(page).content.decode()


@pytest.mark.usefixtures("product")
def test_before_a_draft_comes_into_force_the_page_says_what_it_does_and_a_failing_test_leaves_no_button(
    cast: Cast, sign_in: SignIn
) -> None:
    client, page = sign_in(cast.lead), reverse("policy_force_draft")
    assert "There is nothing to put in force." in client.get(page).content.decode()
    draft(client)
    given = {"name": "Mine", "message_text": "hello", "expect_owner": "product"}
    client.post(reverse("policy_test_new"), given)
    asked = client.get(page).content.decode()
    assert "Your draft comes into force as a new version in place of version 1." in asked
    assert "A test that fails keeps it from coming into force:" in asked
    assert "Expected product, but customer-service owns it" in asked
    assert "Yes, put it in force" not in asked
    assert current_policy()[0] is not None


def test_ten_thousand_rules_are_shown_by_pages(cast: Cast, sign_in: SignIn) -> None:
    from rapport.ownership.service import SavedBy, save_policy_dict

    rules = [
        {"name": f"R{n}", "when": {"words": f"w{n}"}, "then": {"owner": "customer-service"}} for n in range(10_000)
    ]
    save_policy_dict({"triage": "customer-service", "rules": rules}, SavedBy())
    client = sign_in(cast.lead)
    first = client.get(reverse("policy"))
    assert len(first.content) < 700_000
    assert "10,000 rules in all" in first.content.decode()
    later = client.get(f"{reverse('policy')}?from=201").content.decode()
    assert ">R200<" in later
    assert ">R199<" not in later
    assert len(client.get(reverse("policy_version", args=[2])).content) < 700_000


@pytest.mark.usefixtures("product")
def test_what_is_odd_about_the_rules_is_said_on_the_page(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    client.post(reverse("policy_rule_new"), {"name": "Again", "when_topic": "refund", "then_owner": "product"})
    page = client.get(reverse("policy")).content.decode()
    assert "Rules 1 and 3 ask the same and give it to different teams: rule 1 wins." in page
    assert "ask the same" not in sign_in(cast.agent).get(reverse("policy")).content.decode()
    named = {"when_always": "yes", "then_owner": "@earlier", "then_member": cast.agent.email}
    client.post(reverse("policy_rule_new"), {"name": "Whose it was", **named})
    page = client.get(reverse("policy")).content.decode()
    assert "Whose it was" in page
    assert "who is not in" not in page, "it is of whatever team owned it before"
    Membership.objects.all().delete()
    Team.objects.filter(slug="hr").update(is_active=False)
    page = client.get(reverse("policy")).content.decode()
    assert "Rule 2 names the team hr, which is gone" in page
    assert "The team that sorts the rest, Customer Service, has nobody in it." in page


def test_bands_begin_and_end_at_their_blocks() -> None:
    drawn = picture([("a", "b", 30), ("a", "c", 10), ("d", "b", 5)])
    assert [(one.key, one.count) for one in drawn.left] == [("a", 40), ("d", 5)]
    assert [(one.key, one.count) for one in drawn.right] == [("b", 35), ("c", 10)]
    assert [band.flow for band in drawn.bands] == [("a", "b", 30), ("a", "c", 10), ("d", "b", 5)]
    assert all(one.y + one.height <= drawn.height for one in (*drawn.left, *drawn.right))
    assert picture([]).bands == []


def test_ways_within_the_team_are_told_of_the_same_span_and_members_only_where_the_company_allows(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.lead)
    draft(client)
    asked = client.post(reverse("policy_try"), {"try": "draft", "span": "30"})
    assert jobs.run_next()
    told = client.get(asked.url).content.decode()
    assert "Within the team" in told
    assert "As it really was" in told
    assert 'id="chart-within-waits"' in told
    assert re.search(r'<p class="strong">As it really was: \d+% in time; ', told)
    assert "What each would be given for an hour of theirs" not in told
    Company.objects.update_or_create(id=1, defaults={"individual_figures": True})
    assert "What each would be given for an hour of theirs" in client.get(asked.url).content.decode()
    with scope.system():
        story = WhatIf.objects.get().story
        WhatIf.objects.update(story={key: one for key, one in story.items() if key != "within"})
    assert "Within the team" not in client.get(asked.url).content.decode(), "one from before an update"


def test_where_there_are_no_rules_the_page_says_what_to_do(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    assert "No rules yet" not in client.get(reverse("policy")).content.decode()
    for _ in range(2):
        client.post(reverse("policy_change"), {"verb": "remove", "rule": "1"})
    page = client.get(reverse("policy")).content.decode()
    assert "No rules yet" in page
    assert f'href="{reverse("policy_rule_new")}">Add the first</a>' in page


def test_a_draft_and_its_setup_are_there_wherever_one_signs_in_and_for_nobody_else(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    client.post(reverse("policy_rule_new"), {"name": "Parcels", "when_words": "parcel", "then_owner": "hr"})
    client.post(reverse("policy_try_setup"), {"verb": "topics", "topics-name": "Parcels", "topics-words": "parcel"})
    client.logout()
    again = sign_in(cast.lead)
    assert "This is your draft." in again.get(reverse("policy")).content.decode()
    assert "Parcels" in again.get(reverse("policy_try_setup")).content.decode()
    assert "This is your draft." not in sign_in(cast.admin).get(reverse("policy")).content.decode()
    again.post(reverse("policy_change"), {"verb": "discard"})
    assert "This is your draft." not in again.get(reverse("policy")).content.decode()
    assert "Parcels" in again.get(reverse("policy_try_setup")).content.decode()


def test_what_is_wrong_with_a_test_stands_at_its_field(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    given = {"name": "\u202eturned", "message_from": "\u202eturned", "expect_owner": "hr"}
    told = client.post(reverse("policy_test_new"), given).content.decode()
    assert "Expected a text of 1 to 120 characters, on one line" in told
    assert told.count('aria-invalid="true"') == 2
    assert "test 1, name" not in told
    with scope.system():
        assert not PolicyDraft.objects.exists()
