"""What was learned, on the pages: a suggestion beside the owner, why, and the page for leads."""

from collections.abc import Iterator

import pytest
from django.urls import reverse

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.inbound.privacy import steps
from rapport.ownership import actions, refitting, teaching
from rapport.ownership.models import Decision, Example, LearnedModel
from rapport.people.forgetting import START, Target
from rapport.staff.models import Company, Team
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn


@pytest.fixture(autouse=True)
def product(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    monkeypatch.setattr(refitting, "encoders", tuple)
    return Team.objects.create(name="Product", slug="product", description="Defects, parcels that never arrived.")


def suggest(found: Conversation, team: str, probability: float = 0.87) -> None:
    told = {"team": team, "probability": probability, "sure": probability, "model": str(found.id), "acted": False}
    with scope.system():
        Decision.objects.filter(conversation=found).update(suggestion=told, rule=None)


def page_of(found: Conversation) -> str:
    return reverse("conversation", args=[found.id])


def test_a_suggestion_is_accepted_by_one_button_and_is_an_example_then(cast: Cast, sign_in: SignIn) -> None:
    suggest(cast.conversation, "product")
    client = sign_in(cast.agent)
    before = client.get(page_of(cast.conversation)).content.decode()
    assert "Suggested: Product, 87" in before
    assert 'data-key="y"' in before
    product = Team.objects.get(slug="product")
    client.post(reverse("act", args=[cast.conversation.id, "assign"]), {"to": f"team:{product.id}"})
    with scope.system():
        assert list(Example.objects.values_list("label", "member_id")) == [("product", cast.agent.id)]
    after = client.get(page_of(cast.conversation)).content.decode()
    assert "Suggested: Product" not in after
    assert "From what people decided before, Product" in after


def test_that_it_is_theirs_already_is_confirmed_by_the_same_button_and_whoever_answers_keeps_it(
    cast: Cast, sign_in: SignIn
) -> None:
    with scope.system():
        Conversation.objects.filter(id=cast.conversation.id).update(owner_member=cast.agent)
    suggest(cast.conversation, "customer-service")
    client = sign_in(cast.agent)
    assert "Suggested: Customer Service, 87" in client.get(page_of(cast.conversation)).content.decode()
    client.post(reverse("act", args=[cast.conversation.id, "accept"]), {"take": f"team:{cast.service.id}"})
    with scope.system():
        found = Conversation.objects.get(id=cast.conversation.id)
        assert (found.owner_team, found.owner_member) == (cast.service, cast.agent)
        assert list(Example.objects.values_list("label", flat=True)) == ["customer-service"]
    assert "– accept" not in client.get(page_of(cast.conversation)).content.decode()


def test_who_only_reads_is_offered_nothing_and_what_is_settled_is_not_suggested(cast: Cast, sign_in: SignIn) -> None:
    suggest(cast.conversation, "product")
    assert "Suggested:" not in sign_in(cast.reader).get(page_of(cast.conversation)).content.decode()
    actions.set_status(cast.conversation.id, cast.agent, "resolved")
    assert "Suggested:" not in sign_in(cast.agent).get(page_of(cast.conversation)).content.decode()
    suggest(cast.secret, "product")
    assert "Suggested:" not in sign_in(cast.hr).get(page_of(cast.secret)).content.decode()


def test_what_spoke_for_it_is_told_and_of_what_one_may_not_see_nothing(cast: Cast, sign_in: SignIn) -> None:
    url = reverse("learned_why", args=[cast.conversation.id])
    client = sign_in(cast.agent)
    assert "no model" in client.get(url).content.decode()
    with scope.system():
        for number in range(3):
            one = make_conversation(f"Parcel {number}", "It never arrived.", cast.customer, cast.service, cast.channel)
            teaching.teach(one, "product", cast.agent)
    refitting.refit()
    told = client.get(url).content.decode()
    assert "As of now: Product" in told
    assert "Parcel 2" in told
    assert client.get(reverse("learned_why", args=[cast.secret.id])).status_code == 404
    assert "no model" in sign_in(cast.hr).get(reverse("learned_why", args=[cast.secret.id])).content.decode()


def test_leads_see_what_was_learned_and_overruled_and_switch_assigning(cast: Cast, sign_in: SignIn) -> None:
    suggest(cast.conversation, "product")
    suggest(cast.secret, "product")
    with scope.system():
        teaching.teach(cast.conversation, "customer-service", cast.agent)
        teaching.teach(cast.secret, "hr", cast.hr)
    refitting.refit()
    client, url = sign_in(cast.lead), reverse("policy_learning")
    shown = client.get(url).content.decode()
    assert "1 decision" in shown
    assert "It has seen 0 of about 100" in shown
    assert cast.conversation.subject in shown
    assert cast.secret.subject not in shown
    client.post(reverse("policy_learning_change"), {"verb": "on"})
    assert Company.here().learned_assigns
    client.post(reverse("policy_learning_change"), {"verb": "off"})
    assert not Company.here().learned_assigns
    assert sign_in(cast.agent).post(reverse("policy_learning_change"), {"verb": "on"}).status_code == 403
    assert not Company.here().learned_assigns


def test_setting_aside_first_says_how_many_and_can_be_taken_back(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        teaching.teach(cast.conversation, "product", cast.agent)
    client, url, change = sign_in(cast.lead), reverse("policy_learning"), reverse("policy_learning_change")
    assert "1 decision would teach nothing" in client.get(url, {"member": cast.agent.id}).content.decode()
    client.post(change, {"verb": "forget"})
    with scope.system():
        assert Example.objects.filter(set_aside=None).count() == 1, "everything at once is refused"
    client.post(change, {"verb": "forget", "member": cast.agent.id})
    with scope.system():
        at = Example.objects.get().set_aside
    assert at is not None
    page = client.get(url).content.decode()
    assert "Bring back" in page
    assert f'<bdi class="soft">{cast.agent.name}</bdi>' in page
    client.post(change, {"verb": "back", "at": at.isoformat()})
    with scope.system():
        assert Example.objects.get().set_aside is None


def test_erasing_somebody_takes_what_their_conversations_taught(cast: Cast) -> None:
    with scope.system():
        teaching.teach(cast.conversation, "product", cast.agent)
        teaching.teach(cast.secret, "hr", cast.hr)
        refitting.refit()
        step = next(one for one in steps.STEPS if one.name == "examples")
        target = Target(cast.customer.id, (cast.customer.id,), (), (), (), "somebody")
        assert step.count(target) == 1
        assert step.take(target, START, 100) == (1, None)
        assert step.count(target) == 0
        assert [one.label for one in Example.objects.all()] == ["hr"]
        assert LearnedModel.objects.get().stale
    assert refitting.is_due()
    made = refitting.refit()
    assert made is not None
    assert made.figures["examples"] == 0
