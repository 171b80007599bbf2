"""Signing in with a real browser: passkeys under the strict policy, an authenticator app, pages looked at by axe."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from rapport.core import scope
from rapport.staff import directory, invitations
from rapport.staff.models import GroupRule, Provider
from tests.browser.conftest import DESK, PHONE, Place
from tests.browser.held import Held
from tests.browser.test_axe import _check
from tests.signin.test_factors import code_for
from tests.web.cast import PASSWORD


@pytest.fixture(autouse=True)
def no_attempts_yet(place: Place) -> Iterator[None]:
    """The counters of attempts live in a table that no test empties."""
    cache.clear()
    yield
    cache.clear()


def _with_authenticator(page: Page) -> None:
    """A fingerprint reader that always agrees (Chromium's own, virtual)."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def _enter(page: Page, base: str) -> None:
    page.goto(f"{base}/account/login/")
    page.get_by_label("Email").fill("ana@company.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def _leave(page: Page, base: str) -> None:
    page.goto(f"{base}/account/logout/")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/account/login/**")


def test_a_passkey_is_added_and_signs_in_alone_and_as_second_factor(place: Place) -> None:
    base = place.url.replace("127.0.0.1", "localhost")
    page = place.page(None)
    _with_authenticator(page)
    _enter(page, base)
    page.wait_for_url("**/inbox/**")
    page.goto(f"{base}/security/")
    held = Held(page, "**/passkeys*.js")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name, to recognise it by").fill("Laptop")
    expect(page.get_by_role("button", name="Add it")).to_be_disabled()
    held.let_go()
    page.get_by_role("button", name="Add it").click()
    page.wait_for_url("**/recovery-codes/")
    assert page.locator(".codes li").count() == 10
    page.goto(f"{base}/security/")
    assert page.get_by_text("Laptop").is_visible()
    _leave(page, base)
    page.goto(f"{base}/account/login/?next=/people/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{base}/people/")
    _leave(page, base)
    _enter(page, base)
    page.wait_for_url("**/2fa/authenticate/")
    page.get_by_role("button", name="Use your passkey instead").click()
    page.wait_for_url("**/inbox/**")


def test_an_authenticator_app_is_set_up_and_asked_for(place: Place) -> None:
    page = place.page(None)
    _enter(page, place.url)
    page.wait_for_url("**/inbox/**")
    page.goto(f"{place.url}/security/")
    page.get_by_role("link", name="Set up").click()
    place.until(page, lambda: page.evaluate("document.querySelector('img.qr')?.naturalWidth > 0"), "the picture")
    page.get_by_text("I cannot scan it").click()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("The six digits it shows").fill(code_for(secret))
    page.get_by_role("button", name="Turn it on").click()
    page.wait_for_url("**/recovery-codes/")
    _leave(page, place.url)
    _enter(page, place.url)
    page.get_by_label("Code").fill(code_for(secret, 1))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/inbox/**")


def test_no_page_of_sign_in_has_an_axe_violation(place: Place) -> None:
    with scope.system():
        provider = Provider.objects.create(slug="corporate", name="Corporate", kind="oidc", domains=["company.example"])
    GroupRule.objects.create(group="Service Desk", team=place.cast.service, role="agent")
    directory.new_token("Entra ID", place.cast.admin)
    secret = invitations.invite("nora@company.example", "", "agent", [place.cast.service], place.cast.admin)[1]
    found: list[str] = []
    page = place.page(place.cast.admin, DESK, "light")
    for address in ("/security/", "/signin/", f"/signin/providers/{provider.id}/", "/staff/"):
        page.goto(address)
        found += _check(page, address)
    stranger = place.page(None, PHONE, "dark")
    for address in (f"/join/{secret}/", "/account/login/"):
        stranger.goto(address)
        found += _check(stranger, address)
    _enter(stranger, place.url)
    stranger.wait_for_url("**/inbox/**")
    for address in ("/security/", "/account/2fa/totp/activate/", "/account/2fa/webauthn/add/"):
        stranger.goto(address)
        found += _check(stranger, address)
    assert not found, "\n".join(found)
