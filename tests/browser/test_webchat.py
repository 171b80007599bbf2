"""The chat window as visitors meet it: on another origin, under a strict policy, by keyboard, on a phone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import BrowserContext, Locator, Page, expect

from rapport.channels import registry
from rapport.channels.kinds.webchat import names
from rapport.channels.models import Channel
from rapport.conversations import actions
from rapport.core import scope
from rapport.core.clock import now
from rapport.inbound import pipeline
from rapport.people.models import Handle
from tests.browser.conftest import DESK, PHONE, Place
from tests.browser.site import Site, serve
from tests.browser.test_axe import RULES
from tests.channels.webchat.conftest import SECRET, answer, conversation_of, make_chat, raw_items, understand

_STILL = """Promise.all([document, document.querySelector("[data-rapport=chat]")?.shadowRoot].flatMap((one) =>
  one ? one.getAnimations() : []).map((one) => one.finished.catch(() => 0)))"""


@dataclass
class Shop:
    """The company's site with the chat in it."""

    place: Place
    site: Site
    chat: Channel

    @property
    def key(self) -> str:
        return names.public_key(self.chat.id, self.chat.config)

    def show(self, **data: str) -> None:
        self.site.show(self.place.url, self.key, _live(), **data)

    def visit(self, size: tuple[int, int] = DESK, scheme: str = "light", context: BrowserContext | None = None) -> Page:
        page = context.new_page() if context else self.place.page(None, size, scheme)
        page.set_default_timeout(60_000)
        if context:
            page.on("pageerror", lambda error: self.place.problems.append(str(error)))
        page.goto(self.site.url)
        expect(launcher(page)).to_be_visible()
        return page


def _live() -> str:
    from rapport.web import shell

    return f"http://localhost:{shell.options().live_port}"


