"""Every page is drawn, for every role that may see it."""

import pytest
from django.urls import reverse

from tests.web.cast import Cast
from tests.web.conftest import SignIn

PAGES = [
    ("inbox", ["mine"]), ("inbox", ["teams"]), ("inbox", ["unowned"]), ("inbox", ["all"]),
    ("team_inbox", ["customer-service"]), ("rows", ["all"]), ("counts", []), ("live_token", []),
    ("search", []), ("people", []), ("policy", []), ("events", []), ("staff", []), ("profile", []),
    ("policy_version", [1]), ("policy_export", ["toml"]), ("policy_export", ["yaml"]),
]  # fmt: skip
LEAD_PAGES = [
    ("policy_rule_new", []), ("policy_rule", [1]), ("policy_rule", [2]), ("policy_import", []), ("policy_promise", []),
]  # fmt: skip
ADMIN_PAGES = [
    ("channels", []),
    ("channel_new", []),
    ("quarantine", []),
    ("member_new", []),
    ("team_new", []),
    ("hours_new", []),
]


@pytest.mark.parametrize(("name", "args"), PAGES)
@pytest.mark.parametrize("role", ["admin", "agent", "reader", "hr"])
def test_page_is_drawn_for_everybody(name: str, args: list[object], role: str, cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(getattr(cast, role)).get(reverse(name, args=args))
    assert response.status_code == 200


@pytest.mark.parametrize(("name", "args"), LEAD_PAGES)
def test_page_for_leads_is_drawn_for_them_and_refused_to_agents(
    name: str, args: list[object], cast: Cast, sign_in: SignIn
) -> None:
    assert sign_in(cast.lead).get(reverse(name, args=args)).status_code == 200
    assert sign_in(cast.agent).get(reverse(name, args=args)).status_code == 403


@pytest.mark.parametrize(("name", "args"), ADMIN_PAGES)
def test_page_for_administrators_is_drawn_for_them_and_refused_to_leads(
    name: str, args: list[object], cast: Cast, sign_in: SignIn
) -> None:
    assert sign_in(cast.admin).get(reverse(name, args=args)).status_code == 200
    assert sign_in(cast.lead).get(reverse(name, args=args)).status_code == 403


def test_conversation_shows_what_was_said_and_why_it_is_owned(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.agent).get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert "The parcel never arrived." in page
    assert "Customer Service owns this: it is about refund; rule 1" in page
    assert "Carla Customer" in page


def test_signing_in_with_address_and_password_leads_to_the_inbox(cast: Cast, client) -> None:  # type: ignore[no-untyped-def]
    page = client.get("/account/login/").content.decode()
    assert "Sign in" in page
    assert "<style" not in page
    assert " style=" not in page
    response = client.post("/account/login/", {"login": "ana@company.example", "password": "correct horse battery"})
    assert response.status_code == 302
    assert client.get("/", follow=True).status_code == 200
