"""No page breaks a rule of accessibility that a machine can find, in both themes and at both sizes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESK, PHONE, Place

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def _check(page: Page, what: str) -> list[str]:
    page.wait_for_timeout(300)
    found = Axe().run(page, options=RULES).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    lines = [
        f"{what}: {one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found
    ]
    return [*lines, f"{what}: wider than the window"] if wide else lines


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_no_page_has_an_axe_violation(size: tuple[int, int], scheme: str, place: Place) -> None:
    cast = place.cast
    addresses = [
        "/inbox/mine/",
        "/inbox/all/",
        f"/c/{cast.conversation.id}/",
        "/search/",
        "/search/?q=parcel",
        "/people/",
        f"/people/{cast.customer.id}/",
        "/policy/",
        "/policy/rules/1/",
        "/policy/versions/1/",
        "/policy/import/",
        "/log/",
        "/reports/",
        "/reports/rows/opened/?start=2020-01-01T00:00Z&end=2100-01-01T00:00Z",
        "/leads/customer-service/",
        f"/leads/customer-service/share/{cast.agent.id}/",
        "/absences/",
        "/absences/new/",
        "/company/",
        "/staff/",
        f"/staff/members/{cast.agent.id}/",
        f"/staff/teams/{cast.service.id}/",
        "/staff/hours/new/",
        "/channels/",
        "/channels/new/",
        "/quarantine/",
        "/profile/",
        "/account/password/change/",
        "/nothing-here/",
    ]
    found: list[str] = []
    page = place.page(cast.admin, size, scheme)
    for address in addresses:
        page.goto(address)
        found += _check(page, address)
    page.goto(f"/c/{cast.conversation.id}/")
    page.evaluate("document.querySelectorAll('#why, #assign-menu').forEach(one => one.open = true)")
    found += _check(page, "conversation unfolded")
    stranger = place.page(None, size, scheme)
    for address in ("/account/login/", "/account/password/reset/"):
        stranger.goto(address)
        found += _check(stranger, address)
    assert not found, "\n".join(found)
