"""A second opinion in the pages: set up by administrators, shown beside what was learned, accepted with one key."""

import re
from collections.abc import Iterator

import pytest
from django.urls import reverse

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.inbound import second_opinions
from rapport.ownership.models import Decision, Example
from rapport.ownership.second import keeping
from rapport.ownership.second.models import AskedDay, Opinion
from rapport.staff.models import Team
from tests.inbound import endpoint as played
from tests.inbound.endpoint import completion
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn


@pytest.fixture
def elsewhere() -> Iterator[played.Endpoint]:
    with played.playing() as found:
        yield found


@pytest.fixture
def product(cast: Cast) -> Team:
    return Team.objects.create(name="Product", slug="product", description="Defects.")


def entered(elsewhere: played.Endpoint, verb: str, **more: str) -> dict[str, str]:
    return {
        "url": elsewhere.url, "model": "small", "key": "sk-hush", "kinds": "team", "requests_a_day": "7",
        "characters_a_day": "90000", "verb": verb,
    } | more  # fmt: skip


def test_an_administrator_sets_it_up_tries_it_and_switches_it_on_and_off(
    cast: Cast, sign_in: SignIn, elsewhere: played.Endpoint, product: Team
) -> None:
    client, url, learned = sign_in(cast.admin), reverse("policy_second"), reverse("policy_learning")
    assert "nothing is sent anywhere" in client.get(learned).content.decode()
    elsewhere.answers = [completion({"team": 2, "team_sure": 70})]
    tried = client.post(url, entered(elsewhere, "try")).content.decode()
    assert "Where is my parcel?" in elsewhere.told
    assert re.search(r"<b><bdi>Product</bdi></b>.*70", tried)
    assert "Enter it once more to save it" in tried
    assert not keeping.here().url, "trying keeps nothing"
    assert client.post(url, entered(elsewhere, "save")).status_code == 302
    assert not keeping.here().enabled
    client.post(url, {"verb": "on"})
    shown = client.get(learned).content.decode()
    assert "are sent to 127.0.0.1 (model small), redacted" in shown
    assert re.search(r"Used today: 1 of 7 requests \(6 left\)", shown)
    assert "Until there are 60" in shown
    assert "sk-hush" not in shown + client.get(url).content.decode()
    client.post(url, {"verb": "off"})
    assert not keeping.here().enabled
    with scope.system():
        kinds = list(Event.objects.filter(kind__startswith="second.").order_by("id").values_list("kind", flat=True))
        assert kinds == ["second.tried", "second.changed", "second.switched", "second.switched"]
        assert "sk-hush" not in str(list(Event.objects.values_list("data", flat=True)))


def test_others_may_not_and_what_is_wrong_is_said_in_words(
    cast: Cast, sign_in: SignIn, elsewhere: played.Endpoint
) -> None:
    url = reverse("policy_second")
    assert sign_in(cast.lead).get(url).status_code == 403
    assert sign_in(cast.lead).post(url, entered(elsewhere, "try")).status_code == 403
    assert elsewhere.asked == []
    client = sign_in(cast.admin)
    wrong = [
        (401, b"", "does not accept the key"), (200, b"<html>", "cannot be read"), (404, b"", "no such model"),
        (500, b"", "answered 500"),
    ]  # fmt: skip
    for status, body, words in wrong:
        elsewhere.answers = [(status, {}, body)]
        assert words in client.post(url, entered(elsewhere, "try")).content.decode()
    assert "read on its way" in client.post(url, entered(elsewhere, "save", url="http://a.example/v1")).content.decode()
    assert "This is no key" in client.post(url, entered(elsewhere, "save", key="a b")).content.decode()
    client.post(url, entered(elsewhere, "save"))
    shown = client.post(url, entered(elsewhere, "try", url="http://localhost:1/v1", key="")).content.decode()
    assert "enter the key again" in shown
    client.post(url, entered(elsewhere, "save", key="", no_key="on"))
    assert "Forget the stored key" not in client.get(url).content.decode()
    client.post(url, entered(elsewhere, "save", key="", url="http://localhost:1/v1"))
    assert keeping.here().url == "http://localhost:1/v1", "there is no key that could go elsewhere"
    client.post(url, entered(elsewhere, "save"))
    client.post(url, {"verb": "on"})
    with scope.system():
        AskedDay.objects.update(requests=7)
    assert "not so much left" in client.post(url, entered(elsewhere, "try")).content.decode()


def test_its_opinion_is_a_suggestion_with_its_reason_and_is_accepted_with_one_key(
    cast: Cast, sign_in: SignIn, elsewhere: played.Endpoint, product: Team
) -> None:
    client = sign_in(cast.admin)
    client.post(reverse("policy_second"), entered(elsewhere, "save"))
    client.post(reverse("policy_second"), {"verb": "on"})
    with scope.system():
        found = make_conversation("Kettle", "It leaks.", cast.customer, cast.service, cast.channel)
        Decision.objects.filter(conversation=found).update(rule=None, suggestion={})
    elsewhere.answers = [completion({"team": 2, "team_sure": 70})]
    assert second_opinions.work_once()
    agent, url = sign_in(cast.agent), reverse("conversation", args=[found.id])
    page = agent.get(url).content.decode()
    assert "Second opinion: Product – accept" in page
    assert "small at 127.0.0.1 was asked on" in page
    assert "Too few of its opinions" in page
    take = re.search(r'name="take" value="([^"]*)" data-key="y"', page)
    assert take is not None
    with scope.system():
        Opinion.objects.update(said={"team": {"label": "product", "sure": 0.7, "probability": 0.83}})
    assert re.search(r"Second opinion: Product, 83\W*%", agent.get(url).content.decode())
    agent.post(reverse("act", args=[found.id, "accept"]), {"take": take[1]})
    with scope.system():
        assert Conversation.objects.get(id=found.id).owner_team_id == product.id
        assert Example.objects.get(conversation=found).label == "product"
    after = agent.get(url).content.decode()
    assert "– accept" not in after
    assert "small at 127.0.0.1 was asked on" in after


def test_in_confidence_and_of_teams_that_are_gone_nothing_is_shown(cast: Cast, sign_in: SignIn) -> None:
    told = {"team": {"label": "product", "sure": 0.7, "probability": None}}
    with scope.system():
        for one in (cast.secret, cast.conversation):
            Decision.objects.filter(conversation=one).update(rule=None, suggestion={})
            Opinion.objects.create(conversation=one, stage="answered", said=told, model="m", host="h", asked_at=now())
    assert "Second opinion" not in sign_in(cast.hr).get(reverse("conversation", args=[cast.secret.id])).content.decode()
    page = sign_in(cast.agent).get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert "Second opinion" not in page
    with scope.member(cast.agent.id):
        assert [one.conversation_id for one in Opinion.objects.all()] == [cast.conversation.id]
