"""How the pages look: languages, contrast, and the page that shows the design system."""

import pytest
from pytest_django import Settings

from rapport.core.options import options
from rapport.staff.models import Member
from rapport.web.looks import tokens_of
from tests.web.cast import Cast
from tests.web.conftest import SignIn


def test_a_member_switches_the_language_of_the_pages(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    answer = client.post("/language/", {"language": "ar", "next": "/profile/"})
    assert answer.headers["Location"] == "/profile/"
    assert Member.objects.get(id=cast.agent.id).language == "ar"
    page = client.get("/profile/").content.decode()
    assert '<html lang="ar" dir="rtl"' in page


def test_a_language_there_is_not_changes_nothing(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    client.post("/language/", {"language": "tlh", "next": "https://elsewhere.example/"})
    assert Member.objects.get(id=cast.agent.id).language == "en"


def test_going_back_never_leads_elsewhere(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    for path in ("/language/", "/contrast/"):
        answer = client.post(path, {"language": "de", "contrast": "more", "next": "https://elsewhere.example/"})
        assert answer.headers["Location"] == "/"


def test_the_sign_in_page_speaks_the_language_of_the_browser(client: object, cast: Cast, sign_in: SignIn) -> None:
    from django.test import Client

    page = Client(headers={"accept-language": "de-CH,de;q=0.9,en;q=0.5"}).get("/account/login/").content.decode()
    assert '<html lang="de" dir="ltr"' in page


def test_high_contrast_is_kept_with_the_member(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    assert 'data-contrast="more"' not in client.get("/profile/").content.decode()
    client.post("/contrast/", {"contrast": "more", "next": "/"})
    assert 'data-contrast="more"' in client.get("/profile/").content.decode()


def test_the_style_guide_shows_every_color_in_development_alone(
    cast: Cast, sign_in: SignIn, settings: Settings
) -> None:
    client = sign_in(cast.agent)
    if not options().demo:
        assert client.get("/styleguide/").status_code == 404
    settings.DEBUG = True
    page = client.get("/styleguide/").content.decode()
    for name in ("canvas", "accent-solid", "note-line"):
        assert f"sg-{name}" in page


@pytest.mark.parametrize("sheet", [":root {\n  --one: 1px;\n  --two: a, b;\n}\n.x {\n  --three: 3;\n}"])
def test_tokens_are_those_of_the_first_block(sheet: str) -> None:
    assert [(token.name, token.value) for token in tokens_of(sheet)] == [("one", "1px"), ("two", "a, b")]
