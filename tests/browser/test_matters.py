"""Two members at one conversation: each sees that the other is there and types, and what they do with the matter."""

import re

import pytest
from playwright.sync_api import APIResponse, Route, expect

from rapport.conversations.models import Conversation, Presence, Status
from rapport.core import scope
from tests.browser.conftest import Place
from tests.web.cast import make_conversation

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_members_see_one_another_and_merge_and_take_it_back(place: Place) -> None:
    cast = place.cast
    with scope.system():
        other = make_conversation("Refund again", "Where is it?", cast.customer, cast.service, cast.channel)
    url = f"/c/{cast.conversation.id}/"
    ana, lea, hana = place.page(cast.agent), place.page(cast.lead), place.page(cast.hr)
    ana.goto(url)
    heard: list[str] = []
    hana.on("response", lambda answer: heard.append(answer.url) if "/here/" in answer.url else None)
    hana.goto("/inbox/mine/")
    expect(ana.locator("[data-live-state=live], [data-live-state][data-state=live]").first).to_be_attached()

    lea.goto(url)
    expect(ana.locator("#presence")).to_contain_text("Lea Lead is here")
    expect(lea.locator("#presence")).to_contain_text("Ana Agent is here")
    lea.locator("#composer [contenteditable=true]").first.click()
    lea.keyboard.type("Dear Carla")
    expect(ana.locator("#presence")).to_contain_text("Lea Lead is typing a reply")
    lea.goto("/people/")
    expect(ana.locator("#presence")).not_to_contain_text("Lea Lead")
    with scope.system():
        assert list(Presence.objects.values_list("member__name", flat=True)) == ["Ana Agent"]

    ana.locator("body").press("m")
    ana.locator(".other-choice").filter(has_text="Refund again").click()
    ana.get_by_role("button", name="Keep this one").click()
    expect(ana.locator("#timeline")).to_contain_text("merged another conversation into it")
    expect(ana.locator("#other-dialog")).not_to_be_visible()
    ana.get_by_role("button", name=re.compile("Undo: merged")).click()
    expect(ana.locator("#timeline")).to_contain_text("undid: merged")
    with scope.system():
        assert Conversation.objects.get(id=other.id).status == Status.OPEN

    ana.locator("body").press("f")
    expect(ana.locator("#interest-menu [value=follow]")).to_have_attribute("aria-pressed", "true")
    ana.locator("body").press("z")
    ana.get_by_role("button", name="Until they answer").click()
    expect(ana.locator("#conversation-head")).to_contain_text("Snoozed until they answer")
    assert not heard


def test_what_was_asked_before_one_acted_is_not_laid_over_it(place: Place) -> None:
    """A refresh that others cause is held back until one's own act has been answered."""
    cast = place.cast
    page = place.page(cast.agent)
    page.goto(f"/c/{cast.conversation.id}/?in=all")
    expect(page.locator("#composer-text[contenteditable]")).to_be_visible()
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page.route("**/timeline/**", hold)
    told = "(id) => document.dispatchEvent(new CustomEvent('rapport:refresh', { detail: [id] }))"
    page.evaluate(told, str(cast.conversation.id))
    place.until(page, lambda: held, "the refresh to be asked for")
    page.locator("body").press("f")
    following = page.locator("#interest-menu [value=follow]")
    expect(following).to_have_attribute("aria-pressed", "true")
    route, answer = held[0]
    with page.expect_response("**/timeline/**"):
        route.fulfill(response=answer)
    page.wait_for_timeout(300)
    expect(following).to_have_attribute("aria-pressed", "true")
