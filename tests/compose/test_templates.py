"""Templates: kept with known placeholders only, by who may, found as one types, filled in for a conversation."""

import pytest
from django.urls import reverse

from rapport.conversations.models import Template
from rapport.core import scope
from rapport.outbound.templates import first_name
from tests.web.cast import Cast
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db


def given(cast: Cast, **more: str) -> dict[str, str]:
    return {
        "name": "Greeting", "shortcut": "Say Hi!", "html": "<div>Dear {{person.first_name|there}}</div>",
        "team": str(cast.service.id), "language": "en",
    } | more  # fmt: skip


def test_a_template_is_kept_found_used_changed_and_deleted(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    assert client.post(reverse("template_new"), given(cast)).status_code == 302
    with scope.system():
        made = Template.objects.get()
    assert made.shortcut == "say-hi"
    assert "Greeting" in client.get(reverse("template_pick"), {"q": "say-hi"}).content.decode()
    used = client.post(reverse("template_use", args=[made.id]), {"conversation": str(cast.conversation.id)}).json()
    assert used == {"html": "<div>Dear Carla</div>", "gaps": []}
    assert client.post(reverse("template_use", args=[made.id])).json()["html"] == "<div>Dear there</div>"
    client.post(reverse("template", args=[made.id]), given(cast, name="Hello", html="<div>{{organization.name}}</div>"))
    assert "used 2 times" in client.get(reverse("templates"), {"q": "hello"}).content.decode()
    gap = client.post(reverse("template_use", args=[made.id])).json()
    assert gap["gaps"] == ["organization.name"]
    assert '<mark data-gap="organization.name">' in gap["html"]
    client.post(reverse("template_delete", args=[made.id]))
    with scope.system():
        assert not Template.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"html": "<div>Dear {{person.frist_name}}</div>"}, "Did you mean {{person.first_name}}?"),
        ({"html": "<div>{{zebra}}</div>"}, "There is no placeholder {{zebra}}."),
        ({"html": "<div> </div>"}, "The template is empty."),
        ({"name": " "}, "The template has no name."),
        ({"html": '<img src="cid:a@rapport">x'}, "Templates hold no pictures."),
    ],
)
def test_a_wrong_template_is_told_and_its_words_stay(
    cast: Cast, sign_in: SignIn, wrong: dict[str, str], words: str
) -> None:
    page = sign_in(cast.agent).post(reverse("template_new"), given(cast, **wrong))
    assert page.status_code == 400
    assert words in page.content.decode()
    if "{{" in wrong.get("html", ""):
        assert wrong["html"] in page.content.decode()
    with scope.system():
        assert not Template.objects.exists()


def test_who_may_make_and_change_which(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.agent).post(reverse("template_new"), given(cast, team="")).status_code == 403
    foreign = given(cast, team=str(cast.people_team.id))
    assert sign_in(cast.agent).post(reverse("template_new"), foreign).status_code == 403
    assert sign_in(cast.reader).post(reverse("template_new"), given(cast)).status_code == 403
    with scope.system():
        assert not Template.objects.exists()
    assert sign_in(cast.lead).post(reverse("template_new"), given(cast, team="")).status_code == 302
    with scope.system():
        made = Template.objects.get()
        ours = Template.objects.create(name="Severance", html="<div>secret words</div>", team=cast.people_team)
    client = sign_in(cast.agent)
    assert client.post(reverse("template", args=[made.id]), given(cast)).status_code == 403
    assert client.post(reverse("template_delete", args=[made.id])).status_code == 403
    for name in ("template", "template_delete", "template_use"):
        assert client.post(reverse(name, args=[ours.id]), given(cast)).status_code == 404
    assert "Severance" not in client.get(reverse("templates")).content.decode()
    assert "Severance" in sign_in(cast.hr).get(reverse("templates")).content.decode()


@pytest.mark.parametrize(
    ("name", "first"),
    [("Anna Müller", "Anna"), ("Müller, Anna", "Anna"), ("Dr. Anna Müller", "Anna"), ("info@x.example", ""), ("", "")],
)
def test_first_names(name: str, first: str) -> None:
    assert first_name(name) == first
