"""Possible duplicates in a real browser: worked through by keyboard, on a phone, and without a fault axe can find."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from rapport.web.duplicates import FILTERS
from tests.browser.conftest import PHONE, Place
from tests.browser.test_axe import RULES
from tests.people.folk import FAKE, pair, person, root_of, state_of
from tests.people.folk import PHONE as OTHER_PHONE


def _sound(page: Page) -> None:
    # What has just come is half seen through until it has faded in.
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)))")
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_suggestions_are_worked_through_by_keyboard(place: Place) -> None:
    known = [person(f"Ann {n}", f"email:ann{n}@example.org", how="dmarc") for n in range(4)]
    others = [person(f"ann {n}.", f"fediverse:ann{n}@social.example") for n in range(4)]
    given = [(), (OTHER_PHONE,), (FAKE,), ()]
    pairs = [pair(a, b, 0.95 - n / 10, *given[n]) for n, (a, b) in enumerate(zip(known, others, strict=True))]
    page = place.page(place.cast.agent)
    page.goto("/people/")
    page.get_by_role("link", name="Possible duplicates").click()
    expect(page.locator("#review-pair")).to_be_visible()
    page.wait_for_load_state()
    _sound(page)

    def shows(number: int) -> None:
        expect(page.get_by_role("heading", name=f"Ann {number}", exact=True)).to_be_visible()

    shows(0)
    page.keyboard.press("j")
    shows(1)
    page.keyboard.press("k")
    shows(0)
    page.keyboard.press("s")
    expect(page.locator(".twin-stays h2")).to_have_text("ann 0.")
    page.keyboard.press("s")
    expect(page.locator(".twin-stays h2")).to_have_text("Ann 0")
    page.keyboard.press("y")
    shows(1)
    assert root_of(others[0]) == known[0].id
    page.keyboard.press("n")
    shows(2)
    expect(page.get_by_text("Possibly an impersonator.")).to_be_visible()
    page.keyboard.press("y")
    expect(page.locator("#knowingly")).to_be_focused()
    assert (state_of(pairs[1]), state_of(pairs[2])) == ("refused", "open")
    _sound(page)
    page.keyboard.press("u")
    shows(1)
    page.keyboard.press("u")
    shows(0)
    assert [state_of(one) for one in pairs] == ["open"] * 4
    page.keyboard.press("o")
    expect(page).to_have_url(f"{place.url}/people/{known[0].id}/")
    expect(page.get_by_text("Perhaps the same as")).to_be_visible()
    page.wait_for_load_state()
    _sound(page)

    phone = place.page(place.cast.agent, PHONE, "dark")
    phone.goto(f"/people/duplicates/?only={FILTERS[2][0]}")
    shown = phone.locator(".twin")
    expect(shown.first).to_be_visible()
    assert shown.nth(0).bounding_box()["x"] == shown.nth(1).bounding_box()["x"]  # type: ignore[index]
    _sound(phone)
    phone.get_by_role("button", name="Keep apart").click()
    expect(phone.get_by_text("Possibly an impersonator.")).to_be_visible()
    assert state_of(pairs[1]) == "refused"


def test_what_is_decided_on_a_persons_page_is_undone_there(place: Place) -> None:
    ann = person("Ann Ex", "email:ann@example.org")
    one = pair(ann, person("ann ex", "fediverse:ann@social.example"))
    page = place.page(place.cast.agent)
    page.goto(f"/people/{ann.id}/")
    page.locator("#identity").get_by_role("button", name="Keep apart").click()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Taken back.")
    expect(page.get_by_role("heading", name="Possible duplicates")).to_be_visible()
    assert state_of(one) == "open"
