"""What is typed before the editor has come, on a slow line: none is lost, none stands where it does not belong."""

from collections.abc import Callable

from django.utils.html import strip_tags
from playwright.sync_api import Page, Route, expect

from rapport.conversations.models import Draft
from rapport.core import scope
from rapport.outbound.models import Delivery
from tests.browser.conftest import Place


def opened(place: Place, path: str = "") -> tuple[Page, Callable[[], None]]:
    """The conversation, or the page at `path`, whose editor is held back until the second is called."""
    held: list[Route] = []
    page = place.page(place.cast.agent)
    page.route("**/writing*.js", lambda route: held.append(route))
    page.goto(path or f"/c/{place.cast.conversation.id}/?in=all")

    def come() -> None:
        place.until(page, lambda: held, "the editor to be asked for")
        held.pop().continue_()
        expect(page.locator(".editor")).to_be_visible()

    return page, come


def test_what_is_sent_before_the_editor_has_come_is_sent_once_and_gone_from_the_box(place: Place) -> None:
    page, come = opened(place)
    page.keyboard.press("r")
    page.keyboard.type("Carla, it is on its way.")
    page.keyboard.press("Control+Enter")
    come()
    expect(page.locator(".item-out")).to_contain_text("Carla, it is on its way.")
    expect(page.locator("#composer-text")).to_have_text("")
    page.wait_for_timeout(1500)
    with scope.system():
        assert Delivery.objects.count() == 1
        assert not Draft.objects.exists()


def test_a_space_typed_before_the_editor_has_come_stands_between_the_words(place: Place) -> None:
    page, come = opened(place)
    page.keyboard.press("r")
    page.keyboard.type("Carla,  it is on its ")
    come()
    expect(page.locator(".editor")).to_be_focused()
    page.keyboard.type("way.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".item-out")).to_contain_text("Carla, it is on its way.")


def test_colleagues_are_offered_when_the_sign_was_typed_before_the_editor_had_come(place: Place) -> None:
    page, come = opened(place)
    page.keyboard.press("n")
    page.keyboard.type("Ask @")
    come()
    expect(page.locator("[role=option]").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text [data-member], #composer-text [data-team]")).to_have_count(1)


def test_a_note_begun_before_the_editor_has_come_takes_none_of_the_answers_words(place: Place) -> None:
    page, come = opened(place)
    page.keyboard.press("r")
    page.keyboard.type("Dear Carla")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("Does she know?")
    come()
    expect(page.locator("#composer-text")).to_have_text("Does she know?")
    page.locator("label[for=tab-reply]").click()
    expect(page.locator("#composer-text")).to_have_text("Dear Carla")
    place.until(page, lambda: _kept() == {"reply": "Dear Carla", "note": "Does she know?"}, "both to be saved")


def test_what_is_typed_before_the_editor_has_come_goes_on_behind_the_draft(place: Place) -> None:
    with scope.system():
        for kind, html in (("reply", "<div>Dear <b>Carla</b>,</div>"), ("note", "<div>She is <i>angry</i>.</div>")):
            Draft.objects.create(
                conversation=place.cast.conversation, member=place.cast.agent, kind=kind, html=html, revision=1
            )
    page, come = opened(place)
    page.keyboard.press("r")
    page.keyboard.type(" we are on it.")
    page.locator("label[for=tab-note]").click()
    come()
    expect(page.locator("#composer-text")).to_have_text("She is angry.")
    expect(page.locator("#composer-text i")).to_have_text("angry")
    page.locator("label[for=tab-reply]").click()
    expect(page.locator("#composer-text")).to_have_text("Dear Carla, we are on it.")
    expect(page.locator("#composer-text b")).to_have_text("Carla")


def test_a_template_begun_before_the_editor_has_come_keeps_its_words(place: Place) -> None:
    page, come = opened(place, "/templates/new/")
    page.locator("#composer-text").fill("Thank you.")
    come()
    expect(page.locator("#composer-text")).to_have_text("Thank you.")


def _kept() -> dict[str, str]:
    with scope.system():
        return {one.kind: strip_tags(one.html) for one in Draft.objects.all()}
