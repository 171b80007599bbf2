"""Writing in a real browser: typing, pasting, dropping, two tabs, a session that ends; nothing typed is lost."""

import base64

from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.html import strip_tags
from playwright.sync_api import Page, expect

from rapport.conversations.models import Attachment, Conversation, Draft, Message, Template
from rapport.core import scope
from rapport.outbound.models import Delivery
from tests.browser.conftest import Place

PNG = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
).decode()
_PASTE = """([bytes, size, name, type]) => {
    const raw = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
    const data = new DataTransfer();
    const all = size ? [raw, new Uint8Array(size)] : [raw];
    data.items.add(new File(all, name, { type }));
    document.getElementById("composer-text").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
_PASTE_HTML = """(html) => {
    const data = new DataTransfer();
    data.setData("text/html", html);
    data.setData("text/plain", "plain");
    document.getElementById("composer-text").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
_DROP = """([bytes, name]) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name));
    document.querySelector("[data-drop]").dispatchEvent(
        new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""

_LATE_ANSWERS = """() => {
    const ask = window.fetch;
    window.asked = 0;
    window.fetch = async (...given) => {
        window.asked += 1;
        const answer = await ask(...given);
        await new Promise((done) => setTimeout(done, 1500));
        return answer;
    };
}"""


def opened(place: Place, page: Page, conversation: Conversation) -> None:
    page.goto(f"/c/{conversation.id}/?in=all")
    expect(page.locator("#composer-text[contenteditable]")).to_be_visible()


def test_rich_text_pictures_and_files_become_one_clean_mail(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.agent)
    opened(place, page, cast.conversation)
    page.keyboard.press("r")
    page.keyboard.type("Dear Carla, this is **bold** and `code`.")
    page.keyboard.press("Enter")
    page.keyboard.type("- one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.evaluate(_PASTE_HTML, '<p style="color:red" onclick="x()">pasted <i>words</i></p><script>alert(1)</script>')
    expect(page.locator("#composer-text")).to_contain_text("pasted words")
    assert page.locator("#composer-text [style], #composer-text script").count() == 0
    page.evaluate(_PASTE, [PNG, 0, "cat.png", "image/png"])
    expect(page.locator("#composer-text img")).to_be_visible()
    page.evaluate(_DROP, [base64.b64encode(b"hello").decode(), "list.txt"])
    expect(page.locator("[data-upload]")).to_contain_text("list.txt")
    page.evaluate(_PASTE, [PNG, 20 * 1024 * 1024, "huge.png", "image/png"])
    expect(page.get_by_role("alert")).to_contain_text("21.0 MB; in the text it may have 10 MB")
    expect(page.locator("#composer-text img")).to_have_count(1)
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".item-out b")).to_have_text("bold")
    expect(page.locator(".item-out img")).to_be_visible()
    expect(page.locator(".item-out img")).to_have_js_property("naturalWidth", 1)
    expect(page.locator("#composer-text")).to_be_empty()
    with scope.system():
        message = Message.objects.get(direction="out")
        assert "<b>bold</b>" in message.html
        assert message.text.startswith("Dear Carla, this is bold and code.\n- one\n- two\npasted words")
        assert sorted(Attachment.objects.values_list("filename", "inline")) == [("cat.png", True), ("list.txt", False)]
        assert not Draft.objects.exists()
    page.keyboard.press("Control+z")
    expect(page.locator("#toasts")).to_contain_text("Taken back. Your words are in the box again.")
    expect(page.locator("#composer-text b")).to_have_text("bold")
    expect(page.locator("#composer-text img")).to_be_visible()
    expect(page.locator("[data-upload]")).to_contain_text("list.txt")


def test_what_is_sent_while_it_is_being_saved_is_not_taken_for_another_tabs(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.agent)
    opened(place, page, cast.conversation)
    page.evaluate(_LATE_ANSWERS)
    page.locator("#composer-text").click()
    page.keyboard.type("Carla, it is on")
    place.until(page, lambda: page.evaluate("window.asked > 0"), "the first save")
    page.keyboard.type(" its way.")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".item-out")).to_contain_text("Carla, it is on its way.")
    expect(page.locator(".item-out")).to_have_count(1)
    with scope.system():
        assert Delivery.objects.count() == 1
        assert not Draft.objects.exclude(html="").exists()


def test_a_note_begun_while_the_answer_is_still_being_saved_has_its_own_words_and_the_answer_none_of_them(
    place: Place,
) -> None:
    page = place.page(place.cast.agent)
    opened(place, page, place.cast.conversation)
    page.evaluate(_LATE_ANSWERS)
    page.locator("#composer-text").click()
    page.keyboard.type("Dear Carla")
    page.keyboard.press("Escape")
    page.locator("body").press("n")
    page.keyboard.type("Does she know?")
    expect(page.locator("#composer-text")).to_have_text("Does she know?")
    page.locator("label[for=tab-reply]").click()
    expect(page.locator("#composer-text")).to_have_text("Dear Carla")
    kept = {"reply": "Dear Carla", "note": "Does she know?"}
    place.until(page, lambda: _kept() == kept, "both to be saved")
    page.reload()
    for tab, words in (("note", "Does she know?"), ("reply", "Dear Carla")):
        page.locator(f"label[for=tab-{tab}]").click()
        expect(page.locator("#composer-text")).to_have_text(words)


def _kept() -> dict[str, str]:
    with scope.system():
        return {one.kind: strip_tags(one.html) for one in Draft.objects.all()}


def test_a_draft_in_two_tabs_shows_both_and_loses_neither(place: Place) -> None:
    cast = place.cast
    one = place.page(cast.agent)
    opened(place, one, cast.conversation)
    two = one.context.new_page()
    opened(place, two, cast.conversation)
    one.locator("#composer-text").click()
    one.keyboard.type("From the first tab")
    place.until(one, lambda: _kept() == {"reply": "From the first tab"}, "all of it to be saved")
    expect(one.locator("[data-draft-state]")).to_have_text("Draft saved")
    two.locator("#composer-text").click()
    two.keyboard.type("From the second tab")
    expect(two.get_by_role("alert")).to_contain_text("This draft was changed in another tab.")
    with scope.system():
        assert "first tab" in Draft.objects.get().html
    two.get_by_role("button", name="See the difference").click()
    expect(two.locator(".difference del")).to_contain_text("first")
    expect(two.locator(".difference ins")).to_contain_text("second")
    two.get_by_role("button", name="Close").last.click()
    two.get_by_role("button", name="Keep mine").click()
    expect(two.locator("[data-draft-state]")).to_have_text("Draft saved")
    with scope.system():
        assert "second tab" in Draft.objects.get().html
    one.locator("#composer-text").click()
    one.keyboard.press("End")
    one.keyboard.type(", more")
    expect(one.get_by_role("alert")).to_contain_text("This draft was changed in another tab.")
    one.get_by_role("button", name="Take the other").click()
    expect(one.locator("#composer-text")).to_have_text("From the second tab")


def test_a_session_that_ends_while_one_types_costs_no_word(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.agent)
    opened(place, page, cast.conversation)
    page.locator("#composer-text").click()
    page.keyboard.type("Half")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    Session.objects.all().delete()
    page.keyboard.type(" a sentence")
    expect(page.get_by_role("alert")).to_contain_text("You are signed out. Your words are kept in this browser.")
    with scope.system():
        assert "sentence" not in Draft.objects.get().html
    link = page.get_by_role("link", name="Sign in in a new tab")
    with page.context.expect_page() as made:
        link.click()
    tab = made.value
    tab.get_by_label("Email").fill("ana@company.example")
    tab.get_by_label("Password", exact=True).fill("correct horse battery")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="My teams")).to_be_visible()
    page.bring_to_front()
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    with scope.system():
        assert "Half a sentence" in Draft.objects.get().html
    page.locator("#composer-text").focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".item-out")).to_contain_text("Half a sentence")


def test_words_kept_only_in_the_browser_come_back_after_signing_in(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.agent)
    opened(place, page, cast.conversation)
    page.locator("#composer-text").click()
    Session.objects.all().delete()
    page.keyboard.type("Written while signed out")
    expect(page.get_by_role("alert")).to_contain_text("kept in this browser")
    client = Client()
    client.force_login(cast.agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": place.url}]
    )
    page.reload()
    expect(page.locator("#composer-text")).to_have_text("Written while signed out")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    with scope.system():
        assert "Written while signed out" in Draft.objects.get().html


def test_templates_mentions_quotes_and_the_stop(place: Place) -> None:
    cast = place.cast
    with scope.system():
        Template.objects.create(name="Greeting", html="<div>Dear {{person.first_name}}, {{team.name}}</div>")
    page = place.page(cast.agent)
    opened(place, page, cast.conversation)
    page.keyboard.press("r")
    page.keyboard.type("/gr")
    expect(page.locator(".offers [role=option]", has_text="Greeting")).to_be_visible()
    # What is chosen while more is typed takes the place of all of it.
    page.route("**/templates/pick/*q=gree", lambda route: None)
    page.keyboard.type("ee")
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_have_text("Dear Carla, Customer Service")
    page.locator(".item-in .item-body").first.select_text()
    page.get_by_role("button", name="Quote", exact=True).click()
    expect(page.locator("#composer-text blockquote")).to_have_text("The parcel never arrived.")
    from rapport.outbound import actions as outbox

    with scope.member(cast.lead.id):
        outbox.reply(cast.conversation.id, cast.lead, outbox.Answer(text="Lea was quicker."))
    page.locator("#composer-text").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-stop]")).to_contain_text("Lea was quicker.")
    expect(page.locator("#composer-text")).to_contain_text("Dear Carla, Customer Service")
    with scope.system():
        assert Delivery.objects.count() == 1
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator(".item-out")).to_have_count(2)
    expect(page.locator("#composer-text[contenteditable]")).to_have_text("")
    page.locator("label[for=tab-note]").click()
    page.locator("#composer-text").click()
    page.keyboard.type("Please look, @Lea")
    expect(page.locator(".offers [role=option]", has_text="Lea Lead")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".item-note [data-member]")).to_have_text("@Lea Lead")
    with scope.system():
        from rapport.core.models import Event

        assert Event.objects.get(kind="note.added").data["mentions"] == [str(cast.lead.id)]


def test_what_a_colleague_writes_is_seen_at_once_and_can_be_taken_over(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.lead)
    opened(place, page, cast.conversation)
    expect(page.locator("[data-state=live]").first).to_be_attached()
    other = place.page(cast.agent)
    opened(place, other, cast.conversation)
    other.locator("#composer-text").click()
    other.keyboard.type("Dear Carla, Ana began this")
    box = page.locator(".other-draft")
    expect(box).to_contain_text("Ana Agent is writing a reply")
    box.locator("summary").click()
    expect(box).to_contain_text("Ana began this")
    box.get_by_role("button", name="Take over").click()
    expect(page.locator("#composer-text")).to_have_text("Dear Carla, Ana began this")
    other.locator("#composer-text").click()
    other.keyboard.type(" and goes on")
    expect(other.get_by_role("alert")).to_contain_text("sent, cleared or taken over elsewhere")


def test_a_new_conversation_is_begun_by_keyboard(place: Place) -> None:
    page = place.page(place.cast.agent)
    page.goto("/new/")
    expect(page.locator("#composer-text[contenteditable]")).to_be_visible()
    page.get_by_label("To", exact=True).fill("Carl")
    expect(page.locator(".offers [role=option]").first).to_contain_text("carla@shop.example")
    page.keyboard.press("Enter")
    page.get_by_label("Subject").fill("Your parcel")
    page.locator("#composer-text").click()
    page.keyboard.type("It was found.")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".item-out")).to_contain_text("It was found.")
    with scope.system():
        made = Conversation.objects.get(subject="Your parcel")
        assert made.owner_member_id == place.cast.agent.id
        assert made.person_id == place.cast.customer.id
        assert not Draft.objects.exists()
