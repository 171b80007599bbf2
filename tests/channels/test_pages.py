"""Connecting, trying, changing and pausing a channel of any kind on its pages."""

from contextlib import nullcontext
from importlib.metadata import EntryPoint, EntryPoints

import pytest
from click.testing import CliRunner
from django.urls import reverse

from rapport.channels import registry
from rapport.channels.models import Channel
from rapport.channels.secrets import seal, unseal
from rapport.cli import channel as command
from rapport.core.errors import ChannelError
from tests.channels.parrot import Parrot
from tests.web.cast import Cast
from tests.web.conftest import SignIn, cast, sign_in

__all__ = ["cast", "sign_in"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("parrots")]
GIVEN = {"name": "Our parrot", "perch": "oak", "cracker": "salted-7781", "loud": "on"}


def test_the_kinds_say_what_they_are_and_how_far_they_are_proven(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.admin).get(reverse("channel_new")).content.decode()
    assert "Parrots" in page
    assert "Contract-tested" in page
    assert reverse("channel_new_kind", args=["email"]) in page


def test_a_channel_is_connected_with_its_steps_and_its_secret_is_never_shown_again(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.admin)
    url = reverse("channel_new_kind", args=["parrot"])
    page = client.get(url).content.decode()
    assert "Feed it." in page
    assert "without them it is silent" in page
    assert client.post(url, GIVEN).status_code == 302
    made = Channel.objects.get(kind="parrot")
    assert (made.address, made.config["own"]) == ("@oak", {"address": "@oak", "id": "7"})
    kept = unseal(bytes(made.secrets))
    assert kept["cracker"] == "salted-7781"
    assert len(kept["hook_secret"]) > 20
    shown = client.get(reverse("channel", args=[made.id])).content.decode()
    assert "salted-7781" not in shown
    assert f"/hooks/{made.id}/" in shown
    assert client.post(reverse("channel", args=[made.id]), {**GIVEN, "cracker": "", "perch": "elm"}).status_code == 302
    made.refresh_from_db()
    assert unseal(bytes(made.secrets)) == kept
    assert made.config["perch"] == "elm"
    client.post(reverse("channel", args=[made.id]), {**GIVEN, "cracker": "fresh"})
    made.refresh_from_db()
    assert unseal(bytes(made.secrets))["cracker"] == "fresh"


def test_what_is_missing_or_cannot_be_reached_is_said_and_nothing_is_kept(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, url = sign_in(cast.admin), reverse("channel_new_kind", args=["parrot"])

    def away(*given: object) -> None:
        raise ChannelError("The parrot has flown.", "Open the window.", permanent=False)

    assert client.post(url, {**GIVEN, "perch": ""}).status_code == 200
    monkeypatch.setattr(Parrot, "test", away)
    page = client.post(url, GIVEN).content.decode()
    assert "The parrot has flown. Open the window." in page
    assert not Channel.objects.filter(kind="parrot").exists()
    assert client.post(url, {**GIVEN, "untried": "on"}).status_code == 302
    made = Channel.objects.get(kind="parrot")
    tried = client.post(reverse("channel_test", args=[made.id]), follow=True).content.decode()
    assert "The parrot has flown." in tried


def test_the_page_shows_how_a_channel_is(cast: Cast, sign_in: SignIn) -> None:
    health = {"lag_s": 3, "limit_left": 42, "way": "polling", "refused": 5, "refused_why": "Stale."}
    made = Channel.objects.create(name="P", kind="parrot", health=health, state="failing", error="It sulks.")
    for url in (reverse("channel", args=[made.id]), reverse("channels")):
        page = sign_in(cast.admin).get(url).content.decode()
        assert "It sulks." in page
        assert "3 s behind" in page
        assert "By asking again and again" in page
    page = sign_in(cast.admin).get(reverse("channel", args=[made.id])).content.decode()
    assert "42" in page
    assert "Stale." in page


def test_only_administrators_connect(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    assert client.get(reverse("channel_new")).status_code == 403
    assert client.post(reverse("channel_new_kind", args=["parrot"]), GIVEN).status_code == 403
    assert not Channel.objects.filter(kind="parrot").exists()
    assert sign_in(cast.admin).get(reverse("channel_new_kind", args=["dodo"])).status_code == 404


def test_a_mapping_is_tried_on_an_example_and_nothing_is_kept(cast: Cast, sign_in: SignIn) -> None:
    config = {"text": "$.message.body", "author_name": "$.who"}
    made = Channel.objects.create(name="Form", kind="webhook", config=config)
    client, url = sign_in(cast.admin), reverse("channel_mapping", args=[made.id])
    page = client.post(url, {"example": '{"message": {"body": "<b>Hello</b>"}, "who": "Ann"}'}).content.decode()
    assert "&lt;b&gt;Hello&lt;/b&gt;" in page
    assert client.post(url, {"example": "no json"}).status_code == 200
    assert sign_in(cast.agent).post(url, {"example": "{}"}).status_code == 403
    assert "Try the mapping" in client.get(reverse("channel", args=[made.id])).content.decode()


def test_a_web_chat_leads_to_where_it_is_shown(cast: Cast, sign_in: SignIn) -> None:
    made = Channel.objects.create(name="Chat", kind="webchat", config={"origins": ["https://shop.example"]})
    client = sign_in(cast.admin)
    page = client.get(reverse("channel", args=[made.id])).content.decode()
    link = page.partition('href="/chat/')[2].partition('"')[0]
    assert client.get(f"/chat/{link}").status_code == 200


@pytest.mark.parametrize("kind", registry.kinds())
def test_every_kind_can_be_begun_and_says_what_is_missing(kind: str, cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.admin), reverse("channel_new_kind", args=[kind])
    assert client.get(url).status_code == 200
    if kind not in ("webchat", "calls", "webhook"):
        assert client.post(url, {"name": "New one"}).status_code == 200
        assert not Channel.objects.filter(name="New one").exists()


def test_a_kind_of_somebody_else_is_there_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("budgie", "tests.channels.parrot:Parrot", "rapport.channels")
    here = EntryPoints([point])
    monkeypatch.setattr(registry, "entry_points", lambda **asked: here.select(**asked))
    registry.connector.cache_clear()
    assert "budgie" in registry.kinds()
    assert isinstance(registry.connector("budgie"), Parrot)
    registry.connector.cache_clear()


def test_the_command_line_gives_no_mailbox_password_to_what_is_no_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal({"cracker": "salted"})
    made = Channel.objects.create(name="P", kind="parrot", config={"perch": "oak"}, secrets=sealed)
    monkeypatch.setattr(command, "database", nullcontext)
    monkeypatch.setenv("WORD", "other")
    done = CliRunner().invoke(command.password, ["P", "--password-env", "WORD"])
    assert done.exit_code != 0
    made.refresh_from_db()
    assert bytes(made.secrets) == sealed
