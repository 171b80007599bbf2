"""What is typed between sending and its answer is the next message's; nothing of what was sent stays as a draft."""

from uuid import UUID

import pytest
from django.utils.html import strip_tags
from playwright.sync_api import Page, expect

from rapport.conversations.models import Draft, Message
from rapport.core import notify, scope
from rapport.outbound import actions as outbox
from tests.browser.conftest import Place
from tests.browser.held import Answer, Held
from tests.web.cast import make_conversation


def _begun(place: Place, stage: str = "Response") -> tuple[Page, Answer]:
    """A conversation in which something is written and not yet sent, and what is kept back once it is."""
    page = place.page(place.cast.agent)
    answer = Answer(page, stage=stage)
    page.goto(f"/c/{place.cast.conversation.id}/?in=all")
    expect(page.locator("#composer-text[contenteditable]")).to_be_visible()
    page.locator("#composer-text").click()
    page.keyboard.type("It is on its way.")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    return page, answer


def test_words_typed_after_sending_stay_in_the_box_as_the_next_message(place: Place) -> None:
    begun, answer = _begun(place)
    begun.keyboard.press("Control+Enter")
    expect(begun.locator("#composer-text")).to_be_empty()
    begun.keyboard.type("And the invoice")
    begun.keyboard.press("Control+Enter")
    place.until(begun, lambda: answer.kept, "the server to have sent it")
    answer.let_go()
    expect(begun.locator(".item-out")).to_contain_text("It is on its way.")
    expect(begun.locator("#composer-text")).to_have_text("And the invoice")
    begun.keyboard.type(" follows.")
    expect(begun.locator("#composer-text")).to_have_text("And the invoice follows.")
    place.until(begun, lambda: _kept() == {"reply": "And the invoice follows."}, "the next to be saved")
    begun.keyboard.press("Control+Enter")
    expect(begun.locator(".item-out")).to_have_count(2)
    assert _said() == ["And the invoice follows.", "It is on its way."]
    assert _kept() == {}


def test_a_note_begun_after_sending_stays_a_note(place: Place) -> None:
    begun, answer = _begun(place)
    begun.keyboard.press("Control+Enter")
    begun.keyboard.type("PS")
    begun.locator("label[for=tab-note]").click()
    begun.locator("#composer-text").click()
    begun.keyboard.type("Does she know?")
    place.until(begun, lambda: answer.kept, "the server to have sent it")
    answer.let_go()
    expect(begun.locator(".item-out")).to_contain_text("It is on its way.")
    expect(begun.locator("#tab-note")).to_be_checked()
    expect(begun.locator("#composer-text")).to_have_text("Does she know?")
    begun.locator("label[for=tab-reply]").click()
    expect(begun.locator("#composer-text")).to_have_text("PS")
    place.until(begun, lambda: _kept() == {"reply": "PS", "note": "Does she know?"}, "both to be saved")


@pytest.mark.parametrize("hinder", ["line", "stop"])
def test_what_did_not_go_stands_before_what_was_typed_since(place: Place, hinder: str) -> None:
    begun, answer = _begun(place, "Request")
    if hinder == "stop":
        with scope.member(place.cast.lead.id):
            outbox.reply(place.cast.conversation.id, place.cast.lead, outbox.Answer(text="Lea was quicker."))
    begun.keyboard.press("Control+Enter")
    begun.keyboard.type("And the invoice follows.")
    place.until(begun, lambda: answer.kept, "it to be sent")
    if hinder == "line":
        answer.fail()
        expect(begun.get_by_role("alert")).to_contain_text("Your words are kept")
    else:
        answer.let_go()
        expect(begun.get_by_role("alert")).to_contain_text("Not sent yet")
    expect(begun.locator("#composer-text div").last).to_have_text("And the invoice follows.")
    expect(begun.locator("#composer-text")).to_have_text("It is on its way.And the invoice follows.")
    assert _said() == (["Lea was quicker."] if hinder == "stop" else [])
    place.until(begun, lambda: "invoice" in _kept().get("reply", ""), "both to be saved")


