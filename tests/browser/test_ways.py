"""Answering on channels other than mail, in a real browser: who will see it, how long it is, what it becomes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from rapport.channels.models import Channel
from rapport.channels.secrets import seal
from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.inbound import intake, pipeline
from rapport.outbound.models import Delivery
from tests.browser.conftest import Place
from tests.channels.conftest import parrots
from tests.channels.parrot import Parrot, item

__all__ = ["parrots"]
pytestmark = pytest.mark.browser
FAMILY = "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468\U0001f3fb"


@pytest.fixture
def complaint(place: Place, parrots: None) -> Conversation:
    perch = Channel.objects.create(
        name="Our parrot", kind="parrot", address="@us", config={"perch": "us"}, secrets=seal({"cracker": "salted"})
    )
    intake.accept(perch, [item("p1", "My cage is broken!", by="ann", name="Ann Berg", public=True, warning="Noise")])
    pipeline.run_batch()
    with scope.system():
        return Conversation.objects.get(subject="My cage is broken!")


def test_an_answer_says_who_will_see_it_how_long_it_is_and_what_it_becomes(
    place: Place, complaint: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Parrot, "parts", lambda self, account, draft: [draft.text[:40], draft.text[40:]])
    page = place.page(place.cast.admin)
    page.goto(f"/c/{complaint.id}/?in=all")
    box = page.locator("#composer-text[contenteditable]")
    expect(box).to_be_visible()
    seen, counter = page.locator("[data-seen-by]"), page.locator("[data-count]")
    expect(seen).to_contain_text("in public, as @us")
    expect(page.locator("#composer-to")).to_be_hidden()
    box.click()
    page.keyboard.insert_text(f"Sorry {FAMILY}")
    expect(counter).to_have_text("7 / 40")
    page.keyboard.insert_text(" and again and again and again and again")
    expect(counter).to_contain_text("47 / 40 It goes as several messages.")
    page.locator("[data-preview] summary").click()
    expect(page.locator(".parts li")).to_have_count(2)
    violations = Axe().run(page).response["violations"]
    assert [one["id"] for one in violations] == []
    page.locator("#composer-way").select_option(label="In private: Our parrot")
    expect(seen).to_have_text("Only they will read this.")
    page.locator(".send-group button[type=submit]").first.click()
    expect(page.locator(".item-out")).to_contain_text("and again")
    with scope.system():
        assert Delivery.objects.get().options["public"] is False


def test_going_on_by_mail_asks_for_their_word_and_keeps_the_words(place: Place, complaint: Conversation) -> None:
    page = place.page(place.cast.admin, (390, 844), "dark")
    page.goto(f"/c/{complaint.id}/?in=all")
    box = page.locator("#composer-text[contenteditable]")
    expect(box).to_be_visible()
    box.click()
    page.keyboard.insert_text("Here by mail.")
    page.locator("#composer-way").select_option(index=2)
    page.locator("#composer-to").fill("ann@berg.example")
    page.locator(".send-group button[type=submit]").first.click()
    expect(page.locator("[role=alert]")).to_contain_text("They have not written by e-mail here.")
    expect(page.locator("#composer-text")).to_contain_text("Here by mail.")
    page.locator("[name=agreed]").check()
    page.locator(".send-group button[type=submit]").first.click()
    expect(page.locator(".item-out")).to_contain_text("Here by mail.")
    with scope.system():
        assert Delivery.objects.get().recipients["to"] == [["", "ann@berg.example"]]
