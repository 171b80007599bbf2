"""What leads see of what was learned: promises by team, topics and priorities, bursts, and nothing in confidence."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.urls import reverse

from rapport.conversations.models import Conversation, Topic
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.ownership import actions, refitting, teaching
from rapport.ownership.kinds import Slot
from rapport.ownership.models import Burst, Decision, Example, LearnedModel, Wish
from rapport.staff.models import Membership, Team
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn


@pytest.fixture(autouse=True)
def product(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    monkeypatch.setattr(refitting, "encoders", tuple)
    Topic.objects.create(name="Parcels", slug="parcels", description="What was sent and where it is")
    return Team.objects.create(name="Product", slug="product", description="Defects, parcels that never arrived.")


def guess(found: Conversation, **told: str) -> None:
    with scope.system():
        guesses = {
            kind: {"label": label, "probability": 0.9, "sure": 0.9, "certain": True, "model": "", "acted": False}
            for kind, label in told.items()
        }
        Decision.objects.filter(conversation=found).update(guesses=guesses)


def fresh(found: Conversation) -> Conversation:
    with scope.system():
        return Conversation.objects.get(id=found.id)


def test_all_that_is_suggested_is_accepted_at_once_and_taken_back_at_once(cast: Cast, sign_in: SignIn) -> None:
    told = {"team": "product", "probability": 0.87, "sure": 0.87, "model": "", "acted": False}
    with scope.system():
        Decision.objects.filter(conversation=cast.conversation).update(suggestion=told, rule=None)
    guess(cast.conversation, topic="parcels", priority="high")
    client = sign_in(cast.agent)
    page = client.get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert "Topic: Parcels, 90" in page
    assert "Priority: High, 90" in page
    assert page.count('data-key="y"') == 1
    found = re.search(r'name="take" value="([^"]*,[^"]*)" data-key="y"', page)
    assert found is not None
    client.post(reverse("act", args=[cast.conversation.id, "accept"]), {"take": found[1]})
    now_is = fresh(cast.conversation)
    assert (now_is.owner_team.slug, now_is.topic.slug, now_is.priority) == ("product", "parcels", 2)  # type: ignore[union-attr]
    with scope.system():
        assert set(Example.objects.values_list("kind", "label")) == {
            ("team", "product"), ("topic", "parcels"), ("priority", "high")
        }  # fmt: skip
    after = client.get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert "– accept" not in after
    with scope.system():
        events = list(Event.objects.filter(actor_id=cast.agent.id))
    batches = {one.data["batch"] for one in events if "batch" in one.data}
    client.post(reverse("undo_act", args=[cast.conversation.id, batches.pop()]))
    back = fresh(cast.conversation)
    assert (back.owner_team_id, back.topic_id, back.priority) == (cast.service.id, cast.topic.id, 1)
    with scope.system():
        assert not Example.objects.exists()


def test_what_somebody_set_by_hand_is_not_suggested_otherwise(cast: Cast, sign_in: SignIn) -> None:
    guess(cast.conversation, topic="parcels")
    actions.set_topic(cast.conversation.id, cast.agent, None)
    page = sign_in(cast.agent).get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert "Topic: Parcels" not in page


def test_a_lead_sets_what_is_promised_of_each_team_and_of_all_others(cast: Cast, sign_in: SignIn) -> None:
    client, change = sign_in(cast.lead), reverse("policy_learning_change")
    client.post(change, {"verb": "want", "kind": "team", "want:product": "99", "want:": "90"})
    assert set(Wish.objects.values_list("label", "precision")) == {("product", 99), ("", 90)}
    shown = client.get(reverse("policy_learning")).content.decode()
    assert 'name="want:product" value="99"' in shown
    client.post(change, {"verb": "want", "kind": "team", "want:product": "", "want:": "30"})
    assert Wish.objects.count() == 2, "all or nothing: thirty of a hundred is no promise"
    client.post(change, {"verb": "want", "kind": "team", "want:product": "", "want:": "90"})
    assert set(Wish.objects.values_list("label", "precision")) == {("", 90)}
    client.post(change, {"verb": "on", "kind": "topic"})
    assert "Acts where certain" in client.get(reverse("policy_learning") + "?kind=topic").content.decode()
    assert "Suggests only" in client.get(reverse("policy_learning") + "?kind=priority").content.decode()
    assert sign_in(cast.agent).post(change, {"verb": "want", "want:": "60"}).status_code == 403
    assert Wish.objects.get(kind="team", label="").precision == 90


def test_what_was_promised_of_a_team_is_shown_beside_what_was_kept(cast: Cast, sign_in: SignIn) -> None:
    told = {"team": "product", "probability": 0.99, "sure": 0.99, "certain": True, "model": "", "acted": False}
    with scope.system():
        for number in range(4):
            one = make_conversation(f"Parcel {number}", "Where?", cast.customer, cast.service, cast.channel)
            Decision.objects.filter(conversation=one).update(suggestion=told, rule=None)
            teaching.teach(one, "product" if number else "customer-service", cast.agent)
    shown = sign_in(cast.lead).get(reverse("policy_learning")).content.decode()
    assert re.search(r"75\W*%\s*\(3 of 4\)", shown)


def test_a_burst_is_shown_with_its_effect_and_set_aside_after_it_was_said_what_that_does(
    cast: Cast, sign_in: SignIn
) -> None:
    with scope.system():
        for number in range(3):
            one = make_conversation(f"Parcel {number}", "Where?", cast.customer, cast.service, cast.channel)
            teaching.teach(one, "product", cast.agent)
        began = now() - timedelta(minutes=5)
        effect = {"asked": 200, "changed": 60, "moves": [["customer-service", "product", 60]]}
        burst = Burst.objects.create(
            member=cast.agent, since=began, until=now(), count=30, against=28, effect=effect
        )  # fmt: skip
    client, change = sign_in(cast.lead), reverse("policy_learning_change")
    shown = client.get(reverse("policy_learning")).content.decode()
    assert "Ana Agent made 30 decisions" in shown
    assert "60 are told otherwise" in shown
    assert "Customer Service → Product: 60" in shown
    assert "All 3 decisions that Ana Agent has made since" in shown
    client.post(change, {"verb": "burst_aside", "burst": burst.id})
    with scope.system():
        assert Example.objects.filter(set_aside=None).count() == 0
        at = Example.objects.first().set_aside  # type: ignore[union-attr]
        assert Burst.objects.get().settled == "aside"
    client.post(change, {"verb": "burst_right", "burst": burst.id})
    with scope.system():
        assert Burst.objects.get().settled == "aside", "settled once"
    assert at is not None
    client.post(change, {"verb": "back", "at": at.isoformat()})
    with scope.system():
        assert Example.objects.filter(set_aside=None).count() == 3


def page_without_tokens(client: object, kind: str, **query: str) -> str:
    shown = client.get(reverse("policy_learning"), {"kind": kind, **query}).content.decode()  # type: ignore[attr-defined]
    return re.sub(r"csrf[^>]*>", "", shown[shown.index('<div class="page">') :])


@pytest.mark.usefixtures("one_minute")
def test_not_one_number_outside_changes_by_what_a_confidential_team_decides(cast: Cast, sign_in: SignIn) -> None:
    refitting.refit()
    client = sign_in(cast.lead)
    by = {"member": str(cast.hr.id)}
    kinds = ("team", "topic", "priority")
    before = [page_without_tokens(client, kind, **by) for kind in kinds]
    made = LearnedModel.objects.none()
    with scope.system():
        made = list(LearnedModel.objects.values_list("id", "made_at", "stale", "figures"))  # type: ignore[assignment]
        secrets = [
            make_conversation(f"Secret {number}", f"The xylophone {number}", cast.secretive, cast.people_team,
                              cast.channel)
            for number in range(3)
        ]  # fmt: skip
    topic = Topic.objects.get(slug="parcels")
    for one in secrets:
        actions.set_topic(one.id, cast.hr, topic)
        actions.set_priority(one.id, cast.hr, 3)
    with scope.system():
        assert teaching.set_aside(teaching.Span(since=now() - timedelta(days=1)), cast.lead) == 0
        assert teaching.set_aside(teaching.Span(since=now() - timedelta(days=1)), cast.hr) == 6
        assert teaching.bring_back(Example.objects.first().set_aside, cast.lead) == 0  # type: ignore[union-attr, arg-type]
    for kind, was in zip(kinds, before, strict=True):
        assert page_without_tokens(client, kind, **by).splitlines() == was.splitlines()
    with scope.system():
        assert list(LearnedModel.objects.values_list("id", "made_at", "stale", "figures")) == made
        teaching.bring_back(Example.objects.first().set_aside, cast.hr)  # type: ignore[union-attr, arg-type]
    refitting.refit(Slot("topic", cast.people_team.id))
    assert [page_without_tokens(client, kind, **by) for kind in kinds] == before
    Membership.objects.create(team=cast.people_team, member=cast.admin)
    assert "HR · Topic" in sign_in(cast.admin).get(reverse("policy_learning")).content.decode()


def test_a_promise_goes_with_all_others_again_with_an_event_and_what_is_no_short_name_is_refused(
    cast: Cast, sign_in: SignIn
) -> None:
    client, change = sign_in(cast.lead), reverse("policy_learning_change")
    client.post(change, {"verb": "want", "kind": "team", "want:product": "99"})
    client.post(change, {"verb": "want", "kind": "team", "want:product": ""})
    client.post(change, {"verb": "want", "kind": "team", "want:product": ""})
    for label in ("a\0b", "a b", "x" * 81):
        assert client.post(change, {"verb": "want", "kind": "team", f"want:{label}": "90"}).status_code == 302
        assert client.post(change, {"verb": "want", "kind": "team", f"want:{label}": ""}).status_code == 302
    assert not Wish.objects.exists()
    with scope.system():
        assert Event.objects.filter(kind="learning.wanted", actor_id=cast.lead.id).count() == 2
