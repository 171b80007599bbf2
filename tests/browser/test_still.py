"""Nothing jumps when something new comes, little moves for those who ask for it, and forced colors keep every edge."""

import pytest
from playwright.sync_api import Page, expect

from rapport.conversations import actions
from rapport.core import notify, scope
from tests.browser.conftest import Place
from tests.web.cast import make_conversation, make_person

_WATCH = """() => {
  window.shifts = [];
  const name = (one) => one.node?.id || one.node?.className || one.node?.nodeName || "";
  new PerformanceObserver((list) => list.getEntries().forEach((entry) =>
    window.shifts.push([entry.value, entry.sources.map(name).join(", ")]))).observe({ type: "layout-shift" });
}"""


def _shifts(page: Page) -> list[list[object]]:
    page.wait_for_timeout(400)
    return list(page.evaluate("window.shifts"))


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_nothing_jumps_when_a_row_or_a_message_comes(motion: str, place: Place) -> None:
    cast = place.cast
    with scope.system():
        for number in range(4):
            make_conversation(f"Matter {number}", "x", cast.customer, cast.service, cast.channel, minutes_ago=90)
    page = place.page(cast.agent)
    page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    page.goto(f"/c/{cast.conversation.id}/?in=all")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    expect(page.locator(".editor")).to_be_visible()
    page.wait_for_timeout(300)
    page.evaluate(_WATCH)
    with scope.system():
        person = make_person("Nora New", "nora@new.example", cast.conversation.audience)
        fresh = make_conversation("Something new", "Hello there.", person, cast.service, cast.channel, minutes_ago=0)
        notify.changed("conversation", fresh.id, fresh.audience)
    expect(page.locator("#rows .row").first).to_contain_text("Something new")
    assert _shifts(page) == []
    actions.note(cast.conversation.id, cast.lead, "I called her.")
    expect(page.locator(".item-note")).to_contain_text("I called her.")
    assert _shifts(page) == []
    # The observer does see what jumps.
    page.evaluate("document.querySelector('.conversation-facts').style.marginBlockStart = '60px'")
    place.until(page, lambda: page.evaluate("window.shifts.length"), "what jumped")


def test_little_moves_for_those_who_ask_for_it_and_forced_colors_keep_every_edge(place: Place) -> None:
    page = place.page(place.cast.agent)
    page.emulate_media(reduced_motion="reduce")
    page.goto("/inbox/all/")
    running = "getComputedStyle(document.querySelector('.button, .row-link')).transitionDuration"
    assert float(page.evaluate(running).split(",")[0].rstrip("ms").rstrip("s") or 0) == 0
    assert page.evaluate(
        """() => { const row = document.querySelector('.row'); row.classList.add('row-fresh');
        return parseFloat(getComputedStyle(row.querySelector('.row-link')).animationDuration) < 0.001 }"""
    )
    page.emulate_media(forced_colors="active")
    assert page.evaluate(
        """() => [...document.querySelectorAll('.badge, .button:not(.button-quiet)')].filter((one) => one.offsetParent)
        .every((one) => parseFloat(getComputedStyle(one).borderTopWidth) >= 1)"""
    )
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.side-link[aria-current=page]')).outlineStyle")
        == "solid"
    )
