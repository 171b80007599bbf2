"""Search in a real browser: results as one types, all of it by keyboard, and kept as a view."""

from playwright.sync_api import expect

from rapport.core import scope
from tests.browser.conftest import PHONE, Place
from tests.web.cast import make_conversation


def test_one_searches_narrows_and_keeps_a_view_by_keyboard(place: Place) -> None:
    cast = place.cast
    with scope.system():
        make_conversation("Parcel for the lead", "Another parcel.", cast.customer, cast.service, cast.channel)
    page = place.page(cast.agent)
    page.goto("/search/")
    page.keyboard.type("parc")
    expect(page.locator(".hits .hit")).to_have_count(2)
    expect(page.locator(".hit-passage mark").first).to_have_text("parc", ignore_case=True)
    page.keyboard.type("el topic:refund")
    expect(page).to_have_url(f"{place.url}/search/?q=parcel%20topic%3Arefund")
    expect(page.locator(".hits .hit")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".hit")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/c/{cast.conversation.id}/**")
    page.goto("/inbox/all/?q=is:waiting+topic:refund")
    expect(page.locator("#rows .row")).to_have_count(1)
    page.get_by_role("link", name="Save as a view").press("Enter")
    page.get_by_label("Name").fill("Refunds that wait")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Refunds that wait")
    expect(link).to_have_attribute("aria-current", "page")
    expect(link.locator(".side-count")).to_have_text("1")
    phone = place.page(cast.agent, PHONE)
    phone.goto("/search/?q=parcel")
    expect(phone.locator(".hits .hit")).to_have_count(2)
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert place.problems == []
