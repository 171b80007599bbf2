"""The main jobs by keyboard alone, with the focus always somewhere and seen; and what a screen reader hears."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.outbound.models import Delivery
from tests.browser.conftest import Place
from tests.web.cast import make_conversation

pytestmark = pytest.mark.django_db(transaction=True)

_FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return "nowhere";
  const seen = (one) => getComputedStyle(one).outlineStyle !== "none" || getComputedStyle(one).boxShadow !== "none";
  const around = at.closest(".composer-inner, .palette-top, .row") ?? at;
  return seen(at) || seen(around) || at.matches("main") ? "seen" : `not seen: ${at.outerHTML.slice(0, 120)}`;
}"""


def _kept(page: Page, step: str) -> None:
    """The focus is on something, and one sees where."""
    for _ in range(600):
        if page.evaluate(_FOCUS) != "nowhere":
            break
        page.wait_for_timeout(100)
    assert page.evaluate(_FOCUS) == "seen", step


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def _tab_to(page: Page, selector: str, most: int = 40) -> None:
    for _ in range(most):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {selector}")


def _conversation(place: Place) -> Conversation:
    with scope.system():
        return Conversation.objects.get(id=place.cast.conversation.id)


def test_a_day_of_work_by_keyboard_alone(place: Place) -> None:
    cast = place.cast
    with scope.system():
        for number in range(3):
            make_conversation(f"Matter {number}", "x", cast.customer, cast.service, cast.channel, minutes_ago=5)
    page = place.page(None)
    page.goto("/account/login/")
    _tab_to(page, "[name=login]")
    page.keyboard.type("ana@company.example")
    _press(page, "Tab")
    page.keyboard.type("correct horse battery")
    _press(page, "Enter")
    expect(page.locator("[data-state=live]").first).to_be_attached()

    # The first Tab offers to skip what is the same on every page.
    _press(page, "Tab")
    expect(page.locator(".skip")).to_be_focused()
    _press(page, "Enter")
    _press(page, "j")
    expect(page.locator(".row-link").first).to_be_focused()
    _kept(page, "in the list")
    _press(page, "Enter")
    expect(page.locator("[data-conversation] h1")).to_have_text("Refund for order 1009")
    _kept(page, "opened")

    _tab_to(page, "#why > summary")
    _press(page, "Enter")
    expect(page.locator("#why")).to_contain_text("The sender is not an employee.")
    _kept(page, "why")

    _press(page, "a")
    expect(page.locator("#assign-menu button").first).to_be_focused()
    _kept(page, "assign menu")
    _press(page, "Enter")
    expect(page.locator("#assign-menu > summary")).to_contain_text("Ana Agent")
    _kept(page, "assigned")

    _press(page, "r")
    expect(page.locator("#composer .editor")).to_be_focused()
    _kept(page, "writing")
    page.keyboard.type("Dear Carla, it is on its way.")
    _press(page, "Control+Enter")
    expect(page.locator(".item-out")).to_contain_text("it is on its way")
    _kept(page, "sent")
    _press(page, "Control+z")
    expect(page.locator("#toasts")).to_contain_text("Taken back.")
    expect(page.locator("#composer .editor")).to_contain_text("it is on its way")
    _kept(page, "taken back")
    with scope.system():
        assert not Delivery.objects.filter(state="sent").exists()

    _press(page, "Escape", "n")
    page.keyboard.type("I called her.")
    _press(page, "Control+Enter")
    expect(page.locator(".item-note")).to_contain_text("I called her.")
    _kept(page, "noted")
    _press(page, "Escape", "z")
    expect(page.locator("#snooze-menu button").first).to_be_focused()
    _press(page, "Enter")
    expect(page.locator("#conversation-head")).to_contain_text("Snoozed until they answer")
    _kept(page, "snoozed")
    _press(page, "e")
    expect(page.get_by_role("button", name="Open again")).to_be_visible()
    _kept(page, "resolved")
    assert _conversation(place).status == "resolved"


