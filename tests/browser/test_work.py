"""The main job in a real browser: by keyboard alone, live, on a phone, and without script."""

from playwright.sync_api import expect

from rapport.conversations import actions
from rapport.conversations.models import Conversation, Message
from rapport.core import notify, scope
from rapport.outbound.models import Delivery
from tests.browser.conftest import PHONE, Place
from tests.browser.held import Answer
from tests.web.cast import make_conversation, make_person


def test_signing_in_reading_and_answering_by_keyboard_alone(place: Place) -> None:
    page = place.page(None)
    page.goto("/")
    page.get_by_label("Email").focus()
    page.keyboard.type("ana@company.example")
    page.keyboard.press("Tab")
    page.keyboard.type("correct horse battery")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="My teams")).to_be_visible()
    expect(page.locator("[data-state=live]").first).to_be_attached()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("[data-conversation]")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("Dear Carla, it is on its way.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".item-out")).to_contain_text("it is on its way")
    expect(page.locator(".item-out")).to_contain_text("Goes out in")
    expect(page.locator("#composer-text")).to_have_text("")
    page.locator("#timeline-scroll").focus()
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Open again")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    with scope.system():
        assert Delivery.objects.get().recipients["to"] == [["Carla Customer", "carla@shop.example"]]


def test_a_new_conversation_and_a_note_appear_without_reload_scroll_or_focus_stolen(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.agent)
    page.goto(f"/c/{cast.conversation.id}/?in=all")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    page.locator("#composer-text[contenteditable]").fill("half a sentence")
    page.evaluate("window.stayed = true")
    with scope.system():
        person = make_person("Nora New", "nora@new.example", cast.conversation.audience)
        fresh = make_conversation("Something new", "Hello there.", person, cast.service, cast.channel, minutes_ago=0)
        notify.changed("conversation", fresh.id, fresh.audience)
    expect(page.locator(f"#c-{fresh.id}")).to_contain_text("Something new")
    actions.note(cast.conversation.id, cast.lead, "I called her.")
    expect(page.locator(".item-note")).to_contain_text("I called her.")
    assert page.evaluate("window.stayed && document.activeElement.id") == "composer-text"
    expect(page.locator("#composer-text")).to_have_text("half a sentence")


def test_what_one_sends_is_seen_when_its_box_is_empty_again_and_what_came_meanwhile_after_it(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.agent)
    answer = Answer(page)
    page.goto(f"/c/{cast.conversation.id}/?in=all")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    page.locator("#composer-text[contenteditable]").fill("It is on its way.")
    page.keyboard.press("Control+Enter")
    place.until(page, lambda: answer.kept, "the server to have sent it")
    actions.note(cast.conversation.id, cast.lead, "I called her.")
    page.wait_for_timeout(1000)
    assert page.locator(".item-out, .item-note").count() == 0
    answer.let_go()
    expect(page.locator(".item-out")).to_contain_text("It is on its way.")
    assert page.locator("#composer-text").inner_text() == ""
    expect(page.locator(".item-note")).to_contain_text("I called her.")


def test_new_rows_wait_behind_a_pill_while_one_reads_further_down(place: Place) -> None:
    cast = place.cast
    with scope.system():
        for number in range(30):
            make_conversation(
                f"Matter {number}", "x", cast.customer, cast.service, cast.channel, minutes_ago=number + 60
            )
    page = place.page(cast.agent)
    page.goto("/inbox/all/")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    page.evaluate("document.getElementById('list-scroll').scrollTop = 500")
    with scope.system():
        fresh = make_conversation("Right now", "x", cast.customer, cast.service, cast.channel, minutes_ago=0)
        notify.changed("conversation", fresh.id, fresh.audience)
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    assert page.evaluate("document.getElementById('list-scroll').scrollTop") == 500
    page.get_by_role("button", name="1 new").click()
    expect(page.locator("#rows .row").first).to_contain_text("Right now")


def test_nothing_confidential_is_heard_by_others(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.agent)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/inbox/all/")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    actions.note(cast.secret.id, cast.hr, "In confidence.")
    actions.note(cast.conversation.id, cast.lead, "For all.")
    place.until(page, lambda: any(str(cast.conversation.id) in url for url in asked), "the other to be asked for")
    page.wait_for_timeout(600)
    assert not any(str(cast.secret.id) in url for url in asked)


def test_draft_survives_a_reload(place: Place) -> None:
    page = place.page(place.cast.agent)
    page.goto(f"/c/{place.cast.conversation.id}/")
    page.locator("#composer-text[contenteditable]").fill("Not yet finished")
    page.reload()
    expect(page.locator("#composer .editor")).to_have_text("Not yet finished")


def test_phone_goes_from_list_to_conversation_to_person_and_back(place: Place) -> None:
    page = place.page(place.cast.agent, PHONE)
    page.goto("/inbox/all/")
    page.locator(".row-link").first.click()
    expect(page.locator(".list-pane")).to_be_hidden()
    page.get_by_role("link", name="Person").click()
    expect(page.locator("#person")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    expect(page.locator("#person")).to_be_hidden()
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(".list-pane")).to_be_visible()


def test_reply_and_resolve_work_without_script(place: Place) -> None:
    cast = place.cast
    with_script = place.context(cast.agent)
    context = place.browser.new_context(java_script_enabled=False, base_url=place.url)
    context.add_cookies(with_script.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"/c/{cast.conversation.id}/")
    page.locator("#composer-text").fill("Without script.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".item-out")).to_contain_text("Without script.")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Open again")).to_be_visible()
    with scope.system():
        assert Conversation.objects.get(id=cast.conversation.id).status == "resolved"
        assert Message.objects.filter(direction="out").count() == 1
