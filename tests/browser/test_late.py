"""What is pressed before the scripts have come, and answers that come late: nothing is lost, twice, or another's."""

import pytest
from django.utils.html import strip_tags
from playwright.sync_api import Page, expect

from rapport.conversations.models import Conversation, Draft, Status
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from tests.browser.conftest import Place
from tests.browser.held import Held
from tests.browser.test_webchat import Shop, launcher, shop
from tests.channels.webchat.conftest import conversation_of, understand
from tests.web.cast import make_conversation, make_person

__all__ = ["shop"]


def _status(conversation: Conversation) -> str:
    with scope.system():
        return Conversation.objects.get(id=conversation.id).status


def test_two_written_in_the_chat_before_the_first_has_gone_come_in_one_conversation_in_their_order(shop: Shop) -> None:
    page = shop.visit()
    held = Held(page, "**/session")
    launcher(page).click()
    for text in ("Where is my parcel?", "Order 17"):
        page.get_by_label("Your message").fill(text)
        page.keyboard.press("Enter")
    expect(page.locator("[data-rapport=chat] li")).to_have_count(2)
    shop.place.until(page, lambda: held.kept, "the visitor to be asked for")
    held.let_go()
    expect(page.locator("[data-rapport=chat] li time")).to_have_count(2)
    assert understand() == {"stored": 2}
    assert conversation_of(shop.chat).subject == "Where is my parcel?"


def test_before_the_scripts_have_come_words_are_no_commands_and_what_is_opened_is_filled_afterwards(
    place: Place,
) -> None:
    page = place.page(place.cast.lead)
    held = Held(page, "**/js/app*.js")
    page.goto(f"/c/{place.cast.conversation.id}/?in=all", wait_until="commit")
    expect(page.locator("#timeline")).to_be_visible()
    page.evaluate("window.at = Date.now(); Date.now = () => window.at")
    page.keyboard.type("r")
    held.let_go()
    page.wait_for_load_state()
    page.keyboard.type("eh?")
    assert not page.locator("#keys-dialog").is_visible()
    page.evaluate("window.at += 5000")
    page.keyboard.type("?")
    expect(page.locator("#keys-dialog")).to_be_visible()
    assert _status(place.cast.conversation) == Status.OPEN

    held = Held(page, "**/js/app*.js")
    page.goto("/policy/", wait_until="commit")
    opened = page.locator("details[hx-trigger^=toggle]").first
    opened.locator("summary").click()
    held.let_go()
    expect(opened.locator(".flow-more")).not_to_contain_text("Loading")


def test_what_is_taken_back_before_its_answer_has_come_is_not_what_was_done_before_it(place: Place) -> None:
    cast = place.cast
    with scope.system():
        other = make_conversation("Another", "x", cast.customer, cast.service, cast.channel, minutes_ago=90)
        ann = make_person("Ann Example", "ann@example.org", [EVERYONE])
    page = place.page(cast.agent)
    page.goto("/inbox/all/")
    _do(page, cast.conversation, "resolve")
    expect(page.locator(f"#c-{cast.conversation.id}")).to_have_count(0)
    held = Held(page, "**/bulk/?in=*", answered=True)
    _do(page, other, "resolve")
    place.until(page, lambda: held.kept, "it to be done")
    page.keyboard.press("Control+z")
    held.let_go()
    expect(page.locator("#toasts")).to_contain_text("Undone.")
    assert (_status(cast.conversation), _status(other)) == (Status.RESOLVED, Status.OPEN)

    # Nor is a list that was asked for before it was taken back laid over the one asked for after it.
    page.goto("/people/?q=ann")
    held = Held(page, "**/people/?q=ann", answered=True)
    page.locator(f"#c-{ann.id} .row-check").check()
    page.locator("#bulk [data-choices*=more] > summary").click()
    page.locator("#bulk [value='stop=1']").click()
    place.until(page, lambda: held.kept, "the list to be asked for")
    with page.expect_response("**/people/?q=ann"):
        page.keyboard.press("Control+z")
    held.let_go()
    page.wait_for_timeout(300)
    expect(page.locator(f"#c-{ann.id}")).not_to_contain_text("Do not contact")


def _do(page: Page, conversation: Conversation, verb: str) -> None:
    page.locator(f"#c-{conversation.id} .row-check").check()
    page.locator(f"#bulk [value={verb}]").click()


@pytest.mark.parametrize("way", ["anew", "within"])
def test_what_is_saved_while_the_page_that_follows_is_on_its_way_without_it_stands_there(
    place: Place, way: str
) -> None:
    page = place.page(place.cast.agent)
    page.goto(f"/c/{place.cast.conversation.id}/?in=all")
    page.locator("#composer-text[contenteditable]").click()
    held = Held(page, f"**/c/{place.cast.conversation.id}/?*", answered=True)
    saved: list[str] = []
    page.on("requestfinished", lambda one: saved.append(one.url) if one.url.endswith("/drafts/") else None)
    page.evaluate("document.getElementById('composer-text').dataset.old = ''")
    page.evaluate("location.reload()" if way == "anew" else "document.querySelector('#rows .row-link').click()")
    place.until(page, lambda: held.kept, "the page that follows to be made")
    page.keyboard.type("Not yet finished")
    # Whoever asks the page itself waits for the one that follows.
    place.until(page, lambda: saved and _drafts() == ["Not yet finished"], "it to be saved")
    page.wait_for_timeout(500)
    held.let_go()
    expect(page.locator("#composer-text:not([data-old])")).to_have_text("Not yet finished")
    page.locator("#composer-text").press_sequentially(", and now it is.")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_what_was_saved_and_thrown_away_elsewhere_is_not_there_when_one_comes_back(place: Place) -> None:
    page = place.page(place.cast.agent)
    page.goto(f"/c/{place.cast.conversation.id}/?in=all")
    page.evaluate("dispatchEvent(new Event('beforeunload'))")
    page.locator("#composer-text[contenteditable]").fill("Not yet finished")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    with scope.system():
        Draft.objects.all().delete()
    page.goto(f"/c/{place.cast.conversation.id}/?in=all")
    expect(page.locator("#composer-text[contenteditable]")).to_be_empty()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('rapport-draft')).length") == 0


def _drafts() -> list[str]:
    with scope.system():
        return [strip_tags(one.html) for one in Draft.objects.all()]