def test_finding_and_choosing_several_by_keyboard_alone(place: Place) -> None:
    cast = place.cast
    with scope.system():
        for number in range(3):
            make_conversation(f"Matter {number}", "x", cast.customer, cast.service, cast.channel, minutes_ago=90)
    page = place.page(cast.agent)
    page.goto("/inbox/all/")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    _press(page, "j", "x", "Shift+J")
    expect(page.locator(".bulk-count")).to_have_text("2 selected")
    _kept(page, "selected")
    _press(page, "e")
    expect(page.locator(".toast")).to_contain_text("2 conversations resolved.")
    _kept(page, "resolved")
    _press(page, "Control+z")
    expect(page.locator("#rows .row")).to_have_count(4)
    _kept(page, "taken back")
    _press(page, "Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    _kept(page, "palette")
    _press(page, "Escape")
    _kept(page, "palette closed")
    _press(page, "?")
    _kept(page, "keys")
    _press(page, "Escape")
    _kept(page, "keys closed")
    page.goto("/absences/")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    _press(page, "/")
    expect(page).to_have_url(re.compile("/search/"))
    expect(page.get_by_role("searchbox").first).to_be_focused()
    page.keyboard.type("parcel")
    expect(page.locator("main")).to_contain_text("Refund for order 1009")
    _kept(page, "found")
    _tab_to(page, "main a[href*='/c/']")
    _press(page, "Enter")
    expect(page.locator("[data-conversation] h1")).to_have_text("Refund for order 1009")


def test_what_a_screen_reader_hears(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.agent)
    page.goto(f"/c/{cast.conversation.id}/?in=all")
    expect(page.locator("#composer .editor")).to_be_visible()
    expect(page.get_by_role("region", name="Conversations").get_by_role("list")).to_match_aria_snapshot(
        """
        - list:
          - listitem:
            - checkbox "Select Refund for order 1009"
            - link /Carla Customer (unread )?waits for an answer.*Refund for order 1009.*The parcel never arrived/
        """
    )
    expect(page.locator("[data-conversation]")).to_match_aria_snapshot(
        """
        - heading "Refund for order 1009" [level=1]
        - button "Resolve"
        - region "What was said":
          - list:
            - listitem: /Carla Customer/
        """
    )
    expect(page.locator("#composer")).to_match_aria_snapshot(
        """
        - group "What you write":
          - radio "Reply" [checked]
          - radio "Note"
          - checkbox "Quote what was said" [checked]
        - text: To
        - textbox "To": /carla@shop.example/
        - textbox "Text"
        - toolbar "Formatting":
          - button "Bold"
          - button "Italic"
        - button "Send"
        """
    )
    assert page.get_by_role("navigation", name="Main").count() == 1
    assert page.get_by_role("main").count() == 1
    page.locator("body").press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_match_aria_snapshot(
        """
        - dialog "Keyboard":
          - heading "Keyboard" [level=2]
          - button "Close"
        """
    )
    page.keyboard.press("Escape")
    page.locator("body").press("m")
    expect(page.get_by_role("dialog", name=re.compile("Merge"))).to_be_visible()


def test_what_is_typed_before_the_editor_has_come_is_words_and_no_keys(place: Place) -> None:
    held: list[Route] = []
    page = place.page(place.cast.agent)
    page.route("**/writing*.js", lambda route: held.append(route))
    page.goto(f"/c/{place.cast.conversation.id}/?in=all")
    _press(page, "r")
    page.keyboard.type("Dear Carla, see e a s")
    place.until(page, lambda: held, "the editor to be asked for")
    held.pop().continue_()
    expect(page.locator("#composer-text[contenteditable]")).to_have_text("Dear Carla, see e a s")
    page.keyboard.type(" and more")
    expect(page.locator("#composer-text")).to_have_text("Dear Carla, see e a s and more")
    now = _conversation(place)
    assert (now.status, now.owner_member_id) == ("open", place.cast.conversation.owner_member_id)


def test_what_is_typed_into_the_search_before_the_script_has_come_is_searched_for(place: Place) -> None:
    held: list[Route] = []
    page = place.page(place.cast.agent)
    page.route("**/js/app*.js", lambda route: held.append(route))
    page.goto("/search/", wait_until="commit")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("parcel")
    place.until(page, lambda: held, "the script to be asked for")
    held.pop().continue_()
    expect(page.locator("#results")).to_contain_text("Refund for order 1009")


def test_keys_pressed_while_a_conversation_is_opening_are_for_it_and_not_for_the_one_before(place: Place) -> None:
    cast = place.cast
    with scope.system():
        other = make_conversation("Another", "x", cast.customer, cast.service, cast.channel, minutes_ago=5)
    held: list[Route] = []
    page = place.page(cast.agent)
    page.goto(f"/c/{other.id}/?in=all")
    page.route(f"**/c/{cast.conversation.id}/*", lambda route: held.append(route))
    page.locator(f"#c-{cast.conversation.id} .row-link").focus()
    _press(page, "Enter", "e", "a")
    place.until(page, lambda: held, "the conversation to be asked for")
    held.pop().continue_()
    expect(page.get_by_role("button", name="Open again")).to_be_visible()
    expect(page.locator("[data-conversation] h1")).to_have_text("Refund for order 1009")
    with scope.system():
        statuses = dict(Conversation.objects.filter(owner_team=cast.service).values_list("id", "status"))
    assert (statuses[cast.conversation.id], statuses[other.id]) == ("resolved", "open")


def test_a_rule_is_written_moved_and_put_on_trial_by_keyboard_alone(place: Place) -> None:
    page = place.page(place.cast.lead)
    page.goto("/policy/rules/new/?name=Parcels&words=parcel&owner=hr")
    page.locator("[name=name]").focus()
    _press(page, "Enter")  # puts the rule into the draft, and does not try its patterns
    expect(page.locator("#rule-3")).to_be_focused()
    _kept(page, "written")
    _press(page, "Tab", "Enter")
    expect(page.locator("#rule-2-up")).to_be_focused()
    expect(page.locator("#rule-2")).to_contain_text("Parcels")
    _kept(page, "moved")
    page.goto("/policy/trial/")
    page.get_by_label("What changes, and why").focus()
    _press(page, "Enter")
    expect(page.locator("#trial-now")).to_be_focused()
    page.get_by_label("Percent of what comes").focus()
    page.get_by_label("Percent of what comes").fill("25")
    _press(page, "Enter")  # for this share, and not put off
    expect(page.locator("main .badge-accent")).to_have_text("For a share · 25 %")
    _kept(page, "on trial")