@pytest.fixture
def shop(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Somebody is at work; the site allows what the chat needs, and not one thing more."""
    monkeypatch.setitem(registry._OURS, "webchat", "rapport.channels.kinds.webchat.connector:WebChatConnector")
    registry.connector.cache_clear()
    registry.idempotent_kinds.cache_clear()
    cache.clear()
    place.cast.agent.last_seen_at = now()
    place.cast.agent.save()
    with serve() as site:
        chat = make_chat(origins=[site.url], title="Example shop", greeting="Hello! What can we do for you?")
        made = Shop(place, site, chat)
        made.show()
        yield made
    registry.connector.cache_clear()
    registry.idempotent_kinds.cache_clear()


def launcher(page: Page) -> Locator:
    return page.locator("[data-rapport=chat] .launch")


def dialog(page: Page) -> Locator:
    return page.locator("[data-rapport=chat] dialog")


def write(page: Page, text: str) -> None:
    if not dialog(page).is_visible():
        launcher(page).click()
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("[data-rapport=chat] li", has_text=text).locator("time")).to_be_visible()


def test_what_is_written_on_another_origin_is_answered_there_while_one_looks(shop: Shop) -> None:
    page = shop.visit()
    with page.expect_response(lambda response: "/live/chat" in response.url) as stream:
        write(page, "Do you have blue tulips?")
    assert stream.value.status == 200
    assert understand() == {"stored": 1}
    conversation = conversation_of(shop.chat)
    assert conversation.subject == "Do you have blue tulips?"
    answer(conversation, shop.place.cast.agent, "Yes, see https://shop.example/tulips, from May on.")
    reply = page.locator("[data-rapport=chat] li.ours")
    expect(reply).to_contain_text("from May on")
    expect(reply).to_contain_text("Ana Agent")
    expect(reply.locator("a")).to_have_attribute("href", "https://shop.example/tulips")
    page.wait_for_timeout(100)
    pipeline.run_batch()
    assert not page.context.cookies()


def test_a_member_in_the_inbox_sees_it_come_and_answers(shop: Shop) -> None:
    page = shop.visit()
    write(page, "Is anybody there?")
    understand()
    inbox = shop.place.page(shop.place.cast.agent)
    inbox.goto(f"/c/{conversation_of(shop.chat).id}/")
    expect(inbox.locator("#timeline")).to_contain_text("Is anybody there?")
    write(page, "Hello?")
    understand()
    expect(inbox.locator("#timeline")).to_contain_text("Hello?")


def test_nothing_is_kept_in_the_browser_before_the_first_message(shop: Shop) -> None:
    page = shop.visit()
    launcher(page).click()
    expect(dialog(page)).to_contain_text("Until then nothing is kept.")
    page.get_by_label("Your message").fill("I have not sent this")
    kept = "JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage), document.cookie])"
    assert page.evaluate(kept) == '[[],[],""]'
    assert page.context.cookies() == []
    assert raw_items(shop.chat) == []
    page.keyboard.press("Enter")
    expect(page.locator("[data-rapport=chat] li time")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).length") == 1
    assert page.evaluate("document.cookie") == ""


def test_who_comes_back_finds_the_conversation_and_sees_that_there_is_an_answer(shop: Shop) -> None:
    page = shop.visit()
    write(page, "I shall come back")
    understand()
    page.close()
    answer(conversation_of(shop.chat), shop.place.cast.agent, "Welcome back")
    again = shop.visit(context=shop.place.browser.contexts[-1])
    expect(launcher(again)).to_have_attribute("aria-label", "Chat with us. New messages: 1")
    launcher(again).click()
    expect(dialog(again)).to_contain_text("Welcome back")
    expect(dialog(again)).to_contain_text("I shall come back")
    expect(launcher(again)).to_have_attribute("aria-label", "Close the chat")


def test_it_is_worked_by_keyboard_alone(shop: Shop) -> None:
    page = shop.visit()
    launcher(page).focus()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("One line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and another")
    page.keyboard.press("Enter")
    expect(page.locator("[data-rapport=chat] li .text")).to_have_text("One line\nand another")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog(page)).not_to_be_visible()
    expect(launcher(page)).to_be_focused()
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")


def test_on_a_phone_it_is_the_whole_screen_and_holds_the_focus(shop: Shop) -> None:
    page = shop.visit(PHONE)
    launcher(page).click()
    page.evaluate(_STILL)
    box = dialog(page).bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, *PHONE)
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("['BODY', 'DIV'].includes(document.activeElement.tagName)"), "the site is out of reach"
    dialog(page).get_by_role("button", name="Close the chat").click()
    expect(dialog(page)).not_to_be_visible()


def test_outside_hours_it_asks_for_an_address(shop: Shop) -> None:
    shop.chat.config = {**shop.chat.config, "hours": "Never"}
    shop.chat.save()
    from rapport.staff.models import BusinessHours

    BusinessHours.objects.create(name="Never", time_zone="UTC", blocks=[])
    page = shop.visit()
    launcher(page).click()
    expect(dialog(page)).to_contain_text("we answer by e-mail")
    page.get_by_label("Your message").fill("Call me")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Enter an e-mail address")).to_be_visible()
    expect(page.get_by_label("Your e-mail address")).to_be_focused()
    assert raw_items(shop.chat) == []
    page.get_by_label("Your e-mail address").fill("ann@example.org")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-rapport=chat] li time")).to_be_visible()
    understand()
    assert conversation_of(shop.chat).subject == "Call me"


def test_a_message_that_could_not_go_is_tried_again_and_comes_once(shop: Shop) -> None:
    page = shop.visit()
    launcher(page).click()
    page.route("**/messages", lambda route: route.abort())
    page.get_by_label("Your message").fill("Through the tunnel")
    page.keyboard.press("Enter")
    expect(dialog(page)).to_contain_text("Not sent.")
    page.unroute("**/messages")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("[data-rapport=chat] li time")).to_be_visible()
    understand()
    assert conversation_of(shop.chat).message_count == 1


def test_without_the_stream_it_asks_and_hears_all_the_same(shop: Shop) -> None:
    page = shop.place.page(None)
    page.route("**/live/chat*", lambda route: route.abort())
    page.goto(shop.site.url)
    write(page, "Is the line bad?")
    understand()
    answer(conversation_of(shop.chat), shop.place.cast.agent, "It is good enough")
    expect(page.locator("[data-rapport=chat] li.ours")).to_contain_text("good enough")


def _token(shop: Shop, **claims: object) -> str:
    usual = {"email": "bob@example.org", "name": "Bob", "exp": (now() + timedelta(minutes=5)).timestamp()}
    return jwt.encode(usual | claims, SECRET, algorithm="HS256")


def test_whom_the_site_knows_need_not_say_who_they_are_and_leaves_nothing_in_the_browser(shop: Shop) -> None:
    shop.show(identity=_token(shop))
    page = shop.visit()
    launcher(page).click()
    expect(page.get_by_label("Your message")).to_be_focused()
    expect(page.get_by_label("Your name")).not_to_be_visible()
    write(page, "It is me")
    understand()
    with scope.system():
        assert Handle.objects.get(person=conversation_of(shop.chat).person).value == "bob@example.org"
    assert page.evaluate("Object.keys(localStorage).length") == 0
    other = shop.visit()
    launcher(other).click()
    expect(dialog(other)).to_contain_text("It is me")
    other.evaluate("Rapport.identify('')")
    expect(dialog(other)).not_to_contain_text("It is me")
    expect(other.get_by_label("Your name")).to_be_visible()


def test_who_comes_with_a_stale_token_is_a_stranger(shop: Shop) -> None:
    shop.show(identity=_token(shop, exp=(now() - timedelta(minutes=5)).timestamp()))
    page = shop.visit()
    launcher(page).click()
    expect(page.get_by_label("Your name")).to_be_visible()
    write(page, "Who am I?")
    understand()
    with scope.system():
        assert Handle.objects.get(person=conversation_of(shop.chat).person).kind == "visitor"


def test_a_file_goes_along(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "garden.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 200)
    (tmp_path / "large.bin").write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    page = shop.visit()
    launcher(page).click()
    chosen = page.locator("[data-rapport=chat] input[type=file]")
    chosen.set_input_files(tmp_path / "large.bin")
    expect(dialog(page)).to_contain_text("This file is larger than 10 MB.")
    chosen.set_input_files(tmp_path / "garden.png")
    expect(page.get_by_role("button", name="Remove garden.png")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-rapport=chat] li time")).to_be_visible()
    assert understand() == {"stored": 1}
    expect(page.locator("[data-rapport=chat] li")).to_contain_text("garden.png")


def test_a_closed_conversation_can_be_followed_by_another(shop: Shop) -> None:
    page = shop.visit()
    write(page, "The first matter")
    understand()
    actions.resolve(conversation_of(shop.chat).id, shop.place.cast.agent)
    page.reload()
    launcher(page).click()
    page.get_by_role("button", name="Start a new one").click()
    write(page, "The second matter")
    expect(dialog(page)).not_to_contain_text("The first matter")
    assert understand() == {"stored": 1}


def test_a_site_that_is_not_named_has_no_chat(shop: Shop) -> None:
    shop.chat.config = {**shop.chat.config, "origins": ["https://www.example.org"]}
    shop.chat.save()
    page = shop.place.page(None)
    with page.expect_event("requestfailed", lambda request: "/settings" in request.url):
        page.goto(shop.site.url)
    expect(page.locator("h1")).to_be_visible()
    assert page.locator("[data-rapport=chat]").count() == 0


def test_the_form_stands_in_a_frame_on_the_site_and_nowhere_else(shop: Shop) -> None:
    shop.site.inside = f'<iframe title="Contact" src="{shop.place.url}/chat/{shop.key}/form"></iframe>'
    page = shop.place.page(None)
    page.goto(shop.site.url)
    frame = page.frame_locator("iframe")
    frame.get_by_label("Your name").fill("Ann")
    frame.get_by_label("Your e-mail address").fill("ann@example.org")
    frame.get_by_label("Your message").fill("What does it cost?")
    frame.get_by_role("button", name="Send").click()
    expect(frame.get_by_role("status")).to_contain_text("ann@example.org")
    assert understand() == {"stored": 1}
    assert page.context.cookies() == []
    shop.chat.config = {**shop.chat.config, "origins": ["https://www.example.org"]}
    shop.chat.save()
    stranger = shop.place.browser.new_page()
    stranger.goto(shop.site.url)
    expect(stranger.frame_locator("iframe").get_by_label("Your name")).to_have_count(0)


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark"), (DESK, "dark"), (PHONE, "light")])
def test_no_state_of_it_breaks_a_rule_of_accessibility(shop: Shop, size: tuple[int, int], scheme: str) -> None:
    shop.chat.config = {**shop.chat.config, "privacy_url": "https://www.example.org/privacy"}
    shop.chat.save()
    shop.site.policy = shop.site.policy.replace("script-src", "script-src 'unsafe-inline'").partition("require-")[0]
    page = shop.visit(size, scheme)
    found = _violations(page)
    launcher(page).click()
    found += _violations(page)
    write(page, "Do you have blue tulips?")
    understand()
    answer(conversation_of(shop.chat), shop.place.cast.agent, "Yes, see https://shop.example/tulips")
    expect(page.locator("[data-rapport=chat] li.ours")).to_be_visible()
    found += _violations(page)
    page.route("**/messages", lambda route: route.abort())
    page.get_by_label("Your message").fill("Thank you")
    page.keyboard.press("Enter")
    expect(dialog(page)).to_contain_text("Not sent.")
    found += _violations(page)
    page.goto(f"{shop.place.url}/chat/{shop.key}/form")
    found += _violations(page)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    found += _violations(page)
    assert not found, "\n".join(found)


def test_the_page_that_shows_it_has_the_chat_in_it(shop: Shop) -> None:
    page = shop.place.page(shop.place.cast.admin)
    page.goto(f"/chat/{shop.key}/demo")
    write(page, "Only a test")
    expect(page.locator("main")).to_contain_text("widget.js")
    assert understand() == {"stored": 1}
    assert not _violations(page)


def _violations(page: Page) -> list[str]:
    page.evaluate(_STILL)
    found = Axe().run(page, options=RULES).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    lines = [f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found]
    return [*lines, "wider than the window"] if wide else lines


def test_a_token_that_has_become_too_old_is_followed_by_another_without_losing_the_message(shop: Shop) -> None:
    page = shop.visit()
    write(page, "Some months ago")
    understand()
    page.close()
    context = shop.place.browser.contexts[-1]
    shop.chat.config = {**shop.chat.config, "key": "another-key-for-the-chat"}
    shop.chat.save()
    shop.show()
    again = shop.visit(context=context)
    write(again, "A new key, a new visitor")
    again.evaluate("for (const key in {...localStorage}) localStorage[key] = JSON.stringify({token: 'old', n: 1})")
    again.reload()
    expect(launcher(again)).to_be_visible()
    write(again, "A token of yesteryear")
    assert understand()["stored"] == 2


def test_a_message_written_with_a_token_that_has_just_run_out_goes_all_the_same(shop: Shop) -> None:
    shop.show(identity=_token(shop))
    page = shop.visit()
    write(page, "It is me")
    refused = {"status": 401, "headers": {"Access-Control-Allow-Origin": shop.site.url}, "body": "{}"}
    page.route("**/messages", lambda route: route.fulfill(**refused), times=1)
    write(page, "It is still me")
    page.route("**/messages", lambda route: route.fulfill(**refused), times=1)
    page.route("**/session", lambda route: route.fulfill(**refused), times=1)
    write(page, "Is it me?")
    assert understand()["stored"] == 3