@pytest.mark.parametrize("late", ["request", "answer"])
def test_a_save_that_is_slower_than_what_is_sent_brings_no_word_of_it_back(place: Place, late: str) -> None:
    page = place.page(place.cast.agent)
    saving = Answer(page, f"{place.url}/drafts/", "Request" if late == "request" else "Response")
    page.goto(f"/c/{place.cast.conversation.id}/?in=all")
    page.locator("#composer-text[contenteditable]").click()
    page.keyboard.type("It is on its")
    place.until(page, lambda: saving.kept, "it to be saved")
    page.keyboard.type(" way.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".item-out")).to_contain_text("It is on its way.")
    expect(page.locator("#composer-text")).to_be_empty()
    with page.expect_response(f"{place.url}/drafts/"):
        saving.let_go()
    assert _said() == ["It is on its way."]
    assert _kept() == {}
    page.locator("#composer-text").click()
    page.keyboard.type("And the invoice follows.")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    assert _kept() == {"reply": "And the invoice follows."}


def test_what_was_sent_as_one_left_the_page_is_no_draft_when_one_comes_back(place: Place) -> None:
    begun, answer = _begun(place)
    begun.keyboard.press("Control+Enter")
    begun.keyboard.type("And the invoice follows.")
    place.until(begun, lambda: answer.kept, "the server to have sent it")
    begun.goto(f"/c/{place.cast.conversation.id}/?in=all")
    expect(begun.locator(".item-out")).to_contain_text("It is on its way.")
    expect(begun.locator("#composer-text[contenteditable]")).to_have_text("And the invoice follows.")
    place.until(begun, lambda: _kept() == {"reply": "And the invoice follows."}, "the next to be saved")


def test_what_was_sent_as_one_went_on_is_told_there_and_is_no_draft_when_one_comes_back(place: Place) -> None:
    cast = place.cast
    begun, answer = _begun(place)
    with scope.system():
        other = make_conversation("Another", "x", cast.customer, cast.service, cast.channel, minutes_ago=90)
        notify.changed("conversation", other.id, other.audience)
    begun.keyboard.press("Control+Enter")
    place.until(begun, lambda: answer.kept, "the server to have sent it")
    _open(begun, other.id)
    answer.let_go()
    expect(begun.locator("#toasts")).to_contain_text("Goes out in 10 seconds.")
    expect(begun.locator(f'[data-conversation="{other.id}"]')).to_be_visible()
    _open(begun, cast.conversation.id)
    expect(begun.locator(".item-out")).to_contain_text("It is on its way.")
    expect(begun.locator("#composer-text[contenteditable]")).to_be_empty()
    assert _kept() == {}


def test_what_was_sent_before_the_editor_came_goes_without_what_was_typed_since(place: Place) -> None:
    page = place.page(place.cast.agent)
    answer = Answer(page)
    held = Held(page, "**/writing*.js")
    page.goto(f"/c/{place.cast.conversation.id}/?in=all")
    place.until(page, lambda: held.kept, "the editor to be asked for")
    page.keyboard.press("r")
    page.keyboard.type("It is on its way.")
    page.keyboard.press("Control+Enter")
    page.keyboard.type("And the invoice follows.")
    held.let_go()
    place.until(page, lambda: answer.kept, "the server to have sent it")
    answer.let_go()
    expect(page.locator(".item-out")).to_contain_text("It is on its way.")
    expect(page.locator("#composer-text")).to_have_text("And the invoice follows.")
    assert _said() == ["It is on its way."]


def _open(page: Page, id: UUID) -> None:
    page.locator(f"#c-{id} .row-link").click()
    expect(page.locator(f'[data-conversation="{id}"]')).to_be_visible()


def _said() -> list[str]:
    with scope.system():
        return sorted(Message.objects.filter(direction="out").values_list("text", flat=True))


def _kept() -> dict[str, str]:
    with scope.system():
        return {one.kind: strip_tags(one.html) for one in Draft.objects.exclude(html="")}
