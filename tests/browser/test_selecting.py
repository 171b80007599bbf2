"""Many at once, in a real browser: by keyboard, by touch and from the palette, each taken back as one."""

import re

from playwright.sync_api import APIResponse, Page, Route, expect

from rapport.conversations.models import Conversation
from rapport.core import scope
from tests.browser.conftest import PHONE, Place
from tests.web.cast import make_conversation


def fill(place: Place, count: int = 5) -> None:
    cast = place.cast
    with scope.system():
        for number in range(count):
            make_conversation(
                f"Matter {number}", "x", cast.customer, cast.service, cast.channel, minutes_ago=number + 60
            )


def statuses() -> list[str]:
    with scope.system():
        return sorted(Conversation.objects.filter(subject__startswith="Matter").values_list("status", flat=True))


def given_to_lead(place: Place) -> bool:
    with scope.system():
        return Conversation.objects.filter(owner_member=place.cast.lead).exists()


def live(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("[data-state=live]").first).to_be_attached()


def test_selecting_resolving_undoing_and_the_palette_by_keyboard_alone(place: Place) -> None:
    fill(place)
    page = place.page(place.cast.agent)
    live(page, "/inbox/all/?sort=age")
    first = page.locator(".row").nth(0)
    page.keyboard.press("j")
    expect(first.locator(".row-link")).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    page.keyboard.press("Shift+J")
    expect(page.locator(".bulk-count")).to_have_text("3 selected")
    page.keyboard.press("e")
    expect(page.locator(".toast")).to_contain_text("3 conversations resolved.")
    expect(page.locator("#rows .row")).to_have_count(3)
    expect(page.locator(".bulk")).to_be_hidden()
    assert statuses() == ["open", "open", "resolved", "resolved", "resolved"]
    # The focus went to a row that stayed.
    assert page.evaluate("Boolean(document.activeElement.closest('.row'))")
    page.keyboard.press("Control+z")
    expect(page.locator("#rows .row")).to_have_count(6)
    assert set(statuses()) == {"open"}
    # Back in their places.
    assert page.locator(".row-subject").all_text_contents()[:3] == ["Matter 4", "Matter 3", "Matter 2"]

    page.keyboard.press("Control+a")
    expect(page.locator(".bulk-count")).to_have_text("6 selected")
    page.keyboard.press("Escape")
    expect(page.locator(".bulk")).to_be_hidden()
    page.keyboard.press("x")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="What do you want to do?")
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-controls", "palette-list")
    page.keyboard.type("assn lea")
    chosen = page.locator("#palette-list [aria-selected=true]")
    expect(chosen).to_contain_text("Assign to Lea Lead")
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    page.keyboard.press("Enter")
    expect(page.locator(".toast").last).to_contain_text("1 conversation assigned.")
    with scope.system():
        assert Conversation.objects.get(owner_member=place.cast.lead).subject.startswith("Matter")
    page.keyboard.press("Control+z")
    place.until(page, lambda: not given_to_lead(place), "it to be nobody's again")
    expect(page.locator(".toast").filter(has_text="assigned")).to_have_count(0)

    # People are found as one types; Escape leaves everything as it was.
    page.keyboard.press("Control+k")
    page.keyboard.type("carla")
    expect(page.get_by_role("option").filter(has_text="Carla Customer").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("z")
    expect(page.get_by_role("heading", name="Snoozed")).to_be_visible()


def test_a_late_answer_does_not_take_away_what_was_brought_back_meanwhile(place: Place) -> None:
    fill(place, 2)
    held: list[tuple[Route, APIResponse]] = []
    page = place.page(place.cast.agent)
    live(page, "/inbox/all/?sort=age")
    asked = re.compile("ids=")
    page.route(asked, lambda route: route.continue_() if held else held.append((route, route.fetch())))
    for key in ("j", "x", "e"):
        page.keyboard.press(key)
    place.until(page, lambda: held and statuses() == ["open", "resolved"], "the list to ask what has gone")
    expect(page.locator(".toast")).to_contain_text("1 conversation resolved.")
    with page.expect_response(asked):
        page.keyboard.press("Control+z")
    place.until(page, lambda: statuses() == ["open", "open"], "it to be open again")
    expect(page.locator("#rows .row")).to_have_count(3)
    route, answer = held.pop()
    route.fulfill(response=answer)
    page.wait_for_timeout(500)
    assert page.locator("#rows .row").count() == 3


def test_a_selection_survives_what_happens_meanwhile_and_a_range_is_taken_by_shift_click(place: Place) -> None:
    fill(place)
    page = place.page(place.cast.agent)
    live(page, "/inbox/all/?sort=age")
    page.locator(".row").nth(0).hover()
    page.locator(".row-check").nth(0).click()
    page.locator(".row-check").nth(3).click(modifiers=["Shift"])
    expect(page.locator(".bulk-count")).to_have_text("4 selected")
    with scope.system():
        gone, changed = Conversation.objects.filter(subject__in=["Matter 4", "Matter 3"]).order_by("created_at")
    from rapport.conversations import actions

    actions.resolve(gone.id, place.cast.lead)
    actions.set_priority(changed.id, place.cast.lead, 3)
    expect(page.locator(f"#c-{changed.id}")).to_contain_text("Urgent")
    expect(page.locator(".bulk-count")).to_have_text("3 selected")
    expect(page.locator(f"#c-{changed.id} .row-check")).to_be_checked()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".bulk")).to_be_hidden()


def test_on_a_phone_a_long_press_selects_and_the_bar_lies_under_the_thumb(place: Place) -> None:
    fill(place)
    context = place.browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, has_touch=True, is_mobile=True, base_url=place.url
    )
    context.add_cookies(place.context(place.cast.agent).cookies())  # type: ignore[arg-type]
    page = context.new_page()
    live(page, "/inbox/all/?sort=age")
    box = page.locator(".row-link").nth(1).bounding_box()
    assert box
    touch = context.new_cdp_session(page)
    points = [{"x": 160, "y": box["y"] + 20}]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
    expect(page.locator(".bulk-count")).to_have_text("1 selected")
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.locator(".row-link").nth(3).tap()
    expect(page.locator(".bulk-count")).to_have_text("2 selected")
    bar = page.locator(".bulk").bounding_box()
    assert bar
    assert bar["y"] + bar["height"] >= PHONE[1] - 1
    page.get_by_role("button", name="Resolve").tap()
    expect(page.locator(".toast")).to_contain_text("2 conversations resolved.")
    page.get_by_role("button", name="Undo").tap()
    place.until(page, lambda: set(statuses()) == {"open"}, "them to be open again")
    expect(page.locator("#rows .row")).to_have_count(6)
    # Selecting is over: a tap opens, and going back shows the list again.
    page.locator(".row-link").nth(0).tap()
    expect(page.locator(".talk-bar")).to_be_visible()
    expect(page.locator(".thumbbar")).to_be_hidden()
    page.go_back()
    expect(page.locator(".list-pane")).to_be_visible()
    expect(page.locator(".thumbbar")).to_be_visible()
